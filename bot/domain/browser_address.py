"""The address that a browser comes from, as far as the proxies before us are believed."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address

from bot.domain.network import parse_address
from bot.domain.outside.text import cite
from bot.errors import Refusal, Refused


def browser_address(peer: str | None, forwarded: Sequence[str], *, hops: int) -> IPv4Network:
    """Returns the public IPv4 address that a browser comes from, as a ``/32``.

    Each proxy appends the address that it was reached from (MDN, "X-Forwarded-For"), so only as many entries
    from the end are true as there are proxies of ours. Whatever stands before them, the client may have made
    up.

    Args:
        peer: address of the connection; None if it is not known.
        forwarded: every ``X-Forwarded-For`` header, in the order in which they came.
        hops: proxies that are believed; 0 believes the connection alone.

    Raises:
        Refused: the address is not known, not an address, IPv6, or not a public one.
    """
    entries = [entry.strip() for header in forwarded for entry in header.split(",")]
    chain = [*entries, peer or ""]
    if len(chain) <= hops or not chain[-1 - hops]:
        raise Refused(Refusal.BROWSER_UNKNOWN)
    given = chain[-1 - hops]
    try:
        address: IPv4Address | IPv6Address = ip_address(given)
    except ValueError:
        raise Refused(Refusal.BROWSER_UNREADABLE, given=cite(given)) from None
    # A server that listens on IPv6 sees IPv4 clients so (RFC 4291, 2.5.5.2).
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return parse_address(str(address))

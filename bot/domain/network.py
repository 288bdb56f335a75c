"""Parses and checks IPv4 networks: one strict spelling, and only public addresses."""

import ipaddress
import re
from ipaddress import IPv4Network
from typing import Final

from bot.domain.outside.text import cite
from bot.errors import Refusal, Refused

MOST: Final = 60
"""Networks of one request: as many as a database has IP rules (``MTLS_RULE_LIMIT``)."""

_LONGEST: Final = 255
"""Characters; a host name, the longest of the things that are told apart here, has at most 253 (RFC 1035)."""

_QUAD: Final = r"[0-9]+(?:\.[0-9]+){3}"
_SPELLING: Final = re.compile(rf"(?P<address>{_QUAD})(?:/(?P<suffix>[0-9.]*))?(?::(?P<port>[0-9]+))?")
_BETWEEN: Final = re.compile(r"[\s,;、~-]+")
_APART: Final = re.compile(r"[\s,;、，；\[\]()\"'`]+")
_HOST_NAME: Final = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://\S+|(?:[a-z0-9_-]+\.)+[a-z]{2,63}\.?(?:[:/]\S*)?)", re.I | re.A
)
_ZERO_FIRST: Final = re.compile(r"(?:^|[./])0[0-9]")

_SPECIAL: Final = (
    (IPv4Network("0.0.0.0/8"), Refusal.ADDRESS_RESERVED),  # "this network"
    (IPv4Network("10.0.0.0/8"), Refusal.ADDRESS_PRIVATE),
    (IPv4Network("100.64.0.0/10"), Refusal.ADDRESS_CGNAT),
    (IPv4Network("127.0.0.0/8"), Refusal.ADDRESS_LOOPBACK),
    (IPv4Network("169.254.0.0/16"), Refusal.ADDRESS_LINK_LOCAL),
    (IPv4Network("172.16.0.0/12"), Refusal.ADDRESS_PRIVATE),
    (IPv4Network("192.0.0.0/24"), Refusal.ADDRESS_RESERVED),  # IETF protocol assignments
    (IPv4Network("192.88.99.0/24"), Refusal.ADDRESS_RESERVED),  # the withdrawn 6to4 relays
    (IPv4Network("192.168.0.0/16"), Refusal.ADDRESS_PRIVATE),
    (IPv4Network("198.18.0.0/15"), Refusal.ADDRESS_RESERVED),  # benchmarking
    (IPv4Network("224.0.0.0/4"), Refusal.ADDRESS_MULTICAST),
    (IPv4Network("240.0.0.0/4"), Refusal.ADDRESS_RESERVED),  # future use, and limited broadcast
)
"""IANA's IPv4 Special-Purpose Address Registry, and multicast (RFC 5771): no client connects from these."""

_DOCUMENTATION: Final = tuple(map(IPv4Network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))
"""RFC 5737: assigned to nobody, so that examples, demo and tests can use them safely."""


def parse_address(text: str) -> IPv4Network:
    """Parses one IPv4 address or network.

    ``ipaddress`` alone accepts netmasks, host masks and more, so the spelling is checked first: four decimal
    numbers, optionally followed by ``/`` and a prefix length.

    Args:
        text: as typed; surrounding spaces do not matter. Full-width digits must have been normalized before.

    Returns:
        The network; a single address is a ``/32``.

    Raises:
        Refused: with a reason for each mistake; a ``suggestion`` is always one that would be accepted.
    """
    given = text.strip()
    _refuse_other_things(given)
    spelling = _SPELLING.fullmatch(given)
    if spelling is None:
        raise Refused(Refusal.ADDRESS_UNREADABLE, given=cite(given))
    address = _plain(spelling["address"])
    # Not strict: with host bits set, the network is what is suggested.
    network = IPv4Network((address, _prefix(given, spelling["suffix"])), strict=False)
    # Before the spelling: what that suggests has to be an address that would be accepted.
    _refuse_special(network, given)
    _refuse_spelling(spelling, network, given)
    if str(network.network_address) != address:
        raise Refused(
            Refusal.ADDRESS_HOST_BITS, given=cite(given), suggestion=show(network), single=f"{address}/32"
        )
    # Read once more from the text: ``strict=False`` widens silently, and this raises if a check missed it.
    return IPv4Network(given, strict=True)


def parse_networks(text: str) -> tuple[IPv4Network, ...]:
    """Parses addresses and networks that stand apart by commas, semicolons, blanks or lines.

    Brackets and quotes around them do not matter, so that a list may be pasted as it is.

    Args:
        text: as typed.

    Returns:
        The networks in the order in which they were typed, at least one.

    Raises:
        Refused: there is none, they are more than one list at Heroku holds, or one of them cannot be read;
            that says which.
    """
    pieces = [piece for piece in _APART.split(text) if piece]
    if len(pieces) > MOST:
        raise Refused(Refusal.ADDRESS_TOO_MANY, count=len(pieces), limit=MOST)
    return tuple(map(parse_address, pieces or [""]))


def can_be_requested(network: IPv4Network) -> bool:
    """Whether a person can ask for a network: it is not everywhere, and nothing of it is reserved."""
    try:
        _refuse_special(network, show(network))
    except Refused:
        return False
    return True


def is_documentation(network: IPv4Network) -> bool:
    """Whether the whole network is in a range reserved for documentation (RFC 5737)."""
    return any(covers(example, network) for example in _DOCUMENTATION)


def covers(wide: IPv4Network, narrow: IPv4Network) -> bool:
    """Whether a rule for ``wide`` already allows every address of ``narrow``; equal networks do."""
    return narrow.subnet_of(wide)


def address_count(network: IPv4Network) -> int:
    """How many addresses a rule for this network allows, the first and the last included."""
    return network.num_addresses


def show(network: IPv4Network) -> str:
    """Formats a network, always with its prefix length: ``203.0.113.4/32``."""
    return network.with_prefixlen


def _refuse_other_things(given: str) -> None:
    """Refuses what is not a single IPv4 address in any spelling, with a specific reason."""
    if not given:
        raise Refused(Refusal.ADDRESS_EMPTY)
    if len(given) > _LONGEST:
        raise Refused(Refusal.ADDRESS_UNREADABLE, given=cite(given))
    pieces = [piece for piece in _BETWEEN.split(given) if re.search(_QUAD, piece)]
    if "," in given or len(pieces) > 1:
        raise Refused(Refusal.ADDRESS_SEVERAL, given=cite(given))
    if _is_ipv6(given):
        raise Refused(Refusal.ADDRESS_IPV6, given=cite(given))
    if _HOST_NAME.fullmatch(given):
        raise Refused(Refusal.ADDRESS_HOST_NAME, given=cite(given))


def _is_ipv6(given: str) -> bool:
    try:
        # An interface accepts host bits too, which make no difference to this refusal.
        ipaddress.IPv6Interface(given.replace("[", "").replace("]", ""))
    except ValueError:
        return False
    return True


def _plain(quad: str) -> str:
    """Returns the address without leading zeros, which are refused later, with a suggestion."""
    numbers = [int(number) for number in quad.split(".")]
    if max(numbers) > 255:
        raise Refused(Refusal.ADDRESS_UNREADABLE, given=cite(quad))
    return ".".join(map(str, numbers))


def _prefix(given: str, suffix: str | None) -> int:
    """Returns the prefix length of a suffix; a netmask is converted, so that it can be suggested."""
    if suffix is None:
        return 32
    if suffix.isdigit() and int(suffix) <= 32:
        return int(suffix)
    if "." not in suffix:
        raise Refused(Refusal.ADDRESS_PREFIX, given=cite(given), prefix=cite(suffix))
    try:
        return IPv4Network(f"0.0.0.0/{suffix}").prefixlen
    except ValueError:
        return 32  # not a mask either: the bare address is suggested


def _refuse_special(network: IPv4Network, given: str) -> None:
    if network.prefixlen == 0:
        raise Refused(Refusal.ADDRESS_EVERYWHERE)
    for special, refusal in _SPECIAL:
        if covers(special, network):
            raise Refused(refusal, given=cite(given), range=show(special))
        if network.overlaps(special):
            raise Refused(Refusal.ADDRESS_TOO_WIDE, given=cite(given), range=show(special))


def _refuse_spelling(spelling: re.Match[str], network: IPv4Network, given: str) -> None:
    """Refuses an ambiguous spelling, and suggests an unambiguous one."""
    if spelling["port"] is not None:
        raise Refused(Refusal.ADDRESS_PORT, given=cite(given), suggestion=show(network))
    if "." in (spelling["suffix"] or ""):
        raise Refused(Refusal.ADDRESS_NETMASK, given=cite(given), suggestion=show(network))
    if _ZERO_FIRST.search(given):
        raise Refused(Refusal.ADDRESS_LEADING_ZERO, given=cite(given), suggestion=show(network))

"""Maps simulated source addresses to loopback addresses, which a real server can tell apart.

Every client on this machine comes from loopback. On Linux all of 127.0.0.0/8 is loopback, and a connection
may be made from any address in it: so ``127.b.c.d`` stands for ``a.b.c.d``, and a network of 8 or more bits
maps to the network with the same prefix length. Only the first byte is lost; where it would make a
difference, that is an error and access is denied.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from typing import Final

LOOPBACK: Final = IPv4Network("127.0.0.0/8")
"""RFC 1122, 3.2.1.3; Linux lets a program use all of it, other systems 127.0.0.1 alone."""


class AmbiguousSourceError(ValueError):
    """A source maps into the loopback range of a network that does not contain it."""

    def __init__(self, source: IPv4Address, network: IPv4Network) -> None:
        super().__init__(f"{source} would be taken for an address of {network}: their first bytes differ")


def loopback_address(source: IPv4Address) -> IPv4Address:
    """Return the loopback address that stands for a source."""
    return IPv4Address(int(LOOPBACK.network_address) | (int(source) & int(LOOPBACK.hostmask)))


def loopback_network(network: IPv4Network) -> IPv4Network:
    """Return the loopback network that stands for a network; all of loopback if it is wider than 8 bits."""
    if network.prefixlen < LOOPBACK.prefixlen:
        return LOOPBACK
    return IPv4Network((loopback_address(network.network_address), network.prefixlen))


def check_distinguishable(source: IPv4Address, networks: Iterable[IPv4Network]) -> None:
    """Raise `AmbiguousSourceError` if a source maps into the range of a network that does not contain it."""
    for network in networks:
        if loopback_address(source) in loopback_network(network) and source not in network:
            raise AmbiguousSourceError(source, network)

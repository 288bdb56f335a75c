"""Which loopback address stands for a played source address, so that a real server can tell sources apart.

Everybody on this machine comes from loopback, whatever address they asked for. On Linux all of 127.0.0.0/8
is loopback, and a connection may be made from any address in it: so ``a.b.c.d`` is played by ``127.b.c.d``,
and a network of 8 or more bits by the network of as many bits. Nothing but the first byte is lost; where it
would make a difference, that is an error and never an opened door.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from typing import Final

LOOPBACK: Final = IPv4Network("127.0.0.0/8")
"""RFC 1122, 3.2.1.3; Linux lets a program use all of it, other systems 127.0.0.1 alone."""


class ConfusedError(ValueError):
    """A source would pass for another: its loopback address is in a network that it is not in itself."""

    def __init__(self, source: IPv4Address, network: IPv4Network) -> None:
        super().__init__(f"{source} would be taken for an address of {network}: their first bytes differ")


def place(source: IPv4Address) -> IPv4Address:
    """Return the loopback address that plays a source."""
    return IPv4Address(int(LOOPBACK.network_address) | (int(source) & int(LOOPBACK.hostmask)))


def places(network: IPv4Network) -> IPv4Network:
    """Return the loopback addresses that play a network's; all of them for one wider than 8 bits."""
    if network.prefixlen < LOOPBACK.prefixlen:
        return LOOPBACK
    return IPv4Network((place(network.network_address), network.prefixlen))


def check_told_apart(source: IPv4Address, networks: Iterable[IPv4Network]) -> None:
    """Raise `ConfusedError` if a source's place is in the places of a network that it is not in."""
    for network in networks:
        if place(source) in places(network) and source not in network:
            raise ConfusedError(source, network)

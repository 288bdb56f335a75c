"""Validation of networks in IP rules and trusted IP ranges.

Facts: herokux documentation, postgres_mtls_iprule, 2025-08: an IPv4 CIDR such as ``1.2.3.4/32``, always
with its length. The Platform API's hyper-schema (heroku/platform-api, 2026-02): a source is dotted IPv4
with a length from ``/0`` to ``/32``, which is required; its pattern says nothing of host bits.
"""

import re
from ipaddress import IPv4Interface, IPv4Network
from typing import Final

from sandbox.heroku.behavior import HostBits
from sandbox.heroku.http_types import Refused

_CIDR: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}")
"""The spelling; `IPv4Network` alone would also take a bare address and a netmask."""


def checked(cidr: object) -> IPv4Network:
    """Return the network of an IP rule.

    Raises:
        Refused: ``invalid_params`` unless it is one in IPv4, host bits zero.
    """
    found = _spelt(cidr, "cidr")
    if found.ip != found.network.network_address:
        raise Refused(422, "cidr is not a network: its host bits are not zero.")
    return found.network


def checked_source(source: object, host_bits: HostBits) -> str:
    """Return a trusted IP range as it is stored.

    Args:
        source: The range as sent.
        host_bits: What happens to bits of the address outside the network.

    Raises:
        Refused: ``invalid_params`` unless it is a network in IPv4.
    """
    found = _spelt(source, "source")
    if found.ip == found.network.network_address or host_bits == "kept":
        return str(found)
    if host_bits == "refused":
        raise Refused(422, "source is not a network: its host bits are not zero.")
    return str(found.network)


def _spelt(text: object, name: str) -> IPv4Interface:
    if not isinstance(text, str):
        raise Refused(422, f"{name} is required and must be a string.")
    if not _CIDR.fullmatch(text):
        raise Refused(422, f"{name} must be an IPv4 network such as 198.51.100.0/24.")
    try:
        return IPv4Interface(text)
    except ValueError as error:
        raise Refused(422, f"{name} is not a network: check its numbers.") from error

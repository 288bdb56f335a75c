"""The networks an IP rule may name.

Fact: herokux documentation, postgres_mtls_iprule, 2025-08: an IPv4 CIDR such as ``1.2.3.4/32``, always
with its length.
"""

import re
from ipaddress import IPv4Network
from typing import Final

from sandbox.heroku.exchange import Refused

_CIDR: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}")
"""The spelling; `IPv4Network` alone would also take a bare address and a netmask."""


def checked(cidr: object) -> IPv4Network:
    """Return the network; raises `Refused` ``invalid_params`` unless it is one in IPv4, host bits zero."""
    if not isinstance(cidr, str):
        raise Refused(422, "cidr is required and must be a string.")
    if not _CIDR.fullmatch(cidr):
        raise Refused(422, "cidr must be an IPv4 network such as 198.51.100.0/24.")
    try:
        return IPv4Network(cidr)
    except ValueError as error:
        raise Refused(
            422, "cidr is not a network: check its numbers and that its host bits are zero."
        ) from error

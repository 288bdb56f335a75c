"""Connection parameters of a database without its password, for the configurations of clients."""

import re
from dataclasses import dataclass, field
from typing import Final, Self

_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
"""A host name or an IPv4 address; 253 characters is the longest name of DNS (RFC 1035, 2.3.4)."""

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}")
"""A user or database as Heroku names them; Postgres cuts names after 63 bytes (``NAMEDATALEN``)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionParameters:
    """Where a database is and which user connects to it.

    Attributes:
        host: a host name or an IPv4 address.
        port: TCP port.
        base: the database's name on its server.
        user: Postgres user; its password is not kept.
    """

    host: str
    port: int
    base: str
    user: str = field(repr=False)

    @classmethod
    def of(cls, *, host: str, port: int, base: str, user: str) -> Self | None:
        """Returns the parameters, or None where one has characters that a configuration could misread.

        They are written into shell lines, connection strings, source code and ``pg_service.conf``. Each of
        them quotes differently; what Heroku issues needs no quotes in any.
        """
        plain = _HOST.fullmatch(host) and _NAME.fullmatch(base) and _NAME.fullmatch(user)
        return cls(host=host, port=port, base=base, user=user) if plain else None

"""Result of connecting to a database with a new certificate, in one word."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

PATIENCE: Final = timedelta(seconds=10)
"""How long a database may take to accept a connection; an address that is not allowed gets no answer."""


class ConnectionResult(StrEnum):
    """Result of a connection test: the key of its text below ``rotation.test.``.

    Only ``connected`` proves that the certificate works, only ``not_accepted`` that it does not; all others
    say nothing about it.
    """

    CONNECTED = "connected"
    NOT_ACCEPTED = "not_accepted"
    NOT_LET_IN = "not_let_in"
    NOT_ASKED = "not_asked"
    UNREACHABLE = "unreachable"
    NOT_FETCHED = "not_fetched"
    OTHER = "other"
    OFF = "off"

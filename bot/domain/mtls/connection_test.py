"""What came of really connecting to a database with a new certificate, in one word."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

PATIENCE: Final = timedelta(seconds=10)
"""How long a database may take to let somebody in; Heroku does not answer an address that is not let in."""


class ConnectionResult(StrEnum):
    """What came of it: the key of its sentence below ``rotation.test.``.

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

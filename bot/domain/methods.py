"""The three ways in, and the limits that Heroku sets on them."""

from enum import StrEnum
from typing import Final


class Method(StrEnum):
    """How a database is reached from outside."""

    MTLS = "mtls"
    PRIVATELINK = "privatelink"
    TRUSTED = "trusted"


MTLS_RULE_LIMIT: Final = 60
"""IP rules a database can have at most: Heroku Postgres' hard limit."""

AUTHORISED: Final = "Authorized"
"""The one rule status that lets traffic in; every other word, known or new, means "not yet"."""

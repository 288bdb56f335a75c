"""Access methods, and Heroku's limits on them."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

OPENING_DEADLINE: Final = timedelta(minutes=20)
"""How long opening may take before it is a failure: Heroku clients wait 20 min for a rule."""

_LINK_DEADLINE: Final = timedelta(minutes=45)
"""An endpoint of PrivateLink usually takes 10 to 15 min, and an account 5 to 30 min to work."""


class Method(StrEnum):
    """An access method: how a database is reached from outside."""

    MTLS = "mtls"
    PRIVATELINK = "privatelink"
    TRUSTED = "trusted"

    @property
    def on_space(self) -> bool:
        """Whether its target is a space; otherwise it is a database."""
        return self is Method.TRUSTED

    @property
    def opening_deadline(self) -> timedelta:
        """How long opening may take before it is a failure."""
        return _LINK_DEADLINE if self is Method.PRIVATELINK else OPENING_DEADLINE


MTLS_RULE_LIMIT: Final = 60
"""Maximum number of IP rules a database can have: Heroku Postgres' hard limit."""

AUTHORISED: Final = "Authorized"
"""The one rule status that allows traffic; every other, known or new, means "not yet"."""

_ADVANCED: Final = ("advanced", "performance")
"""Prefixes of the plans of Heroku Postgres Advanced, as in the official CLI (11.9.0)."""


def has_mtls(plan: str) -> bool:
    """Whether a plan such as ``heroku-postgresql:shield-4`` can have mTLS (Heroku Dev Center, 2026-05-18).

    Heroku Postgres Advanced cannot; Private and Shield plans can.
    """
    return not is_advanced(plan)


def is_advanced(plan: str) -> bool:
    """Whether a plan is one of Heroku Postgres Advanced, which has neither mTLS nor PrivateLink."""
    return plan.partition(":")[2].startswith(_ADVANCED)

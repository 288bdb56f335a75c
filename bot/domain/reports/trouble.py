"""Trouble with Heroku: what keeps a target from being reconciled, in the words that people are told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.errors import (
    HerokuAmbiguousError,
    HerokuBusyError,
    HerokuError,
    HerokuRateLimitedError,
    HerokuUnauthorizedError,
    HerokuUnknownAddonError,
)

SHOWN_AFTER: Final = 2
"""Failed runs in a row until people are told: a single one is over within seconds, and says nothing."""


class Trouble(StrEnum):
    """Kind of trouble: the key of its sentence below ``trouble.``."""

    UNREACHABLE = "unreachable"
    DENIED = "denied"
    LIMITED = "limited"
    UNKNOWN_ADDON = "unknown_addon"
    BUSY = "busy"
    REJECTED = "rejected"
    UNEXPECTED = "unexpected"


SHARED: Final = frozenset({Trouble.UNREACHABLE, Trouble.DENIED, Trouble.LIMITED})
"""Kinds that every target meets alike: operations are told of these together, of others target by target."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outage:
    """What operations were told of, until the all-clear.

    Attributes:
        since: business time.
        held: labels of the targets that it holds up now; none once it is over.
        labels: labels of all that it has held up.
        status: the HTTP status that the first of them met; ``unexpected`` without one.
        error: the error id that the first of them met.
    """

    id: int
    trouble: Trouble
    since: datetime
    held: tuple[str, ...]
    labels: tuple[str, ...]
    status: str
    error: str

    @property
    def is_over(self) -> bool:
        """Whether it holds nothing up any more."""
        return not self.held


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """What holds a target up, and since when.

    Attributes:
        trouble: the kind of it.
        since: business time of the first run that met it.
    """

    trouble: Trouble
    since: datetime


def is_told(known: Trouble | None, met: Trouble) -> bool:
    """Whether operations know enough of a trouble that a target meets.

    Args:
        known: the kind of the outage that it is part of; None if it is part of none.
        met: the kind that its last run has met.
    """
    # Of several kinds in a row the first says enough, but a rejected token needs somebody to act.
    return known is not None and (known is met or met is not Trouble.DENIED)


def trouble_of(error: HerokuError) -> Trouble:
    """Returns the kind of trouble that an error of a run stands for."""
    match error:
        case HerokuAmbiguousError():
            return Trouble.UNREACHABLE
        case HerokuUnauthorizedError():
            return Trouble.DENIED
        case HerokuRateLimitedError():
            return Trouble.LIMITED
        case HerokuUnknownAddonError():
            return Trouble.UNKNOWN_ADDON
        case HerokuBusyError():
            return Trouble.BUSY
    return Trouble.REJECTED

"""When things end, when people are warned, and when to look again. Every time is an argument."""

from datetime import datetime, timedelta
from typing import Final

from bot.domain.method import Method

OPERATION_DEADLINE: Final = timedelta(minutes=20)
"""How long a change that happens once may take: Heroku clients wait 10 to 15 min for an endpoint, a
certificate or a PrivateLink account, and it has to be seen afterwards."""

POSTPONED_AT_MOST: Final = timedelta(hours=24)
"""How long after its approval an opening still waits for an outage to end: as long as a request waits for a
decision. Whoever approved it decided about that day."""

WATCH: Final = timedelta(seconds=60)
"""Gap between looks at a target with open grants: how late an interruption is noticed."""

IDLE: Final = timedelta(minutes=10)
"""Gap between looks at a target without open grants: how old a card's figures may be."""

CONFIG_VARS: Final = (
    *(timedelta(seconds=s) for s in (1, 2, 4, 8, 15)),
    *(timedelta(minutes=1),) * 20,
    *(timedelta(minutes=10),) * 6,
    timedelta(hours=1),
)
"""Gaps between looks for a connection's config var, which usually appears within 5 to 15 min; where it never
does, that is asked once an hour. The last one repeats."""

SAVING_OBSERVATION: Final = timedelta(seconds=30)
"""Pause of an observation that our own budget had no token for: no person waits for it."""

DENIED: Final = timedelta(hours=1)
"""Gap between mere observations while Heroku refuses our token: only an operator can mend that."""


def opening_deadline(*, enables_mtls: bool, method: Method = Method.MTLS) -> timedelta:
    """How long opening may take, with mTLS to be enabled first or without."""
    # The two follow each other: Heroku refuses IP rules until mTLS is enabled.
    return method.opening_deadline + (OPERATION_DEADLINE if enables_mtls else timedelta())


def hard_end(
    *,
    started: datetime,
    duration: timedelta | None,
    until: datetime | None,
    enables_mtls: bool = False,
    method: Method = Method.MTLS,
) -> datetime | None:
    """The latest moment at which a grant ends, known before it is opened; None when it has no end.

    ``until`` is absolute. A duration counts from the read-back, which comes within the opening deadline.
    """
    if duration is None:
        return until
    return started + opening_deadline(enables_mtls=enables_mtls, method=method) + duration


def may_be_postponed(*, started: datetime, now: datetime) -> bool:
    """Whether what was approved still gets the time that an outage takes from it."""
    return now - started <= POSTPONED_AT_MOST


def end_once_verified(
    *, verified: datetime, duration: timedelta | None, hard: datetime | None
) -> datetime | None:
    """The end that holds from the read-back on: never later than the hard end."""
    return hard if duration is None or hard is None else min(hard, verified + duration)


def warning(*, verified: datetime, end: datetime | None, before: timedelta) -> datetime | None:
    """When to warn: ``before`` ahead of the end, but not in the first three quarters of a short grant."""
    return None if end is None else end - min(before, (end - verified) / 4)


def reminder(*, asked: datetime, after: tuple[timedelta, ...], given: int) -> datetime | None:
    """When approvers are reminded next; None when that was the last time."""
    return asked + after[given] if given < len(after) else None


def undecided_end(*, asked: datetime, lapse_after: timedelta, until: datetime | None) -> datetime:
    """When a request that nobody has decided is over: once its time to decide is, or its own end has come."""
    lapse = asked + lapse_after
    return lapse if until is None else min(lapse, until)


def gap(steps: tuple[timedelta, ...], attempts: int) -> timedelta:
    """The pause after the given number of attempts (0 for the first)."""
    return steps[min(attempts, len(steps) - 1)]

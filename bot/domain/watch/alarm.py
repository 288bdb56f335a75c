"""What is told when: once when a condition begins, when it grows, every few hours, and its end."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.domain.watch.condition import Condition, Item, Sighting

AGAIN_AFTER: Final = timedelta(hours=4)
"""Gap between two messages about what has not changed: once in a shift, so that it is not forgotten."""

CLEAR_AFTER: Final = timedelta(minutes=2)
"""How long a condition has to be gone until that is told: what comes and goes is one alarm."""

BEGIN_AFTER: Final[Mapping[Condition, timedelta]] = {
    # A failover of Postgres, or a restart of it, takes about a minute.
    Condition.STORE: timedelta(minutes=2),
    # Heroku's own hiccups pass, and that a database was destroyed is read every 10 minutes.
    Condition.HEROKU: timedelta(minutes=15),
    # After an outage of the store everything is due at once, and the worker has to reconnect first.
    Condition.WORKER: timedelta(minutes=1),
    # A policy may be deployed before what it names is created.
    Condition.POLICY: timedelta(minutes=30),
}
"""How long a condition has to last until it is told; what is not named is told at once, since its judgement
has its own bound."""


class NoticeKind(StrEnum):
    """Why something is told."""

    BEGUN = "begun"
    GROWN = "grown"
    REPEATED = "repeated"
    CLEARED = "cleared"
    FINE = "fine"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something to tell.

    Attributes:
        kind: ``FINE`` is for pagers alone: what an earlier watch had told them is over, if it had.
        items: what the condition is about now; of one that is over, what it was about last.
        since: business time at which it was first seen; of ``FINE`` the present.
        at: business time of this notice.
    """

    condition: Condition
    kind: NoticeKind
    items: frozenset[Item]
    since: datetime
    at: datetime

    @property
    def is_over(self) -> bool:
        """Whether it says that all is well."""
        return self.kind in (NoticeKind.CLEARED, NoticeKind.FINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """What is known of one condition.

    Attributes:
        since: business time at which it was first seen; None while all is well.
        items: what it is about.
        told: what was told of it since the last message that named everything.
        told_at: business time of the last message; None before the first.
        fine_since: business time since which it is not seen any more; None while it is.
        confirmed: whether it was ever told, or said to be fine.
    """

    since: datetime | None = None
    items: frozenset[Item] = frozenset()
    told: frozenset[Item] = frozenset()
    told_at: datetime | None = None
    fine_since: datetime | None = None
    confirmed: bool = False


Alarms = Mapping[Condition, Alarm]
"""What is known of every condition that was ever looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What is known after a look, and what is to be told."""

    alarms: Alarms
    notices: tuple[Notice, ...]


def decide(alarms: Alarms, seen: Mapping[Condition, Sighting], *, now: datetime) -> Decision:
    """Decides what one look has to tell.

    Args:
        alarms: known before it; none at the start.
        seen: what it shows; a condition that was not looked at is left out.
        now: business time.
    """
    after = dict(alarms)
    notices = []
    for condition, sighting in seen.items():
        alarm, kind = _judge(condition, alarms.get(condition), sighting, now)
        if alarm is None:
            continue
        after[condition] = alarm
        if kind is not None:
            # Of what has just ended, the alarm before knows since when.
            about = alarms[condition] if kind is NoticeKind.CLEARED else alarm
            since = about.since or now
            notices.append(Notice(condition=condition, kind=kind, items=about.items, since=since, at=now))
    return Decision(alarms=after, notices=tuple(notices))


def _judge(
    condition: Condition, before: Alarm | None, seen: Sighting, now: datetime
) -> tuple[Alarm | None, NoticeKind | None]:
    known = before or Alarm()
    if not (seen.complete or seen.items) and known.fine_since is not None:
        # It seemed to be over, and this look says neither.
        return before, None
    # What was seen before, and was not looked at now, is not gone.
    items = seen.items if seen.complete else seen.items | known.items
    if items:
        return _active(condition, known, items, now)
    if not seen.complete:
        return before, None
    if known.since is None or known.told_at is None:
        return Alarm(confirmed=True), None if known.confirmed else NoticeKind.FINE
    if known.fine_since is None:
        return replace(known, fine_since=now), None
    if now - known.fine_since < CLEAR_AFTER:
        return known, None
    return Alarm(confirmed=True), NoticeKind.CLEARED


def _active(
    condition: Condition, known: Alarm, items: frozenset[Item], now: datetime
) -> tuple[Alarm, NoticeKind | None]:
    since = known.since or now
    alarm = replace(known, since=since, items=items, fine_since=None)
    if now - since < BEGIN_AFTER.get(condition, timedelta()):
        return alarm, None
    if alarm.told_at is None:
        kind = NoticeKind.BEGUN
    elif items - alarm.told:
        kind = NoticeKind.GROWN
    elif now - alarm.told_at >= AGAIN_AFTER:
        kind = NoticeKind.REPEATED
    else:
        return alarm, None
    # What comes and goes within one alarm is told once: until it is told again as a whole, all of it counts.
    told = alarm.told | items if kind is NoticeKind.GROWN else items
    return replace(alarm, told=told, told_at=now, confirmed=True), kind

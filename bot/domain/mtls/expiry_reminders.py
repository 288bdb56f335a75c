"""Schedule of reminders that a certificate is about to expire: a few steps, each reminded of once.

The end is always the one that Heroku told (``expires_at``), never one that is computed: certificates live for
about a year, and sometimes for 395 days (herokux, its documentation and its sample of 2020).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot.errors import Refusal, Refused

STEPS: Final = (60, 30, 14, 7, 3, 1, 0)
"""Days before the end at which the owner is reminded; at 0 it has come."""

COPIED: Final = 7
"""From this step on those who approve hear of it too: in the last week somebody else may have to act."""

SNOOZES: Final = 2
"""How often one step may be put off: a third time would be a way not to hear of it at all."""

SNOOZE: Final = timedelta(days=7)
"""How far a reminder is put off; half the way to the next step where that is nearer."""

LATEST_SNOOZE: Final = timedelta(days=3)
"""From here to the end nothing is put off: to have a new one made, handed out and installed takes days."""

_SUMMARY: Final = timedelta(hours=9)
"""Monday, 09:00 UTC: when certificates without an owner are summed up; the policy knows no time zone."""

_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReminderSchedule:
    """How far the reminders of one certificate have come.

    Attributes:
        step: days before the end, of the last reminder; None before the first.
        acknowledged_at: business time at which a person acknowledged it of that reminder.
        acknowledged_by: Slack id of who did.
        snoozed_until: business time at which the same reminder comes again, because a person snoozed it.
        snoozes: how often that step was put off.
    """

    step: int | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    snoozed_until: datetime | None = None
    snoozes: int = 0


def due(schedule: ReminderSchedule, *, expires_at: datetime, now: datetime) -> int | None:
    """Returns the step to remind of now; None when nothing is due.

    After any downtime that is one reminder, the most urgent: the others are out of date. A reminder is
    not repeated when business time jumps back.
    """
    passed = [step for step in _below(schedule) if moment_of(expires_at, step) <= now]
    if passed:
        return passed[-1]
    again = schedule.snoozed_until is not None and schedule.snoozed_until <= now
    return schedule.step if again else None


def next_moment(schedule: ReminderSchedule, *, expires_at: datetime) -> datetime | None:
    """Returns the business time of the next reminder, which may have passed; None when there is none."""
    moments = [moment_of(expires_at, step) for step in _below(schedule)[:1]]
    if schedule.snoozed_until is not None:
        moments.append(schedule.snoozed_until)
    return min(moments, default=None)


def reminded(schedule: ReminderSchedule, step: int) -> ReminderSchedule:
    """Returns the schedule after a reminder: it is neither acknowledged nor snoozed yet."""
    # A snoozed reminder that comes again keeps its count, or one step could be put off without end.
    spent = schedule.snoozes if step == schedule.step else 0
    return ReminderSchedule(step=step, snoozes=spent)


def acknowledged(schedule: ReminderSchedule, *, by: str, now: datetime) -> ReminderSchedule:
    """Returns the schedule once a person acknowledged it: no reminder until the next step, even if snoozed.

    Nothing silences a step that is still to come: the nearer the end, the more another reminder is worth.
    """
    return replace(schedule, acknowledged_at=now, acknowledged_by=by, snoozed_until=None)


def snoozed(
    schedule: ReminderSchedule, *, expires_at: datetime, now: datetime, handle: str
) -> ReminderSchedule:
    """Returns the schedule with the last reminder snoozed: it comes again, before the next step does.

    Args:
        schedule: whose last reminder it is.
        expires_at: the end, as Heroku told it.
        now: business time.
        handle: what people call the certificate, for the sentence.

    Raises:
        Refused: it was put off often enough, or the end is too near.
    """
    until = snooze_until(schedule, expires_at=expires_at, now=now)
    if until is None:
        late = schedule.snoozes < SNOOZES
        raise Refused(Refusal.SNOOZE_LATE if late else Refusal.SNOOZE_SPENT, handle=handle)
    return ReminderSchedule(step=schedule.step, snoozed_until=until, snoozes=schedule.snoozes + 1)


def snooze_until(schedule: ReminderSchedule, *, expires_at: datetime, now: datetime) -> datetime | None:
    """Returns until when the last reminder could be snoozed; None when it cannot be (any more)."""
    if schedule.snoozes >= SNOOZES or now >= expires_at - LATEST_SNOOZE:
        return None
    following = [moment for step in _below(schedule) if (moment := moment_of(expires_at, step)) > now]
    if schedule.step is None or not following:
        return None
    return min(now + SNOOZE, now + (following[0] - now) / 2)


def next_summary(now: datetime) -> datetime:
    """The Monday after a moment on which certificates without an owner are summed up."""
    monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday())
    this_week = monday + _SUMMARY
    return this_week if now < this_week else this_week + _WEEK


def _below(schedule: ReminderSchedule) -> tuple[int, ...]:
    """The steps that are still to come, the farthest from the end first."""
    return STEPS if schedule.step is None else tuple(step for step in STEPS if step < schedule.step)


def moment_of(expires_at: datetime, step: int) -> datetime:
    """Business time of a step."""
    return expires_at - timedelta(days=step)

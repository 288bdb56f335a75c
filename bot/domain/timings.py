"""Timings of leases, calls and retries, as one value that the composition root distributes.

None of them is a promise to a person: those (deadlines of openings, ends, warnings) are in
``bot.domain.schedule``. Tests that wait for real time use a faster value, all of it in proportion.
"""

from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, Final


def _seconds(*values: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=value) for value in values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timings:
    """How long processes wait for each other, for Heroku and for Slack.

    Attributes:
        lease: how long a claimed row is left alone: the longest call, its record, and room for a slow
            machine.
        margin: what must be left of a lease beyond a call's deadline: time to record the answer.
        heroku_call: total deadline of one call to Heroku, answer read; httpx's own time-outs bound its
            steps only.
        slack_call: total deadline of one call to Slack, answer read.
        quarantine: after an ambiguous answer, how long a write that timed out may still land.
        removal_patience: how long a removed entry may still be listed before its removal is requested again;
            less after a failure.
        read_back: gaps between observations while something is under way; the last one repeats.
        retry: gaps between attempts while Heroku, Slack or the store cannot be reached; the last one repeats.
        budget_pause: how long a target's method waits when our own budget had no token for it, so that
            others go first.
        lost_channel: gaps between attempts to post to a channel that takes no messages; the last one repeats.
        card_wait: how long a reply waits for the card in whose thread it belongs.
        sync_retry: pause before a directory sync that failed is tried again.
        safety_net: the longest sleep of a worker: how late work is noticed when a wake-up was lost.
        store_pause: pause of a worker after the store could not be reached.
        reconnect: pause before listening for wake-ups again after the connection was lost.
    """

    lease: timedelta = timedelta(seconds=60)
    margin: timedelta = timedelta(seconds=5)
    heroku_call: timedelta = timedelta(seconds=15)
    slack_call: timedelta = timedelta(seconds=10)
    quarantine: timedelta = timedelta(seconds=60)
    removal_patience: timedelta = timedelta(seconds=60)
    read_back: tuple[timedelta, ...] = _seconds(1, 2, 4, 8, 15)
    retry: tuple[timedelta, ...] = _seconds(5, 15, 30, 60)
    lost_channel: tuple[timedelta, ...] = _seconds(5, 15, 30, 60, 300, 900, 3600)
    budget_pause: timedelta = timedelta(seconds=2)
    card_wait: timedelta = timedelta(seconds=1)
    sync_retry: timedelta = timedelta(seconds=30)
    safety_net: timedelta = timedelta(seconds=5)
    store_pause: timedelta = timedelta(seconds=1)
    reconnect: timedelta = timedelta(seconds=5)

    @property
    def settled_after(self) -> timedelta:
        """How long after its intent was recorded a call to Heroku may still take effect.

        An intent whose process died says nothing about its call: that was on its way until its deadline at
        most, which began a little after the intent's commit (the margin), and may land for a while after it.
        """
        return self.heroku_call + self.margin + self.quarantine

    def after_failures(self, failures: int) -> "Timings":
        """These timings after some runs in a row that failed: a removal is requested again sooner.

        Its call may have been what failed, and a removal by id that is done twice harms nothing. The gaps
        grow as those of retries do, up to what is usual.

        Args:
            failures: runs in a row; 0 changes nothing.
        """
        if not failures:
            return self
        sooner = self.retry[min(failures, len(self.retry)) - 1]
        return replace(self, removal_patience=min(self.removal_patience, sooner))

    def faster(self, factor: float) -> "Timings":
        """All of them shorter by a factor, in proportion."""
        shorter: dict[str, Any] = {}
        for each in fields(self):
            value: timedelta | tuple[timedelta, ...] = getattr(self, each.name)
            shorter[each.name] = (
                value / factor if isinstance(value, timedelta) else tuple(gap / factor for gap in value)
            )
        return Timings(**shorter)


DEFAULT: Final = Timings()
"""Timings in production."""

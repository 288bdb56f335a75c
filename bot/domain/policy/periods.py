"""How often access is reviewed, and how long is kept what nobody needs any more: two tables of the policy."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewPeriods:
    """When the access review is sent, and what is on it.

    Attributes:
        every: time from one review to the next; zero for none at all.
        answer_within: how long approvers have; what is open then is told to the admins, once.
        longer_than: access that lasts longer than this is reviewed, as is what has no end.
    """

    every: timedelta = timedelta(days=90)
    answer_within: timedelta = timedelta(days=14)
    longer_than: timedelta = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepPeriods:
    """How long rows are kept that are no evidence; zero keeps them for ever.

    Attributes:
        idempotency_keys: of commands and clicks, after they were executed.
        messages: what Slack was sent, after it could change last.
        names: of people, after they have left.
        entries: removed entries and their intents, closings, download links and outages, after their end.
        unmanaged_entries: what others had at Heroku, after it has gone: who could reach what at a moment.
    """

    idempotency_keys: timedelta = timedelta(days=7)
    messages: timedelta = timedelta(days=90)
    names: timedelta = timedelta(days=90)
    entries: timedelta = timedelta(days=90)
    unmanaged_entries: timedelta = timedelta()

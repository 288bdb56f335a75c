"""Figures of the store, as ``/metrics`` tells them: counts and ages, of nobody and of no target by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.reports.trouble import Trouble
from bot.domain.request import RequestState

DECISION_BUCKETS: Final = (60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0, 259_200.0)
"""Seconds from a request to its decision, in a histogram: a minute to three days."""

OPENING_BUCKETS: Final = (5.0, 15.0, 60.0, 300.0, 600.0, 1200.0, 2700.0)
"""Seconds from an approval to access that was read back; 1200 and 2700 are the deadlines of openings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Durations:
    """A histogram of durations.

    Attributes:
        at_most: how many took at most each bucket's seconds.
        count: how many there are.
        total_s: their sum in seconds.
    """

    at_most: tuple[int, ...]
    count: int
    total_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PresentFigures:
    """What is the case now; each is read through an index over what is open, whatever the history's size.

    Attributes:
        pending: requests that wait for a decision.
        grants: grants that are not over.
        overdue: grants whose end has come, or that a person has ended, and that are not closed.
        overdue_s: how long the first of them has been, in seconds; 0 when there is none.
        unsent: messages that Slack does not show as they are recorded.
        unsent_late_s: how long the first of them has been due, in seconds.
        unsent_attempts: attempts in vain at the one that was tried most often.
        due: targets' methods that are due and that nobody reconciles.
        due_late_s: how long the first of them has been due, in seconds.
        observed_s: seconds since the newest observation of Heroku; None without one.
        held: targets' methods that trouble with Heroku holds up.
        tokens: what is left of the rate budget, by its last change; None before the first call.
        tokens_at_most: tokens of a full budget.
        certificates: client certificates that are ready, by days until they expire.
        findings: findings that are still so, by the kind of their message.
        seal: number of the newest seal; 0 without one.
        head: digest of the newest seal; empty without one.
        sealed_s: seconds since the newest sealed line was written; None without one.
        unsealed: audit lines without a seal.
        unsealed_s: how long the first of them has had none, in seconds.
    """

    pending: Mapping[Method, int]
    grants: Mapping[tuple[GrantState, Method], int]
    overdue: int
    overdue_s: float
    unsent: int
    unsent_late_s: float
    unsent_attempts: int
    due: int
    due_late_s: float
    observed_s: float | None
    held: Mapping[Trouble, int]
    tokens: float | None
    tokens_at_most: float | None
    certificates: Mapping[str, int]
    findings: Mapping[str, int]
    seal: int
    head: bytes
    sealed_s: float | None
    unsealed: int
    unsealed_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PastFigures:
    """What has been; its cost grows with the history, so it is read less often.

    Attributes:
        requests: requests that are decided, or over undecided.
        grants: grants that are over.
        decisions: time from a request to its decision.
        openings: time from an approval to access that was read back.
    """

    requests: Mapping[tuple[RequestState, Method], int]
    grants: Mapping[tuple[GrantState, Method], int]
    decisions: Mapping[Method, Durations]
    openings: Mapping[Method, Durations]


class StoreFigures(Protocol):
    """Reads the figures of the store."""

    async def present(self, now: datetime) -> PresentFigures:
        """Reads what is the case.

        Args:
            now: business time.

        Raises:
            StoreUnavailableError: Postgres did not answer in time.
        """
        ...

    async def past(self) -> PastFigures:
        """Reads what has been; raises as ``present`` does."""
        ...

    def connections(self) -> tuple[int, int]:
        """Returns how many connections of this process' pool are in use, and how many there may be."""
        ...

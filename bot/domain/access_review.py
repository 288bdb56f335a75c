"""The access review: what is permanent or lasts long, whom it is asked of, and what they have answered.

The weekly review of entitlements is another one: it lists what the policy of today would refuse.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from bot.domain.grant import LIVE_STATES, Grant
from bot.domain.mtls.certificate import READY, KnownCertificate
from bot.domain.mtls.expiry_reminders import next_summary

PER_PAGE: Final = 8
"""Items on one page of a message: each has a paragraph and buttons, and Slack takes 12,000 characters."""

WEEK: Final = timedelta(days=7)
"""Nobody is asked the same thing by both reviews within this time."""


class ReviewedKind(StrEnum):
    """What an item of a review is."""

    GRANT = "grant"
    ENTRY = "entry"
    CERTIFICATE = "certificate"


class Answer(StrEnum):
    """What an approver answers."""

    KEPT = "kept"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewed:
    """Something that is to be reviewed.

    Attributes:
        request: the number of the request that opened, adopted or issued it.
        certificate: Heroku's id of a certificate.
        owner: Slack id of whom it was given to.
        label: the target's name on the day of the review.
        subject: what it allows, as text.
        ends_at: its end; None for what has none.
        answer: where an approver has answered already, within the week before.
    """

    kind: ReviewedKind
    request: int
    certificate: UUID | None
    target: UUID
    owner: str
    label: str
    subject: str
    ends_at: datetime | None
    answer: "Answered | None" = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """An approver's answer.

    Attributes:
        by: Slack id of the approver.
        at: business time.
        because: the reason that they gave; empty where they kept it in the weekly review, which asks none.
    """

    answer: Answer
    by: str
    at: datetime
    because: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewItem:
    """One item of a review, as it stands.

    Attributes:
        id: its number.
        review: the number of the review.
        group: the place of its group of approvers in the review, from 1 on: that of its message.
        approvers: Slack ids of the people and groups who were asked.
        gone: it has ended otherwise.
    """

    id: int
    review: int
    group: int
    approvers: tuple[str, ...]
    reviewed: Reviewed
    answered: Answered | None
    gone: bool

    @property
    def is_open(self) -> bool:
        """Whether an answer is still wanted."""
        return self.answered is None and not self.gone


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """One access review.

    Attributes:
        id: its number.
        begun_at: business time.
        answer_by: business time until which answers are wanted.
        told_at: business time at which its end was recorded, and the admins told of what was open.
        over: a later review has begun, which asks of everything again.
    """

    id: int
    begun_at: datetime
    answer_by: datetime
    told_at: datetime | None
    over: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewPage:
    """What one message of a review shows.

    Attributes:
        approvers: who are asked.
        items: those on the page.
        number: of the page, from 1 on.
        pages: how many there are.
        counts: of all items of the message: by answer, ``gone`` and ``open``.
    """

    review: Review
    approvers: tuple[str, ...]
    items: tuple[ReviewItem, ...]
    number: int
    pages: int
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many items the message has on all its pages."""
        return sum(self.counts.values())


def next_review(now: datetime, every: timedelta) -> datetime:
    """Returns when the review after a moment is due: on a Monday, beside the weekly reviews.

    Counted from the present and not from when the last was due: after downtime there is one review, and not
    one for each that was missed.
    """
    return next_summary(now + every)


def is_long(grant: Grant, longer_than: timedelta) -> bool:
    """Whether a grant is to be reviewed: it can be ended, and has no end or a late one."""
    if grant.state not in LIVE_STATES:
        return False
    if grant.ends_at is not None:
        return grant.ends_at - grant.started_at > longer_than
    # One that waits for Heroku Support has a duration, and no end before that has begun.
    return grant.duration is None or grant.duration > longer_than


def outlives(
    known: KnownCertificate, addresses: Iterable[Grant], *, now: datetime, longer: timedelta
) -> bool:
    """Whether a certificate that pgaccess issued can be used long after its owner's access by address.

    Args:
        known: as the inventory has it.
        addresses: its owner's grants of addresses on the same database that can still be ended.
        now: business time.
        longer: what ends sooner than this is not reviewed.
    """
    if known.request is None or known.owner is None or known.absent_at is not None or known.status != READY:
        return False
    if known.owner_left_at is not None and now - known.owner_left_at < WEEK:
        # Its approvers were asked about it within the week.
        return False
    end = known.expires_at
    if end is not None and end - now <= longer:
        return False
    ends = [grant.ends_at for grant in addresses if grant.state in LIVE_STATES]
    if None in ends:
        return False
    return end is None or all(each is not None and each < end for each in ends)


def answered_weekly(grant: Grant, *, now: datetime) -> Answered | None:
    """Returns the answer that an approver gave in the weekly review within the week, as that of this one."""
    kept = grant.kept
    if kept is None or now - kept.at >= WEEK:
        return None
    return Answered(answer=Answer.KEPT, by=kept.by, at=kept.at, because="")


def groups_of(approvers: Iterable[Iterable[str]]) -> tuple[tuple[str, ...], ...]:
    """Returns each group of approvers once, in an order that does not depend on that of the items."""
    return tuple(sorted({tuple(sorted(each)) for each in approvers}))


def page_of(review: Review, items: Sequence[ReviewItem], page: int | None) -> ReviewPage:
    """Returns one page of a message.

    Args:
        review: whose message it is.
        items: every item of the message, at least one, in their order.
        page: which one, from 1 on; None for the first on which an answer is wanted.
    """
    pages = -(-len(items) // PER_PAGE)
    first_open = next((place for place, item in enumerate(items) if item.is_open), 0)
    number = first_open // PER_PAGE + 1 if page is None else min(max(page, 1), pages)
    shown = items[(number - 1) * PER_PAGE : number * PER_PAGE]
    counts = dict.fromkeys((Answer.KEPT, Answer.ENDED, "gone", "open"), 0)
    for item in items:
        counts[outcome(item)] += 1
    return ReviewPage(
        review=review,
        approvers=items[0].approvers,
        items=tuple(shown),
        number=number,
        pages=pages,
        counts=counts,
    )


def outcome(item: ReviewItem) -> str:
    """Returns what became of an item, as the export says it: ``kept``, ``ended``, ``gone`` or ``open``."""
    if item.answered is not None:
        return item.answered.answer
    return "gone" if item.gone else "open"

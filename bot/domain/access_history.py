"""Who could reach a target at a moment: what recorded changes, adopted and unmanaged entries say of it.

Pure. A moment belongs to what begins at it, and no longer to what ends at it: what was read back as opened at
14:00 was open at 14:00, and what was read back as gone then was not.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from bot.domain.grant import Grant, GrantState
from bot.domain.method import Method
from bot.domain.subject import Subject

OBSERVED_WITHIN: Final = timedelta(minutes=30)
"""A list that was not read for longer than this was not observed meanwhile: three of the gaps between looks
at a target without open grants (``schedule.IDLE``)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetName:
    """What a target was called from a moment on.

    Attributes:
        name: of the add-on or the space.
        app: of the app that owns a database; empty for a space.
        label: as people saw it where an app has several databases; else empty.
        since: None for its first name.
        gone_at: when the target was proven to be gone; None while it may be there.
        space: Heroku's UUID of the space that a database is in.
    """

    target: UUID
    name: str
    app: str = ""
    label: str = ""
    since: datetime | None = None
    gone_at: datetime | None = None
    space: UUID | None = None

    @property
    def shown(self) -> str:
        """The name that people saw."""
        return self.label or self.app or self.name

    def is_called(self, word: str) -> bool:
        """Whether a word, in any case, named it."""
        return word.lower() in (self.name.lower(), self.app.lower(), self.label.lower()) and bool(word)


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantChange:
    """A change of a grant's state, as its audit line has it.

    Attributes:
        at: business time.
        after: the state that it led to.
        ends: the end that it had from then on; None where it had none.
    """

    at: datetime
    after: str
    ends: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """An approver's decision for access.

    Attributes:
        request: the number of the request that was approved: the grant's own, or one that extends it.
        person: Slack id; the bot's name where the policy itself approved.
        at: business time.
    """

    request: int
    person: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedGrant:
    """A grant with what is recorded of it.

    Attributes:
        grant: as it is today.
        changes: of its state, in the order in which they were recorded.
        approvals: of its own request and of those about it.
        reason: of its request.
        entries: Heroku's ids of the IP rules that allowed it at the moment; empty for the other methods.
    """

    grant: Grant
    changes: tuple[GrantChange, ...] = ()
    approvals: tuple[Approval, ...] = ()
    reason: str = ""
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AdoptedEntry:
    """An entry that pgaccess took on by an approved request.

    Attributes:
        entry: Heroku's id of an IP rule; an ARN; a range's source.
        subject: what it allows.
        since: business time at which it was adopted.
        absent_at: Postgres time of the observation that proved it gone; None while it is there.
    """

    target: UUID
    method: Method
    entry: str
    subject: str
    request: int
    requester: str
    since: datetime
    absent_at: datetime | None = None
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SightedEntry:
    """An unmanaged entry for as long as observations showed it.

    Attributes:
        entry: Heroku's id of an IP rule; an ARN; a range's source.
        subject: what it allows.
        description: as Heroku had it.
        created_by: who wrote the list in which it was seen first; empty where Heroku does not tell.
        first_seen_at: business time.
        absent_at: business time of the observation that proved it gone; None while it is there.
    """

    target: UUID
    method: Method
    entry: str
    subject: str
    description: str
    created_by: str
    first_seen_at: datetime
    absent_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A time during which a list was not read.

    Attributes:
        since: business time of the observation before it; None where there was none, or where what it
            showed is not kept.
        until: business time of the observation after it.
    """

    since: datetime | None
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ObservedList:
    """What is recorded of the observations of one list.

    Attributes:
        observed_at: business time of the last one; None where it was never read.
        gaps: in any order.
    """

    target: UUID
    method: Method
    observed_at: datetime | None
    gaps: tuple[Gap, ...] = ()


class Certainty(StrEnum):
    """How much is known of access at a moment.

    ``opening`` was approved and being opened: the entry may have been there before it was read back.
    """

    IN_FORCE = "in_force"
    OPENING = "opening"


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Access by a grant at a moment.

    Attributes:
        certainty: whether it was read back.
        since: when it was read back; when it was approved, while it was being opened.
        planned_end: as it was planned then; None for none.
        ended_at: when it was read back as gone, or interrupted, after the moment; None while it lasts.
        ended: the state that it came to then.
        approvals: those that counted by then.
    """

    recorded: RecordedGrant
    certainty: Certainty
    since: datetime
    planned_end: datetime | None
    ended_at: datetime | None
    ended: str
    approvals: tuple[Approval, ...]

    @property
    def grant(self) -> Grant:
        """The grant as it is today."""
        return self.recorded.grant

    @property
    def subject(self) -> Subject:
        """What it allows."""
        return self.grant.subject


class Sight(StrEnum):
    """Whether a list was observed around a moment."""

    OBSERVED = "observed"
    LAST = "last"
    GAP = "gap"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """On which observations an answer stands, for one list.

    Attributes:
        sight: ``observed``: it was read at least every half hour around the moment; ``last``: no observation
            is newer than ``since``; ``gap``: it was not read between ``since`` and ``until``; ``never``.
        since: the last observation before the moment, where it is recorded.
        until: the first one after the gap.
        age: how long before the moment ``since`` was.
    """

    target: UUID
    method: Method
    sight: Sight
    since: datetime | None = None
    until: datetime | None = None
    age: timedelta | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessAt:
    """Who could reach some targets at a moment.

    Attributes:
        at: the moment.
        targets: under the names of that day.
        grants: access by approval, in the order of the requests.
        adopted: entries that stayed without a grant.
        unmanaged: entries that nobody here had approved, as they were observed.
        evidence: of each list.
    """

    at: datetime
    targets: tuple[TargetName, ...]
    grants: tuple[Access, ...] = ()
    adopted: tuple[AdoptedEntry, ...] = ()
    unmanaged: tuple[SightedEntry, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def name_of(self, target: UUID) -> str:
        """The name that a target had then."""
        return next((each.shown for each in self.targets if each.target == target), str(target))


def names_at(names: Iterable[TargetName], at: datetime) -> Mapping[UUID, TargetName]:
    """Returns the name that each target had at a moment.

    Args:
        names: every name of each target, in the order in which they were recorded.
        at: the moment.

    Returns:
        The names of targets that were not proven to be gone by then.
    """
    found: dict[UUID, TargetName] = {}
    for each in names:
        # The clock that names are recorded by never goes back, so a later row is a later name.
        if each.since is None or each.since <= at or each.target not in found:
            found[each.target] = each
    return {id: each for id, each in found.items() if each.gone_at is None or at < each.gone_at}


def access_of(recorded: RecordedGrant, at: datetime) -> Access | None:
    """Returns the access that a grant gave at a moment; None where it gave none.

    A grant that is ending reaches until it is read back as gone; one that was interrupted does not reach
    until it is read back as open again.
    """
    certainty: Certainty | None = None
    since, planned = recorded.grant.started_at, None
    later: GrantChange | None = None
    for change in recorded.changes:
        if change.at > at:
            if change.after in _OVER:
                later = change
                break
            continue
        planned = change.ends
        match change.after:
            case GrantState.IN_FORCE:
                if certainty is not Certainty.IN_FORCE:
                    certainty, since = Certainty.IN_FORCE, change.at
            case GrantState.APPLYING:
                if certainty is not Certainty.OPENING:
                    certainty, since = Certainty.OPENING, change.at
            case GrantState.ENDING:
                pass
            case _:
                certainty = None
    if certainty is None:
        return None
    return Access(
        recorded=recorded,
        certainty=certainty,
        since=since,
        planned_end=planned,
        ended_at=None if later is None else later.at,
        ended="" if later is None else later.after,
        approvals=tuple(each for each in recorded.approvals if each.at <= at),
    )


_OVER: Final = frozenset({GrantState.INTERRUPTED, GrantState.ENDED, GrantState.FAILED})
"""States in which a grant does not reach."""


def is_there(since: datetime, absent_at: datetime | None, at: datetime) -> bool:
    """Whether something was there at a moment, from its first sight until it was proven to be gone."""
    return since <= at and (absent_at is None or at < absent_at)


def evidence_of(seen: ObservedList, at: datetime) -> Evidence:
    """Returns on which observations of one list an answer about a moment stands."""
    gap = next((g for g in seen.gaps if (g.since is None or g.since < at) and at < g.until), None)
    found = Evidence(target=seen.target, method=seen.method, sight=Sight.OBSERVED)
    if gap is not None:
        return Evidence(
            target=found.target,
            method=found.method,
            sight=Sight.GAP,
            since=gap.since,
            until=gap.until,
            age=None if gap.since is None else at - gap.since,
        )
    if seen.observed_at is None:
        return Evidence(target=found.target, method=found.method, sight=Sight.NEVER)
    if seen.observed_at <= at:
        return Evidence(
            target=found.target,
            method=found.method,
            sight=Sight.LAST,
            since=seen.observed_at,
            age=at - seen.observed_at,
        )
    return found


def access_at(
    at: datetime,
    targets: Collection[TargetName],
    *,
    grants: Sequence[RecordedGrant] = (),
    adopted: Sequence[AdoptedEntry] = (),
    unmanaged: Sequence[SightedEntry] = (),
    observed_lists: Sequence[ObservedList] = (),
) -> AccessAt:
    """Returns who could reach targets at a moment.

    Args:
        at: the moment, business time.
        targets: which, under the names of that day: databases with the spaces that they are in.
        grants: those that may have been open then.
        adopted: entries that may have been adopted then; of one that was unmanaged again, only that is said.
        unmanaged: entries that may have been there then.
        observed_lists: what is recorded of the observations of each list.
    """
    sighted = tuple(each for each in unmanaged if is_there(each.first_seen_at, each.absent_at, at))
    unowned = {(each.target, each.method, each.entry) for each in sighted}
    reaching = (access_of(each, at) for each in grants)
    return AccessAt(
        at=at,
        targets=tuple(targets),
        grants=tuple(sorted(filter(None, reaching), key=lambda each: each.grant.request)),
        adopted=tuple(
            each
            for each in adopted
            if is_there(each.since, each.absent_at, at)
            and (each.target, each.method, each.entry) not in unowned
        ),
        unmanaged=sighted,
        evidence=tuple(evidence_of(each, at) for each in observed_lists),
    )

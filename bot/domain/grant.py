"""Grants: access that an approval covers, and their state transitions until the verified end."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from bot.domain.method import Method
from bot.domain.request import Request
from bot.domain.schedule import end_once_verified, hard_end, may_be_postponed, warning
from bot.domain.subject import Network, Subject, networks_of


class GrantState(StrEnum):
    """State of a grant; ``ended`` and ``failed`` are final.

    ``waiting`` waits for Heroku Support, which has to enable something before the grant can be applied.
    """

    WAITING = "waiting"
    APPLYING = "applying"
    IN_FORCE = "in_force"
    INTERRUPTED = "interrupted"
    ENDING = "ending"
    ENDED = "ended"
    FAILED = "failed"


LIVE_STATES = (GrantState.WAITING, GrantState.APPLYING, GrantState.IN_FORCE, GrantState.INTERRUPTED)
"""States in which a person may end the grant early."""

OPEN_STATES = (
    GrantState.WAITING,
    GrantState.APPLYING,
    GrantState.IN_FORCE,
    GrantState.INTERRUPTED,
    GrantState.ENDING,
)
"""States in which the reconciler still has something to apply or to watch."""


class ReasonCode(StrEnum):
    """Why a grant failed, was interrupted or ended: the key of its sentence below ``why.``."""

    EXPIRED = "expired"
    DONE = "done"
    REVOKED = "revoked"
    REMOVED = "removed"
    GIVEN_UP = "given_up"
    PERSON = "person"
    DEADLINE = "deadline"
    FULL = "full"
    CLOSED_ELSEWHERE = "closed_elsewhere"
    NOT_ENABLED = "not_enabled"
    REFUSED = "refused"
    NOT_MADE = "not_made"
    SEVERAL = "several"
    NEW_GONE = "new_gone"
    OLD_GONE = "old_gone"
    NOT_INSTALLED = "not_installed"
    NEEDED = "needed"
    NOT_ACCEPTED = "not_accepted"
    POLICY = "policy"
    OWNER_LEFT = "owner_left"
    TARGET_GONE = "target_gone"


BY_PEOPLE: Final = frozenset(
    {
        ReasonCode.CLOSED_ELSEWHERE,
        ReasonCode.PERSON,
        ReasonCode.POLICY,
        ReasonCode.OWNER_LEFT,
        ReasonCode.NEW_GONE,
    }
)
"""Failures that somebody's doing brought about: what was approved then does not answer them."""


KEPT_FOR: Final = timedelta(days=90)
"""How long a grant that an approver kept is left out of the weekly review."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """An approver's word that a grant stays although its owner could no longer ask for it.

    Attributes:
        at: business time.
        by: Slack id of the approver.
        under: what the policy said against it; of anything else the approver did not know.
    """

    at: datetime
    by: str
    under: str

    @property
    def until(self) -> datetime:
        """Business time from which it is reviewed again."""
        return self.at + KEPT_FOR


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """Access that a recorded approval covers.

    Attributes:
        id: never shown to people; they see the request's number.
        subject: what is allowed.
        owner: Slack id of the person it was granted to.
        duration: counted from the read-back; None when the end was given as a time.
        started_at: business time of the approval, when applying starts.
        verified_at: business time of the first read-back that verified it.
        ends_at: business time of the end: the hard end until verified; None without an end.
        extended: total extension by its owner without a new decision.
        warn_at: business time of the warning, once verified.
        reason_code: the reason of the state, where one is due.
        detail: Heroku's own message, if it rejected the change.
        kept: the last time that an approver kept it in a review.
    """

    id: UUID
    request: int
    target: UUID
    method: Method
    owner: str
    subject: Subject
    duration: timedelta | None
    state: GrantState
    started_at: datetime
    verified_at: datetime | None
    ends_at: datetime | None
    extended: timedelta
    warn_at: datetime | None
    closed_at: datetime | None
    reason_code: ReasonCode | None
    detail: str
    kept: Kept | None = None

    @property
    def networks(self) -> tuple[Network, ...]:
        """The allowed networks; raises ``TypeError`` for any other subject."""
        return networks_of(self.subject)


def begin(request: Request, *, id: UUID, now: datetime) -> Grant:
    """Returns the grant that an approval creates; its hard end is fixed before anything is opened."""
    terms = request.terms
    return Grant(
        id=id,
        request=request.id,
        target=terms.target,
        method=terms.method,
        owner=request.requester,
        subject=terms.subject,
        duration=terms.duration,
        state=GrantState.APPLYING,
        started_at=now,
        verified_at=None,
        ends_at=hard_end(
            started=now,
            duration=terms.duration,
            until=terms.until,
            enables_mtls=terms.enables_mtls,
            method=terms.method,
        ),
        extended=timedelta(),
        warn_at=None,
        closed_at=None,
        reason_code=None,
        detail="",
    )


def waiting(grant: Grant) -> Grant:
    """Returns the grant waiting for Heroku Support: not applied yet, and its duration not running."""
    # An end that was given as a time holds while waiting too; a duration begins only with the read-back.
    end = grant.ends_at if grant.duration is None else None
    return replace(grant, state=GrantState.WAITING, ends_at=end)


def allowed(grant: Grant, *, now: datetime) -> Grant:
    """Returns the grant once Heroku Support has enabled it: applying starts, with a hard end."""
    end = grant.ends_at
    if grant.duration is not None:
        # Only trusted IP ranges wait for Heroku Support, so the plain opening deadline applies.
        end = hard_end(started=now, duration=grant.duration, until=None)
    return replace(grant, state=GrantState.APPLYING, ends_at=end)


def can_wait(grant: Grant, *, now: datetime) -> bool:
    """Whether an outage gives the grant more time to be opened: it is to be opened for the first time."""
    first = grant.state is GrantState.APPLYING and grant.verified_at is None
    return first and may_be_postponed(started=grant.started_at, now=now)


def postponed(grant: Grant, *, now: datetime, enables_mtls: bool) -> Grant:
    """Returns the grant with the hard end that it has if nothing was opened until now.

    An end that was given as a time stays. A duration counts from the read-back all the same.
    """
    if grant.duration is None or grant.ends_at is None:
        return grant
    end = hard_end(
        started=now, duration=grant.duration, until=None, enables_mtls=enables_mtls, method=grant.method
    )
    return grant if end is None else replace(grant, ends_at=max(grant.ends_at, end))


def verified(grant: Grant, *, now: datetime, warn_before: timedelta) -> Grant:
    """Returns the grant once verified by an observation: in force, with its end and its warning."""
    end = end_once_verified(verified=now, duration=grant.duration, hard=grant.ends_at)
    warn = warning(verified=now, end=end, before=warn_before)
    return replace(grant, state=GrantState.IN_FORCE, verified_at=now, ends_at=end, warn_at=warn)


def closing(grant: Grant, reason_code: ReasonCode) -> Grant:
    """Returns the grant that is being closed; it can no longer be extended."""
    return replace(grant, state=GrantState.ENDING, reason_code=reason_code, warn_at=None)


def extended(grant: Grant, by: timedelta, *, now: datetime, warn_before: timedelta, alone: bool) -> Grant:
    """Returns the grant with a later end and a new warning.

    Args:
        grant: with an end.
        by: how much later.
        now: business time; the warning of a grant in force is recomputed.
        warn_before: how long before the end to warn.
        alone: whether the owner extended it without a new decision.
    """
    if grant.ends_at is None:
        raise ValueError("a grant without an end cannot be extended")
    end = grant.ends_at + by
    warn = warning(verified=now, end=end, before=warn_before) if grant.verified_at else None
    spent = grant.extended + by if alone else grant.extended
    # Extended before its read-back, a grant would otherwise get its old end back then.
    duration = None if grant.duration is None else grant.duration + by
    return replace(grant, ends_at=end, warn_at=warn, extended=spent, duration=duration)


def again(grant: Grant) -> Grant:
    """Returns the grant to be opened again, under its existing approval and up to its existing end."""
    return replace(
        grant, state=GrantState.APPLYING, reason_code=None, detail="", closed_at=None, warn_at=None
    )


def closed(
    grant: Grant, state: GrantState, *, now: datetime, reason_code: ReasonCode | None, detail: str = ""
) -> Grant:
    """Returns the grant once an observation has shown it ended, failed or interrupted."""
    # Why it ends was recorded when the end was decided; an observation of it has no reason of its own.
    return replace(
        grant, state=state, closed_at=now, reason_code=reason_code or grant.reason_code, detail=detail
    )

"""Issues a certificate once: where the answer was lost, it is found by what was not listed before.

Nothing can be written into a certificate (herokux c822fb4, 2025-08: creating one takes no body, and Heroku
chooses the name), so the only marker is time: the ids that were listed before Heroku was asked are
remembered, and one that is new afterwards is ours. Where there is none, or more than one, a person decides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bot.domain.grant import ReasonCode
from bot.domain.mtls.certificate import DISABLED, DISABLING, PENDING, READY, Certificate
from bot.domain.operation import Operation, OperationState, noted
from bot.domain.timings import DEFAULT, Timings

_LEAVING: Final = frozenset((DISABLING, DISABLED))
"""Statuses of a certificate that is not to be used any more."""

_KNOWN: Final = "known"
_ASKED: Final = "asked_at"
_MADE: Final = "certificate"
_CANDIDATES: Final = "candidates"
_AGAIN: Final = "again"
_KEYS: Final = (_KNOWN, _ASKED, _MADE, _CANDIDATES, _AGAIN)


class IssuanceStep(StrEnum):
    """Decides what follows for an operation that makes a certificate."""

    ASK = "ask"
    WAIT = "wait"
    FOUND = "found"
    DONE = "done"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuanceProgress:
    """What an operation remembers of having a certificate made.

    Attributes:
        known: ids that were there before Heroku was asked; they are not ours.
        asked_at: Postgres' time at which Heroku was (about to be) asked; None while it was not.
        made: ours, once it is known.
        candidates: ids of which one may be ours; a person has to say which.
        again: a person wants it asked for once more, if nothing has turned up from the first time.
    """

    known: frozenset[UUID] = frozenset()
    asked_at: datetime | None = None
    made: UUID | None = None
    candidates: tuple[UUID, ...] = ()
    again: bool = False

    @property
    def is_open(self) -> bool:
        """Whether Heroku was asked and it is not known what it made."""
        return self.asked_at is not None and self.made is None


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuanceResult:
    """What follows, with the certificate that was found, why it failed, or those of which one may be ours."""

    step: IssuanceStep
    made: UUID | None = None
    reason_code: ReasonCode | None = None
    candidates: tuple[UUID, ...] = ()


def issuance_progress(operation: Operation) -> IssuanceProgress:
    """Reads what an operation remembers of having a certificate made."""
    progress: Mapping[str, str] = operation.progress
    return IssuanceProgress(
        known=frozenset(_ids(progress, _KNOWN)),
        asked_at=datetime.fromisoformat(progress[_ASKED]) if _ASKED in progress else None,
        made=UUID(progress[_MADE]) if _MADE in progress else None,
        candidates=_ids(progress, _CANDIDATES),
        again=_AGAIN in progress,
    )


def asking(operation: Operation, listed: Iterable[Certificate], *, at: datetime) -> Operation:
    """Returns the operation with the intent to have a certificate made, before Heroku is asked.

    Args:
        operation: that makes it.
        listed: every certificate that is there, disabled ones too.
        at: Postgres' time.
    """
    # Those of an earlier attempt stay known: they were there before it, or a person has passed them over.
    known = issuance_progress(operation).known | {each.id for each in listed}
    fresh = _without(operation, _CANDIDATES, _AGAIN)
    return noted(fresh, **{_KNOWN: _text(known), _ASKED: at.isoformat()})


def not_asked(operation: Operation) -> Operation:
    """Returns the operation once Heroku certainly made nothing."""
    return _without(operation, _ASKED)


def found(operation: Operation, certificate: UUID) -> Operation:
    """Returns the operation once it is known which certificate is ours."""
    return noted(_without(operation, _CANDIDATES), **{_MADE: str(certificate)})


def undecided(operation: Operation, candidates: Iterable[UUID]) -> Operation:
    """Returns the operation with those certificates of which one may be ours, for a person to choose from."""
    return noted(operation, **{_CANDIDATES: _text(candidates)})


def again(operation: Operation) -> Operation:
    """Returns the operation that is to be tried once more, because a person says so.

    What may still turn up from the first time is looked for before Heroku is asked again. Those that a
    person could have picked and did not are not ours.
    """
    search = issuance_progress(operation)
    fresh = replace(operation, state=OperationState.DOING, closed_at=None, reason_code=None, detail="")
    if not search.is_open:
        return _without(fresh, *_KEYS)
    known = search.known | set(search.candidates)
    return noted(_without(fresh, _CANDIDATES), **{_KNOWN: _text(known), _AGAIN: "yes"})


def picked(operation: Operation, certificate: UUID) -> Operation:
    """Returns the operation that goes on with the certificate that a person says is the one."""
    fresh = replace(operation, state=OperationState.DOING, closed_at=None, reason_code=None, detail="")
    return found(fresh, certificate)


def step(
    search: IssuanceProgress,
    listed: Iterable[Certificate],
    *,
    taken: frozenset[UUID],
    at: datetime,
    overdue: bool,
    timings: Timings = DEFAULT,
) -> IssuanceResult:
    """Decides what follows from a complete list.

    Args:
        search: as it is remembered.
        listed: every certificate of the database, disabled ones too.
        taken: ids that belong to other requests.
        at: Postgres' time, not later than that of the list.
        overdue: the deadline has passed.
        timings: of calls and their effects.
    """
    certificates = {each.id: each for each in listed}
    # Before the deadline: a certificate that is ready by now is done, however late it was read.
    if search.made is not None:
        return _making(certificates.get(search.made), search.made, overdue=overdue)
    if overdue:
        return IssuanceResult(step=IssuanceStep.FAIL, reason_code=ReasonCode.DEADLINE)
    if search.asked_at is None:
        return IssuanceResult(step=IssuanceStep.ASK)
    if at < search.asked_at + timings.settled_after and not search.again:
        # A second one may still turn up, and it would no longer be certain which is ours.
        return IssuanceResult(step=IssuanceStep.WAIT)
    return _unknown(search, certificates.values(), taken)


def unknown(
    search: IssuanceProgress, listed: Iterable[Certificate], taken: frozenset[UUID]
) -> tuple[UUID, ...]:
    """Returns usable ids that were not listed before Heroku was asked and belong to no other request."""
    # Without an id of its own nothing can be done with it.
    usable = (each.id for each in listed if each.id_read and each.status in (PENDING, READY))
    return tuple(sorted(id for id in usable if id not in search.known | taken))


def _unknown(
    search: IssuanceProgress, listed: Iterable[Certificate], taken: frozenset[UUID]
) -> IssuanceResult:
    new = unknown(search, listed, taken)
    if len(new) == 1:
        return IssuanceResult(step=IssuanceStep.FOUND, made=new[0])
    if new:
        return IssuanceResult(step=IssuanceStep.FAIL, reason_code=ReasonCode.SEVERAL, candidates=new)
    return (
        IssuanceResult(step=IssuanceStep.ASK)
        if search.again
        else IssuanceResult(step=IssuanceStep.FAIL, reason_code=ReasonCode.NOT_MADE)
    )


def _making(ours: Certificate | None, id: UUID, *, overdue: bool) -> IssuanceResult:
    """Decides what follows for a certificate that is known to be ours; it may not be listed at once."""
    if ours is not None and ours.status == READY:
        return IssuanceResult(step=IssuanceStep.DONE, made=id)
    if ours is not None and ours.status in _LEAVING:
        return IssuanceResult(step=IssuanceStep.FAIL, reason_code=ReasonCode.NEW_GONE)
    if overdue:
        return IssuanceResult(
            step=IssuanceStep.FAIL,
            reason_code=ReasonCode.DEADLINE if ours is not None else ReasonCode.NEW_GONE,
        )
    return IssuanceResult(step=IssuanceStep.WAIT)


def _without(operation: Operation, *keys: str) -> Operation:
    return replace(
        operation, progress={key: value for key, value in operation.progress.items() if key not in keys}
    )


def _ids(progress: Mapping[str, str], key: str) -> tuple[UUID, ...]:
    return tuple(UUID(word) for word in progress.get(key, "").split())


def _text(ids: Iterable[UUID]) -> str:
    return " ".join(sorted(map(str, ids)))

"""Rotating a certificate: a new one is made, handed out and installed before the old one is removed.

Heroku renews nothing (herokux c822fb4, 2025-08: there is no such call): only a person can know that a new
certificate is where the old one was, so a person says it, and then some time is left to notice a mistake.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from bot.domain.grant import ReasonCode
from bot.domain.mtls import issuance
from bot.domain.mtls.certificate import READY, Certificate
from bot.domain.mtls.connection_test import ConnectionResult
from bot.domain.operation import Operation, OperationState, noted
from bot.domain.request import Kind
from bot.domain.subject import CertificateId
from bot.domain.timings import DEFAULT, Timings

GRACE: Final = timedelta(hours=24)
"""How long the old certificate works on after the new one was said to be installed: whatever still uses the
old one, such as a nightly job, shows within a day."""

REMINDERS: Final = (timedelta(days=1), timedelta(days=3), timedelta(days=7))
"""When a person is reminded to say that the new certificate is installed, counted from when it was ready."""

PATIENCE: Final = timedelta(days=14)
"""How long is waited for that word; then the rotation has failed, and both certificates stay."""

_NEW: Final = "new"
_READY: Final = "ready_at"
_WAITS: Final = "waits_since"
_REMINDED: Final = "reminders"
_INSTALLED: Final = "installed_at"
_REMOVE: Final = "remove_at"
_ASKED: Final = "removal_requested_at"
_TESTABLE: Final = "testable"
_TEST_ASKED: Final = "test_asked_at"
_TESTED: Final = "tested"
_TESTED_AT: Final = "tested_at"


class RotationStage(StrEnum):
    """How far a rotation has come: the key of its sentence below ``state.rotating.``."""

    MAKING = "making"
    INSTALLING = "installing"
    RESTING = "resting"
    REMOVING = "removing"


class RotationStep(StrEnum):
    """What the reconciler does next."""

    MAKE = "make"
    TEST = "test"
    WAIT = "wait"
    REMOVE = "remove"
    READ_BACK = "read_back"
    DONE = "done"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotation:
    """A rotation, read from what its change remembers.

    Attributes:
        old: Heroku's id of the certificate that is to go.
        new: that of the one that takes its place; None until it is ready.
        ready_at: business time at which it was.
        waits_since: business time since which a person is to say that it is installed, or would be.
        reminders: how often a person was reminded of that.
        installed_at: business time at which a person said that it is installed.
        remove_at: business time from which the old one may be removed.
        asked_at: Postgres' time at which Heroku was asked last to remove it.
        testable: whether the new one can be tested from here, by connecting with it.
        test_asked_at: business time at which a person asked for that, and has no answer yet.
        tested: what came of the last test.
        tested_at: business time at which that was.
    """

    old: UUID
    new: UUID | None = None
    ready_at: datetime | None = None
    waits_since: datetime | None = None
    reminders: int = 0
    installed_at: datetime | None = None
    remove_at: datetime | None = None
    asked_at: datetime | None = None
    testable: bool = False
    test_asked_at: datetime | None = None
    tested: ConnectionResult | None = None
    tested_at: datetime | None = None

    @property
    def stage(self) -> RotationStage:
        """How far it has come."""
        if self.new is None:
            return RotationStage.MAKING
        if self.installed_at is None:
            return RotationStage.INSTALLING
        return RotationStage.RESTING if self.asked_at is None else RotationStage.REMOVING

    @property
    def waits_for_word(self) -> bool:
        """Whether a person has to say that the new certificate is installed."""
        return self.stage is RotationStage.INSTALLING

    @property
    def has_both(self) -> bool:
        """Whether the new certificate is ready, and the old one works on."""
        return self.stage in (RotationStage.INSTALLING, RotationStage.RESTING)


def rotation_of(operation: Operation) -> Rotation:
    """Reads a rotation; raises ``TypeError`` where the change is none."""
    if operation.kind is not Kind.ROTATE or not isinstance(operation.subject, CertificateId):
        raise TypeError(f"{operation.kind} rotates no certificate")
    progress = operation.progress
    return Rotation(
        old=operation.subject.id,
        new=None if _NEW not in progress else UUID(progress[_NEW]),
        ready_at=_moment(progress, _READY),
        # The first wait begins when the new certificate is ready; only a later one has a moment of its own.
        waits_since=_moment(progress, _WAITS if _WAITS in progress else _READY),
        reminders=int(progress.get(_REMINDED, "0")),
        installed_at=_moment(progress, _INSTALLED),
        remove_at=_moment(progress, _REMOVE),
        asked_at=_moment(progress, _ASKED),
        testable=_TESTABLE in progress,
        test_asked_at=_moment(progress, _TEST_ASKED),
        tested=None if _TESTED not in progress else ConnectionResult(progress[_TESTED]),
        tested_at=_moment(progress, _TESTED_AT),
    )


def made(operation: Operation, new: UUID, *, now: datetime, testable: bool = False) -> Operation:
    """Returns the rotation once the new certificate is ready: from here on a person is waited for.

    Args:
        operation: the rotation.
        new: Heroku's id of the certificate.
        now: business time.
        testable: whether it can be tested from here.
    """
    progress = {_NEW: str(new), _READY: now.isoformat(), _REMINDED: "0"} | (
        {_TESTABLE: "yes"} if testable else {}
    )
    return replace(noted(operation, **progress), check_at=now + REMINDERS[0])


def testing(operation: Operation, *, now: datetime) -> Operation:
    """Returns the rotation once a person asked for a test; the last result does not hold for this one."""
    return noted(_without(operation, _TESTED, _TESTED_AT), **{_TEST_ASKED: now.isoformat()})


def tested(operation: Operation, found: ConnectionResult, *, now: datetime) -> Operation:
    """Returns the rotation once it is known what came of a test."""
    return noted(_without(operation, _TEST_ASKED), **{_TESTED: found, _TESTED_AT: now.isoformat()})


def installed(operation: Operation, *, now: datetime) -> Operation:
    """Returns the rotation once a person said that the new certificate is installed: the grace begins."""
    end = now + GRACE
    resting = noted(operation, **{_INSTALLED: now.isoformat(), _REMOVE: end.isoformat()})
    return replace(resting, check_at=end)


def not_installed(operation: Operation, *, now: datetime) -> Operation:
    """Returns the rotation once a person said that the old certificate is still needed: it waits again."""
    return _awaited(_without(operation, _INSTALLED, _REMOVE), now=now)


def reminded(operation: Operation, *, now: datetime) -> Operation:
    """Returns the rotation once its owner was reminded; after a jump in time once, not several times."""
    found = rotation_of(operation)
    since = found.waits_since or now
    given = found.reminders + 1
    while given < len(REMINDERS) and since + REMINDERS[given] <= now:
        given += 1
    after = REMINDERS[given] if given < len(REMINDERS) else PATIENCE
    return replace(noted(operation, **{_REMINDED: str(given)}), check_at=since + after)


def rested(operation: Operation) -> Operation:
    """Returns the rotation once its grace is over: from here on Heroku is waited for, and no person."""
    return replace(operation, check_at=None)


def is_over(operation: Operation, *, now: datetime) -> bool:
    """Whether it has been waited long enough for a person to say that the new certificate is installed."""
    found = rotation_of(operation)
    return found.waits_for_word and found.waits_since is not None and found.waits_since + PATIENCE <= now


def removing(operation: Operation, *, at: datetime) -> Operation:
    """Returns the rotation with the intent to remove the old certificate, before Heroku is asked."""
    return replace(noted(operation, **{_ASKED: at.isoformat()}), check_at=None)


def not_removing(operation: Operation) -> Operation:
    """Returns the rotation once Heroku certainly removes nothing."""
    return _without(operation, _ASKED)


def again(operation: Operation, *, now: datetime) -> Operation:
    """Returns the rotation that is to be tried once more: it goes on where it stood.

    A certificate that was made is not made twice; one that somebody took away is, and a removal by somebody
    else is accepted, because a person says so.
    """
    found = rotation_of(operation)
    if found.new is None:
        return issuance.again(operation)
    fresh = replace(operation, state=OperationState.DOING, closed_at=None, reason_code=None, detail="")
    if operation.reason_code is ReasonCode.NEW_GONE:
        return replace(fresh, progress={})
    if operation.reason_code is ReasonCode.NOT_ACCEPTED:
        # Whoever presses this knows better than the test: it may have been mended since.
        fresh = _without(fresh, _TESTED, _TESTED_AT)
    if operation.reason_code is ReasonCode.OLD_GONE:
        # With its removal noted as requested, the old one's absence from the next list counts as done.
        return removing(replace(fresh, progress=installed(fresh, now=now).progress), at=now)
    if found.waits_for_word:
        return _awaited(fresh, now=now)
    return replace(not_removing(fresh), check_at=found.remove_at)


def step(
    rotation: Rotation,
    listed: Iterable[Certificate],
    *,
    now: datetime,
    at: datetime,
    overdue: bool,
    timings: Timings = DEFAULT,
) -> tuple[RotationStep, ReasonCode | None]:
    """Decides what follows from a complete list of the database's certificates, and why where it failed.

    Args:
        rotation: as it is remembered.
        listed: every certificate, disabled ones too.
        now: business time.
        at: Postgres' time of the list.
        overdue: the deadline of what Heroku does has passed; a person's has none of this kind.
        timings: of calls and their effects.
    """
    if rotation.new is None:
        return RotationStep.MAKE, None
    usable = {each.id for each in listed if is_usable(each, now=now)}
    # Heroku goes on listing certificates that are disabled: those count as gone.
    listed_ids = {each.id for each in listed if each.status != "disabled"}
    # Before the old one: its removal is neither requested nor called done without a new one that works.
    if rotation.new not in usable:
        return RotationStep.FAIL, ReasonCode.NEW_GONE
    if rotation.old not in listed_ids:
        return (
            (RotationStep.FAIL, ReasonCode.OLD_GONE)
            if rotation.asked_at is None
            else (RotationStep.DONE, None)
        )
    if rotation.asked_at is None:
        return _at_rest(rotation, now=now)
    if overdue:
        return RotationStep.FAIL, ReasonCode.DEADLINE
    # Heroku calls a certificate ``disabling`` while it removes it: still ready, the request came to nothing.
    stuck = any(each.id == rotation.old and each.status == READY for each in listed)
    patient = at - rotation.asked_at < timings.removal_patience
    return (RotationStep.REMOVE if stuck and not patient else RotationStep.READ_BACK), None


def _at_rest(rotation: Rotation, *, now: datetime) -> tuple[RotationStep, ReasonCode | None]:
    """Decides what follows while both certificates work, and nobody was asked to remove one of them."""
    # A requested test comes before the removal, since its result may be what stops that.
    if rotation.test_asked_at is not None:
        return RotationStep.TEST, None
    if rotation.remove_at is None or now < rotation.remove_at:
        return RotationStep.WAIT, None
    # No other result says anything against the new certificate, so no other keeps the old one.
    if rotation.tested is ConnectionResult.NOT_ACCEPTED:
        return RotationStep.FAIL, ReasonCode.NOT_ACCEPTED
    return RotationStep.REMOVE, None


def is_usable(certificate: Certificate, *, now: datetime) -> bool:
    """Whether somebody can connect with it: one that has expired is still ``ready`` to Heroku."""
    over = certificate.expires_at is not None and certificate.expires_at <= now
    return certificate.status == READY and not over


def _awaited(operation: Operation, *, now: datetime) -> Operation:
    return replace(noted(operation, **{_WAITS: now.isoformat(), _REMINDED: "0"}), check_at=now + REMINDERS[0])


def _without(operation: Operation, *keys: str) -> Operation:
    return replace(
        operation, progress={key: value for key, value in operation.progress.items() if key not in keys}
    )


def _moment(progress: Mapping[str, str], key: str) -> datetime | None:
    return datetime.fromisoformat(progress[key]) if key in progress else None

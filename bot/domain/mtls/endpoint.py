"""Enabling and disabling mTLS on a database: what follows from the endpoint's status.

Facts: herokux c822fb4, 2025-08, ``mtls.go``: POST answers 201 ``Provisioning`` and becomes ``Operational``,
DELETE answers 202 ``Deprovisioning`` and becomes a 404; enabling makes a first certificate by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from bot.domain.grant import ReasonCode
from bot.domain.mtls import issuance
from bot.domain.mtls.certificate import DISABLED, Certificate
from bot.domain.operation import Operation, noted
from bot.domain.timings import DEFAULT, Timings

PROVISIONING: Final = "Provisioning"
OPERATIONAL: Final = "Operational"
DEPROVISIONING: Final = "Deprovisioning"
"""Words of the endpoint's status, as Heroku spells them."""

_ASKED: Final = "asked_at"
_SEEN: Final = "seen"
_OPERATIONAL: Final = "operational_at"


class EndpointStep(StrEnum):
    """What the reconciler does next."""

    ASK = "ask"
    WAIT = "wait"
    READ_CERTIFICATES = "read_certificates"
    DONE = "done"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointProgress:
    """What an operation remembers of enabling or disabling.

    Attributes:
        asked_at: Postgres' time at which Heroku was (about to be) asked; None while it was not.
        seen: the endpoint was there after Heroku was asked, or Heroku said that it is being made.
        operational_at: Postgres' time of the first observation that found it operational.
    """

    asked_at: datetime | None = None
    seen: bool = False
    operational_at: datetime | None = None


def endpoint_progress(operation: Operation) -> EndpointProgress:
    """Reads what an operation remembers."""
    progress = operation.progress
    return EndpointProgress(
        asked_at=datetime.fromisoformat(progress[_ASKED]) if _ASKED in progress else None,
        seen=_SEEN in progress,
        operational_at=datetime.fromisoformat(progress[_OPERATIONAL]) if _OPERATIONAL in progress else None,
    )


def asking(operation: Operation, *, at: datetime) -> Operation:
    """Returns the operation with the intent, before Heroku is asked; ``at`` is Postgres' time."""
    return noted(operation, **{_ASKED: at.isoformat()})


def not_asked(operation: Operation) -> Operation:
    """Returns the operation once Heroku certainly did nothing."""
    return replace(
        operation, progress={key: value for key, value in operation.progress.items() if key != _ASKED}
    )


def seen(operation: Operation) -> Operation:
    """Returns the operation once the endpoint that it requested is there."""
    return noted(operation, **{_SEEN: "yes"})


def operational(operation: Operation, *, at: datetime) -> Operation:
    """Returns the operation once the endpoint is operational; its certificate may take a moment longer."""
    return noted(operation, **{_OPERATIONAL: at.isoformat()})


def enabling(
    switch: EndpointProgress, status: str | None, *, at: datetime, overdue: bool, timings: Timings = DEFAULT
) -> tuple[EndpointStep, ReasonCode | None]:
    """Decides what follows for a database on which mTLS is to be enabled.

    Args:
        switch: as it is remembered.
        status: the endpoint's; None where it is proven not to be there.
        at: Postgres' time of the observation.
        overdue: the deadline has passed.
        timings: of calls and their effects.
    """
    # Before the deadline: what is operational by now has not failed, however late it was read.
    if status == OPERATIONAL:
        # pgaccess did not request it: whoever enabled it meanwhile has the first certificate.
        return (EndpointStep.DONE if switch.asked_at is None else EndpointStep.READ_CERTIFICATES), None
    if overdue:
        return EndpointStep.FAIL, ReasonCode.DEADLINE
    if status is not None:
        return EndpointStep.WAIT, None
    if switch.asked_at is None:
        return EndpointStep.ASK, None
    # The call may still land: whether nothing came of it is known only when it cannot any more.
    if at < switch.asked_at + timings.settled_after:
        return EndpointStep.WAIT, None
    # What was there and is gone was disabled by somebody: it is not enabled again on an older approval.
    return (EndpointStep.FAIL, ReasonCode.CLOSED_ELSEWHERE) if switch.seen else (EndpointStep.ASK, None)


def first_certificate(
    operation: Operation,
    listed: Iterable[Certificate],
    *,
    taken: frozenset[UUID],
    at: datetime,
    timings: Timings = DEFAULT,
) -> issuance.IssuanceResult:
    """Decides what follows for the certificate that enabling has made by itself.

    Where none turns up in a minute, enabling is done without one; the person can ask for one.

    Args:
        operation: that enabled mTLS.
        listed: every certificate of the database.
        taken: ids that belong to other requests.
        at: Postgres' time of the list.
        timings: of calls and their effects.
    """
    search, certificates = issuance.issuance_progress(operation), tuple(listed)
    if search.made is not None:
        return issuance.step(
            search, certificates, taken=taken, at=at, overdue=operation.overdue, timings=timings
        )
    new = issuance.unknown(search, certificates, taken)
    if len(new) == 1:
        return issuance.IssuanceResult(step=issuance.IssuanceStep.FOUND, made=new[0])
    if new:
        return issuance.IssuanceResult(
            step=issuance.IssuanceStep.FAIL, reason_code=ReasonCode.SEVERAL, candidates=new
        )
    since = endpoint_progress(operation).operational_at
    waited = operation.overdue or (since is not None and at >= since + timings.quarantine)
    return issuance.IssuanceResult(step=issuance.IssuanceStep.DONE if waited else issuance.IssuanceStep.WAIT)


def disabling(
    switch: EndpointProgress, status: str | None, *, at: datetime, overdue: bool, timings: Timings = DEFAULT
) -> tuple[EndpointStep, ReasonCode | None]:
    """Decides what follows for a database on which mTLS is to be disabled; arguments as for ``enabling``."""
    if status is None:
        return EndpointStep.DONE, None
    if overdue:
        return EndpointStep.FAIL, ReasonCode.DEADLINE
    # Not by an id: what somebody enables meanwhile must not be disabled by a repetition.
    patient = switch.asked_at is not None and at < switch.asked_at + timings.quarantine
    if status == DEPROVISIONING or patient:
        return EndpointStep.WAIT, None
    return EndpointStep.ASK, None


def discarding(
    switch: EndpointProgress,
    id: UUID,
    listed: Iterable[Certificate],
    *,
    at: datetime,
    overdue: bool,
    timings: Timings = DEFAULT,
) -> tuple[EndpointStep, ReasonCode | None]:
    """Decides what follows for a certificate that is to be removed, from a complete list.

    Args:
        switch: as it is remembered.
        id: the certificate's.
        listed: every certificate of the database; none where mTLS is proven to be off.
        at: Postgres' time of the list.
        overdue: the deadline has passed.
        timings: of calls and their effects.
    """
    # The list is complete, or mTLS is off: a certificate that it lacks is gone.
    status = {each.id: each.status for each in listed}.get(id, DISABLED)
    if status == DISABLED:
        return EndpointStep.DONE, None
    if overdue:
        return EndpointStep.FAIL, ReasonCode.DEADLINE
    patient = switch.asked_at is not None and at < switch.asked_at + timings.removal_patience
    return (EndpointStep.WAIT if patient or status == "disabling" else EndpointStep.ASK), None

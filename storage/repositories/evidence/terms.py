"""Terms of an audit line: its request and grant as they are after the change, read by the same statement.

Lines are written last in a transaction, so that what they are read from has its new state already. Every
time is a text in UTC, whatever zone a session has: the text is sealed, and has to be the same when it is read
again.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Label,
    ScalarSelect,
    String,
    Uuid,
    case,
    cast,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB

from storage.tables import certificates, grants, operations, requests, targets

_UTC: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


def _time(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.to_char(func.timezone("UTC", column), _UTC)


def _seconds(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(func.extract("epoch", column), BigInteger)


def _text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    # As the column has it: its type would read it as a value of the domain.
    return type_coerce(column, String)


def _object(**fields: ColumnElement[Any]) -> ColumnElement[Any]:
    parts = [part for name, value in fields.items() for part in (name, value)]
    return func.jsonb_strip_nulls(func.jsonb_build_object(*parts))


_TARGET: Final = {
    "target": targets.c.id,
    "target_name": targets.c.name,
    "app": func.nullif(targets.c.app, ""),
    "space": func.nullif(targets.c.space, ""),
}
"""A target, under the names of the day."""

_GRANT: Final = _object(
    id=grants.c.id,
    request=grants.c.request_id,
    owner=grants.c.owner,
    subject=_text(grants.c.subject),
    state=_text(grants.c.state),
    started=_time(grants.c.started_at),
    in_force=_time(grants.c.verified_at),
    ends=_time(grants.c.ends_at),
    duration_s=_seconds(grants.c.duration),
    extended_s=_seconds(grants.c.extended),
    closed=_time(grants.c.closed_at),
    why=_text(grants.c.reason_code),
)

_OPERATION: Final = _object(
    kind=_text(operations.c.kind),
    owner=operations.c.owner,
    subject=_text(operations.c.subject),
    state=_text(operations.c.state),
    closed=_time(operations.c.closed_at),
    why=_text(operations.c.reason_code),
)

_CERTIFICATE: Final = _object(
    id=certificates.c.id,
    name=func.nullif(certificates.c.name, ""),
    owner=func.nullif(certificates.c.owner, ""),
    purpose=func.nullif(certificates.c.purpose, ""),
    status=certificates.c.status,
    expires=_time(certificates.c.expires_at),
)
"""A client certificate, never its files."""

TERMS: Final[ColumnElement[Any]] = _object(
    request=requests.c.id,
    kind=_text(requests.c.kind),
    method=_text(requests.c.method),
    subject=_text(requests.c.subject),
    **_TARGET,
    environment=func.nullif(requests.c.environment, ""),
    rule=requests.c.rule,
    approvals=requests.c.required_approvals,
    requester=requests.c.requester,
    asker=requests.c.asker,
    asked=_time(requests.c.asked_at),
    state=_text(requests.c.state),
    decided=_time(requests.c.decided_at),
    duration_s=_seconds(requests.c.duration),
    until=_time(requests.c.until),
    reason=requests.c.reason,
    alternatives=func.nullif(requests.c.alternatives, ""),
    ticket=func.nullif(requests.c.ticket, ""),
    enables_mtls=case((requests.c.enables_mtls, True)),
    narrowed=case((requests.c.narrowed_from.is_not(None), True)),
    grant=case((grants.c.id.is_not(None), _GRANT)),
    operation=case((operations.c.id.is_not(None), _OPERATION)),
)
"""Terms of a request, with the grant that it opened, or that it is about."""

WITH_GRANT: Final = (
    requests.join(targets, targets.c.id == requests.c.target_id)
    .outerjoin(grants, or_(grants.c.request_id == requests.c.id, grants.c.id == requests.c.grant_id))
    .outerjoin(operations, operations.c.request_id == requests.c.id)
)
"""What terms are read from."""


def terms_of(
    request: ColumnElement[int], target: ColumnElement[Any], details: ColumnElement[Any]
) -> Label[Any]:
    """Returns the terms of a line about a request; of one about a target alone, its names; else null.

    Args:
        request: number of its request, or null.
        target: Heroku's UUID of its target, or null.
        details: what the line says; a certificate that they name is part of the terms.
    """
    of_request = _one(select(TERMS).select_from(WITH_GRANT).where(requests.c.id == request))
    of_target = _one(select(_object(**_TARGET)).where(targets.c.id == target))
    named = cast(type_coerce(details, JSONB)["certificate"].astext, Uuid)
    of_certificate = _one(
        select(func.jsonb_build_object("certificate", _CERTIFICATE)).where(certificates.c.id == named)
    )
    found = case((request.is_not(None), of_request), else_=of_target)
    # Null with anything is null: a line without a certificate adds nothing.
    added = func.coalesce(of_certificate, func.jsonb_build_object())
    return type_coerce(found, JSONB).concat(added).label("terms")


def _one(statement: Any) -> ScalarSelect[Any]:
    found: ScalarSelect[Any] = statement.scalar_subquery()
    return found

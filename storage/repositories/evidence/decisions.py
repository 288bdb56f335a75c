"""Compares decisions with the lines of those who made them: who has approved is told by these rows."""

from typing import Final

from sqlalchemy import BigInteger, and_, bindparam, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.request import RequestState, Verdict
from bot.ports import BOT
from storage.tables import audit, decisions, requests

_after = bindparam("after_request", type_=BigInteger)
_up_to = bindparam("up_to_request", type_=BigInteger)

_line = audit.alias("line")
_because = _line.c.details["because"].astext
_is_same = and_(
    _line.c.request_id == decisions.c.request_id,
    _line.c.subject == "request",
    _line.c.actor == decisions.c.person,
    _line.c.at == decisions.c.at,
    case(
        (decisions.c.verdict == Verdict.DENY, _line.c.after == RequestState.DENIED),
        else_=or_(_line.c.after == RequestState.APPROVED, _line.c.after.like("pending, %")),
    ),
    or_(
        func.coalesce(_because, "") == decisions.c.reason,
        # A version from before terms were kept may not have said why.
        and_(_line.c.terms.is_(None), _because.is_(None)),
    ),
)

_WITHOUT_LINE: Final = (
    select(decisions.c.request_id, decisions.c.person)
    .where(
        decisions.c.request_id > _after,
        decisions.c.request_id <= _up_to,
        # What the policy decides has the line of whoever it was done for.
        decisions.c.person != BOT,
        ~select(_line.c.id).where(_is_same).exists(),
    )
    .order_by(decisions.c.request_id, decisions.c.person)
)
"""Decisions of people that are not what any line says."""

_WITHOUT_ROW: Final = (
    select(audit.c.request_id, audit.c.id, audit.c.actor)
    .join(requests, requests.c.id == audit.c.request_id)
    .where(
        audit.c.request_id > _after,
        audit.c.request_id <= _up_to,
        audit.c.subject == "request",
        or_(
            audit.c.after.in_((RequestState.APPROVED, RequestState.DENIED)),
            audit.c.after.like("pending, %"),
        ),
        # Nobody decides on their own request: the policy does, as for a compromised certificate.
        audit.c.actor.not_in((BOT, requests.c.requester)),
        ~select(decisions.c.person)
        .where(decisions.c.request_id == audit.c.request_id, decisions.c.person == audit.c.actor)
        .exists(),
    )
    .order_by(audit.c.id)
)
"""Lines of people who have decided, and whose decision is not there."""


async def wrong_decisions(
    connection: AsyncConnection, *, after: int, up_to: int
) -> list[tuple[int, int | None, str]]:
    """Finds decisions that are not what the lines about their requests say.

    Args:
        connection: of a snapshot, so that rows and lines belong to one moment.
        after: number of the request before the first one.
        up_to: number of the last request.

    Returns:
        The request, the line if there is one, and what is wrong, as a sentence for the command line.
    """
    bounds = {"after_request": after, "up_to_request": up_to}
    found: list[tuple[int, int | None, str]] = [
        (request, None, f"the decision of {person} is not what any line says")
        for request, person in await connection.execute(_WITHOUT_LINE, bounds)
    ]
    found += [
        (request, line, f"the decision of {person} is not there, and the line says it")
        for request, line, person in await connection.execute(_WITHOUT_ROW, bounds)
    ]
    return found

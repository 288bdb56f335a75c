"""Verification of the audit trail: the chain of digests, and whether the rows are what their lines say."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger, bindparam, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.repositories.evidence.chain import GENESIS, Fit, fit
from storage.repositories.evidence.terms import TERMS, WITH_GRANT, differences
from storage.tables import audit, requests

SEALED_WITHIN: Final = timedelta(minutes=1)
"""How long a line may be without a seal; a running worker seals within about a second."""

PAGE: Final = 1000
"""Requests that are compared with their lines at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """Result of verifying the chain alone.

    Attributes:
        sealed: how many lines fit their digests.
        broken: the id of the first line that does not fit its digest; None when all do.
        unsealed: ids of lines that no seal covers yet.
        without_terms: how many of the lines that have terms were sealed by a version that covered none.
        last: the digest of the last line that fits.
        head_at: the place of the digest that was looked for; None where it is not in the chain.
    """

    sealed: int
    broken: int | None
    unsealed: tuple[int, ...]
    without_terms: int = 0
    last: bytes = field(default=GENESIS, compare=False)
    head_at: int | None = None


class Wrong(StrEnum):
    """Kinds of what a verification finds."""

    BROKEN = "broken"
    UNSEALED = "unsealed"
    CUT = "cut"
    DIFFERS = "differs"
    UNAUDITED = "unaudited"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something that does not agree.

    Attributes:
        wrong: its kind.
        line: id of the audit line; None where there is none.
        request: number of the request; None where it is about none.
        terms: names of the terms in which the row differs from the line.
    """

    wrong: Wrong
    line: int | None = None
    request: int | None = None
    terms: tuple[str, ...] = ()


async def verify_chain(connection: AsyncConnection, *, head: str = "") -> Verification:
    """Verifies the whole chain from its beginning, in flat memory.

    Args:
        connection: of the store.
        head: the beginning of a digest in hexadecimal that the chain has to have; empty for none.
    """
    previous, expected, broken, without_terms, head_at = GENESIS, 1, None, 0, None
    sealed = select(audit).where(audit.c.seal.is_not(None)).order_by(audit.c.seal)
    # Streamed: the trail only grows, and need not fit into memory.
    async with connection.stream(sealed, execution_options={"yield_per": 1000}) as lines:
        async for line in lines.mappings():
            fits = fit(previous, expected, line)
            if line["seal"] != expected or fits is None:
                broken = line["id"]
                break
            without_terms += fits is Fit.WITHOUT_TERMS
            previous = line["digest"]
            if head and previous.hex().startswith(head):
                head_at = expected
            expected += 1
    unsealed = select(audit.c.id).where(audit.c.seal.is_(None)).order_by(audit.c.id)
    return Verification(
        sealed=expected - 1,
        broken=broken,
        unsealed=tuple((await connection.execute(unsealed)).scalars()),
        without_terms=without_terms,
        last=previous,
        head_at=head_at,
    )


async def late_lines(connection: AsyncConnection) -> AsyncIterator[Problem]:
    """Finds lines that have been without a seal for longer than ``SEALED_WITHIN``."""
    late = audit.c.written_at < func.now() - SEALED_WITHIN
    statement = select(audit.c.id, audit.c.request_id).where(audit.c.seal.is_(None), late)
    for line, request in await connection.execute(statement.order_by(audit.c.id)):
        yield Problem(wrong=Wrong.UNSEALED, line=line, request=request)


_after = bindparam("after", type_=BigInteger)
_up_to = bindparam("up_to", type_=BigInteger)

_LAST = (
    select(audit.c.id, audit.c.terms)
    .where(audit.c.request_id == requests.c.id)
    .order_by(audit.c.id.desc())
    .limit(1)
    .lateral("last_line")
)
_PAGE: Final = select(requests.c.id).where(requests.c.id > _after).order_by(requests.c.id).limit(PAGE)
_COMPARED: Final = (
    select(requests.c.id, TERMS.label("today"), _LAST.c.id.label("line"), _LAST.c.terms.label("sealed"))
    .select_from(WITH_GRANT.outerjoin(_LAST, true()))
    .where(requests.c.id > _after, requests.c.id <= _up_to)
    .order_by(requests.c.id)
)
"""Requests with the terms that they have now, beside those of the last line about each."""

_ORPHANED: Final = (
    select(audit.c.request_id, func.max(audit.c.id))
    .outerjoin(requests, requests.c.id == audit.c.request_id)
    .where(audit.c.request_id > _after, audit.c.request_id <= _up_to, requests.c.id.is_(None))
    .group_by(audit.c.request_id)
    .order_by(audit.c.request_id)
)
"""Lines about requests that are no longer there."""


@dataclass(slots=True)
class Compared:
    """How far the comparison of rows with their lines has come.

    Attributes:
        requests: how many were compared.
        without_terms: how many of them have a last line without terms, from before terms were kept.
    """

    requests: int = 0
    without_terms: int = 0


async def wrong_rows(connection: AsyncConnection, compared: Compared) -> AsyncIterator[Problem]:
    """Finds requests and grants that are not what the last line about them says.

    Args:
        connection: of a snapshot, so that rows and lines belong to one moment.
        compared: is counted up meanwhile.
    """
    after = 0
    newest = (await connection.execute(select(func.max(audit.c.request_id)))).scalar() or 0
    while True:
        page = (await connection.execute(_PAGE, {"after": after})).scalars().all()
        up_to = page[-1] if page else max(newest, after)
        bounds = {"after": after, "up_to": up_to}
        for request, line in await connection.execute(_ORPHANED, bounds):
            yield Problem(wrong=Wrong.MISSING, request=request, line=line)
        if not page:
            return
        for request, today, line, sealed in await connection.execute(_COMPARED, bounds):
            compared.requests += 1
            if line is None:
                yield Problem(wrong=Wrong.UNAUDITED, request=request)
            elif sealed is None:
                compared.without_terms += 1
            elif found := differences(sealed, today):
                yield Problem(wrong=Wrong.DIFFERS, request=request, line=line, terms=found)
        after = up_to

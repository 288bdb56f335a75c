"""Verification of the audit trail: the chain of digests, and whether the rows are what their lines say."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.request import Kind
from storage.repositories.evidence.chain import GENESIS, Fit, fit
from storage.repositories.evidence.comparison import LastLine, compare
from storage.repositories.evidence.decisions import wrong_decisions
from storage.repositories.evidence.reviews import wrong_reviews
from storage.repositories.evidence.terms import TERMS, WITH_GRANT
from storage.tables import audit, requests

SEALED_WITHIN: Final = timedelta(minutes=1)
"""How long a line may be without a seal; a running worker seals within about a second."""

UPGRADED_WITHIN: Final = timedelta(days=1)
"""How long two versions may run at once, from the first line with terms on: meanwhile the older one writes
lines without terms, and seals those of the newer one without them. A deploy takes minutes."""

PAGE: Final = 1000
"""Lines, and requests with their lines, that are read at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """Result of verifying the chain alone.

    Attributes:
        sealed: how many lines fit their digests, before the first that does not.
        broken: the id of the first line that does not fit its digest or its place; None when all do.
        unsealed: ids of lines that no seal covers yet.
        without_terms: how many of the lines that have terms were sealed by a version that covered none.
    """

    sealed: int
    broken: int | None
    unsealed: tuple[int, ...]
    without_terms: int = 0


class Wrong(StrEnum):
    """Kinds of what a verification finds."""

    BROKEN = "does not fit its digest"
    GAP = "lines before it are missing"
    CUT = "the chain does not have the head"
    UNSEALED = "without a seal"
    DIFFERS = "a row is not what its line says"
    UNAUDITED = "a row that no line is about"
    MISSING = "a row that lines are about is not there"
    JUMP = "does not follow the line before it"
    WITHOUT_TERMS = "newer than the first line with terms, and without terms that its seal covers"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something that does not agree.

    Attributes:
        wrong: its kind.
        said: what is wrong, as a sentence for the command line.
        line: id of the audit line; None where there is none.
        request: number of the request; None where it is about none.
        upgrading: whether an older version that ran beside this one explains it.
    """

    wrong: Wrong
    said: str
    line: int | None = None
    request: int | None = None
    upgrading: bool = False


@dataclass(slots=True)
class Walk:
    """How far a walk along the chain has come.

    Attributes:
        lines: how many were read.
        broken: the id of the first that does not fit; None so far.
        sealed: how many fit before it.
        without_terms: how many have terms that their seal does not cover.
        number: place of the last line.
        digest: of the last line.
        head_at: place of the head that was looked for; None where it was not met.
        terms_since: when the first line was written whose seal covers its terms; None so far.
        terms_until: when the last such line was written.
    """

    lines: int = 0
    broken: int | None = None
    sealed: int = 0
    without_terms: int = 0
    number: int = 0
    digest: bytes = field(default=GENESIS)
    head_at: int | None = None
    terms_since: datetime | None = None
    terms_until: datetime | None = None

    @property
    def upgraded(self) -> bool:
        """Whether no older version runs any more that knows no terms.

        Lines with terms tell, by their place in the chain: what a line without terms says of its own time
        could be made up.
        """
        if self.terms_since is None or self.terms_until is None:
            return False
        return self.terms_until - self.terms_since > UPGRADED_WITHIN


async def walk_chain(connection: AsyncConnection, walk: Walk, *, head: str = "") -> AsyncIterator[Problem]:
    """Walks along the whole chain from its beginning, in flat memory, and yields each line that does not fit.

    After such a line it goes on with the digest that the line has: what comes behind is judged by itself.

    Args:
        connection: of the store.
        walk: is kept up to date meanwhile.
        head: a digest in hexadecimal, or its beginning, that the chain has to have; empty for none.
    """
    sealed = select(audit).where(audit.c.seal.is_not(None)).order_by(audit.c.seal)
    # Streamed: the trail only grows, and need not fit into memory.
    async with connection.stream(sealed, execution_options={"yield_per": PAGE}) as lines:
        async for line in lines.mappings():
            walk.lines += 1
            problem = _misfit(walk, line)
            if problem is not None:
                if problem.wrong is not Wrong.WITHOUT_TERMS:
                    walk.broken = walk.broken or line["id"]
                yield problem
            walk.sealed += walk.broken is None
            walk.number, walk.digest = line["seal"], line["digest"]
            if head and walk.digest.hex().startswith(head):
                walk.head_at = walk.number


def _misfit(walk: Walk, line: Any) -> Problem | None:
    about = {"line": line["id"], "request": line["request_id"]}
    seal, expected = line["seal"], walk.number + 1
    if seal != expected:
        missing = f"{expected}" if seal == expected + 1 else f"{expected} to {seal - 1}"
        return Problem(wrong=Wrong.GAP, said=f"seal {missing} is missing before seal {seal}", **about)
    fits = fit(walk.digest, seal, line)
    walk.without_terms += fits is Fit.WITHOUT_TERMS
    if fits is None:
        said = f"seal {seal} does not fit: the line, its place or the digest before it was changed"
        return Problem(wrong=Wrong.BROKEN, said=said, **about)
    return _without_terms(walk, line, fits, about)


def _without_terms(walk: Walk, line: Any, fits: Fit, about: Mapping[str, int | None]) -> Problem | None:
    """Judges a line by its terms: one that is about something has some since the first that had any."""
    if line["terms"] is not None and fits is Fit.WHOLE:
        walk.terms_since = walk.terms_since or line["written_at"]
        walk.terms_until = max(walk.terms_until or line["written_at"], line["written_at"])
        return None
    is_about = line["request_id"] is not None or line["target_id"] is not None
    if not is_about or walk.terms_since is None:
        return None
    missing = "has no terms" if line["terms"] is None else "does not cover its terms"
    said = f"seal {line['seal']} {missing}, and lines before it have them"
    return Problem(wrong=Wrong.WITHOUT_TERMS, said=said, upgrading=not walk.upgraded, **about)


async def verify_chain(connection: AsyncConnection) -> Verification:
    """Verifies the whole chain from its beginning, and no rows; see ``walk_chain``."""
    walk = Walk()
    async for _ in walk_chain(connection, walk):
        # To the end: a cursor that is left in the middle stays open.
        continue
    unsealed = select(audit.c.id).where(audit.c.seal.is_(None)).order_by(audit.c.id)
    return Verification(
        sealed=walk.sealed,
        broken=walk.broken,
        unsealed=tuple((await connection.execute(unsealed)).scalars()),
        without_terms=walk.without_terms,
    )


def cut(walk: Walk, *, head: str, seal: int | None) -> Problem | None:
    """Judges by a head that was kept outside whether the end of the chain was cut off or made anew.

    Args:
        walk: that has come to its end.
        head: the digest, or its beginning; empty where only its place is known.
        seal: its place; None where that is not known.
    """
    if seal is not None and walk.number < seal:
        said = f"the chain ends at seal {walk.number}: seals {walk.number + 1} to {seal} were cut off"
    elif head and walk.head_at is None:
        said = f"no line has the digest {head}: the end was cut off, or the chain was sealed anew"
    elif head and seal is not None and walk.head_at != seal:
        said = f"the digest {head} is at seal {walk.head_at}, and not at seal {seal}"
    else:
        return None
    return Problem(wrong=Wrong.CUT, said=said)


async def late_lines(connection: AsyncConnection) -> Problem | None:
    """Finds lines that have been without a seal for longer than ``SEALED_WITHIN``."""
    late = audit.c.written_at < func.now() - SEALED_WITHIN
    found = select(func.count(), func.min(audit.c.id), func.now() - func.min(audit.c.written_at))
    count, first, age = (await connection.execute(found.where(audit.c.seal.is_(None), late))).one()
    if not count:
        return None
    waited = timedelta(seconds=int(age.total_seconds()))
    said = f"lines without a seal: {count}, the oldest for {waited}; is a worker running?"
    return Problem(wrong=Wrong.UNSEALED, line=first, said=said)


_after = bindparam("after_request", type_=BigInteger)
_up_to = bindparam("up_to_request", type_=BigInteger)
_STATES: Final = ("request", "grant", *Kind)
"""Subjects of lines that say how a state has changed."""

_PAGE: Final = select(requests.c.id).where(requests.c.id > _after).order_by(requests.c.id).limit(PAGE)
TODAY: Final = (
    select(requests.c.id, TERMS.label("today"))
    .select_from(WITH_GRANT)
    .where(requests.c.id > _after, requests.c.id <= _up_to)
    .order_by(requests.c.id)
)
"""Requests after one number and up to another, each with what its rows say now."""

_of_page = (audit.c.request_id > _after, audit.c.request_id <= _up_to)
_by_subject = (audit.c.request_id, audit.c.subject)
LAST: Final = (
    select(
        audit.c.request_id,
        audit.c.subject,
        audit.c.id,
        audit.c.terms,
        func.first_value(audit.c.id)
        .over(partition_by=_by_subject, order_by=audit.c.id.desc())
        .label("newest"),
        func.first_value(audit.c.after)
        .over(partition_by=_by_subject, order_by=audit.c.id.desc())
        .label("newest_after"),
    )
    .where(*_of_page, audit.c.subject.in_(_STATES))
    .ext(distinct_on(*_by_subject))
    .order_by(*_by_subject, audit.c.terms.is_(None), audit.c.id.desc())
)
"""For each request and subject the newest line that has terms, or else the newest, and which that is."""

_steps = (
    select(
        audit.c.id,
        audit.c.request_id,
        audit.c.subject,
        audit.c.before,
        func.coalesce(func.lag(audit.c.after).over(partition_by=_by_subject, order_by=audit.c.id), "").label(
            "previous"
        ),
    )
    .where(*_of_page, audit.c.subject.in_(_STATES))
    .subquery()
)
_JUMPS: Final = (
    select(_steps)
    # What a line adds to its state is not part of it: ``pending, 1 of 2``.
    .where(func.split_part(_steps.c.before, ",", 1) != func.split_part(_steps.c.previous, ",", 1))
    .order_by(_steps.c.id)
)
"""Lines that do not begin where the line before them has ended."""

_ORPHANED: Final = (
    select(audit.c.request_id, func.max(audit.c.id))
    .outerjoin(requests, requests.c.id == audit.c.request_id)
    .where(*_of_page, requests.c.id.is_(None))
    .group_by(audit.c.request_id)
    .order_by(audit.c.request_id)
)
"""Requests that lines are about, and that are not there."""


@dataclass(slots=True)
class Compared:
    """How far the comparison of rows with their lines has come.

    Attributes:
        requests: how many were compared.
        without_terms: how many of them have a newest line without terms: from before terms were kept, or
            from an older version that ran beside this one.
    """

    requests: int = 0
    without_terms: int = 0


async def wrong_rows(connection: AsyncConnection, compared: Compared) -> AsyncIterator[Problem]:
    """Finds requests, decisions, grants, operations and reviews that are not what their lines say.

    Args:
        connection: of a snapshot, so that rows and lines belong to one moment.
        compared: is kept up to date meanwhile.
    """
    for request, about, said in await wrong_reviews(connection):
        yield Problem(wrong=Wrong.DIFFERS, request=request, line=about, said=said)
    after = 0
    newest = (await connection.execute(select(func.max(audit.c.request_id)))).scalar() or 0
    while True:
        page = (await connection.execute(_PAGE, {"after_request": after})).scalars().all()
        up_to = page[-1] if page else max(newest, after)
        bounds = {"after_request": after, "up_to_request": up_to}
        for request, line in await connection.execute(_ORPHANED, bounds):
            said = f"request {request} is not there, and lines are about it"
            yield Problem(wrong=Wrong.MISSING, request=request, line=line, said=said)
        if not page:
            return
        for line, request, subject, before, previous in await connection.execute(_JUMPS, bounds):
            said = f"the {subject} was {_state(before)} before it, and by the line before {_state(previous)}"
            yield Problem(wrong=Wrong.JUMP, request=request, line=line, said=said)
        for request, about, said in await wrong_decisions(connection, after=after, up_to=up_to):
            yield Problem(wrong=Wrong.DIFFERS, request=request, line=about, said=said)
        lines = last_lines(await connection.execute(LAST, bounds))
        for request, today in await connection.execute(TODAY, bounds):
            compared.requests += 1
            for problem in problems_of(request, today, lines.get(request, {}), compared):
                yield problem
        after = up_to


def last_lines(rows: Iterable[Sequence[Any]]) -> Mapping[int, Mapping[str, LastLine]]:
    """Returns what ``LAST`` has read, by request and subject."""
    found: dict[int, dict[str, LastLine]] = {}
    for request, subject, id, terms, newest, after in rows:
        last = LastLine(id=newest, after=after, terms=terms, terms_id=id if terms is not None else None)
        found.setdefault(request, {})[subject] = last
    return found


def problems_of(
    request: int, today: Mapping[str, Any], lines: Mapping[str, LastLine], compared: Compared
) -> Iterator[Problem]:
    """Yields what is wrong with the rows of one request.

    Args:
        request: its number.
        today: what its rows say.
        lines: the last line about it, by subject.
        compared: is counted up.
    """
    found = compare(today, lines)
    compared.without_terms += found.without_terms
    for name in found.unaudited:
        said = f"no line is about the {name}"
        yield Problem(wrong=Wrong.UNAUDITED, request=request, said=said)
    for name, line in found.missing.items():
        said = f"the {name} is not there, and lines are about it"
        yield Problem(wrong=Wrong.MISSING, request=request, line=line, said=said)
    for each in found.differences:
        said = f"{each.name} is {each.found}, and the line says {each.said}"
        yield Problem(wrong=Wrong.DIFFERS, request=request, line=each.line, said=said)


def _state(state: str) -> str:
    return state or "not there"

"""``pgaccess audit review``: what an access review asked of, and the answers, as CSV or JSON lines."""

import argparse
import asyncio
import csv
import io
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bot.config import database_url
from bot.domain.access_review import Review, ReviewItem, outcome
from bot.errors import MisconfiguredError, NotMigratedError

SUMMARY: Final = "export an access review: what was kept, what was ended, by whom and why"
"""Help text of the command in ``pgaccess audit --help``."""

COLUMNS: Final = (
    *("review", "begun_at", "answer_by", "kind", "request", "certificate", "target", "target_id"),
    *("subject", "owner", "ends_at", "approvers", "outcome", "answered_by", "answered_at", "because"),
)
"""Of a row: one for each item. Times are UTC; ``outcome`` is ``kept``, ``ended``, ``gone`` or ``open``."""

_QUARTER: Final = re.compile(r"(?P<year>[0-9]{4})-?Q(?P<quarter>[1-4])", re.I | re.A)

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet would compute (OWASP, "CSV Injection")."""


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of a year, in UTC."""

    year: int
    number: int

    def holds(self, moment: datetime) -> bool:
        """Whether a moment is in it."""
        here = moment.astimezone(UTC)
        return (here.year, (here.month - 1) // 3 + 1) == (self.year, self.number)

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"


def add_command(commands: Any) -> None:
    """Adds the command to the subcommands of ``pgaccess audit``; ``audit_run`` of its arguments runs it."""
    parser = commands.add_parser("review", help=SUMMARY, description=SUMMARY)
    parser.add_argument(
        "--quarter", type=_quarter, metavar="2026-Q4", help="reviews that began in it; the newest by default"
    )
    parser.add_argument("--format", choices=["csv", "jsonl"], default="csv", help="csv by default")
    parser.set_defaults(audit_run=run)


def run(arguments: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> int:
    """Prints the rows, and returns the exit status.

    Raises:
        MisconfiguredError: there is no such review, or the store cannot be reached.
        NotMigratedError: it was not migrated.
    """
    asyncio.run(_print(export(arguments.quarter, arguments.format, database_url(environ))))
    return 0


def row(review: Review, item: ReviewItem) -> dict[str, object]:
    """Returns one item as it is exported, by column."""
    reviewed, answered = item.reviewed, item.answered
    return {
        "review": review.id,
        "begun_at": _moment(review.begun_at),
        "answer_by": _moment(review.answer_by),
        "kind": str(reviewed.kind),
        "request": reviewed.request,
        "certificate": "" if reviewed.certificate is None else str(reviewed.certificate),
        "target": reviewed.label,
        "target_id": str(reviewed.target),
        "subject": reviewed.subject,
        "owner": reviewed.owner,
        "ends_at": "" if reviewed.ends_at is None else _moment(reviewed.ends_at),
        "approvers": " ".join(item.approvers),
        "outcome": str(outcome(item)),
        "answered_by": "" if answered is None else answered.by,
        "answered_at": "" if answered is None else _moment(answered.at),
        "because": "" if answered is None else answered.because,
    }


def as_lines(rows: Sequence[Mapping[str, object]], *, form: str) -> Iterator[str]:
    """Returns rows as lines of CSV, headings first, or as one JSON object a line."""
    if form == "jsonl":
        yield from (json.dumps(each, ensure_ascii=False) for each in rows)
        return
    yield _csv(COLUMNS)
    for each in rows:
        yield _csv([_cell(each[name]) for name in COLUMNS])


async def export(quarter: Quarter | None, form: str, url: str) -> AsyncIterator[str]:
    """Yields the lines of every review that is meant, one review after the other.

    Args:
        quarter: in which they began; None for the newest.
        form: ``csv`` or ``jsonl``.
        url: of the store.

    Raises:
        MisconfiguredError: there is no such review, or the store cannot be reached.
    """
    heading = True
    async for rows in _read(quarter, url):
        lines = as_lines(rows, form=form)
        if form == "csv" and not heading:
            next(lines)
        for line in lines:
            yield line
        heading = False


async def _print(lines: AsyncIterator[str]) -> None:
    async for line in lines:
        sys.stdout.write(f"{line}\n")


async def _read(quarter: Quarter | None, url: str) -> AsyncIterator[list[dict[str, object]]]:
    """The rows of each review that is meant, one review after the other."""
    # Imported here: SQLAlchemy takes its time, and the help text needs none.
    from psycopg.errors import UndefinedColumn, UndefinedTable
    from sqlalchemy import select
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from storage.engine import cannot_connect, engine_for
    from storage.repositories.access_reviews import PostgresAccessReviews
    from storage.repositories.audit import PostgresAudit
    from storage.tables import access_reviews
    from storage.write_buffer import WriteBuffer

    engine = engine_for(url)
    try:
        async with engine.connect() as connection:
            # Only read: its audit would have nothing to write.
            reviews = PostgresAccessReviews(
                connection, PostgresAudit(connection, WriteBuffer(connection)), set()
            )
            began = select(access_reviews.c.id, access_reviews.c.begun_at).order_by(access_reviews.c.id)
            all_reviews = [(found.id, found.begun_at) for found in await connection.execute(began)]
            for id in _meant(all_reviews, quarter):
                review = await reviews.review(id)
                if review is not None:
                    yield [row(review, item) for item in await reviews.items(id)]
    except OperationalError:
        # SQLAlchemy's error names host and user, and may repeat more of the address.
        raise MisconfiguredError(cannot_connect(engine.url)) from None
    except ProgrammingError as error:
        if isinstance(error.orig, UndefinedTable | UndefinedColumn):
            raise NotMigratedError from error
        raise
    finally:
        await engine.dispose()


def _meant(reviews: Sequence[tuple[int, datetime]], quarter: Quarter | None) -> list[int]:
    if not reviews:
        raise MisconfiguredError("there was no access review yet; [access_review] in the policy says when")
    if quarter is None:
        return [reviews[-1][0]]
    meant = [id for id, at in reviews if quarter.holds(at)]
    if not meant:
        newest = reviews[-1][1].date().isoformat()
        raise MisconfiguredError(f"no access review began in {quarter}; the newest one began {newest}")
    return meant


def _quarter(text: str) -> Quarter:
    found = _QUARTER.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no quarter: write, for example, 2026-Q4")
    return Quarter(int(found["year"]), int(found["quarter"]))


def _csv(cells: Sequence[object]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(cells)
    return written.getvalue()


def _cell(value: object) -> object:
    """A value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()

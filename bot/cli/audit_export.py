"""``pgaccess audit export``: what was asked, decided, opened and closed, with the lines that prove it."""

import argparse
import asyncio
import csv
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TextIO

from bot.errors import MisconfiguredError

SUMMARY: Final = "print one record for each request, with its grant or operation and the lines that prove it"
"""Help text of the command."""

_PERSON: Final = re.compile(r"[UW][A-Z0-9]{2,}|pgaccess", re.A)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``pgaccess audit export``."""
    parser.add_argument(
        "--from",
        dest="since",
        type=_moment,
        metavar="TIME",
        help="only what was asked, decided, open or closed then or later: 2026-03-01, or with a time",
    )
    parser.add_argument(
        "--to",
        dest="before",
        type=_end,
        metavar="TIME",
        help="only what was asked before: a date with its whole day, or a time",
    )
    parser.add_argument("--target", metavar="NAME", help="database, app, space, alias or UUID")
    parser.add_argument("--person", type=_person, metavar="U…", help="requester or owner")
    parser.add_argument("--format", choices=["csv", "jsonl"], default="csv", help="csv by default")


def run(arguments: argparse.Namespace, url: str, out: TextIO) -> None:
    """Print the export to a stream.

    Args:
        arguments: Parsed arguments.
        url: Of the database.
        out: Standard output.

    Raises:
        MisconfiguredError: No target has the name, the times are the wrong way round, or the store cannot
            be read.
    """
    since, before = arguments.since, arguments.before
    if since is not None and before is not None and before <= since:
        raise MisconfiguredError("--from has to be before --to, such as --from 2026-03-01 --to 2026-03-31")
    asyncio.run(_export(arguments, url, out))


async def _export(arguments: argparse.Namespace, url: str, out: TextIO) -> None:
    # Imported here: SQLAlchemy takes its time, and the parser of arguments does not need it.
    from storage.repositories.evidence.export import COLUMNS, Wanted, records, targets_named
    from storage.snapshot import snapshot

    async with snapshot(url) as connection:
        named = None
        # Also an empty name, as a variable that is not set leaves one: it must not mean every target.
        if arguments.target is not None:
            named = tuple(await targets_named(connection, arguments.target))
            if not named:
                raise MisconfiguredError(
                    f"no database or space has the name {arguments.target!r}: give its own name, its app's "
                    "or its UUID, such as --target billing"
                )
        wanted = Wanted(
            since=arguments.since, before=arguments.before, targets=named, person=arguments.person or ""
        )
        write = writer(arguments.format, COLUMNS, out)
        async for record in records(connection, wanted):
            write(record)


def writer(format: str, columns: tuple[str, ...], out: TextIO) -> Callable[[Mapping[str, Any]], object]:
    """Return what writes one record; of CSV, the header is written at once."""
    if format == "jsonl":
        return lambda record: print(json.dumps(record, ensure_ascii=False), file=out)
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(columns)
    return lambda record: lines.writerow([cell(record[name]) for name in columns])


def cell(value: object) -> str:
    """Return a value as a cell of CSV that no spreadsheet takes for a formula.

    Fact: OWASP, "CSV Injection": a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage
    return may be evaluated; a quote before it makes it text.
    """
    if value is None:
        return ""
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    # The latter at the limits of the calendar.
    except (ValueError, OverflowError) as error:
        raise _no_time(text) from error


def _end(text: str) -> datetime:
    moment = _moment(text)
    try:
        # A date means its whole day, in every form in which it is read: 2026-03-31 or 20260331.
        date.fromisoformat(text.strip())
        return moment + timedelta(days=1)
    except ValueError:
        return moment
    except OverflowError as error:
        raise _no_time(text) from error


def _no_time(text: str) -> argparse.ArgumentTypeError:
    return argparse.ArgumentTypeError(
        f"{text!r} is not a date or time, such as 2026-03-03 or 2026-03-03T14:00 (UTC)"
    )


def _person(text: str) -> str:
    person = text.strip()
    if _PERSON.fullmatch(person) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not the Slack id of a person, such as U0123ABCD")
    return person

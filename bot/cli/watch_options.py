"""Options of ``pgaccess watch``, apart from what it needs to run: every command reads them at its start."""

import argparse
from datetime import timedelta
from typing import Final

from bot.domain.watch.condition import CALLS_AN_HOUR, LOOK_EVERY

SUMMARY: Final = "watch store and Heroku without changing them, and page when something is wrong"
"""Help text of the command in ``pgaccess --help``."""

SHORTEST: Final = timedelta(seconds=10)
"""The shortest pause between two looks: a look takes some seconds itself."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of ``pgaccess watch``."""
    parser.add_argument(
        "--once",
        action="store_true",
        help="look once, print what is wrong, and tell nobody; 1 if anything is",
    )
    parser.add_argument(
        "--grant-sql",
        metavar="ROLE",
        help="print the SQL that lets a role of Postgres read what the watch needs, and nothing else",
    )
    parser.add_argument(
        "--database-variable",
        default="DATABASE_URL",
        metavar="NAME",
        help="environment variable with the address of the store; DATABASE_URL by default",
    )
    parser.add_argument(
        "--every",
        type=_seconds,
        default=LOOK_EVERY,
        metavar="SECONDS",
        help=f"pause between two looks; {LOOK_EVERY.total_seconds():g} by default",
    )
    parser.add_argument(
        "--heroku-calls",
        type=_calls,
        default=CALLS_AN_HOUR,
        metavar="NUMBER",
        help=f"calls to Heroku in an hour, at most; {CALLS_AN_HOUR} by default",
    )


def _seconds(text: str) -> timedelta:
    # The length first: Python refuses to convert very long numbers.
    if not text.isdecimal() or len(text) > 5 or int(text) < SHORTEST.total_seconds():
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of seconds from {SHORTEST.total_seconds():g} on, such as 60"
        )
    return timedelta(seconds=int(text))


def _calls(text: str) -> int:
    if not text.isdecimal() or len(text) > 5 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of calls, such as {CALLS_AN_HOUR}")
    return int(text)

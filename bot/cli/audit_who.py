"""``pgaccess audit who``: who could reach a target at a moment, as the store has it."""

import argparse
import asyncio
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from bot.cli.answer import Answer

SUMMARY: Final = "show who could reach a target at a moment"
"""Help text of the command."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments to the parser of ``pgaccess audit who``."""
    parser.add_argument("target", help="a name of that day: database, app or space; or an alias")
    parser.add_argument(
        "--at", metavar="TIME", help='UTC or with an offset, for example "2026-03-03 14:00"; now by default'
    )


def run(arguments: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> Answer:
    """Return who could reach a target.

    Args:
        arguments: Parsed arguments.
        environ: Has ``DATABASE_URL``; the policy, for its aliases, where there is one.

    Raises:
        MisconfiguredError: The store cannot be read, or an argument means nothing.
    """
    # Imported here: SQLAlchemy takes its time, and the parser of arguments does not need it.
    from bot.cli.access_report import who

    return asyncio.run(who(arguments.target, arguments.at, environ, now=datetime.now(UTC)))

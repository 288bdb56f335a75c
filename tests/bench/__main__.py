"""``python -m tests.bench [ROW …]``: measures, prints the table, and says which marks hold."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import PgaccessError
from tests.bench import bursts, click, commands, footprint, history, machine
from tests.bench.marks import Line, Spread, document, summary, table
from tests.bench.postgres import Ground, ground

DOCUMENT: Final = Path("docs/performance.md")
"""Where figures stand, between two marks that nobody sees."""

Measure = Callable[[Ground], Coroutine[Any, Any, list[Line]]]


async def _commands(on: Ground) -> list[Line]:
    async with commands.servers(on) as found:
        if on.profiles is not None:
            return await commands.alone(on, found)
        return [
            *await commands.alone(on, found),
            *await commands.together(on, found),
            *await commands.flushed_slowly(on, found),
        ]


ROWS: Final[dict[str, Measure]] = {
    "a": _commands,
    "c": click.opening,
    "d": bursts.ends,
    "e": bursts.rush,
    "f": history.growth,
    "g": footprint.footprint,
    "h": bursts.spread,
}
"""Each measures one row of the table; ``a`` also b and b2, on the same servers."""

WORKS: Final = "works"
"""The mark of a row whose feature does not work."""

BROKEN: Final = (RuntimeError, TimeoutError, OSError, SQLAlchemyError, PgaccessError)
"""What a benchmark raises when what it measures does not do what it should."""


def main() -> int:
    """Measures what was asked for; the exit status is 1 when a mark falls short."""
    chosen = _arguments()
    bound = machine.bind(machine.LOAD)
    where = "load on one core, server on the other" if bound else "cores shared: this system binds none"
    head = [f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine.described()}; {where}."]
    sys.stdout.write(f"{head[0]}\n")
    begun = time.monotonic()
    with ground(quick=chosen.quick, profile=chosen.profile) as on:
        head.append(f"A flush of 8 KiB on this disk: {Spread.of(machine.flush_ms(on.folder)).shown('ms')}.")
        sys.stdout.write(f"{head[1]}\n\n")
        lines = _measured(on, chosen.rows or list(ROWS))
    if on.profiles is not None:
        # Looking costs time: no figure of such a run is worth anything.
        broken = [line.what for line in lines if line.mark == WORKS]
        sys.stdout.write("\n" + "\n\n".join((*broken, *on.profiles)) + "\n")
        return 1 if broken else 0
    head.append(f"Measured in {time.monotonic() - begun:.0f} s.")
    sys.stdout.write(f"\n{table(lines)}\n\n{summary(lines)}\n")
    if chosen.document:
        DOCUMENT.write_text(document(DOCUMENT.read_text(), head, lines))
    return 0 if all(line.holds is not False for line in lines) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two rounds, and smaller: under two minutes")
    parser.add_argument("--profile", action="store_true", help="tells where the bot's time went; no figures")
    parser.add_argument("--document", action="store_true", help=f"writes the figures into {DOCUMENT}")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all by default")
    return parser.parse_args()


def _measured(on: Ground, rows: Sequence[str]) -> list[Line]:
    lines: list[Line] = []
    for row in rows:
        begun = time.monotonic()
        try:
            lines += asyncio.run(ROWS[row](on))
        except BROKEN as error:
            # What was measured does not do what it should: that is no figure at all, and no mark holds.
            said = " ".join((str(error) or type(error).__name__).split())
            lines.append(Line(row=row, what=f"broken: {said}"[:160], figure="", mark=WORKS, holds=False))
        sys.stdout.write(f"measured {row} in {time.monotonic() - begun:.0f} s\n")
        sys.stdout.flush()
    return lines


if __name__ == "__main__":
    sys.exit(main())

"""``python -m tests.bench [--quick] [ROW …]``: measures, prints the table, and says which marks hold."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Final

from tests.bench import bursts, click, commands, footprint, history, machine
from tests.bench.ground import Ground, ground
from tests.bench.marks import Line, Spread, summary, table

Measure = Callable[[Ground], Coroutine[Any, Any, list[Line]]]


async def _commands(on: Ground) -> list[Line]:
    async with commands.servers(on) as found:
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


def main() -> int:
    """Measures what was asked for; the exit status is 1 when a mark falls short."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two rounds, and smaller: under two minutes")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all by default")
    chosen = parser.parse_args()
    bound = machine.bind(machine.LOAD)
    where = "load on one core, server on the other" if bound else "cores shared: this system binds none"
    sys.stdout.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine.described()}; {where}\n")
    with ground(quick=chosen.quick) as on:
        flush = Spread.of(machine.flush_ms(on.folder))
        sys.stdout.write(f"A flush of 8 KiB on this disk: {flush.shown('ms')}\n\n")
        lines = _measured(on, chosen.rows or list(ROWS))
    sys.stdout.write(f"\n{table(lines)}\n\n{summary(lines)}\n")
    return 0 if all(line.holds is not False for line in lines) else 1


def _measured(on: Ground, rows: list[str]) -> list[Line]:
    lines: list[Line] = []
    for row in rows:
        begun = time.monotonic()
        try:
            lines += asyncio.run(ROWS[row](on))
        except (RuntimeError, TimeoutError) as error:
            # What was measured does not do what it should: that is no figure at all, and no mark holds.
            said = str(error) or type(error).__name__
            lines.append(Line(row=row, what=f"broken: {said}"[:120], figure="", mark="works", holds=False))
        sys.stdout.write(f"measured {row} in {time.monotonic() - begun:.0f} s\n")
        sys.stdout.flush()
    return lines


if __name__ == "__main__":
    sys.exit(main())

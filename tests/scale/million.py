"""``python -m tests.scale.million``: a store with a million requests, and what reports over all of it take.

``fill`` writes the rows as pgaccess would have: each request has its lines with their terms, sealed into one
chain. Every tenth was approved and opened a grant; the newest of those are in force.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any, Final
from uuid import UUID

import psycopg

from sandbox.postgres import private_postgres
from storage.migrate import migrate
from storage.repositories.evidence.chain import GENESIS, digest
from tests.bench.machine import described

TARGETS: Final = 200
"""Databases, each in an app of its own, four to a space."""

PEOPLE: Final = 2000

GRANTED: Final = 10
"""One in so many requests was approved; the others were denied."""

IN_FORCE: Final = timedelta(hours=8)
"""How long each grant lasts."""

YEARS: Final = timedelta(days=730)
"""How far back the oldest request was made."""

REPORTS: Final[Sequence[Sequence[str]]] = (
    ("head",),
    ("verify",),
    ("export",),
    ("export", "--from", "2026-03-01", "--to", "2026-03-31"),
    ("export", "--target", "app-7", "--format", "jsonl"),
)
"""What is measured, each as a process of its own."""

Row = tuple[Any, ...]


def main() -> int:
    """Fills a store and measures each report once; the exit status is 1 when the trail does not verify."""
    parser = argparse.ArgumentParser(prog="python -m tests.scale.million", description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    chosen = parser.parse_args()
    sys.stdout.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {described()}\n")
    good = True
    with private_postgres() as postgres:
        migrate(postgres.url())
        begun = time.monotonic()
        now = datetime(2026, 12, 1, tzinfo=UTC)
        lines = fill(postgres.url(), requests=chosen.requests, now=now)
        took = time.monotonic() - begun
        sys.stdout.write(f"filled: {chosen.requests:,} requests with {lines:,} audit lines in {took:.0f} s\n")
        for words in REPORTS:
            good &= _measured(postgres.url(), words)
    return 0 if good else 1


def _measured(url: str, words: Sequence[str]) -> bool:
    """Runs one report and prints time, peak memory and size; returns whether it found nothing wrong."""
    with tempfile.TemporaryFile() as out:
        begun = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "audit", *words],
            stdout=out,
            env={**os.environ, "DATABASE_URL": url},
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        took = time.monotonic() - begun
        out.seek(0)
        count = sum(1 for _ in out)
    cpu = used.ru_utime + used.ru_stime
    sys.stdout.write(
        f"pgaccess audit {' '.join(words)}: {took:.1f} s ({cpu:.1f} s of processor time), "
        f"{used.ru_maxrss / 1024:.0f} MiB at its peak, {count:,} lines printed, "
        f"status {process.returncode}\n"
    )
    sys.stdout.flush()
    return process.returncode == 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Filling:
    """What a store is filled with.

    Attributes:
        requests: how many.
        now: time at which the newest request was made.
    """

    requests: int
    now: datetime

    def asked(self, number: int) -> datetime:
        """Returns when a request was made, at a whole second."""
        first = self.now - YEARS
        return (first + YEARS * number / self.requests).replace(microsecond=0)

    def ended(self, number: int) -> bool:
        """Whether the grant of a request has ended by now."""
        return self.asked(number) + IN_FORCE <= self.now


def is_granted(number: int) -> bool:
    """Whether a request was approved."""
    return number % GRANTED == 0


def target(number: int) -> UUID:
    """Returns the database of a request."""
    return UUID(int=1 + number % TARGETS)


def person(number: int) -> str:
    """Returns the requester, as a Slack id."""
    return f"U0P{number % PEOPLE:06}"


def subject(number: int) -> str:
    """Returns the address that is asked for."""
    return f"{IPv4Address(0xCB007100 + number % 250)}/32"


def grant(number: int) -> UUID:
    """Returns the id of the grant of a request."""
    return UUID(int=(1 << 100) + number)


def fill(url: str, *, requests: int, now: datetime, done: Callable[[str], None] = lambda _: None) -> int:
    """Fills a migrated store without rows; returns how many audit lines it has then.

    Args:
        url: of the database, for psycopg.
        requests: how many.
        now: time at which the newest one was made, in UTC.
        done: is called after each table.
    """
    filling = Filling(requests=requests, now=now.astimezone(UTC))
    numbers = range(1, requests + 1)
    granted = [number for number in numbers if is_granted(number)]
    lines = 0
    with psycopg.connect(url, autocommit=True) as connection:
        _copy(connection, "targets", _TARGET, (_target(number) for number in range(TARGETS)))
        _copy(connection, "slack_users", "id, name, known_at, fetched_at", map(_person, range(PEOPLE)))
        _copy(connection, "requests", _REQUEST, (_request(filling, number) for number in numbers))
        done("requests")
        _copy(connection, "decisions", _DECISION, (_decision(filling, number) for number in numbers))
        _copy(connection, "grants", _GRANT, (_grant(filling, number) for number in granted))
        done("grants")
        lines = _copy(connection, "audit", _LINE, _sealed(filling))
        done("lines")
        for table, newest in (("requests", requests), ("audit", lines)):
            connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {newest})")
        connection.execute("ANALYZE")
    return lines


_TARGET: Final = "id, name, app, space, region, shield, plan, config_var, known_name, known_app, known_space"
_REQUEST: Final = (
    "id, kind, method, target_id, rule, environment, required_approvals, subject, duration, reason, "
    "requester, state, asked_at, decided_at, expires_at"
)
_DECISION: Final = "request_id, person, verdict, reason, at"
_GRANT: Final = (
    "id, request_id, target_id, method, owner, subject, duration, state, started_at, deadline_at, "
    "verified_at, ends_at, closed_at, reason_code"
)
_LINE: Final = (
    "id, at, written_at, actor, subject, request_id, target_id, before, after, details, terms, seal, digest"
)


def _names(number: int) -> tuple[str, str, str]:
    return f"postgresql-scale-{number:05}", f"app-{number}", f"space-{number // 4}"


def _target(number: int) -> Row:
    named = _names(number)
    plan = "heroku-postgresql:private-4"
    return (UUID(int=1 + number), *named, "virginia", "f", plan, "DATABASE_URL", *named)


def _person(number: int) -> Row:
    return (person(number), f"engineer {number}", "now", "now")


def _request(filling: Filling, number: int) -> Row:
    asked = filling.asked(number)
    state = "approved" if is_granted(number) else "denied"
    return (
        number, "open", "mtls", target(number), "production", "production", 1, subject(number), "8 hours",
        "quarterly migration", person(number), state, asked, _decided(filling, number),
        asked + timedelta(days=1),
    )  # fmt: skip


def _decided(filling: Filling, number: int) -> datetime:
    return filling.asked(number) + timedelta(minutes=5)


def _decision(filling: Filling, number: int) -> Row:
    verdict = "approve" if is_granted(number) else "deny"
    return (number, "U0LEAD", verdict, "", _decided(filling, number))


def _grant(filling: Filling, number: int) -> Row:
    at = _decided(filling, number)
    ends = at + IN_FORCE
    ended = filling.ended(number)
    over = (ends, "expired") if ended else (None, None)
    return (
        grant(number), number, target(number), "mtls", person(number), subject(number), "8 hours",
        "ended" if ended else "in_force", at, at, at, ends, *over,
    )  # fmt: skip


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _life(filling: Filling, number: int) -> Iterator[tuple[datetime, str, str, str, str, dict[str, Any]]]:
    """The lines of a request: when, who, what it is about, before, after, and the terms after it."""
    asked, decided = filling.asked(number), _decided(filling, number)
    name, app, space = _names(number % TARGETS)
    terms: dict[str, Any] = {
        "request": number, "kind": "open", "method": "mtls", "subject": subject(number),
        "target": str(target(number)), "target_name": name, "app": app, "space": space,
        "environment": "production", "rule": "production", "approvals": 1, "requester": person(number),
        "asked": _utc(asked), "state": "pending", "duration_s": 28800, "reason": "quarterly migration",
    }  # fmt: skip
    yield asked, person(number), "request", "", "pending", terms
    state = "approved" if is_granted(number) else "denied"
    terms = {**terms, "state": state, "decided": _utc(decided)}
    if not is_granted(number):
        yield decided, "U0LEAD", "request", "pending", state, terms
        return
    ends = decided + IN_FORCE
    opened: dict[str, Any] = {
        "id": str(grant(number)), "request": number, "owner": person(number), "subject": subject(number),
        "state": "applying", "started": _utc(decided), "ends": _utc(ends), "duration_s": 28800,
        "extended_s": 0,
    }  # fmt: skip
    yield decided, "U0LEAD", "request", "pending", state, {**terms, "grant": opened}
    yield decided, "U0LEAD", "grant", "", "applying", {**terms, "grant": opened}
    opened = {**opened, "state": "in_force", "in_force": _utc(decided)}
    yield decided, "pgaccess", "grant", "applying", "in_force", {**terms, "grant": opened}
    if filling.ended(number):
        opened = {**opened, "state": "ending", "why": "expired"}
        yield ends, "pgaccess", "grant", "in_force", "ending", {**terms, "grant": opened}
        opened = {**opened, "state": "ended", "closed": _utc(ends)}
        yield ends, "pgaccess", "grant", "ending", "ended", {**terms, "grant": opened}


def _sealed(filling: Filling) -> Iterator[Row]:
    """All lines as one chain."""
    previous, seal = GENESIS, 0
    for number in range(1, filling.requests + 1):
        for at, actor, about, before, after, terms in _life(filling, number):
            seal += 1
            line = {
                "id": seal, "at": at, "written_at": at, "actor": actor, "subject": about,
                "request_id": number, "target_id": target(number), "before": before, "after": after,
                "details": {}, "terms": terms,
            }  # fmt: skip
            previous = digest(previous, seal, line)
            yield (
                seal, at, at, actor, about, number, target(number), before, after, "{}", json.dumps(terms),
                seal, previous,
            )  # fmt: skip


def _copy(connection: psycopg.Connection[Any], table: str, columns: str, rows: Iterator[Row]) -> int:
    """Copies rows into a table, as text; returns how many."""
    count = 0
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write("\t".join(map(_cell, row)) + "\n")
            count += 1
    return count


def _cell(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return f"\\\\x{value.hex()}"
    return str(value)


if __name__ == "__main__":
    sys.exit(main())

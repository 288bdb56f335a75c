"""Rows a, b and b2: a slash command, from the first byte of the request to the last of its answer."""

import contextlib
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final

import psycopg

from tests.bench.load import Answers, command, drive
from tests.bench.marks import MARKS, Line, Spread, at_least, at_most, percentile, reported
from tests.bench.postgres import DATABASES, SECRET, Ground, settings, settle, slack_emulator, store_at

ROUNDS: Final = 5
"""Of one client; many clients have 3, each of more requests."""

WARM: Final = 200
"""Requests that nobody measures: connections are made, statements prepared."""

SLOW_FLUSH: Final = "2000"
"""Microseconds that every commit waits for others: a lock held across a flush would show."""

REFERENCES: Final = ("bolt", "starlette", "rows", "driver", "row")
"""See ``references``."""


@dataclass(kw_only=True)
class Servers:
    """Everything that answers commands: ours, and what it is measured against.

    Attributes:
        ports: by name; ``pgaccess`` is ours.
        database_url: of ours.
    """

    ports: dict[str, int]
    database_url: str

    async def ask(self, name: str, *, clients: int, requests: int) -> Answers:
        """Asks one of them; raises when an answer is wrong, or something was not written."""
        newest = self._newest() if name == "pgaccess" else 0
        try:
            answers = await drive(self.ports[name], request_input, clients=clients, requests=requests)
            answers.require(*(b"203.0.", b"app-") if name == "pgaccess" else (b"Taken",))
        except RuntimeError as error:
            raise RuntimeError(f"{name} with {clients} clients: {error}") from error
        if name == "pgaccess":
            self._require_written(newest, requests)
        return answers

    def _newest(self) -> int:
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute("SELECT coalesce(max(id), 0) FROM requests").fetchone()
            return int(row[0]) if row else 0

    def _require_written(self, before: int, requests: int) -> None:
        """Raises unless so many requests are there whole: with key, audit line and both cards."""
        whole = """
            SELECT (SELECT count(*) FROM requests WHERE id > %(before)s AND state = 'pending'),
            (SELECT count(DISTINCT request_id) FROM idempotency_keys WHERE request_id > %(before)s),
            (SELECT count(*) FROM audit WHERE request_id > %(before)s AND after = 'pending'),
            (SELECT count(*) / 2 FROM outbox WHERE request_id > %(before)s AND kind LIKE 'card%%')"""
        with psycopg.connect(self.database_url) as connection:
            found = connection.execute(whole, {"before": before}).fetchone()
        if found != (requests,) * 4:
            raise RuntimeError(
                f"{requests} commands left {found} requests, keys, audit lines and pairs of cards"
            )


_ADDRESSES: Final = itertools.cycle(f"203.0.{high}.{low}" for high in range(1, 255) for low in range(1, 255))
_APPS: Final = itertools.cycle(range(1, DATABASES + 1))


def request_input() -> bytes:
    """One more request, signed: another address on the next database."""
    line = f"mtls add {next(_ADDRESSES)} to app-{next(_APPS)} for 8h because quarterly migration"
    return command(line, secret=SECRET)


@contextlib.asynccontextmanager
async def servers(ground: Ground) -> AsyncIterator[Servers]:
    """Ours and every reference, all started, each warm."""
    ours, other = ground.new_database(), ground.new_database()
    for url in (ours, other):
        async with store_at(url) as store:
            await settle(store)
    async with slack_emulator() as (_, slack), contextlib.AsyncExitStack() as stack:
        ports = {}
        for name in REFERENCES:
            started = ground.serving("tests.bench.references", name, **settings(other, slack=slack))
            _, ports[name] = await stack.enter_async_context(started)
        started = ground.serving("bot", "web", **settings(ours, slack=slack))
        _, ports["pgaccess"] = await stack.enter_async_context(started)
        found = Servers(ports=ports, database_url=ours)
        for name in ports:
            await found.ask(name, clients=16, requests=WARM)
        yield found


async def alone(ground: Ground, found: Servers) -> list[Line]:
    """Row a: one client."""
    requests = ground.sized(500, quick=100)
    took: dict[str, list[list[float]]] = {name: [] for name in ("bolt", "starlette", "pgaccess")}
    for _ in range(ground.rounds(ROUNDS)):
        for name, rounds in took.items():
            rounds.append((await found.ask(name, clients=1, requests=requests)).took_ms)
    p50 = {name: [percentile(one, 0.5) for one in rounds] for name, rounds in took.items()}
    p99 = {name: [percentile(one, 0.99) for one in rounds] for name, rounds in took.items()}
    return [
        at_most(
            "a",
            "command, 1 client, p50, share of an empty default Bolt's",
            _ratios(p50["pgaccess"], p50["bolt"]),
            limit=MARKS["a p50"],
            unit="",
            reference=f"Bolt {_ms(p50['bolt'])}, ours {_ms(p50['pgaccess'])}",
        ),
        at_most(
            "a",
            "command, 1 client, p99, times the reference's",
            _ratios(p99["pgaccess"], p99["bolt"]),
            limit=MARKS["a p99"],
            unit="",
            reference=f"Bolt {_ms(p99['bolt'])}, ours {_ms(p99['pgaccess'])}",
        ),
        reported("a", "empty Starlette endpoint, p50", p50["starlette"], unit="ms"),
        reported("a", "empty Starlette endpoint, p99", p99["starlette"], unit="ms"),
    ]


async def together(ground: Ground, found: Servers) -> list[Line]:
    """Row b: many clients."""
    lines = []
    for clients in (16, 64):
        rates = await _rates(ground, found, clients, ("rows", "row", "driver", "pgaccess"))
        lines += [
            at_least(
                "b",
                f"commands a second, {clients} clients, share of writing the same rows",
                _ratios(rates["pgaccess"], rates["rows"]),
                limit=MARKS["b"],
                unit="",
                reference=f"{_rate(rates['rows'])}, ours {_rate(rates['pgaccess'])}",
            ),
            reported("b", f"share of the same on the bare driver, {clients} clients",
                     _ratios(rates["pgaccess"], rates["driver"]), unit="", reference=_rate(rates["driver"])),
            reported("b", f"share of one row only, {clients} clients",
                     _ratios(rates["pgaccess"], rates["row"]), unit="", reference=_rate(rates["row"])),
        ]  # fmt: skip
    return lines


async def flushed_slowly(ground: Ground, found: Servers) -> list[Line]:
    """Row b2: every commit takes 2 ms longer, which only a lock held across it multiplies."""
    usual: list[float] = []
    slowed: list[float] = []
    for _ in range(ground.rounds(3)):
        usual += (await _rates(ground, found, 16, ("pgaccess",), rounds=1))["pgaccess"]
        with _commit_delay(ground):
            slowed += (await _rates(ground, found, 16, ("pgaccess",), rounds=1))["pgaccess"]
    return [
        at_least(
            "b2",
            "commands a second, 16 clients, commit_delay=2000, share of row b's",
            _ratios(slowed, usual),
            limit=MARKS["b2"],
            unit="",
            reference=f"{_rate(usual)}, with the delay {_rate(slowed)}",
        )
    ]


async def _rates(
    ground: Ground, found: Servers, clients: int, names: tuple[str, ...], *, rounds: int = 3
) -> dict[str, list[float]]:
    requests = ground.sized(1000, quick=250)
    rates: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(ground.rounds(rounds)):
        for name in names:
            rates[name].append((await found.ask(name, clients=clients, requests=requests)).rate)
    return rates


@contextlib.contextmanager
def _commit_delay(ground: Ground) -> Iterator[None]:
    def set_to(delay: str) -> None:
        with psycopg.connect(ground.postgres.url(), autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET commit_delay = {delay}")
            connection.execute("ALTER SYSTEM SET commit_siblings = 0")
            connection.execute("SELECT pg_reload_conf()")

    set_to(SLOW_FLUSH)
    try:
        yield
    finally:
        set_to("0")


def _ratios(ours: list[float], reference: list[float]) -> list[float]:
    """Round by round: what disturbs the machine disturbs both."""
    return [one / other for one, other in zip(ours, reference, strict=True)]


def _ms(rounds: list[float]) -> str:
    return Spread.of(rounds).shown("ms")


def _rate(rounds: list[float]) -> str:
    return Spread.of(rounds).shown("/s")

"""What every benchmark stands on: a durable Postgres, a store with people and databases, a policy."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID, uuid5

import httpx
import psycopg

from bot.domain.method import Method
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.person import Person
from bot.domain.target import Database
from sandbox.free_port import free_port
from sandbox.http_server import listening, serving
from sandbox.movable_clock import MovableClock
from sandbox.postgres import PrivatePostgres, private_postgres
from sandbox.slack.delivery_transport import over
from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.server import app as slack_server
from sandbox.slack.users.simulated_users import People
from storage.engine import engine_for
from storage.migrate import migrate
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests.bench.machine import Bound, seconds_until

SECRET: Final = "bench-signing-secret"
TOKEN: Final = "xoxb-bench-token"
HEROKU_TOKEN: Final = "HRKU-bench-token"
"""Secrets of the emulated world: they open nothing anywhere."""

ENGINEER, LEAD, LEADS = "U0ENGINEER", "U0LEAD", "S0LEADS"

POLICY: Final = f"""
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"
admins = ["{LEAD}"]
pending_per_person = 100000

[[rules]]
name = "everything"
approvers = ["{LEADS}"]
"""

TEMPLATE: Final = "bench_migrated"
"""A migrated database that every other one is a copy of."""

DATABASES: Final = 50
"""Of the installation that is asked: as many as the table of marks speaks of."""

_NAMES: Final = UUID(int=0x7067)
_AN_HOUR: Final = timedelta(hours=1)


@dataclass(kw_only=True)
class Ground:
    """One run's server, and whatever was started on it.

    Attributes:
        folder: for what processes print.
        quick: a short run: fewer rounds, and smaller.
        profiles: has processes of the bot tell where their time went, and takes what they say.
    """

    postgres: PrivatePostgres
    folder: Path
    quick: bool
    profiles: list[str] | None = None
    _databases: int = 0
    _logs: list[Path] = field(default_factory=list)

    def rounds(self, full: int) -> int:
        """How many rounds: as many as a full run has, or two."""
        return min(full, 2) if self.quick else full

    def sized(self, full: int, *, quick: int) -> int:
        """How much of something: as a full run has it, or a quick one."""
        return quick if self.quick else full

    def new_database(self) -> str:
        """The address of a migrated database that nobody else uses."""
        self._databases += 1
        name = f"bench_{self._databases}"
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
        return self.postgres.url(name)

    @contextlib.contextmanager
    def process(self, *arguments: str, **environ: str) -> Iterator[Bound]:
        """Runs ``python -m …`` for the length of a ``with`` block."""
        path = self.folder / f"{arguments[-1]}-{len(self._logs)}.log"
        self._logs.append(path)
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        report = None
        if self.profiles is not None and arguments[0] == "bot":
            report = path.with_suffix(".profile")
            arguments = ("tests.bench.sampled", str(report), *arguments[1:])
        with path.open("wb") as log:
            process = Bound(arguments, environ={**kept, **environ}, log=log, report=report)
            try:
                yield process
            finally:
                process.stop()
        if self.profiles is not None and report is not None:
            self.profiles.append(f"{arguments[-1]}: {report.read_text()}")

    @contextlib.asynccontextmanager
    async def serving(self, *arguments: str, **environ: str) -> AsyncIterator[tuple[Bound, int]]:
        """Runs a process that serves HTTP, from when it does on; with its port."""
        port = free_port()

        def ready() -> bool:
            process.require_alive()
            return answers(port, "/readyz")

        with self.process(*arguments, PORT=str(port), **environ) as process:
            # In a thread: this process plays the Slack that a starting bot asks who it is.
            await asyncio.to_thread(seconds_until, ready)
            process.warm()
            yield process, port


@contextlib.contextmanager
def ground(*, quick: bool, profile: bool = False) -> Iterator[Ground]:
    """A ground for the length of a ``with`` block.

    Args:
        quick: see ``Ground``.
        profile: has processes of the bot tell where their time went.
    """
    with tempfile.TemporaryDirectory() as folder, private_postgres(durable=True) as postgres:
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{TEMPLATE}"')
        migrate(postgres.url(TEMPLATE))
        yield Ground(postgres=postgres, folder=Path(folder), quick=quick, profiles=[] if profile else None)


def answers(port: int, path: str) -> bool:
    """Whether something answers with a 200 there."""
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).status_code == 200
    return False


def settings(database_url: str, *, slack: str, heroku: str = "http://127.0.0.1:9") -> dict[str, str]:
    """The environment of a process of the bot."""
    return {
        "DATABASE_URL": database_url,
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_URL": f"{slack}/api/",
        "HEROKU_API_KEY": HEROKU_TOKEN,
        "HEROKU_API_URL": heroku,
        "HEROKU_DATA_API_URL": heroku,
        "PGACCESS_POLICY_TOML": POLICY,
    }


@contextlib.asynccontextmanager
async def slack_emulator(bot_port: int = 9) -> AsyncIterator[tuple[SlackEmulator, str]]:
    """A Slack workspace in this process, with its address; it delivers to nobody unless told where."""
    slack = SlackEmulator(bot_token=TOKEN, signing_secret=SECRET)
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client, listening() as (socket, url):
        slack.base_url = url
        people = People(slack, deliver=over(client), bot_url=f"http://127.0.0.1:{bot_port}")
        async with serving(slack_server(slack, people), socket):
            yield slack, url


@contextlib.asynccontextmanager
async def store_at(database_url: str) -> AsyncIterator[PostgresStore]:
    """The store, for this process."""
    engine = engine_for(database_url)
    try:
        async with PostgresWakeups(url=database_url) as wakeups:
            yield PostgresStore(engine, wakeups)
    finally:
        await engine.dispose()


def database(number: int) -> Database:
    """One of many databases."""
    return Database(
        id=uuid5(_NAMES, f"postgresql-bench-{number:05}"),
        name=f"postgresql-bench-{number:05}",
        app=f"app-{number}",
        space="acme-private",
        region="virginia",
        shield=False,
        plan="heroku-postgresql:private-4",
        config_var="DATABASE_URL",
    )


async def settle_people(store: PostgresStore) -> None:
    """Has the store know its people."""
    async with store.transaction() as tx:
        await tx.slack_users.save([_person(ENGINEER), _person(LEAD)])
        await tx.slack_users.save_group(LEADS, [LEAD])
        await tx.commit()


async def settle(store: PostgresStore, *, databases: Sequence[Database] = ()) -> None:
    """Has the store know its people and databases, as a worker that has looked at everything leaves them."""
    found = databases or [database(number) for number in range(1, DATABASES + 1)]
    look = MtlsObservation(at=MovableClock().now(), enabled=True, rules=(), ours=frozenset())
    await settle_people(store)
    async with store.transaction() as tx:
        await tx.targets.save_discovery(found)
        await tx.commit()
    async with store.transaction() as tx:
        while (job := await tx.reconcile_queue.claim()) is not None:
            if job.method is Method.MTLS:
                await tx.reconcile_queue.save_observation(job, look)
            await tx.reconcile_queue.release(job, again=_AN_HOUR, attempts=0, kept=True)
        await tx.commit()


def _person(id: str) -> Person:
    return Person(
        id=id,
        name=id.lower(),
        locale="en-US",
        zone="Europe/Berlin",
        deactivated=False,
        bot=False,
        guest=False,
        external=False,
    )

"""Set-up for tests of the store, made through the store itself."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from ipaddress import IPv4Network
from typing import Any, Final
from uuid import uuid4

import psycopg
from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import Grant, begin, verified
from bot.domain.method import Method
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.request import Request, RequestState
from bot.domain.target import Database
from bot.ports import AuditContext, NewRequest, OutboxMessage, ReconcileJob, WorkerName
from sandbox.postgres import PrivatePostgres
from storage.tables import installation, metadata, reconcile_queue
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests.conftest import TEMPLATE
from tests.unit import factories
from tests.unit.factories import NETWORK, NOW

BY_LEAD: Final = AuditContext(actor="U0LEAD", at=NOW)
PATIENCE: Final = 15.0
"""Seconds that another connection may take; milliseconds are usual."""


@contextlib.contextmanager
def emptied_database(postgres: PrivatePostgres) -> Iterator[Callable[[], str]]:
    """Yields what empties a migrated database of its own, and returns its address.

    Emptying one takes a millisecond where cloning another takes tens of them. Rows go without a word to the
    trigger that keeps the audit trail; the installation stays, as the migrations made it.
    """
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE emptied TEMPLATE "{TEMPLATE}"')
    url = postgres.url("emptied")
    deletions = "; ".join(
        f"DELETE FROM {table.name}" for table in metadata.sorted_tables if table is not installation
    )
    # One connection for all tests: a new one would first read the catalogue, a hundred times as long.
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")

        def empty() -> str:
            connection.execute(deletions)
            return url

        yield empty


async def query(engine: AsyncEngine, sql: str, **params: object) -> list[tuple[Any, ...]]:
    """Runs one SQL statement in a transaction of its own; for what ``tests.database`` cannot express."""
    async with engine.begin() as connection:
        result = await connection.execute(text(sql), params)
        return [tuple(row) for row in result] if result.returns_rows else []


async def value(engine: AsyncEngine, sql: str, **params: object) -> Any:
    """The one value that an SQL statement returns."""
    ((found,),) = await query(engine, sql, **params)
    return found


async def counts(engine: AsyncEngine) -> dict[str, int]:
    """How many rows each table has."""
    async with engine.connect() as connection:
        return {
            table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in metadata.sorted_tables
        }


async def until(engine: AsyncEngine, sql: str, holds: Callable[[Any], bool]) -> None:
    """Waits for what other connections are about to do."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if holds(await value(engine, sql)):
                return
            await asyncio.sleep(0.01)


async def until_somebody_waits(engine: AsyncEngine) -> None:
    """Returns once a connection waits for a lock; the server is this test process's own."""
    await until(engine, "SELECT count(*) FROM pg_locks WHERE NOT granted", lambda waiting: waiting > 0)


async def until_listening(engine: AsyncEngine, wakeups: int) -> None:
    """Returns once a number of processes listen for wake-ups."""
    listening = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND query LIKE 'LISTEN%' AND state = 'idle'"
    )
    await until(engine, listening, lambda count: count == wakeups)


async def heard(wakeups: PostgresWakeups, loop: WorkerName, *, within: float) -> bool:
    """Whether a worker is woken within a number of seconds; 0 asks whether it has been already."""
    try:
        async with asyncio.timeout(within):
            await wakeups.wait(loop, at_most=timedelta(hours=1))
    except TimeoutError:
        return False
    return True


async def discover(store: PostgresStore, *databases: Database, method: Method = Method.MTLS) -> None:
    """Records a complete discovery; of the one sample database if none is named.

    Only one method's rows stay in the reconcile queue: tests speak of one row.
    """
    async with store.transaction() as tx:
        await tx.targets.save_discovery(databases or (factories.database(),))
        await tx._connection.execute(delete(reconcile_queue).where(reconcile_queue.c.method != method))
        await tx.commit()


def wanted(request: Request, *, requester: str = "U0ENGINEER") -> NewRequest:
    """What is handed to the store to record this request."""
    return NewRequest(
        kind=request.kind,
        terms=request.terms,
        requester=requester,
        rule=request.rule,
        needed=request.needed,
        expires_at=request.expires_at,
        remind_at=NOW + factories.RULE.remind_after[0],
        grant=request.grant,
    )


async def ask(
    store: PostgresStore, *, requester: str = "U0ENGINEER", network: IPv4Network = NETWORK
) -> Request:
    """A recorded pending request for the sample database."""
    return await record(store, factories.request(network=network), requester=requester)


async def record(store: PostgresStore, request: Request, *, requester: str = "U0ENGINEER") -> Request:
    """The same request as the store has recorded it, under a number of its own."""
    async with store.transaction() as tx:
        asked = wanted(request, requester=requester)
        recorded = await tx.requests.add(asked, doing=AuditContext(actor=requester, at=NOW))
        await tx.commit()
        return recorded


async def approve(store: PostgresStore, request: Request) -> Grant:
    """The recorded grant of a request that was just approved."""
    grant = begin(request, id=uuid4(), now=NOW)
    async with store.transaction() as tx:
        await tx.requests.decide(request, RequestState.APPROVED, doing=BY_LEAD)
        await tx.grants.open(grant, doing=BY_LEAD)
        await tx.reconcile_queue.bump_generation(grant.target, grant.method)
        await tx.commit()
    return grant


async def change(store: PostgresStore, before: Grant, after: Grant) -> bool:
    """Writes a grant's change in a transaction of its own."""
    async with store.transaction() as tx:
        written = await tx.grants.update(before, after, doing=AuditContext(actor="pgaccess", at=NOW))
        await tx.commit()
        return written


async def in_force(
    store: PostgresStore,
    *,
    network: IPv4Network = NETWORK,
    at: datetime = NOW,
    warn_before: timedelta = timedelta(minutes=30),
) -> Grant:
    """A grant whose rule was read back at a moment; it lasts 8 hours from there."""
    grant = await approve(store, await ask(store, network=network))
    after = verified(grant, now=at, warn_before=warn_before)
    assert await change(store, grant, after)
    return after


async def take(store: PostgresStore) -> ReconcileJob:
    """Claims the job that is due."""
    async with store.transaction() as tx:
        job = await tx.reconcile_queue.claim()
        await tx.commit()
    assert job is not None
    return job


async def release(store: PostgresStore, job: ReconcileJob, *, again: timedelta = timedelta()) -> None:
    """Releases a job."""
    async with store.transaction() as tx:
        await tx.reconcile_queue.release(job, again=again, attempts=0, kept=True)
        await tx.commit()


async def see(store: PostgresStore, observation: MtlsObservation) -> None:
    """Records a whole reconcile run of the job that is due, with an observation."""
    job = await take(store)
    async with store.transaction() as tx:
        await tx.reconcile_queue.save_observation(job, observation)
        await tx.reconcile_queue.release(job, again=timedelta(minutes=10), attempts=0, kept=True)
        await tx.commit()


async def take_message(store: PostgresStore) -> OutboxMessage:
    """Claims the message that is due."""
    async with store.transaction() as tx:
        post = await tx.outbox.claim()
        await tx.commit()
    assert post is not None
    return post

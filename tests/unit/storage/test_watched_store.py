"""What the watch reads: as a role that may read no more, on connections that refuse every change."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, InternalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState, ReasonCode, closed, closing
from bot.domain.method import Method
from bot.domain.watch.condition import SILENT, OpenGrant, silent_parts
from bot.errors import MisconfiguredError, NotMigratedError, StoreDeniedError, StoreUnavailableError
from bot.ports import AuditContext, ChainPlace
from sandbox.postgres import PrivatePostgres
from storage.engine import read_only_engine
from storage.tables import installation, outbox, periodic_tasks, reconcile_queue
from storage.transaction import PostgresStore
from storage.watched_store import BEGINNING, ReadOnlyStore, grant_sql
from tests import database
from tests.unit.factories import NOW
from tests.unit.storage import store_helpers

TASKS = ("people", "databases")


@pytest.fixture(autouse=True)
async def _databases(store: PostgresStore) -> None:
    await store_helpers.discover(store)


@pytest.fixture
def role(database_url: str) -> Iterator[str]:
    """A role to which only the documented statements were granted."""
    name = f"watch_{uuid4().hex[:8]}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        for statement in grant_sql(name):
            connection.execute(statement.encode())
        yield name
        connection.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def url_as(url: str, role: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)


@pytest.fixture
async def reading(database_url: str, role: str) -> AsyncIterator[AsyncEngine]:
    engine = read_only_engine(url_as(database_url, role))
    yield engine
    await engine.dispose()


@pytest.fixture
def watched(reading: AsyncEngine) -> ReadOnlyStore:
    return ReadOnlyStore(reading, tasks=TASKS)


async def write_sealed(store: PostgresStore, count: int) -> None:
    async with store.transaction() as tx:
        for _ in range(count):
            doing = AuditContext(actor="pgaccess", at=NOW, details={"app": "請求"})
            await tx.audit.write(doing, subject="grant", before="", after="in_force")
        await tx.commit()
    async with store.transaction() as tx:
        assert await tx.audit.seal(limit=500) == count
        await tx.commit()


async def tamper(engine: AsyncEngine, statement: str) -> None:
    """Changes the trail as somebody who owns the database could."""
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_append_only"))
        await connection.execute(text(statement))
        await connection.execute(text("ALTER TABLE audit ENABLE TRIGGER audit_append_only"))


# --- it can read, and nothing else -------------------------------------------------------------------


async def test_the_granted_role_reads_all_that_the_watch_judges(
    store: PostgresStore, engine: AsyncEngine, watched: ReadOnlyStore
) -> None:
    opened = await store_helpers.in_force(store)
    reading = await watched.read()
    assert reading.installation == await database.value(engine, installation, "marker")
    assert reading.grants == (
        OpenGrant(
            request=opened.request,
            target=opened.target,
            label="billing",
            method=Method.MTLS,
            networks=opened.networks,
            ends_at=opened.ends_at,
        ),
    )
    assert [each.app for each in reading.databases] == ["billing"]
    assert reading.known.keys() == {each.id for each in reading.databases}
    assert (reading.adopted, reading.policy) == (frozenset(), None)


async def test_what_is_closed_is_no_grant_any_more(store: PostgresStore, watched: ReadOnlyStore) -> None:
    opened = await store_helpers.in_force(store)
    ending = closing(opened, ReasonCode.EXPIRED)
    assert await store_helpers.change(store, opened, ending)
    assert len((await watched.read()).grants) == 1
    ended = closed(ending, GrantState.ENDED, now=NOW + timedelta(hours=8), reason_code=None)
    assert await store_helpers.change(store, ending, ended)
    assert (await watched.read()).grants == ()


WRITES = (
    "INSERT INTO idempotency_keys (key) VALUES ('a')",
    "UPDATE grants SET ends_at = NULL",
    "DELETE FROM audit",
    "UPDATE installation SET marker = 'another'",
    "TRUNCATE outbox",
    "CREATE TABLE mine (id int)",
    "DROP TABLE grants",
)


@pytest.mark.parametrize("write", WRITES)
async def test_its_connections_refuse_every_change(
    engine: AsyncEngine, database_url: str, write: str
) -> None:
    # As the owner, so that it is the connection that refuses.
    owner = read_only_engine(database_url)
    try:
        with pytest.raises(InternalError) as refused:
            async with owner.begin() as connection:
                await connection.execute(text(write))
    finally:
        await owner.dispose()
    assert isinstance(refused.value.orig, ReadOnlySqlTransaction)


@pytest.mark.parametrize("write", WRITES)
async def test_its_role_may_change_nothing_even_in_a_transaction_that_could(
    reading: AsyncEngine, write: str
) -> None:
    async def try_to() -> None:
        async with reading.begin() as connection:
            await connection.execute(text("SET TRANSACTION READ WRITE"))
            await connection.execute(text(write))

    with pytest.raises(ProgrammingError) as refused:
        await try_to()
    assert isinstance(refused.value.orig, InsufficientPrivilege)


@pytest.mark.parametrize(
    "read",
    [
        "SELECT params FROM outbox",
        "SELECT * FROM download_links",
        "SELECT * FROM requests",
        "SELECT * FROM slack_users",
    ],
)
async def test_its_role_reads_nothing_that_the_watch_does_not_need(reading: AsyncEngine, read: str) -> None:
    with pytest.raises(DBAPIError) as refused:
        async with reading.connect() as connection:
            await connection.execute(text(read))
    assert isinstance(refused.value.orig, InsufficientPrivilege)


@pytest.mark.parametrize("role", ["Watch", "a b", "a;DROP TABLE audit", "", "1a", 'a"b'])
def test_a_role_that_would_have_to_be_quoted_is_refused_with_an_example(role: str) -> None:
    with pytest.raises(MisconfiguredError, match="such as pgaccess_watch"):
        list(grant_sql(role))


# --- what cannot be read is told apart ----------------------------------------------------------------


async def test_a_role_without_its_grants_is_told_from_a_store_out_of_reach(
    engine: AsyncEngine, watched: ReadOnlyStore, role: str
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"REVOKE SELECT ON periodic_tasks FROM {role}"))
        await connection.execute(text(f"REVOKE SELECT (name, due_at) ON periodic_tasks FROM {role}"))
    with pytest.raises(StoreDeniedError):
        await watched.read()


async def test_a_store_that_is_not_there_or_not_migrated_is_told_apart(
    postgres: PrivatePostgres, database_url: str
) -> None:
    gone = read_only_engine(postgres.url("no_such_database"))
    empty = read_only_engine(postgres.url("postgres"))
    try:
        with pytest.raises(StoreUnavailableError) as lost:
            await ReadOnlyStore(gone, tasks=TASKS).read()
        assert type(lost.value) is StoreUnavailableError
        with pytest.raises(NotMigratedError):
            await ReadOnlyStore(empty, tasks=TASKS).read()
    finally:
        await gone.dispose()
        await empty.dispose()


async def test_what_only_another_version_knows_is_a_schema_of_another_version(
    store: PostgresStore, engine: AsyncEngine, watched: ReadOnlyStore
) -> None:
    await store_helpers.in_force(store)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE grants SET method = 'a method of a later version'"))
    with pytest.raises(NotMigratedError):
        await watched.read()


# --- proof that a worker works ------------------------------------------------------------------------


async def silent(watched: ReadOnlyStore) -> set[str]:
    return {str(item.kind) for item in silent_parts((await watched.read()).waiting)}


async def test_work_that_nobody_takes_shows_that_no_worker_works(
    store: PostgresStore, engine: AsyncEngine, watched: ReadOnlyStore
) -> None:
    assert await silent(watched) == {"scheduler"}
    async with store.transaction() as tx:
        await tx.periodic_tasks.claim("people", within=timedelta(minutes=1))
        await tx.commit()
    assert await silent(watched) == set()

    later = SILENT + timedelta(minutes=2)
    await database.make_older(engine, periodic_tasks, "due_at", by=later)
    await database.make_older(engine, reconcile_queue, "due_at", by=later)
    await store_helpers.ask(store)
    await database.make_older(engine, outbox, "due_at", by=later)
    assert await silent(watched) >= {"scheduler", "reconciler"}

    # Taken, it is not due to anybody else as long as its lease holds.
    async with store.transaction() as tx:
        while await tx.reconcile_queue.claim() is not None:
            pass
        await tx.periodic_tasks.claim("people", within=timedelta(minutes=1))
        await tx.commit()
    assert not await silent(watched) & {"scheduler", "reconciler"}


async def test_tasks_that_some_workers_leave_alone_prove_nothing(
    store: PostgresStore, engine: AsyncEngine, watched: ReadOnlyStore
) -> None:
    async with store.transaction() as tx:
        await tx.periodic_tasks.claim("people", within=timedelta(minutes=1))
        await tx.periodic_tasks.claim("pending requests", within=timedelta(minutes=1))
        await tx.commit()
    await database.make_older(engine, periodic_tasks, "due_at", by=timedelta(days=1), name="pending requests")
    assert await silent(watched) == set()


async def test_lines_that_wait_for_their_seal_are_as_old_as_the_oldest(
    store: PostgresStore, engine: AsyncEngine, watched: ReadOnlyStore
) -> None:
    await write_sealed(store, 2)
    assert (await watched.read()).unsealed is None
    async with store.transaction() as tx:
        doing = AuditContext(actor="pgaccess", at=NOW)
        await tx.audit.write(doing, subject="grant", before="", after="ended")
        await tx.commit()
    await tamper(engine, "UPDATE audit SET written_at = now() - interval '1 hour' WHERE seal IS NULL")
    unsealed = (await watched.read()).unsealed
    assert unsealed is not None
    assert timedelta(minutes=59) < unsealed < timedelta(minutes=61)


# --- the chain, part by part --------------------------------------------------------------------------


async def verified(
    watched: ReadOnlyStore, after: ChainPlace = BEGINNING, *, lines: int = 3
) -> tuple[int, int | None]:
    """Up to which seal the chain is whole, and the first line that does not fit."""
    while True:
        part = await watched.verify(after, lines=lines)
        if part.broken is not None or part.ended:
            return part.verified.seal, part.broken
        after = part.verified


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
async def test_a_chain_is_verified_part_by_part(
    store: PostgresStore, watched: ReadOnlyStore, count: int
) -> None:
    await write_sealed(store, count)
    assert await verified(watched) == (count, None)


@pytest.mark.parametrize("lines", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("change", "whole"),
    [
        ("UPDATE audit SET actor = 'U0OTHER' WHERE seal = 4", 3),
        ("UPDATE audit SET details = '{}' WHERE seal = 1", 0),
        ("UPDATE audit SET digest = decode(repeat('00', 32), 'hex') WHERE seal = 5", 4),
        ("DELETE FROM audit WHERE seal = 3", 2),
        ("DELETE FROM audit WHERE seal < 3", 0),
    ],
)
async def test_the_first_line_that_does_not_fit_ends_it(
    store: PostgresStore, engine: AsyncEngine, watched: ReadOnlyStore, change: str, whole: int, lines: int
) -> None:
    await write_sealed(store, 6)
    await tamper(engine, change)
    seal, broken = await verified(watched, lines=lines)
    assert seal == whole
    assert broken is not None


async def test_a_tail_that_was_cut_or_computed_anew_is_not_the_one_that_was_verified(
    store: PostgresStore, engine: AsyncEngine, watched: ReadOnlyStore
) -> None:
    await write_sealed(store, 4)
    newest = (await watched.verify(BEGINNING, lines=10)).verified
    assert await watched.holds(newest)
    assert await watched.holds(BEGINNING)
    await tamper(engine, "DELETE FROM audit WHERE seal = 4")
    # The chain is whole, only shorter.
    assert await verified(watched) == (3, None)
    assert not await watched.holds(newest)
    assert not await watched.holds(ChainPlace(seal=3, digest=newest.digest))

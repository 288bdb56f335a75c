"""What the watch reads of the store, in read-only transactions, and as a role that may read no more."""

import contextlib
import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.errors import InsufficientPrivilege, UndefinedColumn, UndefinedTable
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Interval,
    Table,
    exists,
    func,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typing_extensions import override

from bot.domain.method import Method
from bot.domain.policy.stand_in import PolicyState
from bot.domain.subject import networks_of
from bot.domain.target import Database
from bot.domain.watch.condition import OpenGrant, Waiting
from bot.errors import MisconfiguredError, NotMigratedError, StoreDeniedError, StoreUnavailableError
from bot.ports import ChainPart, ChainPlace, StoreReading, WatchedStore
from storage.repositories.evidence.chain import GENESIS, fit
from storage.repositories.targets import target_of
from storage.tables import (
    OPEN,
    audit,
    grants,
    installation,
    mtls_rules,
    outbox,
    periodic_tasks,
    policy_state,
    reconcile_queue,
    targets,
)

BEGINNING: Final = ChainPlace(seal=0, digest=GENESIS)
"""The place before the first line of the audit trail."""

_ROLE: Final = re.compile(r"[a-z_][a-z0-9_$]{0,62}")

_LEASED: Final = ("due_at", "lease_until")

_READ: Final[Mapping[Table, Sequence[str]]] = {
    # Whole: each line's digest covers all of it.
    audit: (),
    targets: (),
    installation: (),
    policy_state: (),
    periodic_tasks: ("name", "due_at"),
    grants: ("request_id", "target_id", "method", "subject", "state", "ends_at"),
    mtls_rules: ("rule_id", "adopted", "absent_at"),
    reconcile_queue: _LEASED,
    # Not its parameters: what messages say is nobody's business here.
    outbox: (*_LEASED, "version", "sent_version"),
}
"""Tables that the watch reads, each with the columns that it needs; none is all."""


def grant_sql(role: str) -> Iterator[str]:
    """Builds the statements after which a role may read what the watch needs, and nothing else.

    Args:
        role: one that exists and has no other rights.

    Raises:
        MisconfiguredError: the name would have to be quoted.
    """
    if _ROLE.fullmatch(role) is None:
        raise MisconfiguredError(
            f"{role!r} cannot be used as the name of a role: use lower-case letters, digits and _, such as "
            "pgaccess_watch"
        )
    yield f"GRANT USAGE ON SCHEMA public TO {role};"
    for table, columns in _READ.items():
        listed = f" ({', '.join(columns)})" if columns else ""
        yield f"GRANT SELECT{listed} ON public.{table.name} TO {role};"
    yield f"ALTER ROLE {role} SET default_transaction_read_only = on;"


class ReadOnlyStore(WatchedStore):
    """Reads the store on connections that refuse every change.

    Args:
        engine: of ``storage.engine.read_only_engine``.
        tasks: names of periodic tasks that every worker takes when they are due, whatever its policy.
    """

    def __init__(self, engine: AsyncEngine, *, tasks: Collection[str]) -> None:
        self._engine = engine
        self._tasks = tuple(tasks)

    @override
    async def read(self) -> StoreReading:
        async with self._reading() as connection:
            found = (await connection.execute(select(targets))).mappings().all()
            listed = [target_of(row) for row in found if row["absent_at"] is None]
            return StoreReading(
                installation=(await connection.execute(select(installation.c.marker))).scalar() or "",
                grants=await _open_grants(connection),
                adopted=await _adopted(connection),
                waiting=await self._waiting(connection),
                unsealed=await _unsealed(connection),
                databases=tuple(each for each in listed if isinstance(each, Database)),
                known={each.id: each.known for each in listed},
                policy=await _policy(connection),
            )

    @override
    async def verify(self, after: ChainPlace, *, lines: int) -> ChainPart:
        following = select(audit).where(audit.c.seal > after.seal).order_by(audit.c.seal).limit(lines)
        async with self._reading() as connection:
            read = (await connection.execute(following)).mappings().all()
        verified = after
        for line in read:
            if line["seal"] != verified.seal + 1 or fit(verified.digest, line["seal"], line) is None:
                return ChainPart(verified=verified, broken=line["id"], ended=False)
            verified = ChainPlace(seal=line["seal"], digest=line["digest"])
        return ChainPart(verified=verified, broken=None, ended=len(read) < lines)

    @override
    async def holds(self, place: ChainPlace) -> bool:
        if place == BEGINNING:
            return True
        there = exists().where(audit.c.seal == place.seal, audit.c.digest == place.digest)
        async with self._reading() as connection:
            return bool((await connection.execute(select(there))).scalar())

    async def _waiting(self, connection: AsyncConnection) -> Waiting:
        in_queue = reconcile_queue.c.due_at.is_not(None)
        behind = outbox.c.sent_version < outbox.c.version
        task = periodic_tasks.c.name.in_(self._tasks)
        oldest = select(
            _since(reconcile_queue, in_queue),
            _since(outbox, behind),
            select(func.now() - func.min(periodic_tasks.c.due_at)).where(task).scalar_subquery(),
            # By its name: without one, Postgres wants the right to read every column.
            select(periodic_tasks.c.name).where(task).exists(),
        )
        reconciler, notifier, scheduler, ever = (await connection.execute(oldest)).one()
        return Waiting(reconciler=reconciler, notifier=notifier, scheduler=scheduler, ever=ever)

    @contextlib.asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                yield connection
        except (OperationalError, InterfaceError, PoolTimeoutError) as error:
            raise StoreUnavailableError("Postgres did not answer in time") from error
        except DBAPIError as error:
            match error.orig:
                case InsufficientPrivilege():
                    raise StoreDeniedError("the role may not read all tables") from error
                case UndefinedTable() | UndefinedColumn():
                    raise NotMigratedError from error
            if error.connection_invalidated:
                raise StoreUnavailableError("the connection to Postgres was lost") from error
            raise
        except (LookupError, TypeError, ValueError) as error:
            # A value that only another version knows: it must not keep the watch from all the rest.
            raise NotMigratedError from error


def _since(table: Table, due: ColumnElement[bool]) -> Any:
    """How long the row that waits longest could have been claimed."""
    # Postgres' ``greatest`` leaves NULL out: a row without a lease is free when it is due.
    free_at = func.greatest(table.c.due_at, table.c.lease_until)
    return select(func.now() - func.min(free_at)).where(due).scalar_subquery()


async def _open_grants(connection: AsyncConnection) -> tuple[OpenGrant, ...]:
    columns: list[Column[Any]] = [
        *(grants.c.request_id, grants.c.target_id, grants.c.method, grants.c.subject, grants.c.ends_at),
        *(targets.c.name, targets.c.app, targets.c.shown_as),
    ]
    # As text: a prepared statement with parameters cannot use the partial index.
    open_ones = literal_column(f"grants.{OPEN}", Boolean)
    statement = select(*columns).join(targets, targets.c.id == grants.c.target_id).where(open_ones)
    return tuple(
        OpenGrant(
            request=row.request_id,
            target=row.target_id,
            label=row.shown_as or row.app or row.name,
            method=row.method,
            networks=networks_of(row.subject) if row.method is Method.MTLS else (),
            ends_at=row.ends_at,
        )
        for row in await connection.execute(statement)
    )


async def _adopted(connection: AsyncConnection) -> frozenset[UUID]:
    kept = select(mtls_rules.c.rule_id).where(mtls_rules.c.absent_at.is_(None), mtls_rules.c.adopted)
    return frozenset((await connection.execute(kept)).scalars())


async def _unsealed(connection: AsyncConnection) -> timedelta | None:
    age = type_coerce(func.now() - func.min(audit.c.written_at), Interval)
    return (await connection.execute(select(age).where(audit.c.seal.is_(None)))).scalar()


async def _policy(connection: AsyncConnection) -> PolicyState | None:
    columns = [policy_state.c[name] for name in PolicyState.__dataclass_fields__]
    row = (await connection.execute(select(*columns))).mappings().one_or_none()
    return None if row is None else PolicyState(**row)

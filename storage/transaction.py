"""The store: units of work on Postgres that roll back unless committed."""

import contextlib
from collections.abc import AsyncIterator

from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import StoreUnavailableError
from bot.ports import Wakeups, WorkerName
from storage.audit import PostgresAudit
from storage.certificates import PostgresCertificates
from storage.download_links import PostgresDownloadLinks
from storage.expiry_reminders import PostgresExpiryReminders
from storage.grants import PostgresGrants
from storage.mtls_rules import PostgresMtlsRules
from storage.operations import PostgresOperations
from storage.outbox import PostgresOutbox
from storage.periodic_tasks import PostgresPeriodicTasks
from storage.privatelink_accounts import PostgresPrivateLinkAccounts
from storage.received import PostgresIdempotencyKeys
from storage.reconcile_queue import PostgresReconcileQueue
from storage.requests import PostgresRequests
from storage.slack_users import PostgresSlackUsers
from storage.targets import PostgresTargets
from storage.trusted_ranges import PostgresTrustedRanges
from storage.write_buffer import WriteBuffer


class PostgresTransaction:
    """One unit of work, and everything that is kept, seen through it."""

    def __init__(self, connection: AsyncConnection, wakeups: Wakeups) -> None:
        self._connection = connection
        self._wakeups = wakeups
        self._touched: set[WorkerName] = set()
        self._waiting = WriteBuffer(connection)
        self.audit = PostgresAudit(connection, self._waiting)
        self.idempotency_keys = PostgresIdempotencyKeys(connection, self._waiting)
        self.slack_users = PostgresSlackUsers(connection, self._touched)
        self.targets = PostgresTargets(connection, self._touched)
        self.reconcile_queue = PostgresReconcileQueue(connection, self._touched)
        self.mtls_rules = PostgresMtlsRules(connection)
        self.privatelink_accounts = PostgresPrivateLinkAccounts(connection)
        self.certificates = PostgresCertificates(connection, self._touched)
        self.expiry_reminders = PostgresExpiryReminders(connection, self.audit, self._touched)
        self.trusted_ranges = PostgresTrustedRanges(connection, self.audit)
        self.requests = PostgresRequests(connection, self.audit, self._touched)
        self.grants = PostgresGrants(connection, self.audit, self._touched)
        self.download_links = PostgresDownloadLinks(connection, self.audit)
        self.operations = PostgresOperations(connection, self.audit, self._touched)
        self.outbox = PostgresOutbox(connection, self._waiting, self._touched)
        self.periodic_tasks = PostgresPeriodicTasks(connection)

    async def commit(self) -> None:
        """Makes everything durable at once, then rings the loops that it concerns."""
        await self._waiting.write()
        await self._connection.commit()
        self._wakeups.wake(self._touched)
        self._touched.clear()


class PostgresStore:
    """The truth."""

    def __init__(self, engine: AsyncEngine, wakeups: Wakeups) -> None:
        self._engine = engine
        self._wakeups = wakeups

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        """Begins a unit of work.

        Raises:
            StoreUnavailableError: Postgres is out of reach, too slow, or gave up on a deadlock.
        """
        try:
            async with self._engine.connect() as connection:
                yield PostgresTransaction(connection, self._wakeups)
        except (OperationalError, InterfaceError, PoolTimeoutError) as error:
            raise StoreUnavailableError("Postgres did not do it in time") from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise StoreUnavailableError("the connection to Postgres was lost") from error
            raise

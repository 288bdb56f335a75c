"""Units of work on Postgres: they roll back unless committed."""

import contextlib
from collections.abc import AsyncIterator
from functools import cached_property

from psycopg.errors import UndefinedColumn, UndefinedTable
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typing_extensions import override

from bot.domain.timings import DEFAULT, Timings
from bot.errors import NotMigratedError, StoreUnavailableError
from bot.ports import Store, Transaction, Wakeups, WorkerName
from bot.ports.telemetry import NO_TELEMETRY, Telemetry, requests_noted
from storage.engine import no_connection_free
from storage.repositories.access_history import PostgresAccessHistory
from storage.repositories.access_reviews import PostgresAccessReviews
from storage.repositories.audit import PostgresAudit
from storage.repositories.certificates import PostgresCertificates
from storage.repositories.departures import PostgresDepartures
from storage.repositories.download_links import PostgresDownloadLinks
from storage.repositories.entries.address_checks import PostgresAddressChecks
from storage.repositories.entries.mtls_rules import PostgresMtlsRules
from storage.repositories.entries.privatelink_accounts import PostgresPrivateLinkAccounts
from storage.repositories.entries.trusted_ranges import PostgresTrustedRanges
from storage.repositories.expiry_reminders import PostgresExpiryReminders
from storage.repositories.grants import PostgresGrants
from storage.repositories.idempotency_keys import PostgresIdempotencyKeys
from storage.repositories.installations import PostgresInstallations
from storage.repositories.messages.closings import PostgresClosings
from storage.repositories.messages.lost_channels import PostgresLostChannels
from storage.repositories.messages.outages import PostgresOutages
from storage.repositories.messages.outbox import PostgresOutbox
from storage.repositories.operations import PostgresOperations
from storage.repositories.people.slack_users import PostgresSlackUsers
from storage.repositories.periodic_tasks import PostgresPeriodicTasks
from storage.repositories.policy_states import PostgresPolicyStates
from storage.repositories.reconcile_queue import PostgresReconcileQueue
from storage.repositories.requests import PostgresRequests
from storage.repositories.reviews import PostgresReviews
from storage.repositories.targets import PostgresTargets
from storage.repositories.unmanaged_entries import PostgresUnmanagedEntries
from storage.retention import PostgresRetention
from storage.write_buffer import WriteBuffer


class PostgresTransaction(Transaction):
    """One unit of work on one connection.

    Repositories are made when they are first used: most transactions use two or three of them. They
    share the connection, the write buffer and the set of workers to wake.

    Args:
        connection: with its transaction begun by the first statement.
        wakeups: told after the commit which workers it concerns.
        timings: of leases, and of calls whose outcome is not known.
        telemetry: receives audit lines as they are sealed.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        wakeups: Wakeups,
        timings: Timings = DEFAULT,
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._connection = connection
        self._telemetry = telemetry
        self._wakeups = wakeups
        self._timings = timings
        self._touched: set[WorkerName] = set()
        self._buffer = WriteBuffer(connection)

    @cached_property
    @override
    def idempotency_keys(self) -> PostgresIdempotencyKeys:
        return PostgresIdempotencyKeys(self._connection, self._buffer)

    @cached_property
    @override
    def slack_users(self) -> PostgresSlackUsers:
        return PostgresSlackUsers(self._connection, self._touched)

    @cached_property
    @override
    def targets(self) -> PostgresTargets:
        return PostgresTargets(self._connection, self.audit, self._touched)

    @cached_property
    @override
    def reconcile_queue(self) -> PostgresReconcileQueue:
        return PostgresReconcileQueue(self._connection, self._touched, self._timings)

    @cached_property
    @override
    def mtls_rules(self) -> PostgresMtlsRules:
        return PostgresMtlsRules(self._connection, self._timings)

    @cached_property
    @override
    def privatelink_accounts(self) -> PostgresPrivateLinkAccounts:
        return PostgresPrivateLinkAccounts(self._connection, self._timings)

    @cached_property
    @override
    def trusted_ranges(self) -> PostgresTrustedRanges:
        return PostgresTrustedRanges(self._connection, self.audit, self._timings)

    @cached_property
    @override
    def unmanaged_entries(self) -> PostgresUnmanagedEntries:
        return PostgresUnmanagedEntries(self._connection, self.audit)

    @cached_property
    @override
    def access_history(self) -> PostgresAccessHistory:
        return PostgresAccessHistory(self._connection)

    @cached_property
    @override
    def certificates(self) -> PostgresCertificates:
        return PostgresCertificates(self._connection, self._touched)

    @cached_property
    @override
    def expiry_reminders(self) -> PostgresExpiryReminders:
        return PostgresExpiryReminders(self._connection, self.audit, self._touched)

    @cached_property
    @override
    def download_links(self) -> PostgresDownloadLinks:
        return PostgresDownloadLinks(self._connection, self.audit)

    @cached_property
    @override
    def address_checks(self) -> PostgresAddressChecks:
        return PostgresAddressChecks(self._connection)

    @cached_property
    @override
    def reviews(self) -> PostgresReviews:
        return PostgresReviews(self._connection, self.audit, self._touched)

    @cached_property
    @override
    def access_reviews(self) -> PostgresAccessReviews:
        return PostgresAccessReviews(self._connection, self.audit, self._touched)

    @cached_property
    @override
    def departures(self) -> PostgresDepartures:
        return PostgresDepartures(self._connection, self.audit, self._touched)

    @cached_property
    @override
    def requests(self) -> PostgresRequests:
        return PostgresRequests(self._connection, self.audit, self._touched)

    @cached_property
    @override
    def grants(self) -> PostgresGrants:
        return PostgresGrants(self._connection, self.audit, self._touched)

    @cached_property
    @override
    def operations(self) -> PostgresOperations:
        return PostgresOperations(self._connection, self.audit, self._touched)

    @cached_property
    @override
    def closings(self) -> PostgresClosings:
        return PostgresClosings(self._connection, self._touched)

    @cached_property
    @override
    def outages(self) -> PostgresOutages:
        return PostgresOutages(self._connection)

    @cached_property
    @override
    def outbox(self) -> PostgresOutbox:
        return PostgresOutbox(self._connection, self._buffer, self._touched, self._timings)

    @cached_property
    @override
    def lost_channels(self) -> PostgresLostChannels:
        return PostgresLostChannels(self._connection, self._touched)

    @cached_property
    @override
    def periodic_tasks(self) -> PostgresPeriodicTasks:
        return PostgresPeriodicTasks(self._connection)

    @cached_property
    @override
    def retention(self) -> PostgresRetention:
        return PostgresRetention(self._connection)

    @cached_property
    @override
    def policy_states(self) -> PostgresPolicyStates:
        return PostgresPolicyStates(self._connection)

    @cached_property
    @override
    def installations(self) -> PostgresInstallations:
        return PostgresInstallations(self._connection)

    @cached_property
    @override
    def audit(self) -> PostgresAudit:
        return PostgresAudit(self._connection, self._buffer, self._telemetry)

    @property
    def changed(self) -> frozenset[int]:
        """Numbers of the requests that its audit lines are about, those of a later rollback too."""
        return self._buffer.concerned

    @override
    async def commit(self) -> None:
        await self._buffer.flush()
        await self._connection.commit()
        # After the commit: a worker that looked before would find nothing and sleep on.
        self._wakeups.wake(self._touched)
        self._touched.clear()


class PostgresStore(Store):
    """Units of work on connections of a pool.

    Args:
        engine: with bounded waits, see ``storage.engine``.
        wakeups: wakes workers after commits.
        timings: of leases, and of calls whose outcome is not known.
        telemetry: receives audit lines as they are sealed, and spans.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        wakeups: Wakeups,
        timings: Timings = DEFAULT,
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._engine = engine
        self._wakeups = wakeups
        self._timings = timings
        self._telemetry = telemetry

    @contextlib.asynccontextmanager
    @override
    async def transaction(self) -> AsyncIterator[PostgresTransaction]:
        async with translating(), self._engine.connect() as connection:
            with self._telemetry.span("store.transaction", {}) as note:
                unit = PostgresTransaction(connection, self._wakeups, self._timings, self._telemetry)
                yield unit
                note(requests_noted(unit.changed))


@contextlib.asynccontextmanager
async def translating() -> AsyncIterator[None]:
    """Turns what Postgres and its driver raise in a ``with`` block into the errors that callers know.

    Raises:
        NotMigratedError: a table or a column is not there.
        StoreUnavailableError: Postgres was not reached, or did not do it in time.
    """
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        # A commit that was cut off may have gone through; the idempotency key tells.
        if no_connection_free(error):
            raise StoreUnavailableError("Postgres has no connection free") from error
        raise StoreUnavailableError("Postgres did not do it in time") from error
    except DBAPIError as error:
        if isinstance(error.orig, UndefinedTable | UndefinedColumn):
            raise NotMigratedError from error
        # A lost connection may raise other classes than these; SQLAlchemy marks them.
        if error.connection_invalidated:
            raise StoreUnavailableError("the connection to Postgres was lost") from error
        raise

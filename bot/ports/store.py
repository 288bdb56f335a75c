"""The store: one transaction that holds together everything that is kept."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bot.ports.certificates import Certificates, DownloadLinks, ExpiryReminders
from bot.ports.grants import Grants, Operations
from bot.ports.outbox import Outbox
from bot.ports.owned_entries import MtlsRules, PrivateLinkAccounts, TrustedRanges
from bot.ports.periodic_tasks import Audit, PeriodicTasks
from bot.ports.requests import IdempotencyKeys, Requests, SlackUsers
from bot.ports.targets import ReconcileQueue, Targets


class Transaction(Protocol):
    """One unit of work: left without ``commit`` it rolls back; after it, the loops concerned are rung."""

    @property
    def idempotency_keys(self) -> IdempotencyKeys:
        """Commands and clicks that were acted on."""
        ...

    @property
    def slack_users(self) -> SlackUsers:
        """The cache of people."""
        ...

    @property
    def targets(self) -> Targets:
        """Databases and spaces."""
        ...

    @property
    def trusted_ranges(self) -> TrustedRanges:
        """Trusted ranges of spaces."""
        ...

    @property
    def reconcile_queue(self) -> ReconcileQueue:
        """The keeper's turns."""
        ...

    @property
    def operations(self) -> Operations:
        """Changes that happen once."""
        ...

    @property
    def mtls_rules(self) -> MtlsRules:
        """Our rules, and intents."""
        ...

    @property
    def privatelink_accounts(self) -> PrivateLinkAccounts:
        """AWS accounts that we let in."""
        ...

    @property
    def certificates(self) -> Certificates:
        """The inventory of client certificates."""
        ...

    @property
    def requests(self) -> Requests:
        """Requests and votes."""
        ...

    @property
    def grants(self) -> Grants:
        """Grants."""
        ...

    @property
    def expiry_reminders(self) -> ExpiryReminders:
        """Reminders of certificates' ends."""
        ...

    @property
    def download_links(self) -> DownloadLinks:
        """Links to certificates' files."""
        ...

    @property
    def outbox(self) -> Outbox:
        """Cards and notices."""
        ...

    @property
    def periodic_tasks(self) -> PeriodicTasks:
        """Chores."""
        ...

    @property
    def audit(self) -> Audit:
        """The audit trail."""
        ...

    async def commit(self) -> None:
        """Makes everything durable at once.

        Raises:
            StoreUnavailableError: the connection was lost; what was asked may or may not be recorded.
        """
        ...


class Store(Protocol):
    """The truth."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Begins a unit of work."""
        ...

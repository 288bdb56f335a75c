"""The store: a transaction over everything that is kept."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bot.ports.access_history import AccessHistory
from bot.ports.address_checks import AddressChecks
from bot.ports.audit import Audit
from bot.ports.certificates import Certificates, DownloadLinks, ExpiryReminders
from bot.ports.departures import Departures
from bot.ports.grants import Grants, Operations
from bot.ports.installations import Installations
from bot.ports.outbox import Outbox
from bot.ports.owned_entries import MtlsRules, PrivateLinkAccounts, TrustedRanges
from bot.ports.periodic_tasks import PeriodicTasks, Retention
from bot.ports.policy_states import PolicyStates
from bot.ports.reports import Closings, LostChannels, Outages
from bot.ports.requests import IdempotencyKeys, Requests
from bot.ports.reviews import AccessReviews, Reviews
from bot.ports.slack_users import SlackUsers
from bot.ports.targets import ReconcileQueue, Targets
from bot.ports.unmanaged_entries import UnmanagedEntries


class Transaction(Protocol):
    """One unit of work: it rolls back without ``commit``, and wakes the workers that it concerns after it."""

    @property
    def idempotency_keys(self) -> IdempotencyKeys:
        """Keys of executed commands and clicks."""
        ...

    @property
    def slack_users(self) -> SlackUsers:
        """Cached Slack users and groups."""
        ...

    @property
    def targets(self) -> Targets:
        """Databases and spaces."""
        ...

    @property
    def reconcile_queue(self) -> ReconcileQueue:
        """Work queue of the reconciler."""
        ...

    @property
    def mtls_rules(self) -> MtlsRules:
        """Owned mTLS IP rules, and intents to add some."""
        ...

    @property
    def privatelink_accounts(self) -> PrivateLinkAccounts:
        """Owned AWS accounts of PrivateLink endpoints."""
        ...

    @property
    def trusted_ranges(self) -> TrustedRanges:
        """Owned trusted IP ranges of spaces."""
        ...

    @property
    def unmanaged_entries(self) -> UnmanagedEntries:
        """Entries that pgaccess does not manage, and when they were seen."""
        ...

    @property
    def access_history(self) -> AccessHistory:
        """Who could reach what, and when."""
        ...

    @property
    def certificates(self) -> Certificates:
        """Inventory of client certificates."""
        ...

    @property
    def expiry_reminders(self) -> ExpiryReminders:
        """Reminders of certificates' expiry."""
        ...

    @property
    def download_links(self) -> DownloadLinks:
        """One-time links to certificates' files."""
        ...

    @property
    def address_checks(self) -> AddressChecks:
        """Requests that wait for the address of their requester's browser."""
        ...

    @property
    def reviews(self) -> Reviews:
        """What people hold, and what was kept."""
        ...

    @property
    def access_reviews(self) -> AccessReviews:
        """Access reviews."""
        ...

    @property
    def departures(self) -> Departures:
        """Targets that Heroku no longer has."""
        ...

    @property
    def requests(self) -> Requests:
        """Requests and decisions."""
        ...

    @property
    def grants(self) -> Grants:
        """Grants."""
        ...

    @property
    def operations(self) -> Operations:
        """One-time operations."""
        ...

    @property
    def closings(self) -> Closings:
        """What people ended, and wait to hear of."""
        ...

    @property
    def outages(self) -> Outages:
        """Outages of Heroku that operations were told of."""
        ...

    @property
    def outbox(self) -> Outbox:
        """Messages for Slack."""
        ...

    @property
    def lost_channels(self) -> LostChannels:
        """Channels that take no messages."""
        ...

    @property
    def periodic_tasks(self) -> PeriodicTasks:
        """Periodic tasks."""
        ...

    @property
    def retention(self) -> Retention:
        """What nobody needs any more."""
        ...

    @property
    def policy_states(self) -> PolicyStates:
        """The last policy that could be read."""
        ...

    @property
    def installations(self) -> Installations:
        """What this installation is called at Heroku."""
        ...

    @property
    def audit(self) -> Audit:
        """Audit trail."""
        ...

    async def commit(self) -> None:
        """Makes everything durable at once, then wakes the workers that it concerns.

        Raises:
            StoreUnavailableError: the connection was lost; whether it was committed is unknown.
        """
        ...


class Store(Protocol):
    """Everything that pgaccess keeps."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Begins a unit of work.

        Raises:
            StoreUnavailableError: Postgres is out of reach, too slow, or aborted it to resolve a deadlock.
        """
        ...

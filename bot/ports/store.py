"""The store: one transaction that holds together everything that is kept."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bot.ports.certificates import Certificates, Handouts, Reminders
from bot.ports.grants import Changes, Grants
from bot.ports.outbox import Posts
from bot.ports.owned_entries import Entries, Links, Ranges
from bot.ports.periodic_tasks import Audit, Chores
from bot.ports.requests import People, Received, Requests
from bot.ports.targets import Lanes, Targets


class Transaction(Protocol):
    """One unit of work: left without ``commit`` it rolls back; after it, the loops concerned are rung."""

    @property
    def received(self) -> Received:
        """Commands and clicks that were acted on."""
        ...

    @property
    def people(self) -> People:
        """The cache of people."""
        ...

    @property
    def targets(self) -> Targets:
        """Databases and spaces."""
        ...

    @property
    def ranges(self) -> Ranges:
        """Trusted ranges of spaces."""
        ...

    @property
    def lanes(self) -> Lanes:
        """The keeper's turns."""
        ...

    @property
    def changes(self) -> Changes:
        """Changes that happen once."""
        ...

    @property
    def entries(self) -> Entries:
        """Our rules, and intents."""
        ...

    @property
    def links(self) -> Links:
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
    def reminders(self) -> Reminders:
        """Reminders of certificates' ends."""
        ...

    @property
    def handouts(self) -> Handouts:
        """Links to certificates' files."""
        ...

    @property
    def posts(self) -> Posts:
        """Cards and notices."""
        ...

    @property
    def chores(self) -> Chores:
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

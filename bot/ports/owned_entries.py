"""Repositories of owned entries: IP rules, AWS accounts and trusted ranges, with the intents behind them."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from bot.domain.drift import RecentRemovals
from bot.domain.mtls.lost_rules import LostRule
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.plan import OwnedRule, StoredRules
from bot.domain.privatelink.plan import StoredAccounts
from bot.domain.subject import Network
from bot.domain.trusted_ips.merge import Written
from bot.domain.trusted_ips.plan import StoredRanges
from bot.domain.trusted_ips.ruleset import DataServices
from bot.ports.values import AuditContext, ReconcileJob

Key = TypeVar("Key")
"""What identifies an entry of one target: a rule's id, an account's ARN, a range's source."""


class RebuiltEntries(Protocol):
    """What the repositories of accounts and ranges do when the store was lost."""

    async def rebuild(self, target: UUID, names: Iterable[str]) -> frozenset[str]:
        """Records entries as owned again, and observed; returns those that were not known."""
        ...


class OwnedEntries(Protocol[Key]):
    """What the repositories of all three access methods do."""

    async def intend_removal(self, job: ReconcileJob, keys: Iterable[Key]) -> None:
        """Records that the removal of owned entries is about to be requested."""
        ...

    async def cancel_removal(self, job: ReconcileJob, keys: Iterable[Key]) -> None:
        """Records that the removal of these entries was not requested after all, or will not be."""
        ...

    async def observed(self, job: ReconcileJob, keys: Iterable[Key]) -> None:
        """Records that a list showed these entries; those that are not owned are left out."""
        ...

    async def absent(self, job: ReconcileJob, keys: Iterable[Key]) -> None:
        """Records that these owned entries are proven to be no longer at Heroku."""
        ...

    async def owned(self, target: UUID) -> frozenset[Key]:
        """Returns the keys of the entries that are owned, or may be."""
        ...

    async def recent_removals(self, target: UUID) -> RecentRemovals:
        """Returns what went within the last day: removed as requested, or adopted and lost."""
        ...


class MtlsRules(OwnedEntries[UUID], Protocol):
    """Owned IP rules of databases, and the intents that every addition begins with."""

    async def load(self, job: ReconcileJob, now: datetime) -> StoredRules:
        """Returns what the store knows of a database's IP rules at ``now``, business time."""
        ...

    async def intend_creation(self, job: ReconcileJob, network: Network) -> tuple[UUID, str]:
        """Records that a rule is about to be added; returns the intent and the description it gets.

        The description names the grants that it is for, and their hard ends.
        """
        ...

    async def created(self, job: ReconcileJob, intent: UUID, rule: IpRule) -> None:
        """Records the rule that an intent made: it is owned, and for the network that was asked for."""
        ...

    async def ambiguous(self, intent: UUID, *, error: str) -> None:
        """Records that an answer was lost: the rule may still appear for a while."""
        ...

    async def rejected(self, intent: UUID, *, error: str) -> None:
        """Records that an intent made nothing: Heroku rejected it."""
        ...

    async def abandon(self, intents: Iterable[UUID]) -> None:
        """Stops expecting intents that made nothing, once even a late write must have shown."""
        ...

    async def intents(self, among: Collection[UUID]) -> frozenset[UUID]:
        """Returns those of some intents that were ever recorded, whatever came of them."""
        ...

    async def rebuild(self, target: UUID, lost: LostRule) -> bool:
        """Records a rule that was lost as owned again, and observed; False if its intent is known."""
        ...

    async def restore(self, job: ReconcileJob, rules: Iterable[UUID]) -> tuple[OwnedRule, ...]:
        """Restores those of the listed rules that were marked absent, and returns them: they are owned.

        A list that lacked them was stale, or their removal was undone: it has to be requested anew.
        """
        ...

    async def adopt(self, job: ReconcileJob, rules: Iterable[IpRule]) -> None:
        """Adopts rules that somebody else made: they are owned, and stay without a grant.

        A rule that two requests have asked for is adopted once.
        """
        ...


class PrivateLinkAccounts(OwnedEntries[str], RebuiltEntries, Protocol):
    """AWS accounts that pgaccess allows on PrivateLink endpoints, by ARN."""

    async def load(self, job: ReconcileJob, now: datetime) -> StoredAccounts:
        """Returns what the store knows of a database's PrivateLink at ``now``, business time."""
        ...

    async def intend_creation(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Records that accounts are about to be allowed; from here on they are owned, if they appear."""
        ...

    async def created(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Records that accounts were listed in answer to our call."""
        ...

    async def ambiguous(self, job: ReconcileJob, arns: Iterable[str], *, error: str) -> None:
        """Records that an answer was lost: the accounts may still appear for a while."""
        ...

    async def rejected(self, job: ReconcileJob, arns: Iterable[str], *, error: str) -> None:
        """Records that Heroku rejected a call: accounts that appear now are somebody else's."""
        ...

    async def abandon(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Stops expecting accounts that did not appear, once even a late call must have shown."""
        ...

    async def adopt(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Adopts accounts that somebody else allowed: they are owned, and stay without a grant."""
        ...


class TrustedRanges(OwnedEntries[str], RebuiltEntries, Protocol):
    """Sources that pgaccess wrote into spaces' lists, and whether data services follow those lists."""

    async def load(self, job: ReconcileJob, now: datetime) -> StoredRanges:
        """Returns what the store knows of a space's list; by ``now``, business time, ends have passed."""
        ...

    async def writes(self, space: UUID) -> tuple[Written, ...]:
        """Returns the lists that pgaccess wrote and whose history was not read yet, in their order."""
        ...

    async def intend_write(self, job: ReconcileJob, write: Written) -> None:
        """Records that a list is about to be written; it may land until its outcome is recorded."""
        ...

    async def created(self, job: ReconcileJob, write: UUID, ruleset: UUID) -> None:
        """Records the ruleset that Heroku made of a list."""
        ...

    async def ambiguous(self, job: ReconcileJob) -> None:
        """Records that an answer was lost: the list may still land for a while."""
        ...

    async def rejected(self, job: ReconcileJob, write: Written) -> None:
        """Records that Heroku rejected a list: sources that appear now are somebody else's."""
        ...

    async def settle_writes(self, job: ReconcileJob, *, theirs: Iterable[str]) -> None:
        """Records that it is known what others wrote around our lists, or that it cannot be known.

        Args:
            job: the claimed job.
            theirs: sources that pgaccess was about to add, and that somebody else has added meanwhile.
        """
        ...

    async def adopt(self, job: ReconcileJob, sources: Iterable[str]) -> None:
        """Adopts sources that somebody else wrote, each once however often it was asked for."""
        ...

    async def since_write(self, space: UUID) -> timedelta | None:
        """Returns how long ago pgaccess last wrote the list; None when it never did."""
        ...

    async def services(self, space: UUID, *, lock: bool = True) -> DataServices:
        """How a space stands with Heroku's support, locked until the transaction ends unless only read."""
        ...

    async def set_services(self, space: UUID, state: DataServices, *, doing: AuditContext) -> None:
        """Records how a space stands with Heroku's support, with its audit line."""
        ...

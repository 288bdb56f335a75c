"""What of Heroku's is ours, as it is kept: rules, accounts and ranges, with the intents behind them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from bot.domain.drift import RecentRemovals
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.plan import Entry, Known
from bot.domain.privatelink.plan import LinkKnown
from bot.domain.subject import Network
from bot.domain.trusted_ips.merge import Written
from bot.domain.trusted_ips.plan import RangesKnown
from bot.domain.trusted_ips.ruleset import Services
from bot.ports.values import AuditContext, ReconcileJob


class MtlsRules(Protocol):
    """Our rules at Heroku, and the intents that every change there begins with."""

    async def known(self, job: ReconcileJob, now: datetime) -> Known:
        """What the store knows of a database's IP rules; by ``now``, business time, ends have passed."""
        ...

    async def intend_add(self, job: ReconcileJob, network: Network) -> tuple[UUID, str]:
        """Records that a rule is about to be added; returns the intent and the mark it carries."""
        ...

    async def made(self, job: ReconcileJob, intent: UUID, rule: IpRule) -> None:
        """Records the rule that an intent made: it is ours."""
        ...

    async def unclear(self, intent: UUID, *, error: str) -> None:
        """Records that an answer was lost."""
        ...

    async def nothing_made(self, intent: UUID, *, error: str) -> None:
        """Records that an intent made nothing: Heroku said no, or time has shown it."""
        ...

    async def give_up(self, intents_lost: Iterable[UUID]) -> None:
        """Stops expecting intents that made nothing, once even a late write must have shown."""
        ...

    async def intend_remove(self, job: ReconcileJob, rules: Iterable[UUID]) -> None:
        """Records that rules of ours are about to be removed."""
        ...

    async def spared(self, job: ReconcileJob, rules: Iterable[UUID]) -> None:
        """Records that nobody was asked to remove these after all."""
        ...

    async def listed(self, rules: Iterable[UUID]) -> None:
        """Records that a list showed these entries."""
        ...

    async def gone(self, rules: Iterable[UUID]) -> None:
        """Records that these entries are no longer at Heroku."""
        ...

    async def returned(self, job: ReconcileJob, rules: Iterable[UUID]) -> tuple[Entry, ...]:
        """Takes back those of the listed rules that were thought gone, and returns them: they are ours."""
        ...

    async def adopt(self, job: ReconcileJob, rules: Iterable[IpRule]) -> None:
        """Takes rules over that somebody else made: they are ours, and stay without a grant."""
        ...

    async def recently_removed(self, database: UUID) -> RecentRemovals:
        """Networks of our rules that went within the last day: as we had asked, or taken over and lost."""
        ...

    async def ours(self, database: UUID) -> frozenset[UUID]:
        """Ids of our rules at a database."""
        ...


class PrivateLinkAccounts(Protocol):
    """AWS accounts that we let in through PrivateLink: each call there begins with its intent."""

    async def known(self, job: ReconcileJob, now: datetime) -> LinkKnown:
        """What the store knows of a database's PrivateLink; by ``now``, business time, ends have passed."""
        ...

    async def intend(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Records that accounts are about to be let in; from here on they are ours, if they appear."""
        ...

    async def made(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Records that accounts were listed in answer to our call."""
        ...

    async def unclear(self, job: ReconcileJob, arns: Iterable[str], *, error: str) -> None:
        """Records that an answer was lost: the accounts may still appear for a while."""
        ...

    async def nothing_made(self, job: ReconcileJob, arns: Iterable[str], *, error: str) -> None:
        """Records that Heroku said no: accounts that appear now are somebody else's."""
        ...

    async def give_up(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Stops expecting accounts that did not appear, once even a late call must have shown."""
        ...

    async def adopt(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Takes accounts over that somebody else let in: they are ours, and stay without a grant."""
        ...

    async def intend_remove(self, job: ReconcileJob, arn: str) -> None:
        """Records that one of our accounts is about to be let in no longer."""
        ...

    async def spared(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Records that the removal of these accounts, which were taken over, will not be made."""
        ...

    async def listed(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Records that a list showed these accounts of ours."""
        ...

    async def gone(self, job: ReconcileJob, arns: Iterable[str]) -> None:
        """Records that these accounts of ours are no longer let in."""
        ...

    async def ours(self, database: UUID) -> frozenset[str]:
        """ARNs of the accounts that we let in, or may have."""
        ...

    async def recently_removed(self, database: UUID) -> RecentRemovals:
        """ARNs of accounts of ours that went within the last day: as we had asked, or taken over and lost."""
        ...


class TrustedRanges(Protocol):
    """Sources that we wrote into spaces' lists, and how each space stands with Heroku's support."""

    async def known(self, job: ReconcileJob, now: datetime) -> RangesKnown:
        """What the store knows of a space's list; by ``now``, business time, ends have passed."""
        ...

    async def writes(self, space: UUID) -> tuple[Written, ...]:
        """Lists that we wrote and around which nobody has looked yet, in their order."""
        ...

    async def intend(self, job: ReconcileJob, write: Written) -> None:
        """Records that a list is about to be written; it may land until its outcome is recorded."""
        ...

    async def answered(self, job: ReconcileJob, write: UUID, ruleset: UUID) -> None:
        """Records what Heroku made of a list."""
        ...

    async def unclear(self, job: ReconcileJob) -> None:
        """Records that an answer was lost: the list may still land for a while."""
        ...

    async def nothing_written(self, job: ReconcileJob, write: Written) -> None:
        """Records that Heroku said no: sources that appear now are somebody else's."""
        ...

    async def checked(self, job: ReconcileJob, *, theirs: Iterable[str]) -> None:
        """Records that it is known what others wrote around our lists, or that nobody can tell.

        Args:
            job: the turn.
            theirs: sources that we were about to add, and that somebody else has added meanwhile.
        """
        ...

    async def spared(self, job: ReconcileJob, sources: Iterable[str]) -> None:
        """Records that the removal of these sources, which were taken over, will not be made."""
        ...

    async def listed(self, job: ReconcileJob, sources: Iterable[str]) -> None:
        """Records that a look showed these sources of ours."""
        ...

    async def gone(self, job: ReconcileJob, sources: Iterable[str]) -> None:
        """Records that these sources of ours are there no longer."""
        ...

    async def adopt(self, job: ReconcileJob, sources: Iterable[str]) -> None:
        """Takes sources over that somebody else wrote."""
        ...

    async def ours(self, space: UUID) -> frozenset[str]:
        """Sources that we wrote, or may have."""
        ...

    async def recently_removed(self, space: UUID) -> RecentRemovals:
        """Sources of ours that went within the last day: as we had asked, or taken over and lost."""
        ...

    async def since_write(self, space: UUID) -> timedelta | None:
        """How long ago a list of ours was last written; None when it never was."""
        ...

    async def services(self, space: UUID, *, lock: bool = True) -> Services:
        """How a space stands with Heroku's support, locked until the transaction ends unless only read."""
        ...

    async def set_services(self, space: UUID, state: Services, *, doing: AuditContext) -> None:
        """Records how a space stands with Heroku's support, with its audit line."""
        ...

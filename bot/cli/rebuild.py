"""``pgaccess rebuild``: after the loss or the restore of the store, what is at Heroku and what becomes of it.

Without ``--apply`` nothing is changed. It can be run again at any time, also after it was interrupted.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from bot.domain.method import Method
from bot.domain.mtls.lost_rules import Fate, LostRule, lost_rules
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.rule_description import RuleHolder, read_description
from bot.domain.policy.rules import Policy
from bot.domain.target import Database, with_labels
from bot.errors import HerokuError, HerokuNotFoundError
from bot.ports import Clock, Heroku, Installation, Store
from bot.services.mtls.rebuilding import rebuild_rule
from bot.services.targets.discovery import record_discovery

WORD: Final = "remove"
"""What a person types to have what is past its end removed."""

_TIME: Final = "%Y-%m-%d %H:%M:%S UTC"

Ask = Callable[[str], str]
"""Asks a person, and returns what they typed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """What one database has at Heroku.

    Attributes:
        lost: rules of ours that the store does not know.
        strange: rules that carry the marker of another installation, or one of ours whose words cannot be
            read.
        error: why it could not be read; nothing is known of it then.
    """

    database: Database
    lost: tuple[LostRule, ...] = ()
    strange: tuple[IpRule, ...] = ()
    error: HerokuError | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuilder:
    """Reads Heroku, and records again what the store does not know.

    Attributes:
        store: the new or restored store, migrated.
        heroku: what is left.
        policy: names channels and approvers.
        clock: business time.
        named: what the installation is called by its settings; a worker records that at its next start.
    """

    store: Store
    heroku: Heroku
    policy: Policy
    clock: Clock
    named: str | None = None

    async def run(self, *, apply: bool, ask: Ask) -> AsyncIterator[str]:
        """Yields one line for each thing that was found, and what became of it.

        Args:
            apply: record it again; else nothing is changed.
            ask: asks a person whether what is past its end is to be removed.
        """
        databases = with_labels(await self.heroku.databases())
        installation = await self._installation()
        surveys = [await self._survey(database, installation) for database in databases]
        found = [(survey.database, lost) for survey in surveys for lost in survey.lost]
        for survey in surveys:
            for line in self._shown(survey, installation):
                yield line
        count = sum(lost.fate(self.clock.now()) is Fate.OVERDUE for _, lost in found)
        if not found:
            yield f"{len(databases)} databases read: the store knows every rule that {installation.name} made"
            return
        if not apply:
            yield "nothing was changed: run it with --apply to record this again"
            return
        question = f"{count} past their end will be removed at Heroku; type {WORD} to confirm: "
        removes = count > 0 and ask(question).strip() == WORD
        await self._discover(databases)
        done = [await self._apply(database, lost, removes=removes) for database, lost in found]
        yield f"{sum(done)} of {len(done)} rules recorded again; a worker warns their owners and ends them"
        if count and not removes:
            yield f"{count} past their end were left alone: nobody confirmed"

    async def _installation(self) -> Installation:
        async with self.store.transaction() as tx:
            stored = await tx.installations.current()
        return stored if self.named is None else Installation(name=self.named, earlier=stored.names)

    async def _survey(self, database: Database, installation: Installation) -> Survey:
        try:
            rules = await self.heroku.rules(database)
        except HerokuNotFoundError:
            # mTLS is not enabled: there are no rules.
            return Survey(database=database)
        except HerokuError as error:
            return Survey(database=database, error=error)
        described = {rule.id: read_description(rule.description) for rule in rules}
        async with self.store.transaction() as tx:
            owned = await tx.mtls_rules.owned(database.id)
            intents = await tx.mtls_rules.intents(
                [each.intent for each in described.values() if each is not None]
            )
        lost = lost_rules(rules, installations=installation.names, owned=owned, intents=intents)
        known = {each.rule for each in lost} | owned
        strange = tuple(
            rule
            for rule in rules
            if rule.id not in known
            and (each := described[rule.id]) is not None
            and each.intent not in intents
        )
        return Survey(database=database, lost=lost, strange=strange)

    def _shown(self, survey: Survey, installation: Installation) -> list[str]:
        label, now = survey.database.label, self.clock.now()
        if survey.error is not None:
            return [f"{label}: could not be read ({survey.error}): run this again later"]
        lines = []
        for lost in survey.lost:
            held = "; ".join(_words(each) for each in lost.holders(now))
            said = {
                Fate.CONTINUES: f"{held}: within its end, becomes a grant again",
                Fate.OVERDUE: f"{held}: past its end, to be removed once you confirm that",
                Fate.UNREADABLE: "its description names no end: a finding, remove or adopt it in Slack",
            }
            lines.append(f"{label}: {lost.network} ({lost.rule}), {said[lost.fate(now)]}")
        for rule in survey.strange:
            description = read_description(rule.description)
            other = "" if description is None else description.installation
            why = f"made by the installation {other}, and left alone"
            if other not in installation.names:
                why += f": if that was this one, set PGACCESS_INSTALLATION={other}"
            lines.append(f"{label}: {rule.network} ({rule.id}), {why}")
        return lines

    async def _discover(self, databases: tuple[Database, ...]) -> None:
        """Records the targets first, as a worker does at its start: grants hang on them."""
        spaces = await self.heroku.spaces()
        async with self.store.transaction() as tx:
            await record_discovery(tx, self.policy, databases, spaces)
            await tx.commit()

    async def _apply(self, database: Database, lost: LostRule, *, removes: bool) -> bool:
        """Records one rule again; returns False where it is left alone, or a worker was faster."""
        now = self.clock.now()
        fate = lost.fate(now)
        if fate is Fate.UNREADABLE or (fate is Fate.OVERDUE and not removes):
            return False
        async with self.store.transaction() as tx:
            open_there = await tx.grants.running(database.id, Method.MTLS)
            covered = [grant.request for grant in open_there if grant.subject == lost.network]
            await rebuild_rule(tx, self.policy, database, lost, now=now, covered=covered)
            await tx.commit()
        return True


def _words(holder: RuleHolder) -> str:
    end = "without an end" if holder.ends_at is None else f"ends {holder.ends_at:{_TIME}}"
    return f"request {holder.request} of {holder.owner}, {end}"

"""``pgaccess rebuild``: after the loss or the restore of the store, what is at Heroku and what becomes of it.

IP rules are known by their descriptions, AWS accounts and trusted ranges by the signed notes in the channel.
A worker does the same at its start where the notes know more than its store, but for what is past its end.
Without ``--apply`` nothing is changed. It can be run again at any time, also after it was interrupted.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from bot.cli.rebuild_findings import rebuild_findings
from bot.domain.grant import OPEN_STATES
from bot.domain.method import Method
from bot.domain.mtls.lost_rules import Fate, LostRule, lost_rules
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.rule_description import RuleHolder, read_description
from bot.domain.policy.rules import Policy
from bot.domain.signed_note import NOTE, Note, newest, noted_end, standing, verify
from bot.domain.subject import names_of
from bot.domain.target import Database, Space, Target, with_labels
from bot.domain.trusted_ips.ruleset import EVERYWHERE
from bot.errors import HerokuError, HerokuNotFoundError, SlackError
from bot.ports import Clock, Heroku, Installation, MessageKind, Store, Transaction
from bot.ports.owned_entries import PrivateLinkAccounts, TrustedRanges
from bot.services.mtls.rebuilding import rebuild_rule
from bot.services.rebuilding import LostGrant, rebuild_grant
from bot.services.targets.discovery import record_discovery

WORD: Final = "remove"
"""What a person types to have what is past its end removed."""

_TIME: Final = "%Y-%m-%d %H:%M:%S UTC"

WITHIN: Final = "within its end, becomes a grant again"
PAST: Final = "past its end, to be removed once you confirm that"
NO_END: Final = "its description names no end: a finding, remove or adopt it in Slack"
IMPOSSIBLE: Final = "nobody can have asked for this range: a finding, remove or adopt it in Slack"
NO_NOTE: Final = "not managed, and no note says whose it is: a finding, remove or adopt it in Slack"
"""What becomes of what was found."""

Ask = Callable[[str], str]
"""Asks a person, and returns what they typed."""


def ask_terminal(question: str) -> str:
    """Asks whoever runs the command; returns nothing where there is no terminal that could answer."""
    try:
        return input(question)
    except EOFError:
        return ""


class MetadataReader(Protocol):
    """Reads the metadata of the bot's own messages in a channel; raises ``SlackError``."""

    async def metadata(self, channel: str) -> tuple[Mapping[str, Any], ...]:
        """Returns the metadata of each."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """What one access method of one target has at Heroku that the store does not know.

    Attributes:
        rules: IP rules of ours.
        strange: rules of another installation.
        grants: grants of accounts or ranges, by their notes.
        entries: accounts or ranges that are listed, and not owned.
        error: why it could not be read; nothing is known of it then.
    """

    target: Target
    method: Method
    rules: tuple[LostRule, ...] = ()
    strange: tuple[IpRule, ...] = ()
    grants: tuple[LostGrant, ...] = ()
    entries: frozenset[str] = frozenset()
    error: HerokuError | None = None

    @property
    def unknown(self) -> list[str]:
        """Accounts or ranges of which no note says whose they are."""
        return sorted(self.entries.difference(*(names_of(each.subject) for each in self.grants)))

    def past(self, now: datetime) -> int:
        """How many of what was found are past their ends."""
        rules = sum(each.fate(now) is Fate.OVERDUE for each in self.rules)
        return rules + sum(each.is_past(now) for each in self.grants)

    def within(self, now: datetime) -> int:
        """How many of what was found are within their ends."""
        rules = sum(each.fate(now) is Fate.CONTINUES for each in self.rules)
        return rules + sum(not each.is_past(now) for each in self.grants)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownNotes:
    """Standing notes beside the store.

    Attributes:
        useful: all but those of grants that the store knows to be over.
        behind: whether there is one of a grant that the store does not know.
    """

    useful: tuple[Note, ...]
    behind: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuilder:
    """Reads Heroku and the notes, and records again what the store does not know.

    Attributes:
        store: the new or restored store, migrated.
        heroku: what is left.
        slack: reads the notes.
        policy: names channels and approvers.
        clock: business time.
        note_keys: what notes are signed with.
        named: what the installation is called by its settings; a worker records that at its next start.
    """

    store: Store
    heroku: Heroku
    slack: MetadataReader
    policy: Policy
    clock: Clock
    note_keys: tuple[bytes, ...] = field(repr=False)
    named: str | None = None

    async def run(self, *, apply: bool, ask: Ask) -> AsyncIterator[str]:
        """Yields one line for each thing that was found, and what became of it.

        Args:
            apply: record it again; else nothing is changed.
            ask: asks a person whether what is past its end is to be removed.
        """
        databases, spaces = with_labels(await self.heroku.databases()), await self.heroku.spaces()
        notes, problem = await self._notes()
        if problem:
            yield problem
        known = await self._known(note for note in notes if not note.over)
        installation = await self._installation()
        surveys = await self._surveys(databases, spaces, installation, known.useful)
        now = self.clock.now()
        for survey in surveys:
            for line in _shown(survey, installation, now):
                yield line
        async for line in rebuild_findings(self.store, self.heroku, (*databases, *spaces), notes):
            yield line
        past, within = sum(each.past(now) for each in surveys), sum(each.within(now) for each in surveys)
        if not past + within:
            yield f"{len(databases)} databases and {len(spaces)} spaces read: nothing is to be recorded again"
            return
        if not apply:
            yield "nothing was changed: run it with --apply to record this again"
            return
        question = f"{past} past their end will be removed at Heroku; type {WORD} to confirm: "
        removes = past > 0 and ask(question).strip() == WORD
        await self._discover(databases, spaces)
        for survey in surveys:
            await self._apply(survey, removes=removes)
        yield f"{within} within their end recorded again: a worker warns their owners and ends them"
        if past:
            what = "will be removed by a worker" if removes else "were left alone: nobody confirmed"
            yield f"{past} past their end {what}"

    async def at_start(self) -> None:
        """Records again by itself what is within its end, where the notes know more than the store.

        What is past its end is left alone, and operations are told of it.

        Raises:
            HerokuError: Heroku cannot be read.
            SlackError: the notes cannot be read.
            StoreUnavailableError: the store cannot be reached.
        """
        notes = self._read_notes(await self.slack.metadata(self.policy.notes_channel))
        known = await self._known(standing(notes))
        if not known.behind:
            return
        databases, spaces = with_labels(await self.heroku.databases()), await self.heroku.spaces()
        surveys = await self._surveys(databases, spaces, await self._installation(), known.useful)
        now = self.clock.now()
        past, within = sum(each.past(now) for each in surveys), sum(each.within(now) for each in surveys)
        if within:
            await self._discover(databases, spaces)
            for survey in surveys:
                await self._apply(survey, removes=False)
        if past:
            await self._tell(past, now)

    # --- what is left ----------------------------------------------------------------------------

    async def _surveys(
        self,
        databases: Iterable[Database],
        spaces: Iterable[Space],
        installation: Installation,
        notes: Iterable[Note],
    ) -> list[Survey]:
        surveys = [await self._rules(each, installation, notes) for each in databases]
        surveys += [await self._accounts(each, notes) for each in databases]
        return surveys + [await self._ranges(each, notes) for each in spaces if each.takes_ranges]

    async def _known(self, notes: Iterable[Note]) -> "KnownNotes":
        """Tells the notes of grants that the store has ended from all others."""
        useful, behind = [], False
        async with self.store.transaction() as tx:
            for note in notes:
                grant = await tx.grants.of_request(note.request)
                same = grant is not None and (grant.target, grant.subject, grant.owner) == (
                    note.target,
                    note.subject,
                    note.owner,
                )
                behind |= not same
                # Its end may not be noted yet: what has its address since then is somebody else's.
                if grant is None or not same or grant.state in OPEN_STATES:
                    useful.append(note)
        return KnownNotes(useful=tuple(useful), behind=behind)

    async def _tell(self, past: int, now: datetime) -> None:
        async with self.store.transaction() as tx:
            key = f"{MessageKind.REBUILD_LEFT}:{now:%Y-%m-%d}:{past}"
            params = {"count": str(past)}
            await tx.outbox.add(
                MessageKind.REBUILD_LEFT, to=self.policy.operations_channel, key=key, params=params
            )
            await tx.commit()

    def _read_notes(self, metadata: Iterable[Mapping[str, Any]]) -> list[Note]:
        return [note for each in metadata if (note := verify(each, self.note_keys)) is not None]

    async def _notes(self) -> tuple[tuple[Note, ...], str]:
        """The newest note of each grant, and what is wrong with some notes, in a sentence."""
        channel = self.policy.notes_channel
        try:
            claimed = [each for each in await self.slack.metadata(channel) if NOTE in each]
        except SlackError as error:
            return (), f"the notes in {channel} could not be read ({error.code}): run this again later"
        found = self._read_notes(claimed)
        forged = len(claimed) - len(found)
        return newest(found), (
            f"{forged} of {len(claimed)} notes in {channel} are not signed with this app's secrets, and were "
            "ignored: add the signing secret from before to SLACK_SIGNING_SECRET if it was rotated since"
            if forged
            else ""
        )

    async def _installation(self) -> Installation:
        async with self.store.transaction() as tx:
            stored = await tx.installations.current()
        return stored if self.named is None else Installation(name=self.named, earlier=stored.names)

    async def _rules(self, database: Database, installation: Installation, notes: Iterable[Note]) -> Survey:
        try:
            rules = await self.heroku.rules(database)
        except HerokuNotFoundError:
            # mTLS is not enabled: there are no rules.
            return Survey(target=database, method=Method.MTLS)
        except HerokuError as error:
            return Survey(target=database, method=Method.MTLS, error=error)
        described = {rule.id: read_description(rule.description) for rule in rules}
        async with self.store.transaction() as tx:
            owned = await tx.mtls_rules.owned(database.id)
            named = [each.intent for each in described.values() if each is not None]
            intents = await tx.mtls_rules.intents(named)
        lost = lost_rules(rules, installations=installation.names, owned=owned, intents=intents)
        known = {each.rule for each in lost} | owned
        strange = [rule for rule in rules if rule.id not in known and described[rule.id] is not None]
        return Survey(
            target=database,
            method=Method.MTLS,
            rules=tuple(_with_noted_ends(each, database, notes) for each in lost),
            strange=tuple(
                rule
                for rule in strange
                if (each := described[rule.id]) is not None and each.installation not in installation.names
            ),
        )

    async def _accounts(self, database: Database, notes: Iterable[Note]) -> Survey:
        method = Method.PRIVATELINK
        try:
            seen = await self.heroku.privatelink(database)
        except HerokuNotFoundError:
            return Survey(target=database, method=method)
        except HerokuError as error:
            return Survey(target=database, method=method, error=error)
        async with self.store.transaction() as tx:
            owned = await tx.privatelink_accounts.owned(database.id)
        return _survey(database, method, {each.arn for each in seen.accounts} - owned, notes)

    async def _ranges(self, space: Space, notes: Iterable[Note]) -> Survey:
        try:
            seen = await self.heroku.ruleset(space.id)
        except HerokuError as error:
            return Survey(target=space, method=Method.TRUSTED, error=error)
        async with self.store.transaction() as tx:
            owned = await tx.trusted_ranges.owned(space.id)
        listed = {rule.source for rule in seen.rules if rule.network is not None}
        # A new space's own range was made by Heroku, and is nobody's.
        return _survey(space, Method.TRUSTED, listed - owned - {EVERYWHERE}, notes)

    # --- recorded again --------------------------------------------------------------------------

    async def _discover(self, databases: tuple[Database, ...], spaces: tuple[Space, ...]) -> None:
        """Records the targets first, as a worker does at its start: grants hang on them."""
        async with self.store.transaction() as tx:
            await record_discovery(tx, self.policy, databases, spaces)
            await tx.commit()

    async def _apply(self, survey: Survey, *, removes: bool) -> None:
        """Records again what was found of one access method of one target, each rule in its own commit."""
        now = self.clock.now()
        for lost in survey.rules:
            fate = lost.fate(now)
            if fate is Fate.CONTINUES or (removes and fate is Fate.OVERDUE):
                async with self.store.transaction() as tx:
                    running = await tx.grants.running(survey.target.id, survey.method)
                    covered = [
                        grant.request for grant in running if str(lost.network) in names_of(grant.subject)
                    ]
                    await rebuild_rule(tx, self.policy, survey.target, lost, now=now, covered=covered)
                    await tx.commit()
        chosen = [each for each in survey.grants if removes or not each.is_past(now)]
        if chosen:
            await self._apply_grants(survey, chosen, now)

    async def _apply_grants(self, survey: Survey, chosen: Collection[LostGrant], now: datetime) -> None:
        target = survey.target
        names = survey.entries.intersection(name for each in chosen for name in names_of(each.subject))
        async with self.store.transaction() as tx:
            running = await tx.grants.running(target.id, survey.method)
            known = {(grant.request, grant.subject) for grant in running}
            # One that rebuilds at the same time waits here, and then finds nothing new.
            new = await _entries(tx, survey.method).rebuild(target.id, names)
            for lost in chosen:
                if new.intersection(names_of(lost.subject)) and (lost.request, lost.subject) not in known:
                    await rebuild_grant(tx, self.policy, target, lost, now=now)
            await tx.reconcile_queue.bump_generation(target.id, survey.method)
            await tx.commit()


def _entries(tx: Transaction, method: Method) -> PrivateLinkAccounts | TrustedRanges:
    return tx.privatelink_accounts if method is Method.PRIVATELINK else tx.trusted_ranges


def _survey(target: Target, method: Method, entries: Collection[str], notes: Iterable[Note]) -> Survey:
    """What the notes say of entries that are listed and not owned."""
    found = [
        LostGrant(
            method=method,
            subject=note.subject,
            request=note.request,
            owner=note.owner,
            ends_at=note.ends_at,
            evidence=f"note of {note.at:{_TIME}}",
        )
        for note in notes
        if (note.target, note.method) == (target.id, method)
        and not frozenset(entries).isdisjoint(names_of(note.subject))
    ]
    return Survey(target=target, method=method, grants=tuple(found), entries=frozenset(entries))


def _with_noted_ends(lost: LostRule, database: Database, notes: Iterable[Note]) -> LostRule:
    """A rule with the ends that its grants were extended to."""
    same = [note for note in notes if (note.target, note.subject) == (database.id, lost.network)]

    def end(holder: RuleHolder) -> datetime | None:
        return noted_end(same, request=holder.request, owner=holder.owner, ends_at=holder.ends_at)

    return lost.with_ends(end)


def _shown(survey: Survey, installation: Installation, now: datetime) -> list[str]:
    label = survey.target.label
    if survey.error is not None:
        return [f"{label}: {survey.method} could not be read ({survey.error}): run this again later"]
    said = {
        Fate.CONTINUES: WITHIN,
        Fate.OVERDUE: PAST,
        Fate.UNREADABLE: NO_END,
        Fate.IMPOSSIBLE: IMPOSSIBLE,
    }
    lines = []
    for rule in survey.rules:
        held = "; ".join(_words(each.request, each.owner, each.ends_at) for each in rule.holders(now))
        what = ": ".join(filter(None, (held, said[rule.fate(now)])))
        lines.append(f"{label}: {rule.network} ({rule.rule}), {what}")
    for strange in survey.strange:
        description = read_description(strange.description)
        other = "" if description is None else description.installation
        lines.append(
            f"{label}: {strange.network} ({strange.id}), made by the installation {other}, and left alone: "
            f"if that was this one, set PGACCESS_INSTALLATION={other}"
        )
    for grant in survey.grants:
        held_by = _words(grant.request, grant.owner, grant.ends_at)
        lines.append(f"{label}: {grant.subject}, {held_by}: {PAST if grant.is_past(now) else WITHIN}")
    return [*lines, *(f"{label}: {each}, {NO_NOTE}" for each in survey.unknown)]


def _words(request: int, owner: str, ends_at: datetime | None) -> str:
    end = "without an end" if ends_at is None else f"ends {ends_at:{_TIME}}"
    return f"request {request} of {owner}, {end}"

"""The watch: looks at the store and Heroku about each minute, and tells operations and the pager.

It changes nothing, and goes on with whatever it can reach. What it knows is in memory only: after a restart
it tells again what is wrong.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

import structlog

from bot.domain.method import Method, has_mtls
from bot.domain.mtls.observation import IpRule
from bot.domain.target import Database, Space, with_labels
from bot.domain.watch import condition as judge
from bot.domain.watch.alarm import Alarms, Notice, NoticeKind, decide
from bot.domain.watch.condition import UNKNOWN, Condition, Item, ItemKind, Sighting
from bot.errors import (
    HerokuError,
    HerokuNotFoundError,
    HerokuUnauthorizedError,
    NotMigratedError,
    PagerError,
    SlackError,
    StoreDeniedError,
    StoreUnavailableError,
)
from bot.i18n.translator import Translator
from bot.ports import (
    ChainPlace,
    Clock,
    Message,
    MessageRef,
    Pager,
    StoreReading,
    WatchedHeroku,
    WatchedStore,
)
from bot.views import watch as view

STORE_PATIENCE: Final = timedelta(seconds=10)
"""The longest reading of the store; each statement has its own, shorter bound."""

HEROKU_PATIENCE: Final = timedelta(minutes=2)
"""The longest reading of Heroku: of what was not read in time nothing is known."""

AT_ONCE: Final = 5
"""Calls to Heroku at once: half of what a worker makes."""

CHAIN_AT_ONCE: Final = timedelta(seconds=20)
"""How long one look verifies the audit trail; the next one goes on where it stopped."""

CHAIN_LINES: Final = 2000
"""Lines that one statement reads: a fraction of its time-out."""

CHAIN_AGAIN: Final = timedelta(days=1)
"""Pause between verifications of the whole trail; in between, only new lines are verified."""

NO_NUMBER: Final = 0
"""In the metadata of a message: it is in no outbox."""

log = structlog.get_logger(__name__)


class Poster(Protocol):
    """Where messages are posted and edited; all that the watch does in Slack."""

    async def post(
        self, channel: str, message: Message, *, number: int, thread: str | None = None
    ) -> MessageRef:
        """Posts a message; raises ``SlackError``."""
        ...

    async def update(self, place: MessageRef, message: Message) -> None:
        """Replaces a message; raises ``SlackError``."""
        ...


class Unmatched(Protocol):
    """Says which entries and patterns of the policy match nothing."""

    def __call__(self, databases: Sequence[Database], spaces: Sequence[Space], /) -> Sequence[str]:
        """Returns their names, as the policy has them."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Audience:
    """Who is told in Slack.

    Attributes:
        channel: the operations channel's id.
        language: of the messages.
    """

    channel: str
    language: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _HerokuReading:
    """What Heroku has.

    Attributes:
        databases: None where the list could not be read.
        spaces: likewise.
        rules: of each database that could be read.
        unread: what could not be read.
    """

    databases: tuple[Database, ...] | None
    spaces: tuple[Space, ...] | None
    rules: Mapping[UUID, tuple[IpRule, ...]]
    unread: frozenset[Item]


class Watch:
    """Looks, decides what is to be told, and tells it.

    Args:
        store: None where its address is not set.
        heroku: read only.
        slack: None without Slack.
        pager: None without a pager.
        audience: from the policy; None where it cannot be read: what the store knows of the last one serves.
        unmatched: of the policy; None where it cannot be read.
        installation: the marker that is set; empty where only the store knows it.
        beginning: the place before the first line of the audit trail.
        clock: business time.
        every: pause between two looks.
        calls_an_hour: to Heroku, at most: with many databases it is read less often.
    """

    def __init__(
        self,
        *,
        store: WatchedStore | None,
        heroku: WatchedHeroku,
        slack: Poster | None,
        pager: Pager | None,
        audience: Audience | None,
        unmatched: Unmatched | None,
        installation: str,
        beginning: ChainPlace,
        clock: Clock,
        every: timedelta = judge.LOOK_EVERY,
        calls_an_hour: int = judge.CALLS_AN_HOUR,
    ) -> None:
        self._store = store
        self._heroku = heroku
        self._slack = slack
        self._pager = pager
        self._audience = audience
        self._unmatched = unmatched
        self._name = installation
        self._installations = {installation} - {""}
        self._chain = _Chain(store, beginning)
        self._clock = clock
        self._every = every
        self._calls_an_hour = calls_an_hour
        # What the store said last goes on counting: an extension is not undone by its loss.
        self._last: StoreReading | None = None
        self._alarms: Alarms = {}
        self._databases: tuple[Database, ...] = ()
        self._heroku_at = -float("inf")
        self._heroku_pause = timedelta()
        # The newest notice of each condition that has not arrived, by destination.
        self._unposted: dict[Condition, Notice] = {}
        self._unpaged: dict[Condition, Notice] = {}
        # What Slack shows of each alarm, and what has become false there.
        self._posted: dict[Condition, list[MessageRef]] = {}
        self._outdated: list[tuple[MessageRef, Message]] = []

    async def run(self) -> None:
        """Looks until cancelled."""
        while True:
            begun = time.monotonic()
            await self.step()
            await asyncio.sleep(max(0.0, self._every.total_seconds() - (time.monotonic() - begun)))

    async def step(self) -> tuple[Notice, ...]:
        """Looks once, tells what is new, and what did not arrive before; returns what is new."""
        seen = await self.look()
        decision = decide(self._alarms, seen, now=self._clock.now())
        self._alarms = decision.alarms
        for notice in decision.notices:
            if notice.kind is not NoticeKind.FINE:
                _note(notice)
                if self._slack is not None:
                    self._unposted[notice.condition] = notice
            if self._pager is not None:
                self._unpaged[notice.condition] = notice
        await asyncio.gather(self._post(), self._page())
        return decision.notices

    async def look(self) -> Mapping[Condition, Sighting]:
        """Looks once at everything that can be reached; tells nobody."""
        reading, troubles = await self._read_store()
        seen = {Condition.STORE: Sighting(items=troubles)}
        self._last = reading or self._last
        if reading is None:
            seen |= dict.fromkeys((Condition.WORKER, Condition.UNSEALED), UNKNOWN)
            seen[Condition.END] = self._remembered_ends()
        else:
            seen |= self._judge_store(reading)
        seen[Condition.CHAIN] = await self._chain.look() if reading is not None else UNKNOWN
        if time.monotonic() - self._heroku_at >= self._heroku_pause.total_seconds():
            seen |= await self._look_at_heroku()
        return seen

    def _remembered_ends(self) -> Sighting:
        """What was open when the store was read last, and should have been closed since."""
        if self._last is None:
            return UNKNOWN
        # What mTLS allows is seen at Heroku; other entries have no description that names an end.
        unseen = [grant for grant in self._last.grants if grant.method is not Method.MTLS]
        return Sighting(items=judge.overdue_grants(unseen, now=self._clock.now()), complete=False)

    def _judge_store(self, reading: StoreReading) -> dict[Condition, Sighting]:
        if reading.installation:
            self._installations.add(reading.installation)
        if self._audience is None and reading.policy is not None:
            self._audience = Audience(
                channel=reading.policy.operations_channel, language=reading.policy.language
            )
        now = self._clock.now()
        return {
            Condition.WORKER: Sighting(items=judge.silent_parts(reading.waiting)),
            Condition.END: Sighting(items=judge.overdue_grants(reading.grants, now=now)),
            Condition.UNSEALED: Sighting(items=judge.unsealed(reading.unsealed)),
        }

    async def _read_store(self) -> tuple[StoreReading | None, frozenset[Item]]:
        if self._store is None:
            return None, frozenset({Item(kind=ItemKind.UNSET)})
        try:
            async with asyncio.timeout(STORE_PATIENCE.total_seconds()):
                return await self._store.read(), frozenset()
        except (StoreUnavailableError, TimeoutError) as error:
            log.warning("watch.store", error=str(error))
            return None, frozenset({Item(kind=_trouble(error))})

    async def _look_at_heroku(self) -> dict[Condition, Sighting]:
        self._heroku_at = time.monotonic()
        found, last = await self._read_heroku(), self._last
        now = self._clock.now()
        databases = with_labels(self._databases)
        overdue = judge.overdue_entries(
            found.rules,
            databases,
            installations=self._installations,
            grants=() if last is None else last.grants,
            adopted=frozenset() if last is None else last.adopted,
            now=now,
        )
        whole = not found.unread
        return {
            Condition.HEROKU: Sighting(items=found.unread),
            Condition.ENTRY: Sighting(items=overdue, complete=whole),
            Condition.POLICY: self._unmatched_entries(found),
        }

    def _unmatched_entries(self, found: _HerokuReading) -> Sighting:
        # Without the store nothing is known of what entries are bound to, and names may have changed.
        if self._unmatched is None or self._last is None or found.databases is None or found.spaces is None:
            return UNKNOWN
        known = self._last.known
        databases = [
            replace(each, known=known.get(each.id, each.known)) for each in with_labels(found.databases)
        ]
        spaces = [replace(each, known=known.get(each.id, each.known)) for each in found.spaces]
        return Sighting(items=judge.named(self._unmatched(databases, spaces)))

    async def _read_heroku(self) -> _HerokuReading:
        unread: set[Item] = set()
        databases: tuple[Database, ...] | None = None
        spaces: tuple[Space, ...] | None = None
        rules: dict[UUID, tuple[IpRule, ...]] = {}
        calls = 3
        try:
            async with asyncio.timeout(HEROKU_PATIENCE.total_seconds()):
                try:
                    databases = await self._heroku.databases()
                    spaces = await self._heroku.spaces()
                except HerokuError as error:
                    unread.add(_list_trouble(error))
                known = self._databases if self._last is None else self._last.databases
                if databases is None:
                    self._databases = known
                else:
                    # A token that no longer sees a database does not show that nothing is open there.
                    listed = {each.id for each in databases}
                    unread |= judge.named(each.label for each in known if each.id not in listed)
                    self._databases = (*databases, *(each for each in known if each.id not in listed))
                watched = [each for each in self._databases if has_mtls(each.plan)]
                calls += len(watched)
                await self._read_rules(watched, rules, unread)
        except TimeoutError:
            unread.add(Item(kind=ItemKind.LISTS))
        self._heroku_pause = judge.heroku_pause(calls, every=self._every, an_hour=self._calls_an_hour)
        return _HerokuReading(databases=databases, spaces=spaces, rules=rules, unread=frozenset(unread))

    async def _read_rules(
        self, databases: Sequence[Database], rules: dict[UUID, tuple[IpRule, ...]], unread: set[Item]
    ) -> None:
        free = asyncio.Semaphore(AT_ONCE)

        async def read(database: Database) -> None:
            async with free:
                try:
                    rules[database.id] = await self._heroku.rules(database)
                except HerokuNotFoundError:
                    # mTLS is not enabled: there are no rules.
                    rules[database.id] = ()
                except HerokuError as error:
                    log.warning("watch.heroku", database=str(database.id), error=str(error))
                    unread.add(Item(kind=ItemKind.NAME, name=database.label))

        async with asyncio.TaskGroup() as group:
            for database in databases:
                group.create_task(read(database))

    async def _post(self) -> None:
        if self._slack is None or self._audience is None:
            return
        t = Translator(self._audience.language)
        for condition, notice in list(self._unposted.items()):
            shown = view.message(notice, t, doubtful=self._is_doubtful(notice.condition))
            try:
                place = await self._slack.post(self._audience.channel, shown, number=NO_NUMBER)
            except SlackError as error:
                # The pager hears of it all the same; here it is tried again at the next look.
                log.warning("watch.slack", error=str(error), condition=condition)
                continue
            del self._unposted[condition]
            if notice.is_over:
                self._outdated += [(each, shown) for each in self._posted.pop(condition, ())]
            else:
                self._posted.setdefault(condition, []).append(place)
        await self._correct(self._slack)

    async def _correct(self, slack: Poster) -> None:
        """Edits messages that have become false; what cannot be edited any more stays."""
        waiting, self._outdated = self._outdated, []
        for place, shown in waiting:
            try:
                await slack.update(place, shown)
            except SlackError as error:
                log.warning("watch.slack", error=str(error))
                if error.unclear or error.retry_after_s is not None or error.code == "unreachable":
                    self._outdated.append((place, shown))

    async def _page(self) -> None:
        if self._pager is None:
            return
        # At once: one that is never taken must not keep the others waiting.
        await asyncio.gather(*(self._send(self._pager, each) for each in list(self._unpaged.values())))

    async def _send(self, pager: Pager, notice: Notice) -> None:
        t = Translator("en" if self._audience is None else self._audience.language)
        doubtful = self._is_doubtful(notice.condition)
        try:
            await pager.send(view.page(notice, t, doubtful=doubtful, installation=self._name))
        except PagerError as error:
            log.warning("watch.pager", error=str(error), condition=notice.condition)
        else:
            del self._unpaged[notice.condition]

    def _is_doubtful(self, condition: Condition) -> bool:
        """Whether something was judged without the store, which knows more."""
        if condition is Condition.ENTRY:
            return self._last is None
        return condition is Condition.END and self._alarms[Condition.STORE].since is not None


class _Chain:
    """Verifies the audit trail: new lines at each look, and the whole once a day."""

    def __init__(self, store: WatchedStore | None, beginning: ChainPlace) -> None:
        self._store = store
        self._beginning = self._place = beginning
        # The newest place that was ever verified: somebody who computes all seals anew changes it.
        self._newest = beginning
        self._whole_at = time.monotonic()

    async def look(self) -> Sighting:
        """Goes on verifying, within the time of one look."""
        if self._store is None:
            return UNKNOWN
        try:
            return await self._verify(self._store)
        except StoreUnavailableError as error:
            log.warning("watch.chain", error=str(error))
            return UNKNOWN

    async def _verify(self, store: WatchedStore) -> Sighting:
        if not await store.holds(self._newest):
            # Verified from the beginning again, since what was found whole has been changed.
            self._place = self._beginning
            return Sighting(items=frozenset({Item(kind=ItemKind.REPLACED, name=str(self._newest.seal))}))
        begun = time.monotonic()
        if begun - self._whole_at >= CHAIN_AGAIN.total_seconds():
            self._place, self._whole_at = self._beginning, begun
        while time.monotonic() - begun < CHAIN_AT_ONCE.total_seconds():
            part = await store.verify(self._place, lines=CHAIN_LINES)
            self._place = part.verified
            if part.verified.seal > self._newest.seal:
                self._newest = part.verified
            if part.broken is not None:
                return Sighting(items=frozenset({Item(kind=ItemKind.BROKEN, name=str(part.broken))}))
            if part.ended:
                return Sighting(items=frozenset())
        return UNKNOWN


def _trouble(error: StoreUnavailableError | TimeoutError) -> ItemKind:
    match error:
        case NotMigratedError():
            return ItemKind.UNMIGRATED
        case StoreDeniedError():
            return ItemKind.DENIED
    return ItemKind.UNREACHABLE


def _list_trouble(error: HerokuError) -> Item:
    log.warning("watch.heroku", error=str(error))
    refused = isinstance(error, HerokuUnauthorizedError)
    return Item(kind=ItemKind.REJECTED if refused else ItemKind.LISTS)


def _note(notice: Notice) -> None:
    """Logs a notice: where neither Slack nor the pager can be reached, the log still has it."""
    tell: Callable[..., None] = log.info if notice.is_over else log.error
    items = [f"{item.kind} {item.name}".strip() for item in judge.in_order(notice.items)]
    tell("watch.alarm", condition=notice.condition, kind=notice.kind, items=items, since=str(notice.since))

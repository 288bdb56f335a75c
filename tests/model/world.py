"""The whole bot between an emulated Slack and an emulated Heroku, driven step by step.

Store, services, reconciler, notifier, directory sync and web application are the real ones. No worker runs by
itself and no clock moves by itself: a step is a command, a click, a reconcile run, a message sent, an hour
passed, a process killed.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
import psycopg

from bot.app import App, open_app
from bot.directory_sync import DirectorySync
from bot.errors import TryAgainError
from bot.heroku.client import HerokuClient
from bot.notifier import Notifier
from bot.policy.loader import parse_policy
from bot.reconciler.controller import Controller
from bot.services import open_services
from bot.services.reviews.pending import EVERY
from bot.views.action_ids import ANYWAY
from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, SIGNING_SECRET, settings
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE, default_world
from sandbox.heroku.model.resources import Database
from sandbox.http_server import listening, serving
from sandbox.movable_clock import MovableClock
from sandbox.slack.delivery import Delivery, sign
from sandbox.slack.delivery_transport import Deliver, Delivered, over
from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.server import app as slack_server
from sandbox.slack.users.administration import Administration
from sandbox.slack.users.simulated_users import Outcome, People
from sandbox.slack.web_api.errors import ApiAnswer, Refused
from storage.engine import async_commit_engine
from storage.repositories.people.slack_users import FRESH
from storage.repositories.rate_budget import PostgresRateBudget
from tests.flow.actions import words
from tests.model.clocks import WorldTime
from tests.model.crashing_store import CommitFaults, CrashingStore
from tests.model.delayed_network import DelayedNetwork, Killed
from tests.model.policies import Deployed, deployments
from tests.model.reach import Allowed
from tests.model.write_recorder import WriteRecorder

TIMES: Final = TransitionTimes.of(2)
"""Heroku's transitions take two simulated seconds."""

ROUNDS: Final = (
    *[timedelta(seconds=1)] * 30,
    *[timedelta(seconds=15)] * 30,
    *[timedelta(minutes=1)] * 30,
    *[timedelta(minutes=10)] * 4,
)
"""The least by which time moves after each round until everything is quiet: past every wait and deadline,
past the minutes in which an account's request tokens are refilled, and past the hour for which a rejected
token keeps a target from being observed."""

LONGEST: Final = timedelta(minutes=10)
"""The most by which it moves: the gap between observations of what is at rest."""

RUNS: Final = 40
"""Runs in a row after which the reconciler must have nothing left to do at one moment."""

MESSAGES: Final = 200
"""The same for messages of the notifier."""

BOT: Final = "http://bot.test"

WRITTEN: Final = ("chat.postMessage", "chat.update", "response_url")
"""Calls by which the bot says something."""

COUNTED: Final = ("requests", "decisions", "grants", "operations", "audit")
"""Tables that invalid input must not change."""


class SlackAhead(SlackEmulator):
    """An emulated Slack in simulated time."""

    time: WorldTime

    def call(self, method: str, arguments: dict[str, Any], token: str | None, *, now: datetime) -> ApiAnswer:
        """Answers a call of the bot in simulated time."""
        return super().call(method, arguments, token, now=now + self.time.ahead)

    def respond(self, secret: str, body: Any, *, now: datetime) -> ApiAnswer:
        """Takes a private answer in simulated time."""
        return super().respond(secret, body, now=now + self.time.ahead)


@dataclass(frozen=True, kw_only=True)
class Button:
    """A button that a person can press."""

    channel: str
    ts: str
    action: str
    block: str


@dataclass(frozen=True, kw_only=True)
class Answered:
    """Result of a person's action.

    Attributes:
        bad: it is invalid, so that nothing may be recorded.
        before, after: rows in the tables that it might have changed.
        said: the private answers.
    """

    act: str
    outcome: Outcome
    bad: bool = False
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    said: tuple[str, ...] = ()


@dataclass
class World:
    """The bot, its environment, and what a test does to them.

    Attributes:
        commit_faults: faults of the bot's commits.
        unmanaged: what somebody else wants in a list at Heroku (True) or out of it (False), by target, method
            and entry.
        answered: results of actions since the invariants were checked last.
        deliveries: what Slack delivered recently, for a replay.
        lines_read: id of the last audit line that was checked.
        disturbed: somebody changed something at Heroku during the last reconcile run.
        deployed: the policy that the bot runs under.
        diary: every step so far, for the report of a failure.
        left: Slack ids of everybody who ever left.
        lists: what Heroku allowed whenever it was asked, and when that was; by the ids of targets.
        texts_read: how many of Slack's exchanges were judged.
    """

    url: str
    behavior: Behavior
    approvals: int = 1
    extend_alone: str = "0m"
    databases: int = 2
    time: WorldTime = field(default_factory=WorldTime)
    clock: MovableClock = field(default_factory=MovableClock)
    commit_faults: CommitFaults = field(default_factory=CommitFaults)
    unmanaged: dict[tuple[tuple[UUID, str], str], bool] = field(default_factory=dict)
    answered: list[Answered] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    lines_read: int = 0
    disturbed: bool = False
    raced: bool = False
    diary: list[str] = field(default_factory=list)
    kills: int = 0
    deployed: Deployed = field(init=False)
    left: set[str] = field(default_factory=set)
    lists: list[tuple[datetime, Allowed]] = field(default_factory=list)
    texts_read: int = 0

    async def open(self) -> None:
        """Starts everything."""
        self._stack = contextlib.AsyncExitStack()
        enter = self._stack.enter_async_context
        self.store = self._stack.enter_context(psycopg.connect(self.url, autocommit=True))
        self.heroku: HerokuEmulator = default_world(
            token=HEROKU_TOKEN, databases=self.databases, behavior=self.behavior, times=TIMES
        )
        self.production = self.heroku._account.addon(DATABASE).id
        self.from_the_start = frozenset(self.names())
        self.deployed = deployments(self.approvals, self.extend_alone)[0]
        self.recorder = WriteRecorder(
            heroku=self.heroku,
            store=self.store,
            time=self.time,
            clock=self.clock,
            allows=lambda owner, method, subject: self.deployed.allows(owner, method, subject),
        )
        self.slack = SlackAhead(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
        self.slack.time = self.time
        socket, self.slack.base_url = await enter(listening())
        self.people = People(self.slack, deliver=self._deliver, bot_url=BOT, clock=self.time.now)
        await enter(serving(slack_server(self.slack, self.people), socket))
        await self._start_bot()
        await self.settle()

    async def close(self) -> None:
        """Stops everything."""
        await self._stop_bot()
        await self.people.aclose()
        await self._stack.aclose()

    async def restart(self) -> None:
        """Starts new processes; what the old ones held stays leased until the leases run out."""
        self.commit_faults.clear()
        await self._stop_bot()
        await self._start_bot()
        await self.app.refresh_everything()

    async def change_group(self, number: int) -> None:
        """Somebody changes the approving group in Slack, disables it, or makes it usable again."""
        administration = Administration(self.slack, self.people, clock=self.time.now)
        changes: tuple[Callable[[], Awaitable[Outcome]], ...] = (
            lambda: administration.sets_members("S0LEADS", ["U0LEAD", "U0LEAD2"]),
            lambda: administration.sets_members("S0LEADS", ["U0LEAD2"]),
            lambda: administration.sets_members("S0LEADS", []),
            lambda: administration.disables("S0LEADS"),
            lambda: administration.enables("S0LEADS"),
        )
        await changes[number % len(changes)]()

    async def deploy(self, number: int) -> None:
        """Starts new processes under another policy."""
        choices = deployments(self.approvals, self.extend_alone)
        self.deployed = choices[number % len(choices)]
        await self.restart()

    # --- the bot ----------------------------------------------------------------------------------

    async def _start_bot(self) -> None:
        self._bot_stack = contextlib.AsyncExitStack()
        enter = self._bot_stack.enter_async_context
        text = self.deployed.text()
        wanted = settings(
            self.url,
            slack_url=self.slack.base_url,
            heroku_url="http://heroku.test",
            public_url=BOT,
        )
        opened = await enter(open_app(wanted, parse_policy(text, source="the model"), clock=self.clock))
        self.network = DelayedNetwork(self.heroku, self.time, self.recorder, read=self._note_lists)
        async_commit = async_commit_engine(self.url)
        self._bot_stack.push_async_callback(async_commit.dispose)
        client = HerokuClient(
            token=HEROKU_TOKEN,
            platform_url=wanted.heroku_url,
            data_url=wanted.heroku_data_url,
            budgets=PostgresRateBudget(async_commit),
            transport=self.network,
        )
        self._bot_stack.push_async_callback(client.close)
        store = CrashingStore(opened.store._engine, opened.wakeups)
        store.commit_faults = self.commit_faults
        services = open_services(store=store, policy=opened.policy, clock=self.clock)
        self.app: App = replace(opened, store=store, heroku=client, services=services)
        self.reconciler: Controller = self.app.controller()
        self.notifier: Notifier = self.app.notifier()
        self.directory_sync: DirectorySync = self.app.directory_sync()
        web = httpx.AsyncClient(transport=httpx.ASGITransport(await self.app.web()), trust_env=False)
        self._over: Deliver = over(await enter(web))

    async def _stop_bot(self) -> None:
        await self._bot_stack.aclose()

    async def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Delivered:
        """Signs with the machine's time, by which the bot verifies requests."""
        fresh = sign(body, SIGNING_SECRET, now=datetime.now(UTC))
        return await self._over(method, url, {**headers, **fresh}, body)

    # --- time -------------------------------------------------------------------------------------

    def pass_time(self, by: timedelta) -> None:
        """Moves all clocks."""
        self.time.ahead += by
        self.store.execute("UPDATE emulated.clock SET ahead = %s", [self.time.ahead])
        self.clock.move(by)
        self.network.arrive()

    def jump(self, by: timedelta) -> None:
        """Moves business time alone, forwards or back."""
        self.clock.move(by)

    # --- workers ----------------------------------------------------------------------------

    async def reconcile(self, runs: int = RUNS) -> None:
        """Runs the reconciler until nothing is due, or a number of times."""
        for _ in range(runs):
            if not await self._reconcile_once():
                return

    async def _reconcile_once(self) -> bool:
        taken = await self._try(self.reconciler.claim())
        if taken is None:
            return False
        self.disturbed = self.network.meanwhile is not None
        await self._try(self.reconciler.work(taken))
        return True

    async def notify(self, messages: int = MESSAGES) -> None:
        """Sends due messages, or a number of them."""
        for _ in range(messages):
            held = await self._try(self.notifier.claim())
            if held is None:
                return
            await self._try(self.notifier.work(held))

    async def run_scheduler(self) -> None:
        """Runs what the scheduler runs every few seconds."""
        await self._try(self.app.services.deadlines.run_due())
        await self._try(self.app.services.deadlines.seal_audit_log())
        await self._try(self.app.services.expiry_reminders.send_weekly_summary())
        await self._try(self.app.services.entitlements.send_weekly_review())
        await self._try(self.app.services.audit_heads.post_daily())
        await self._try(self.directory_sync.run_due())
        await self._try(self.app.services.pending_review.run_due())
        await self._try(self.app.services.leavers.run_due())
        await self._try(self.app.services.closings.run_due())
        await self._try(self.app.services.lost_channels.run_due())
        await self._try(self.app.services.departures.run_due())

    async def may_crash(self, act: Callable[[], Awaitable[None]]) -> None:
        """Runs something in which the process may be killed, and starts another one if it was."""
        try:
            await act()
        except Killed:
            self.kills += 1
            self.network.dies_at = 0
            self.commit_faults.clear()
            await self.restart()
        self.network.dies_at = 0
        self.commit_faults.clear()

    async def attempt(self, step: Awaitable[Any]) -> Any:
        """Runs a step that a store out of reach only puts off."""
        return await self._try(step)

    async def _try(self, step: Awaitable[Any]) -> Any:
        """Runs a step of a worker, which goes on when the store is out of reach."""
        try:
            return await step
        except TryAgainError:
            return None

    async def minutes(self, minutes: int) -> None:
        """Runs the workers while minutes pass, whatever the outages."""
        until = self.time.now() + timedelta(minutes=minutes)
        while self.time.now() < until:
            await self.run_scheduler()
            await self.reconcile()
            await self.notify()
            due = [await self.reconciler.next_due(), await self.notifier.next_due()]
            soon = min((each for each in due if each is not None), default=LONGEST)
            self.pass_time(min(until - self.time.now(), max(timedelta(seconds=5), soon)))

    # --- rest -------------------------------------------------------------------------------------

    def calm(self) -> None:
        """Ends all faults."""
        self.heroku.clear_faults()
        self.slack.clear_faults()
        self.commit_faults.clear()
        self.network.meanwhile = None
        self.network.dies_at = 0

    async def settle(self) -> None:
        """Syncs users and targets, and observes every target."""
        await self.run_scheduler()
        await self.app.refresh_everything()
        await self.reconcile()

    async def rest(self) -> None:
        """Runs the workers, with time passing, until nothing is left to do."""
        self.calm()
        # Nobody has to tell the bot who has left: it finds out when it reads all people again.
        self.pass_time(FRESH)
        await self.run_scheduler()
        # What waits is judged again once a minute, and not yet for what was changed in the last one.
        self.pass_time(EVERY)
        since = self.time.now()
        for least in ROUNDS:
            await self.run_scheduler()
            await self.reconcile()
            await self.notify()
            if self.is_quiet(since):
                return
            due = [await self.reconciler.next_due(), await self.notifier.next_due()]
            soon = min((each for each in due if each is not None), default=LONGEST)
            self.pass_time(min(LONGEST, max(least, soon)))
        raise AssertionError(f"never quiet: {self.unquiet(since)}\n{self.story()}")

    def is_quiet(self, since: datetime) -> bool:
        """Whether nothing is left to do, and everything was observed since a moment."""
        return not self.unquiet(since)

    def unquiet(self, since: datetime) -> list[tuple[Any, ...]]:
        """What is under way, or was not observed since a moment.

        A range that is the only one left stays although its grants are ending: a list is never written empty.
        Of a database that was destroyed nothing stays open, once Heroku has said so twice.
        """
        ranges = [rule.source for rule in self.heroku.ruleset(self.space.name).rules]
        last = ranges[0] if len(ranges) == 1 else ""
        return self.rows(
            """
            SELECT 'grant', request_id::text, state FROM grants WHERE state IN ('applying', 'ending')
                AND NOT (state = 'ending' AND method = 'trusted' AND subject = %s)
            UNION ALL SELECT 'gone', request_id::text, state FROM grants
                WHERE state IN ('waiting', 'applying', 'in_force', 'ending') AND target_id <> ALL(%s)
            UNION ALL SELECT 'operation', request_id::text, kind FROM operations
                WHERE state = 'doing' AND check_at IS NULL
            UNION ALL SELECT 'message', id::text, kind FROM outbox WHERE sent_version < version
            UNION ALL SELECT 'audit', id::text, '' FROM audit WHERE seal IS NULL
            UNION ALL SELECT 'job', l.id::text, method
                FROM reconcile_queue l JOIN targets t ON t.id = l.target_id
                WHERE t.absent_at IS NULL AND (observed_at IS NULL OR observed_at < %s
                    OR l.generation <> l.reconciled_generation)
            """,
            last,
            [*self.names(), self.space.id],
            since,
        )

    # --- people -----------------------------------------------------------------------------------

    async def types(self, person: str, line: str, *, bad: bool = False) -> None:
        """A person types a command, and submits the modal that it opens, unless their account is gone."""
        if self.slack.world.person(person).deleted:
            return
        heard = len(self.slack.ephemerals(person))
        before = self.counts()
        outcome = await self.people.types(person, line)
        answers = self.slack.ephemerals(person)[heard:]
        told = tuple(words(each) for each in answers)
        self._note(f"{person} types {line}", outcome, bad=bad, before=before, said=told)
        # A second request for what a person has already: overlapping grants of one owner are made like this.
        for answer in answers:
            if ANYWAY in str(answer["blocks"]):
                await self.people.clicks(person, channel="#general", ts=answer["ts"], action_id=ANYWAY)
        await self.fill_in(person)

    async def fill_in(self, person: str) -> None:
        """Submits the open modal, with a reason where it asks for one; closes what is left."""
        for _ in range(2):
            view = self.slack.view_for(person)
            if view is None:
                return
            blocks = {block.get("block_id") for block in view["blocks"]}
            values = {name: {name: "it is needed"} for name in blocks & {"reason"}}
            outcome = await self.people.submits(person, values)
            if outcome.delivery is not None and not outcome.errors:
                self._note(f"{person} submits", outcome)
        if self.slack.view_for(person) is not None:
            await self.people.closes(person, everything=True)

    def buttons(self, person: str) -> list[Button]:
        """Every button that a person can press, the newest first."""
        found: list[Button] = []
        for channel in ("#approvals", "#operations", "@pgaccess"):
            with contextlib.suppress(Refused, KeyError):
                found += _buttons(channel, self.slack.messages(channel, person))
        return sorted(found, key=lambda each: each.ts, reverse=True)

    def buttons_of(self, channel: str, ts: str) -> list[tuple[str, str]]:
        """The buttons of one message, as action and value."""
        kept = self.slack.workspace.messages.get(channel, [])
        return [
            (element["action_id"], element["value"])
            for message in kept
            if message.ts == ts
            for block in message.blocks
            if block["type"] == "actions"
            for element in block["elements"]
            if element["type"] == "button" and "url" not in element
        ]

    async def presses(self, person: str, button: Button) -> None:
        """A person presses a button, and submits the modal that it opens."""
        outcome = await self._click(person, button)
        self._note(f"{person} presses {button.action}", outcome)
        await self.fill_in(person)

    async def presses_twice(self, person: str, button: Button, other: str, another: Button) -> None:
        """Two clicks at the same time."""
        both = await asyncio.gather(self._click(person, button), self._click(other, another))
        for who, which, outcome in zip((person, other), (button, another), both, strict=True):
            self._note(f"{who} presses {which.action} at the same time", outcome)
        for who in (person, other):
            await self.fill_in(who)

    async def replays(self, delivery: Delivery) -> None:
        """Delivers the same bytes once more."""
        outcome = await self.people.replays(delivery)
        self._note(f"replay of {delivery.kind}", replace(outcome, delivery=None))

    async def _click(self, person: str, button: Button) -> Outcome:
        return await self.people.clicks(
            person, channel=button.channel, ts=button.ts, action_id=button.action, block_id=button.block
        )

    def _note(
        self,
        act: str,
        outcome: Outcome,
        *,
        bad: bool = False,
        before: tuple[int, ...] = (),
        said: tuple[str, ...] = (),
    ) -> None:
        after = self.counts() if bad else ()
        self.answered.append(
            Answered(act=act, outcome=outcome, bad=bad, before=before, after=after, said=said)
        )
        if outcome.delivery is not None:
            self.deliveries = [*self.deliveries[-20:], outcome.delivery]

    # --- reading -------------------------------------------------------------------------------------

    def rows(self, sql: str, *given: object) -> list[tuple[Any, ...]]:
        """Reads the store directly."""
        return self.store.execute(sql, given or None).fetchall()

    def counts(self) -> tuple[int, ...]:
        """Numbers of rows in tables that an action may add to."""
        counted = ", ".join(f"(SELECT count(*) FROM {table})" for table in COUNTED)
        return tuple(self.rows(f"SELECT {counted}")[0])

    def requests(self) -> int:
        """The number of the newest request."""
        return int(self.rows("SELECT COALESCE(max(id), 0) FROM requests")[0][0])

    def names(self) -> dict[UUID, str]:
        """Names of the private databases at Heroku."""
        return {each.id: each.name for each in self.databases_there()}

    def databases_there(self) -> list[Database]:
        """The private databases at Heroku."""
        return [each for each in self.heroku._account.databases.values() if each.app.space is not None]

    @property
    def space(self) -> Any:
        """The space, as Heroku has it."""
        (space,) = self.heroku._account.spaces.values()
        return space

    def _note_lists(self) -> None:
        """Keeps what Heroku allows now, which is what its answer shows."""
        allowed = self._allowed()
        if not self.lists or self.lists[-1][1] != allowed:
            self.lists.append((self.time.now(), allowed))

    def _allowed(self) -> Allowed:
        now, there = self.time.now(), self.databases_there()
        links = {str(each.id): self.heroku.privatelink(each.name, now=now) for each in there}
        ranges = self.heroku.ranges_in_force(self.space.name, now=now)
        if self.behavior.applied == "absent":
            # Where Heroku does not report whether a list is applied, only the list can be read back.
            ranges = self.heroku.ruleset(self.space.name).rules
        return Allowed(
            rules={
                str(each.id): [
                    rule.cidr for rule in self.heroku.rules(each.name, now=now) if rule.status == "Authorized"
                ]
                for each in there
            },
            accounts={
                id: [account.arn for account in link.accounts.values() if account.status(now) == "Active"]
                for id, link in links.items()
                if link is not None and link.status(now) == "Operational"
            },
            ranges={str(self.space.id): [each.source for each in ranges]},
            space_of={str(each.id): str(self.space.id) for each in there},
        )

    def texts(self) -> list[str]:
        """What the bot has written to Slack since the last time."""
        said = [
            each for each in self.slack.request_log[self.texts_read :] if each.kind in ("call", "respond")
        ]
        self.texts_read = len(self.slack.request_log)
        written = [each for each in said if each.name in ("chat.postMessage", "chat.update", "response_url")]
        return [words(json.loads(each.sent)) for each in written]

    def story(self) -> str:
        """Every step so far, for the report of a failure."""
        return "\n".join(self.diary)


def _buttons(channel: str, messages: list[dict[str, Any]]) -> list[Button]:
    """Buttons of a channel's messages, except for links, which the bot does not hear of."""
    return [
        Button(channel=channel, ts=message["ts"], action=element["action_id"], block=block["block_id"])
        for message in messages
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element["type"] == "button" and "url" not in element
    ]

"""The whole bot between an emulated Slack and an emulated Heroku, moved step by step by whoever drives it.

The store, the use cases, the keeper, the courier, the census and the web application are the real ones. No
loop runs by itself and no clock moves by itself: a step is a line typed, a button pressed, a pass, a message
shown, an hour gone by, a process killed.
"""

import asyncio
import contextlib
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
from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, SIGNING_SECRET, settings
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import default_world
from sandbox.http_server import listening, serving
from sandbox.movable_clock import MovableClock
from sandbox.slack.delivery import Delivery, sign
from sandbox.slack.delivery_transport import Deliver, Delivered, over
from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.server import app as slack_server
from sandbox.slack.users.simulated_users import Outcome, People
from sandbox.slack.web_api.errors import ApiAnswer, Refused
from storage.engine import async_commit_engine
from storage.rate_budget import PostgresRateBudget
from tests.flow.actions import words
from tests.model.clocks import WorldTime
from tests.model.crashing_store import Fate, MortalStore
from tests.model.delayed_network import Killed, Line
from tests.model.write_recorder import Witness

TIMES: Final = TransitionTimes.of(2)
"""Heroku's transitions take two seconds of the world's."""

ROUNDS: Final = (*[timedelta(seconds=1)] * 30, *[timedelta(seconds=15)] * 30, *[timedelta(minutes=1)] * 30)
"""How far time is moved on at least after each round until everything is quiet: past every wait and deadline,
and past the minutes in which an account's request tokens come back."""

LONGEST: Final = timedelta(minutes=10)
"""How far it is moved on at most: a look at what is at rest."""

PASSES: Final = 40
"""Passes in a row after which a keeper must have come to rest at one moment."""

POSTS: Final = 200
"""The same for the courier."""

BOT: Final = "http://bot.test"

POLICY: Final = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
admins = ["U0LEAD"]

[[rules]]
name = "everything"
approvers = ["S0LEADS", "U0ENGINEER2"]
approvals = {approvals}
permanent = true
extend_alone = "{extend_alone}"
"""

COUNTED: Final = ("requests", "decisions", "grants", "operations", "audit")
"""What bad input leaves alone."""


class SlackAhead(SlackEmulator):
    """An emulated Slack that lives in the world's time."""

    time: WorldTime

    def call(self, method: str, arguments: dict[str, Any], token: str | None, *, now: datetime) -> ApiAnswer:
        """Answers a call of the bot's at the world's time."""
        return super().call(method, arguments, token, now=now + self.time.ahead)

    def respond(self, secret: str, body: Any, *, now: datetime) -> ApiAnswer:
        """Answers a private answer at the world's time."""
        return super().respond(secret, body, now=now + self.time.ahead)


@dataclass(frozen=True, kw_only=True)
class Button:
    """Something that a person could press just now."""

    channel: str
    ts: str
    action: str
    block: str


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What became of something that somebody did.

    Attributes:
        bad: it could not be understood, so that nothing may be recorded.
        before, after: rows in the tables that it might have changed.
        said: what the person was told privately.
    """

    act: str
    outcome: Outcome
    bad: bool = False
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    said: tuple[str, ...] = ()


@dataclass
class World:
    """Everything that there is, and hands and eyes on it.

    Attributes:
        foreign: what somebody else wants in a list of Heroku's (True) or out of it (False), by target, method
            and entry.
        answered: what became of acts since the sentences were checked last.
        deliveries: what Slack sent lately, for a replay.
        said: audit lines that were read so far.
        disturbed: somebody did something at Heroku while the last pass was under way.
        diary: every step so far, for whoever has to understand a failure.
    """

    url: str
    behavior: Behavior
    approvals: int = 1
    extend_alone: str = "0m"
    databases: int = 2
    time: WorldTime = field(default_factory=WorldTime)
    clock: MovableClock = field(default_factory=MovableClock)
    fate: Fate = field(default_factory=Fate)
    unmanaged: dict[tuple[tuple[UUID, str], str], bool] = field(default_factory=dict)
    answered: list[Answered] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    lines_read: int = 0
    disturbed: bool = False
    raced: bool = False
    diary: list[str] = field(default_factory=list)
    kills: int = 0

    async def open(self) -> None:
        """Builds everything."""
        self._stack = contextlib.AsyncExitStack()
        enter = self._stack.enter_async_context
        self.store = self._stack.enter_context(psycopg.connect(self.url, autocommit=True))
        self.heroku: HerokuEmulator = default_world(
            token=HEROKU_TOKEN, databases=self.databases, behavior=self.behavior, times=TIMES
        )
        self.witness = Witness(heroku=self.heroku, store=self.store, time=self.time, clock=self.clock)
        self.slack = SlackAhead(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
        self.slack.time = self.time
        socket, self.slack.base_url = await enter(listening())
        self.people = People(self.slack, deliver=self._deliver, bot_url=BOT, clock=self.time.now)
        await enter(serving(slack_server(self.slack, self.people), socket))
        await self._move_in()
        await self.settle()

    async def close(self) -> None:
        """Takes everything down."""
        await self._move_out()
        await self.people.aclose()
        await self._stack.aclose()

    async def restart(self) -> None:
        """New processes; what the old ones held stays leased until the leases run out."""
        self.fate.clear()
        await self._move_out()
        await self._move_in()
        await self.app.refresh_everything()

    # --- the house --------------------------------------------------------------------------------

    async def _move_in(self) -> None:
        self._house_stack = contextlib.AsyncExitStack()
        enter = self._house_stack.enter_async_context
        text = POLICY.format(approvals=self.approvals, extend_alone=self.extend_alone)
        wanted = settings(
            self.url,
            slack_url=self.slack.base_url,
            heroku_url="http://heroku.test",
            policy=text,
            public_url=BOT,
        )
        opened = await enter(open_app(wanted, parse_policy(text, source="the model"), clock=self.clock))
        self.line = Line(self.heroku, self.time, self.witness)
        hasty = async_commit_engine(self.url)
        self._house_stack.push_async_callback(hasty.dispose)
        client = HerokuClient(
            token=HEROKU_TOKEN,
            platform_url=wanted.heroku_url,
            data_url=wanted.heroku_data_url,
            budgets=PostgresRateBudget(hasty),
            transport=self.line,
        )
        self._house_stack.push_async_callback(client.close)
        store = MortalStore(opened.store._engine, opened.wakeups)
        store.fate = self.fate
        services = open_services(store=store, policy=opened.policy, clock=self.clock)
        self.app: App = replace(opened, store=store, heroku=client, services=services)
        self.reconciler: Controller = self.app.controller()
        self.notifier: Notifier = self.app.notifier()
        self.directory_sync: DirectorySync = self.app.directory_sync()
        web = httpx.AsyncClient(transport=httpx.ASGITransport(await self.app.web()), trust_env=False)
        self._over: Deliver = over(await enter(web))

    async def _move_out(self) -> None:
        await self._house_stack.aclose()

    async def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Delivered:
        """Signs anew: the bot's gate goes by the machine's time, whatever the world's is."""
        fresh = sign(body, SIGNING_SECRET, now=datetime.now(UTC))
        return await self._over(method, url, {**headers, **fresh}, body)

    # --- time -------------------------------------------------------------------------------------

    def pass_time(self, by: timedelta) -> None:
        """Time goes by for everybody."""
        self.time.ahead += by
        self.store.execute("UPDATE played.clock SET ahead = %s", [self.time.ahead])
        self.clock.move(by)
        self.line.arrive()

    def jump(self, by: timedelta) -> None:
        """Business time jumps, forwards or back."""
        self.clock.move(by)

    # --- what loops do ----------------------------------------------------------------------------

    async def keep(self, passes: int = PASSES) -> None:
        """Makes passes until none is due, or so many."""
        for _ in range(passes):
            if not await self._one_pass():
                return

    async def _one_pass(self) -> bool:
        taken = await self._try(self.reconciler.claim())
        if taken is None:
            return False
        self.disturbed = self.line.meanwhile is not None
        await self._try(self.reconciler.work(taken))
        return True

    async def tell(self, posts: int = POSTS) -> None:
        """Shows what is due in Slack, or so much of it."""
        for _ in range(posts):
            held = await self._try(self.notifier.claim())
            if held is None:
                return
            await self._try(self.notifier.work(held))

    async def tick(self) -> None:
        """What the clock has done every few seconds."""
        await self._try(self.app.services.deadlines.run_due())
        await self._try(self.app.services.deadlines.seal_audit_log())
        await self._try(self.app.services.expiry_reminders.send_weekly_summary())
        await self._try(self.directory_sync.run_due())

    async def die(self, act: Callable[[], Awaitable[None]]) -> None:
        """Does something in which the process may be killed, and starts another one if it was."""
        try:
            await act()
        except Killed:
            self.kills += 1
            self.line.dies_at = 0
            self.fate.clear()
            await self.restart()
        self.line.dies_at = 0
        self.fate.clear()

    async def _try(self, step: Awaitable[Any]) -> Any:
        """A step of a loop, which goes on when the store could not be reached."""
        try:
            return await step
        except TryAgainError:
            return None

    async def minutes(self, minutes: int) -> None:
        """Lets the loops run while so many minutes go by, whatever the outages."""
        until = self.time.now() + timedelta(minutes=minutes)
        while self.time.now() < until:
            await self.tick()
            await self.keep()
            await self.tell()
            due = [await self.reconciler.next_due(), await self.notifier.next_due()]
            soon = min((each for each in due if each is not None), default=LONGEST)
            self.pass_time(min(until - self.time.now(), max(timedelta(seconds=5), soon)))

    # --- rest -------------------------------------------------------------------------------------

    def calm(self) -> None:
        """Bad outages is over."""
        self.heroku.clear_faults()
        self.slack.clear_faults()
        self.fate.clear()
        self.line.meanwhile = None
        self.line.dies_at = 0

    async def settle(self) -> None:
        """Lets everybody and everything be known, and every lane be looked at."""
        await self.tick()
        await self.app.refresh_everything()
        await self.keep()

    async def rest(self) -> None:
        """Lets the loops run, with time going by, until nothing is left to be done."""
        self.calm()
        since = self.time.now()
        for least in ROUNDS:
            await self.tick()
            await self.keep()
            await self.tell()
            if self.is_quiet(since):
                return
            due = [await self.reconciler.next_due(), await self.notifier.next_due()]
            soon = min((each for each in due if each is not None), default=LONGEST)
            self.pass_time(min(LONGEST, max(least, soon)))
        raise AssertionError(f"never quiet: {self.unquiet(since)}\n{self.story()}")

    def is_quiet(self, since: datetime) -> bool:
        """Whether nothing is left to be done, and everything was looked at since a moment."""
        return not self.unquiet(since)

    def unquiet(self, since: datetime) -> list[tuple[Any, ...]]:
        """What is under way, or was not looked at since a moment."""
        return self.rows(
            """
            SELECT 'grant', request_id::text, state FROM grants WHERE state IN ('applying', 'ending')
            UNION ALL SELECT 'operation', request_id::text, kind FROM operations
                WHERE state = 'doing' AND check_at IS NULL
            UNION ALL SELECT 'message', id::text, kind FROM outbox WHERE sent_version < version
            UNION ALL SELECT 'audit', id::text, '' FROM audit WHERE seal IS NULL
            UNION ALL SELECT 'job', l.id::text, method
                FROM reconcile_queue l JOIN targets t ON t.id = l.target_id
                WHERE t.absent_at IS NULL AND (observed_at IS NULL OR observed_at < %s
                    OR l.generation <> l.reconciled_generation)
            """,
            since,
        )

    # --- people -----------------------------------------------------------------------------------

    async def types(self, person: str, line: str, *, bad: bool = False) -> None:
        """Somebody types a line, and fills in the form that it opens."""
        heard = len(self.slack.ephemerals(person))
        before = self.counts()
        outcome = await self.people.types(person, line)
        told = tuple(words(each) for each in self.slack.ephemerals(person)[heard:])
        self._note(f"{person} types {line}", outcome, bad=bad, before=before, said=told)
        await self.fill_in(person)

    async def fill_in(self, person: str) -> None:
        """Submits the form in front of somebody, with a reason where it asks for one; closes what is left."""
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
        """Everything that somebody could press, the newest first."""
        found: list[Button] = []
        for channel in ("#approvals", "#operations", "@pgaccess"):
            with contextlib.suppress(Refused, KeyError):
                found += _buttons(channel, self.slack.messages(channel, person))
        return sorted(found, key=lambda each: each.ts, reverse=True)

    async def presses(self, person: str, button: Button) -> None:
        """Somebody presses a button, and fills in the form that it opens."""
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
        """Somebody sends the same bytes once more."""
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

    # --- eyes -------------------------------------------------------------------------------------

    def rows(self, sql: str, *given: object) -> list[tuple[Any, ...]]:
        """Looks into the store behind the bot's back."""
        return self.store.execute(sql, given or None).fetchall()

    def counts(self) -> tuple[int, ...]:
        """Rows in the tables that a person's act may add to."""
        counted = ", ".join(f"(SELECT count(*) FROM {table})" for table in COUNTED)
        return tuple(self.rows(f"SELECT {counted}")[0])

    def requests(self) -> int:
        """The number of the newest request."""
        return int(self.rows("SELECT COALESCE(max(id), 0) FROM requests")[0][0])

    def names(self) -> dict[UUID, str]:
        """The private databases as they are called at Heroku."""
        return {
            each.id: each.name
            for each in self.heroku._account.databases.values()
            if each.app.space is not None
        }

    @property
    def space(self) -> Any:
        """The space, as Heroku has it."""
        (space,) = self.heroku._account.spaces.values()
        return space

    def story(self) -> str:
        """Everything that was done, for whoever reads a failure."""
        return "\n".join(self.diary)


def _buttons(channel: str, messages: list[dict[str, Any]]) -> list[Button]:
    """The buttons of a channel's messages; those that only lead to a page tell the bot nothing."""
    return [
        Button(channel=channel, ts=message["ts"], action=element["action_id"], block=block["block_id"])
        for message in messages
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element["type"] == "button" and "url" not in element
    ]

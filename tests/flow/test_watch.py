"""The watch beside the whole bot, and without it: entries past their end, a lost store, no worker."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

import bot.watch
from bot.cli.watch import open_watch
from bot.config import HerokuSettings, Settings, WatchSettings
from bot.domain.method import Method
from bot.domain.mtls.rule_description import RuleHolder, write_description
from bot.domain.outside.page_address import PageAddress
from bot.domain.watch.condition import LATE
from bot.policy.loader import parse_policy
from bot.policy_reporter import PolicyReporter
from bot.watch import Watch
from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, POLICY, SIGNING_SECRET
from sandbox.heroku import fault_injection as heroku_faults
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE
from sandbox.heroku.server import app as heroku_server
from sandbox.http_server import listening, serving
from sandbox.movable_clock import MovableClock
from sandbox.pager import ROUTING_KEY, WEBHOOK_KEY, PagerEmulator
from sandbox.postgres import PrivatePostgres
from sandbox.slack import SlackEmulator
from sandbox.slack import fault_injection as slack_faults
from sandbox.slack.delivery_transport import Delivered
from sandbox.slack.server import app as slack_server
from sandbox.slack.users.simulated_users import People
from storage.engine import engine_for
from storage.migrate import migrate
from storage.tables import grants, periodic_tasks, reconcile_queue
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests import database
from tests.conftest import own_database
from tests.flow.actions import Acts, heroku_emulator, words
from tests.unit.storage import store_helpers

UNLIMITED = 10**9
"""Calls to Heroku in an hour: each look reads it."""

CHANGES = r"^(POST|PUT|PATCH|DELETE) "


@dataclass(kw_only=True)
class Guard:
    """A watch, its pager, and how much time passes between its looks."""

    watch: Watch
    pager: PagerEmulator
    clock: MovableClock

    async def look(self, *, after: timedelta = timedelta()) -> list[str]:
        """Looks once; returns what is new, as ``condition kind``."""
        self.clock.move(after)
        return [f"{notice.condition} {notice.kind}" for notice in await self.watch.step()]

    async def lasts(self, *, looks: int = 3) -> list[str]:
        """Looks several times with a minute between, so that what has to last has lasted."""
        return [new for _ in range(looks) for new in await self.look(after=timedelta(minutes=1))]


@contextlib.asynccontextmanager
async def guarding(
    url: str | None,
    *,
    slack_url: str,
    heroku_url: str,
    clock: MovableClock,
    policy: str | None = POLICY,
    webhook: bool = False,
) -> AsyncIterator[Guard]:
    pager = PagerEmulator()
    async with listening() as (socket, pager_url), serving(pager.app(), socket):
        settings = WatchSettings(
            database_url=url,
            heroku=HerokuSettings(token=HEROKU_TOKEN, url=heroku_url, data_url=heroku_url),
            slack_token=BOT_TOKEN,
            slack_url=slack_url,
            installation="",
            page=PageAddress(url=f"{pager_url}/hooks/pager", key=WEBHOOK_KEY)
            if webhook
            else PageAddress(url=f"{pager_url}/v2/enqueue", key=ROUTING_KEY),
        )
        parsed = None if policy is None else parse_policy(policy, source="the test's policy")
        async with open_watch(
            settings, parsed, clock=clock, every=timedelta(), calls_an_hour=UNLIMITED
        ) as watch:
            yield Guard(watch=watch, pager=pager, clock=clock)
    assert pager.refused == []


@pytest.fixture
async def guard(acts: Acts) -> AsyncIterator[Guard]:
    """A watch beside the running bot."""
    settings: Settings = acts.environment.app.settings
    async with guarding(
        settings.database_url,
        slack_url=settings.slack_url,
        heroku_url=settings.heroku_url,
        clock=acts.environment.clock,
    ) as guard:
        yield guard


def said(acts: Acts, what: str) -> list[str]:
    """Messages in the operations channel that contain a text."""
    return [shown for shown in map(words, acts.messages("#operations")) if what in shown]


def add_entry(
    heroku: HerokuEmulator, installation: str, *, ended: datetime, cidr: str = "198.51.100.7/32"
) -> str:
    """Adds a rule as an installation of pgaccess describes it; returns Heroku's id."""
    holder = RuleHolder(request=41, owner="U0ENGINEER", ends_at=ended)
    described = write_description(installation, uuid4(), [holder])
    return str(heroku.add_rule_externally(DATABASE, cidr, described, now=datetime.now(UTC)).id)


async def test_an_entry_past_its_end_is_told_once_and_its_removal_as_well(acts: Acts, guard: Guard) -> None:
    heroku, clock = acts.environment.heroku, acts.environment.clock
    before = len(acts.calls(CHANGES))
    assert {new.partition(" ")[2] for new in await guard.look()} == {"fine"}
    # A pager hears that all is well, in case an earlier watch had paged; people do not.
    assert {event["event_action"] for event in guard.pager.events} == {"resolve"}
    assert said(acts, "watch") == []

    ((installation,),) = await acts.query("SELECT marker FROM installation")
    rule = add_entry(heroku, installation, ended=clock.now() - LATE - timedelta(minutes=1))
    add_entry(heroku, "another", ended=clock.now() - timedelta(days=1), cidr="198.51.100.8/32")
    add_entry(heroku, installation, ended=clock.now() + timedelta(hours=1), cidr="198.51.100.9/32")
    assert await guard.look() == ["entry begun"]
    (told,) = said(acts, "past their hard end")
    assert "198.51.100.7/32 → billing (#41)" in told
    assert "198.51.100.8" not in told
    assert "198.51.100.9" not in told
    assert list(guard.pager.open) == ["pgaccess/entry"]
    assert guard.pager.open["pgaccess/entry"].startswith("Entries that pgaccess made are still at Heroku")
    assert await guard.lasts() == []

    heroku.delete_rule_externally(DATABASE, rule, now=datetime.now(UTC))
    assert await guard.lasts() == ["entry cleared"]
    assert guard.pager.open == {}
    # The alarm itself has become false, and says so; the all-clear is a message of its own.
    assert len(said(acts, "No entry that pgaccess made is past its hard end any more")) == 2
    assert said(acts, "are still at Heroku") == []
    # The bot was asked for nothing, so whatever had changed anything was the watch.
    assert len(acts.calls(CHANGES)) == before


async def test_no_worker_and_its_return_and_access_that_nobody_closes(
    acts: Acts, guard: Guard, engine: AsyncEngine
) -> None:
    await acts.ask_and_open("/pgaccess mtls add 203.0.113.4")
    await guard.look()
    environment = acts.environment
    assert environment.bot is not None
    await environment.bot.stop()
    for queue in (reconcile_queue, periodic_tasks):
        await database.make_older(engine, queue, "due_at", by=timedelta(minutes=20))
    assert await guard.lasts() == ["worker begun"]
    (told,) = said(acts, "No worker of pgaccess does what is due")
    assert "the reconciler" in told
    assert "the scheduler" in told

    # Its end comes, and nobody closes it.
    assert {"end begun", "worker repeated"} <= set(await guard.look(after=timedelta(hours=9)))
    assert len(said(acts, "Access is past its end and not closed: #1 (billing)")) == 1
    # Where its description names the end, Heroku's entry is told as well.
    assert {"pgaccess/worker", "pgaccess/end"} <= set(guard.pager.open)

    await environment.redeploy(POLICY)

    async def over() -> bool:
        return await acts.states() == ["ended"]

    await acts.until(over)
    assert {"worker cleared", "end cleared"} <= set(await guard.lasts(looks=4))
    assert guard.pager.open == {}
    assert said(acts, "No worker of pgaccess does what is due") == []
    # Begun, repeated, and over.
    assert len(said(acts, "The worker of pgaccess does what is due again")) == 3


async def test_a_trail_that_was_tampered_with_is_told_and_new_lines_are_verified(
    acts: Acts, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await acts.ask_and_open("/pgaccess mtls add 203.0.113.4")
    await acts.until(lambda: acts.ours())
    assert "chain fine" in await guard.look()
    await acts.query("ALTER TABLE audit DISABLE TRIGGER audit_append_only")
    await acts.query("UPDATE audit SET actor = 'U0OTHER' WHERE seal = 2")
    # It was verified before, and is again with the whole trail, once a day.
    assert await guard.look() == []
    monkeypatch.setattr(bot.watch, "CHAIN_AGAIN", timedelta())
    assert await guard.look() == ["chain begun"]
    (told,) = said(acts, "The audit trail does not verify")
    ((line,),) = await acts.query("SELECT id FROM audit WHERE seal = 2")
    assert f"line {line} does not fit its digest" in told

    # A tail that is cut off fits by itself: only what was remembered of it tells.
    await acts.query("DELETE FROM audit WHERE seal = (SELECT max(seal) FROM audit)")
    assert await guard.look() == ["chain grown"]
    assert len(said(acts, "verified earlier, is missing or has another digest")) == 1
    assert set(guard.pager.open) == {"pgaccess/chain"}


async def test_whoever_can_be_reached_is_told_and_the_other_one_later(acts: Acts, guard: Guard) -> None:
    await guard.look()
    ((installation,),) = await acts.query("SELECT marker FROM installation")
    now = acts.environment.clock.now()
    acts.environment.slack.fault("chat.postMessage", slack_faults.down())
    rule = add_entry(acts.environment.heroku, installation, ended=now - timedelta(hours=1))
    assert await guard.look() == ["entry begun"]
    assert set(guard.pager.open) == {"pgaccess/entry"}
    assert said(acts, "past their hard end") == []

    acts.environment.slack.clear_faults()
    guard.pager.failures = [400] * 2
    acts.environment.heroku.delete_rule_externally(DATABASE, rule, now=datetime.now(UTC))
    assert await guard.lasts(looks=3) == ["entry cleared"]
    # Posted at the first look at which Slack takes messages, and edited when it was over.
    assert len(said(acts, "is past its hard end any more")) == 2
    assert set(guard.pager.open) == {"pgaccess/entry"}
    await guard.look()
    await guard.look()
    assert guard.pager.open == {}


# --- without the store -------------------------------------------------------------------------------


@dataclass(kw_only=True)
class Outside:
    """Slack and Heroku without a bot, and a store that can be dropped."""

    slack: SlackEmulator
    heroku: HerokuEmulator
    heroku_url: str
    database_url: str
    drop_store: Callable[[], None]
    create_store: Callable[[], None]

    def guarding(self, url: str | None, **more: Any) -> contextlib.AbstractAsyncContextManager[Guard]:
        return guarding(
            url,
            slack_url=f"{self.slack.base_url}/api/",
            heroku_url=self.heroku_url,
            clock=MovableClock(),
            **more,
        )

    def said(self, what: str) -> list[str]:
        found = map(words, self.slack.messages("#operations", "lead"))
        return [shown for shown in found if what in shown]


async def nobody(*_: object) -> Delivered:
    return Delivered(status=200)


@pytest.fixture
async def outside(postgres: PrivatePostgres) -> AsyncIterator[Outside]:
    slack = SlackEmulator(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
    heroku = heroku_emulator()
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        slack_socket, slack.base_url = await enter(listening())
        heroku_socket, heroku_url = await enter(listening())
        people = People(slack, deliver=nobody, bot_url="http://127.0.0.1:1")
        await enter(serving(slack_server(slack, people), slack_socket))
        await enter(serving(heroku_server(heroku), heroku_socket))
        url = stack.enter_context(own_database(postgres))

        name = make_url(url).database

        def drop() -> None:
            with psycopg.connect(postgres.url(), autocommit=True) as connection:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())

        def create() -> None:
            with psycopg.connect(postgres.url(), autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}"'.encode())

        yield Outside(
            slack=slack,
            heroku=heroku,
            heroku_url=heroku_url,
            database_url=url,
            drop_store=drop,
            create_store=create,
        )


async def test_with_the_store_gone_an_entry_past_its_end_is_still_told(outside: Outside) -> None:
    add_entry(outside.heroku, "1f0c2b7a", ended=datetime.now(UTC) - timedelta(hours=1))
    # Started after the loss: nothing is known of the store but that it is not there.
    async with outside.guarding(None, policy=POLICY.replace("admins", 'language = "ja"\nadmins')) as guard:
        assert "entry begun" in await guard.look()
        (told,) = outside.said("終了時刻を過ぎても Heroku に残っています")
        assert "198.51.100.7/32 → billing (#41)" in told
        assert "延長されたかどうかは不明です" in told
        assert await guard.lasts() == ["store begun"]
        assert "データベースのアドレスが設定されていません" in guard.pager.open["pgaccess/store"]
    assert not [entry for entry in outside.heroku.request_log if entry.method != "GET"]


async def test_a_store_that_is_dropped_while_it_is_watched_is_told_and_so_is_its_return(
    outside: Outside,
) -> None:
    async with outside.guarding(outside.database_url, webhook=True) as guard:
        assert "store fine" in await guard.look()
        outside.drop_store()
        # Nobody has ever worked on it, which is told as well.
        assert await guard.lasts() == ["worker begun", "store begun"]
        (told,) = outside.said("The store of pgaccess cannot be read")
        assert "Postgres does not answer" in told
        assert guard.pager.open["pgaccess/store"].startswith("The store of pgaccess cannot be read")
        # Another one in its place, which is empty at first.
        outside.create_store()
        assert await guard.lasts(looks=1) == ["store grown"]
        assert "the schema is missing" in guard.pager.open["pgaccess/store"]
        migrate(outside.database_url)
        assert "store cleared" in await guard.lasts()
        assert "pgaccess/store" not in guard.pager.open


async def test_ends_that_were_read_before_the_store_was_lost_are_remembered(outside: Outside) -> None:
    engine = engine_for(outside.database_url)
    async with PostgresWakeups(url=outside.database_url) as wakeups:
        store = PostgresStore(engine, wakeups)
        await store_helpers.discover(store)
        await store_helpers.in_force(store)
        await database.update_rows(
            engine, grants, {"ends_at": datetime.now(UTC) + timedelta(hours=1), "method": Method.PRIVATELINK}
        )
    await engine.dispose()
    async with outside.guarding(outside.database_url) as guard:
        assert "end fine" in await guard.look()
        outside.drop_store()
        assert "store begun" in await guard.lasts()
        # This database is none that Heroku lists for the token, which is told as well.
        assert {"end begun", "heroku begun"} <= set(await guard.look(after=timedelta(hours=2)))
        (told,) = outside.said("Access is past its end and not closed: #1 (billing)")
        assert "whether it was closed since is not known" in told
        outside.create_store()


async def test_an_entry_of_the_policy_that_matches_nothing_is_told_after_half_an_hour(
    outside: Outside,
) -> None:
    policy = POLICY + '[targets.ghost]\ndatabase = "postgresql-unheard-of"\nenvironment = "default"\n'
    async with outside.guarding(outside.database_url, policy=policy) as guard:
        assert not [new for new in await guard.lasts(looks=3) if new.startswith("policy")]
        assert "policy begun" in await guard.look(after=timedelta(minutes=30))
        (told,) = outside.said("Entries of the policy match nothing at Heroku")
        assert "targets.ghost" in told


async def test_without_a_policy_the_channel_of_the_last_one_is_told(outside: Outside) -> None:
    engine = engine_for(outside.database_url)
    async with PostgresWakeups(url=outside.database_url) as wakeups:
        store = PostgresStore(engine, wakeups)
        parsed = parse_policy(POLICY, source="the test's policy")
        await PolicyReporter(store=store, policy=parsed, clock=MovableClock()).record()
    await engine.dispose()
    add_entry(outside.heroku, "1f0c2b7a", ended=datetime.now(UTC) - timedelta(hours=1))
    async with outside.guarding(outside.database_url, policy=None) as guard:
        # It is another installation's, as far as this store knows.
        assert "entry fine" in await guard.look()
        assert "worker begun" in await guard.lasts()
        assert len(outside.said("No worker of pgaccess does what is due")) == 1


async def test_while_heroku_answers_nothing_nothing_is_said_to_be_over(outside: Outside) -> None:
    add_entry(outside.heroku, "1f0c2b7a", ended=datetime.now(UTC) - timedelta(hours=1))
    async with outside.guarding(None) as guard:
        assert "entry begun" in await guard.look()
        outside.heroku.fault(heroku_faults.status(503), times=None)
        assert [new for new in await guard.lasts(looks=5) if new.startswith(("entry", "heroku"))] == []
        assert "heroku begun" in await guard.lasts(looks=12)
        assert len(outside.said("past their hard end")) == 1
        outside.heroku.clear_faults()
        assert await guard.lasts(looks=4) == ["heroku cleared"]


async def test_a_database_that_heroku_no_longer_lists_is_not_taken_for_one_without_entries(
    outside: Outside,
) -> None:
    rule = add_entry(outside.heroku, "1f0c2b7a", ended=datetime.now(UTC) - timedelta(hours=1))
    async with outside.guarding(None) as guard:
        assert "entry begun" in await guard.look()
        unseen = outside.heroku.delete_database(DATABASE)
        told = await guard.lasts(looks=18)
        assert "heroku begun" in told
        assert "entry cleared" not in told
        assert len(outside.said("The watch cannot read Heroku: billing")) == 1

        outside.heroku.restore_database(unseen)
        assert await guard.lasts(looks=3) == ["heroku cleared"]
        outside.heroku.delete_rule_externally(DATABASE, rule, now=datetime.now(UTC))
        assert await guard.lasts(looks=3) == ["entry cleared"]

"""Messages in Slack stay true and appear once, however late or lost answers are; and the directory sync."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.directory_sync import DirectorySync
from bot.domain import grant as grants
from bot.domain.grant import GrantState, ReasonCode
from bot.domain.request import RequestState
from bot.domain.timings import DEFAULT
from bot.errors import LeaseLostError, StoreUnavailableError
from bot.i18n.translator import Translator
from bot.notifier import ClaimedMessage, Notifier
from bot.ports import MessageKind, OutboxMessage, WorkerName
from bot.ports.assertions import TRUE_WHILE, of_grant
from bot.services import open_services
from bot.slack import SlackClient
from bot.views.render import render
from sandbox.environment import BOT_TOKEN, SIGNING_SECRET
from sandbox.http_server import listening, serving
from sandbox.movable_clock import MovableClock
from sandbox.slack import SlackEmulator, fault_injection
from sandbox.slack.delivery_transport import over
from sandbox.slack.server import app as slack_server
from sandbox.slack.users.simulated_users import People
from sandbox.slack.validation.blocks import validate_message
from storage.transaction import PostgresStore
from tests import database
from tests.flow.actions import Acts, words
from tests.unit import factories
from tests.unit.factories import POLICY
from tests.unit.storage import store_helpers

LINE = "/pgaccess mtls add 203.0.113.4"
PATIENCE = 5.0
"""Seconds that a call may take to reach the emulated Slack; milliseconds are usual."""

KEY = "orphan:1"


# --- notifiers without the rest of the application ----------------------------------------------------


@dataclass(kw_only=True)
class NotifierHarness:
    """Slack, and what a notifier needs to write to it."""

    slack: SlackEmulator
    client: SlackClient
    store: PostgresStore
    engine: AsyncEngine

    def notifier(self) -> Notifier:
        services = open_services(store=self.store, policy=POLICY, clock=MovableClock())
        return Notifier(store=self.store, slack=self.client, policy=POLICY, services=services, note_key=b"")

    async def tell(self, app: str) -> None:
        """Writes a message that belongs to no request."""
        async with self.store.transaction() as tx:
            params = {"app": app, "network": "203.0.113.4/32", "rule": "1"}
            await tx.outbox.add(MessageKind.ORPHAN, to="C0OPERATIONS", key=KEY, params=params)
            await tx.commit()

    async def change(self, app: str) -> None:
        """Changes the same message."""
        await store_helpers.query(
            self.engine,
            "UPDATE outbox SET params = params || jsonb_build_object('app', (:app)::text)",
            app=app,
        )
        async with self.store.transaction() as tx:
            await tx.outbox.refresh(KEY)
            await tx.commit()

    async def run_out(self) -> None:
        """Lets every lease expire, as a minute would."""
        await store_helpers.query(
            self.engine, "UPDATE outbox SET lease_until = now() WHERE lease IS NOT NULL"
        )

    async def show_all(self) -> None:
        """Sends until nothing is due."""
        notifier = self.notifier()
        while (held := await notifier.claim()) is not None:
            await notifier.work(held)

    def shown(self) -> list[str]:
        return [words(message) for message in self.slack.messages("#operations", "lead")]

    async def until_called(self, method: str) -> None:
        """Waits until the call has reached Slack, answered or not."""
        async with asyncio.timeout(PATIENCE):
            while not self.calls(method):
                await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=0.01)

    def calls(self, method: str) -> int:
        return len([entry for entry in self.slack.request_log if entry.name == method])


@pytest.fixture
async def harness(store: PostgresStore, engine: AsyncEngine) -> AsyncIterator[NotifierHarness]:
    slack = SlackEmulator(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        socket, slack.base_url = await enter(listening())
        web = await enter(httpx.AsyncClient(timeout=30, trust_env=False))
        people = People(slack, deliver=over(web), bot_url="http://127.0.0.1:9")
        await enter(serving(slack_server(slack, people), socket))
        client = await enter(SlackClient(token=BOT_TOKEN, url=f"{slack.base_url}/api/"))
        yield NotifierHarness(slack=slack, client=client, store=store, engine=engine)


async def claimed(notifier: Notifier) -> ClaimedMessage:
    held = await notifier.claim()
    assert held is not None
    return held


async def test_a_stopped_notifier_does_not_hide_what_another_sent_meanwhile(
    harness: NotifierHarness,
) -> None:
    await harness.tell("first")
    await harness.show_all()
    await harness.change("old")
    late = harness.notifier()
    held = await claimed(late)
    await harness.run_out()
    await harness.change("new")
    await harness.show_all()
    before = harness.calls("chat.update")
    await late.work(held)
    assert harness.calls("chat.update") == before
    assert "new" in harness.shown()[0]


async def test_a_notifier_whose_lease_is_used_up_begins_no_call(harness: NotifierHarness) -> None:
    await harness.tell("first")
    await harness.show_all()
    await harness.change("old")
    held = await claimed(harness.notifier())
    held.since -= 50
    with pytest.raises(LeaseLostError, match="too little is left"):
        held.begin_call(DEFAULT)
    assert not held.called


async def test_a_message_that_was_sent_too_late_is_sent_once_more(harness: NotifierHarness) -> None:
    await harness.tell("first")
    await harness.show_all()
    await harness.change("old")
    late = harness.notifier()
    held = await claimed(late)
    harness.slack.fault("chat.update", fault_injection.slow(0.5))
    working = asyncio.create_task(late.work(held))
    await harness.until_called("chat.update")
    await harness.run_out()
    await harness.change("new")
    await harness.show_all()
    await working
    assert harness.calls("chat.update") == 2
    await harness.show_all()
    assert harness.calls("chat.update") == 3
    assert len(harness.shown()) == 1
    assert "new" in harness.shown()[0]


async def test_a_search_that_slack_holds_up_is_made_before_anything_is_posted_again(
    harness: NotifierHarness,
) -> None:
    await harness.tell("first")
    harness.slack.fault("chat.postMessage", fault_injection.lost_answer())
    harness.slack.fault("conversations.history", fault_injection.ratelimited(1))
    for _ in range(3):
        await harness.show_all()
        await store_helpers.query(harness.engine, "UPDATE outbox SET due_at = now()")
    assert len(harness.shown()) == 1
    assert harness.calls("chat.postMessage") == 1
    assert await store_helpers.query(
        harness.engine, "SELECT posting_since FROM outbox WHERE ts IS NOT NULL"
    ) == [(None,)]


async def test_a_message_that_slack_refused_is_not_searched_for(harness: NotifierHarness) -> None:
    await harness.tell("first")
    harness.slack.fault("chat.postMessage", fault_injection.error("is_archived"))
    await harness.show_all()
    await store_helpers.query(harness.engine, "UPDATE outbox SET due_at = now()")
    await harness.show_all()
    assert harness.calls("conversations.history") == 0
    assert len(harness.shown()) == 1


async def test_a_refusal_says_nothing_about_an_earlier_attempt(harness: NotifierHarness) -> None:
    await harness.tell("first")
    harness.slack.fault("chat.postMessage", fault_injection.cut_before())
    harness.slack.fault("chat.postMessage", fault_injection.error("is_archived"))
    await harness.show_all()
    await store_helpers.query(harness.engine, "UPDATE outbox SET due_at = now()")
    await harness.show_all()
    await store_helpers.query(harness.engine, "UPDATE outbox SET due_at = now()")
    await harness.show_all()
    assert harness.calls("conversations.history") == 2
    assert len(harness.shown()) == 1


async def test_without_the_right_to_search_a_message_appears_twice_rather_than_never(
    harness: NotifierHarness,
) -> None:
    await harness.tell("first")
    harness.slack.scopes -= {"channels:history"}
    harness.slack.fault("chat.postMessage", fault_injection.cut_before())
    await harness.show_all()
    await store_helpers.query(harness.engine, "UPDATE outbox SET due_at = now()")
    await harness.show_all()
    assert len(harness.shown()) == 1


async def test_what_renders_as_slack_shows_it_is_not_sent_again(harness: NotifierHarness) -> None:
    request, _ = await told_of_request(harness)
    edits = harness.calls("chat.update")
    async with harness.store.transaction() as tx:
        await tx.outbox.requests_changed([request])
        await tx.commit()
    await harness.show_all()
    assert harness.calls("chat.update") == edits
    assert await database.unsent_messages(harness.engine) == 0


async def told_of_request(harness: NotifierHarness) -> tuple[int, str]:
    """A request, and the notification that a direct conversation shows about it."""
    await store_helpers.discover(harness.store)
    grant = await store_helpers.in_force(harness.store)
    async with harness.store.transaction() as tx:
        await tx.requests.record_decision(grant.request, factories.vote())
        kind = MessageKind.IN_FORCE
        asserts = of_grant(kind, grant)
        await tx.outbox.add(kind, to="C0OPERATIONS", key="told", request=grant.request, asserts=asserts)
        await tx.commit()
    await harness.show_all()
    (said,) = harness.shown()
    return grant.request, said


async def test_a_notification_is_edited_once_it_is_no_longer_true(harness: NotifierHarness) -> None:
    request, said = await told_of_request(harness)
    assert "can reach" in said
    async with harness.store.transaction() as tx:
        grant = await tx.grants.of_request(request)
        assert grant is not None
        ending = grants.closing(grant, ReasonCode.DONE)
        await tx.grants.update(grant, ending, doing=store_helpers.BY_LEAD)
        await tx.commit()
    await harness.show_all()
    (said,) = harness.shown()
    assert "has changed since" in said
    assert "is ending" in said
    assert "can reach" not in said


async def test_a_notification_that_somebody_deleted_is_not_posted_again(harness: NotifierHarness) -> None:
    request, _ = await told_of_request(harness)
    (message,) = harness.slack.workspace.messages["C0OPERATIONS"]
    harness.slack.workspace.remove(message)
    async with harness.store.transaction() as tx:
        grant = await tx.grants.of_request(request)
        assert grant is not None
        ending = grants.closing(grant, ReasonCode.DONE)
        await tx.grants.update(grant, ending, doing=store_helpers.BY_LEAD)
        await tx.commit()
    await harness.show_all()
    assert harness.shown() == []
    assert await database.unsent_messages(harness.engine) == 0
    # Nor with any later change.
    async with harness.store.transaction() as tx:
        ended = grants.closed(ending, GrantState.ENDED, now=store_helpers.BY_LEAD.at, reason_code=None)
        await tx.grants.update(ending, ended, doing=store_helpers.BY_LEAD)
        await tx.commit()
    for _ in range(3):
        await harness.show_all()
        async with harness.store.transaction() as tx:
            await tx.outbox.refresh("told")
            await tx.commit()
    assert harness.shown() == []


async def test_a_notification_that_is_found_and_then_deleted_is_not_posted_again(
    harness: NotifierHarness,
) -> None:
    await told_of_request(harness)
    # As if the answer to its post had been lost.
    await store_helpers.query(
        harness.engine,
        "UPDATE outbox SET ts = NULL, posting_since = now(), version = version + 1, due_at = now()",
    )
    harness.slack.fault("chat.update", fault_injection.error("message_not_found"))
    await harness.show_all()
    harness.slack.workspace.remove(harness.slack.workspace.messages["C0OPERATIONS"][0])
    async with harness.store.transaction() as tx:
        await tx.outbox.refresh("told")
        await tx.commit()
    await harness.show_all()
    assert harness.shown() == []
    assert harness.calls("chat.postMessage") == 1


@pytest.mark.parametrize("kind", [MessageKind.IN_FORCE, MessageKind.CARD_APPROVAL, MessageKind.ORPHAN])
@pytest.mark.parametrize("found", [False, True])
async def test_what_slack_does_not_let_be_edited_any_more_stays_and_is_not_tried_for_ever(
    harness: NotifierHarness, kind: MessageKind, found: bool
) -> None:
    await told_of_request(harness)
    params = "params = params || jsonb_build_object('app', 'a', 'network', '203.0.113.4/32', 'rule', '1')"
    request = "NULL" if kind is MessageKind.ORPHAN else "request_id"
    lost = "ts = NULL, posting_since = now()," if found else ""
    await store_helpers.query(
        harness.engine,
        f"UPDATE outbox SET {lost} {params}, kind = '{kind}', request_id = {request}, shown = NULL, "
        "version = version + 1, due_at = now()",
    )
    for _ in range(2):
        harness.slack.fault("chat.update", fault_injection.error("edit_window_closed"))
        await harness.show_all()
        assert await database.unsent_messages(harness.engine) == 0
        # A later change is tried once, and makes no second message.
        async with harness.store.transaction() as tx:
            await tx.outbox.refresh("told")
            await tx.commit()
    assert (harness.calls("chat.update"), harness.calls("chat.postMessage")) == (2, 1)
    assert len(harness.shown()) == 1


@pytest.mark.parametrize("code", ["is_archived", "not_in_channel", "channel_not_found", "restricted_action"])
async def test_what_a_lost_channel_does_not_take_is_tried_less_and_less_up_to_once_an_hour(
    harness: NotifierHarness, code: str
) -> None:
    await harness.tell("first")
    # Those who are told of it instead cannot be told here, which takes two of these.
    for _ in range(10):
        harness.slack.fault("chat.postMessage", fault_injection.error(code))
        await store_helpers.query(
            harness.engine, "UPDATE outbox SET due_at = now() WHERE key = :key", key=KEY
        )
        await harness.notifier().work(await claimed(harness.notifier()))
    wait = await store_helpers.value(
        harness.engine, "SELECT due_at - now() FROM outbox WHERE key = :key", key=KEY
    )
    assert timedelta(minutes=59) < wait <= timedelta(hours=1)


async def card_with_reminder(harness: NotifierHarness) -> None:
    """A card that the channel shows, and a reply to it that is still to be posted."""
    await store_helpers.discover(harness.store)
    request = await store_helpers.ask(harness.store)
    async with harness.store.transaction() as tx:
        await tx.outbox.add_cards(request.id, approvals="C0APPROVALS", requester="U0ENGINEER")
        await tx.commit()
    await harness.show_all()
    async with harness.store.transaction() as tx:
        await tx.outbox.add(MessageKind.REMINDER, to="C0APPROVALS", key=KEY, request=request.id)
        await tx.commit()


@pytest.mark.parametrize(
    "code",
    [
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_thread_only_channel",
    ],
)
async def test_a_reply_that_the_thread_refuses_is_posted_outside_of_it(
    harness: NotifierHarness, code: str
) -> None:
    await card_with_reminder(harness)
    posts = harness.calls("chat.postMessage")
    harness.slack.fault("chat.postMessage", fault_injection.error(code))
    await harness.show_all()
    assert harness.calls("chat.postMessage") == posts + 2
    assert await database.unsent_messages(harness.engine) == 0
    assert await store_helpers.value(harness.engine, "SELECT count(*) FROM lost_channels") == 0


@pytest.mark.parametrize("code", ["restricted_action", "restricted_action_thread_only_channel"])
async def test_a_reply_does_not_bring_back_a_channel_that_takes_no_cards(
    harness: NotifierHarness, code: str
) -> None:
    await card_with_reminder(harness)
    async with harness.store.transaction() as tx:
        params = {"app": "first", "network": "203.0.113.4/32", "rule": "1"}
        await tx.outbox.add(MessageKind.ORPHAN, to="C0APPROVALS", key="finding", params=params)
        await tx.commit()
    only = (
        "UPDATE outbox SET due_at = now() + CASE key WHEN :key THEN interval '0' ELSE interval '1 hour' END"
    )
    for _ in range(2):
        await store_helpers.query(harness.engine, only, key="finding")
        harness.slack.fault("chat.postMessage", fault_injection.error(code))
        await harness.notifier().work(await claimed(harness.notifier()))
    assert await store_helpers.value(harness.engine, "SELECT count(*) FROM lost_channels") == 1
    await store_helpers.query(harness.engine, only, key=KEY)
    await harness.show_all()
    assert await store_helpers.value(harness.engine, "SELECT ts FROM outbox WHERE key = :key", key=KEY)
    assert await store_helpers.value(harness.engine, "SELECT count(*) FROM lost_channels") == 1


async def test_a_reply_outside_of_its_thread_whose_answer_was_lost_is_found_there(
    harness: NotifierHarness,
) -> None:
    await card_with_reminder(harness)
    posts = harness.calls("chat.postMessage")
    refused = fault_injection.error("restricted_action_non_threadable_channel")
    harness.slack.fault("chat.postMessage", refused)
    harness.slack.fault("chat.postMessage", fault_injection.lost_answer())
    await harness.show_all()
    await store_helpers.query(harness.engine, "UPDATE outbox SET due_at = now()")
    await harness.show_all()
    assert harness.calls("chat.postMessage") == posts + 2
    assert await database.unsent_messages(harness.engine) == 0


@pytest.mark.parametrize(("attempts", "most"), [(0, timedelta(seconds=1)), (500, timedelta(hours=1))])
async def test_a_reply_whose_card_does_not_come_waits_longer_after_a_minute(
    harness: NotifierHarness, attempts: int, most: timedelta
) -> None:
    await store_helpers.discover(harness.store)
    request = await store_helpers.ask(harness.store)
    async with harness.store.transaction() as tx:
        await tx.outbox.add(MessageKind.REMINDER, to="C0APPROVALS", key=KEY, request=request.id)
        await tx.commit()
    await store_helpers.query(harness.engine, "UPDATE outbox SET attempts = :attempts", attempts=attempts)
    await harness.notifier().work(await claimed(harness.notifier()))
    wait = await store_helpers.value(harness.engine, "SELECT due_at - now() FROM outbox")
    assert most * 0.9 < wait <= most


async def test_what_a_person_does_not_take_is_tried_each_minute(harness: NotifierHarness) -> None:
    async with harness.store.transaction() as tx:
        params = {"app": "first", "network": "203.0.113.4/32", "rule": "1"}
        await tx.outbox.add(MessageKind.ORPHAN, to="U0LEAD", key=KEY, params=params)
        await tx.commit()
    for _ in range(8):
        harness.slack.fault("chat.postMessage", fault_injection.error("channel_not_found"))
        await store_helpers.query(harness.engine, "UPDATE outbox SET due_at = now()")
        await harness.notifier().work(await claimed(harness.notifier()))
    wait = await store_helpers.value(harness.engine, "SELECT due_at - now() FROM outbox")
    assert wait <= timedelta(minutes=1)
    assert await store_helpers.value(harness.engine, "SELECT count(*) FROM lost_channels") == 0


# --- in the whole environment ------------------------------------------------------------------------------


async def make_messages_due(acts: Acts) -> None:
    """Makes postponed messages due."""
    await acts.query("UPDATE outbox SET due_at = now() WHERE sent_version < version")
    acts.environment.app.wakeups.wake([WorkerName.NOTIFIER])


def replies(acts: Acts) -> list[str]:
    """Messages in the card's thread."""
    standing = acts.environment.slack.workspace.messages["C0APPROVALS"]
    return [one.text for one in standing if one.thread_ts is not None]


async def test_a_reminder_whose_answer_was_lost_appears_once_in_the_thread_of_its_card(acts: Acts) -> None:
    await acts.ask(LINE)
    acts.environment.slack.fault("chat.postMessage", fault_injection.lost_answer())
    await acts.environment.move_time(timedelta(hours=2))
    await acts.until(lambda: replies(acts))

    async def told() -> bool:
        await make_messages_due(acts)
        return not await acts.query("SELECT 1 FROM outbox WHERE sent_version < version")

    await acts.until(told)
    assert len(replies(acts)) == 1


async def test_a_reminder_below_a_deleted_card_brings_the_card_back(acts: Acts) -> None:
    await acts.ask(LINE)

    async def recorded() -> bool:
        return not await acts.query("SELECT 1 FROM outbox WHERE sent_version < version")

    await acts.until(recorded)
    (card,) = acts.environment.slack.workspace.messages["C0APPROVALS"]
    acts.environment.slack.workspace.remove(card)
    await acts.environment.move_time(timedelta(hours=2))

    async def reminded() -> bool:
        await make_messages_due(acts)
        standing = [*map(words, acts.cards()), *replies(acts)]
        return any("still waiting" in said for said in standing) and any("Approve" in s for s in standing)

    await acts.until(reminded)


async def late_notification(acts: Acts, state: str, move: Callable[[], Any]) -> None:
    """Holds back new messages until the grant has reached a state."""
    acts.environment.slack.fault("chat.postMessage", fault_injection.server_error(503, times=None))
    await move()

    async def moved_on() -> bool:
        return await acts.states() == [state]

    await acts.until(moved_on)
    # An attempt that is under way was rendered before: it has to fail before Slack accepts anything.
    attempts = "SELECT id, attempts FROM outbox WHERE sent_version < version"
    earlier = dict(await acts.query(attempts))
    await make_messages_due(acts)

    async def tried_again() -> bool:
        return all(tried > earlier.get(id, -1) for id, tried in await acts.query(attempts))

    await acts.until(tried_again)
    acts.environment.slack.clear_faults()
    await make_messages_due(acts)


async def test_a_message_that_slack_accepts_only_after_the_end_does_not_say_in_force(acts: Acts) -> None:
    await acts.ask(LINE)
    acts.environment.slack.fault("chat.postMessage", fault_injection.server_error(503, times=None))
    await acts.approve()

    async def in_force() -> bool:
        return await acts.states() == ["in_force"]

    await acts.until(in_force)
    await late_notification(acts, "ended", lambda: acts.environment.move_time(timedelta(hours=9)))
    await acts.until(lambda: acts.told("engineer", "#1 was in force and has changed since"))
    await acts.until(lambda: acts.told("engineer", "has ended*"))
    assert not acts.told("engineer", "can reach")
    (late,) = acts.told("engineer", "was in force and has changed since")
    assert "time limit reached" in late


async def test_a_warning_that_slack_accepts_only_after_the_end_does_not_announce_it(acts: Acts) -> None:
    await acts.ask_and_open(LINE)
    acts.environment.slack.fault("chat.postMessage", fault_injection.server_error(503, times=None))
    await acts.environment.move_time(timedelta(hours=7, minutes=45))

    async def warned() -> bool:
        return bool(await acts.query(f"SELECT 1 FROM outbox WHERE kind = '{MessageKind.ENDING}'"))

    await acts.until(warned)
    await late_notification(acts, "ended", lambda: acts.environment.move_time(timedelta(hours=1)))
    await acts.until(lambda: acts.told("engineer", "#1 was about to end"))
    assert not acts.told("engineer", "#1 ends")


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("state", [*GrantState])
@pytest.mark.parametrize("kind", [*TRUE_WHILE])
def test_a_notification_uses_the_present_tense_only_for_the_present(
    kind: MessageKind, state: GrantState, language: str
) -> None:
    granted = factories.grant(state, reason_code=ReasonCode.EXPIRED)
    asked = factories.request(state=RequestState.APPROVED)
    case = factories.case(asked=asked, votes=(factories.vote(),), granted=granted)
    post = OutboxMessage(
        id=1, lease=granted.id, kind=kind, recipient="U0ENGINEER", request=17, channel=None, place=None,
        posting_since=None, version=1, attempts=0, params={},
    )  # fmt: skip
    message = render(post, case, t=Translator(language), policy=POLICY)
    assert validate_message(list(message.blocks), message.text) == []
    late = ("has changed since", "その後状態が変わりました")
    assert any(sign in message.text for sign in late) is (state is not TRUE_WHILE[kind])


# --- directory sync ----------------------------------------------------------------------------------


def directory_sync(acts: Acts) -> DirectorySync:
    app = acts.environment.app
    return DirectorySync(
        store=app.store, heroku=app.heroku, slack=app.slack, policy=app.policy, clock=app.clock
    )


async def due_in(acts: Acts, task: str) -> timedelta:
    ((wait,),) = await acts.query(f"SELECT due_at - now() FROM periodic_tasks WHERE name = '{task}'")
    assert isinstance(wait, timedelta)
    return wait


async def make_due(acts: Acts, task: str) -> None:
    await acts.query(f"UPDATE periodic_tasks SET due_at = now() WHERE name = '{task}'")


async def counting(acts: Acts) -> asyncio.Task[None]:
    """Starts a sync of the users that waits for Slack's slow answer."""
    asked = len([entry for entry in acts.environment.slack.request_log if entry.name == "users.list"])
    acts.environment.slack.fault("users.list", fault_injection.slow(1.5))
    await make_due(acts, "people")
    task = asyncio.create_task(directory_sync(acts).read_people())
    await acts.until(
        lambda: (
            len([entry for entry in acts.environment.slack.request_log if entry.name == "users.list"]) > asked
        )
    )
    return task


async def test_a_slow_sync_does_not_undo_a_deactivation(acts: Acts) -> None:
    count = await counting(acts)
    await acts.environment.people.deactivates("lead")

    async def deactivated() -> bool:
        async with acts.environment.app.store.transaction() as tx:
            person = await tx.slack_users.find("U0LEAD")
            return person is not None and person.deactivated

    await acts.until(deactivated)
    assert not count.done()
    await count
    assert await deactivated()


async def test_a_sync_schedules_its_next_run_when_it_is_done_and_only_then(
    acts: Acts,
) -> None:
    count = await counting(acts)
    assert timedelta(seconds=20) < await due_in(acts, "people") <= timedelta(seconds=30)
    count.cancel()
    await asyncio.wait({count})
    assert await due_in(acts, "people") <= timedelta(seconds=30)
    await make_due(acts, "people")
    await directory_sync(acts).run_due()
    assert timedelta(minutes=4) < await due_in(acts, "people") <= timedelta(minutes=5)


async def test_a_sync_that_the_store_did_not_accept_is_repeated_soon(acts: Acts, database_url: str) -> None:
    count = await counting(acts)
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("LOCK TABLE slack_users IN EXCLUSIVE MODE")
        with pytest.raises(StoreUnavailableError):
            await count
        await other.rollback()
    assert await due_in(acts, "people") <= timedelta(seconds=30)

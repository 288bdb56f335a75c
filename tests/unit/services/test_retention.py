"""What is old is deleted in small steps, and nothing that is still needed or that proves something is."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Table, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.access_history import Sight, evidence_of
from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.policy.periods import KeepPeriods
from bot.domain.policy.rules import Policy
from bot.domain.reports.trouble import Trouble
from bot.domain.retention import BATCH, Expired, following, keep_of
from bot.domain.unmanaged_entry import SeenEntry
from bot.ports import MessageKind
from bot.ports.assertions import TOPICS, Topic
from bot.services import Services
from bot.services.context import ServiceContext
from bot.services.retention import STEPS, TASK, RetentionService
from bot.services.who import read_access
from sandbox.heroku.seeded_random import SeededRandom
from storage.tables import (
    access_reviews,
    audit,
    certificates,
    closings,
    decisions,
    grants,
    idempotency_keys,
    lost_channels,
    mtls_rule_intents,
    mtls_rules,
    observation_gaps,
    operations,
    outages,
    outbox,
    periodic_tasks,
    requests,
    slack_users,
    unmanaged_entries,
)
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions
from tests.unit.services import certificates as issued
from tests.unit.services.actions import ENGINEER, LEAD

DAY: Final = timedelta(days=1)
SECOND: Final = timedelta(seconds=1)
EVIDENCE: Final = (requests, decisions, grants, operations, certificates, audit, access_reviews)
OVER: Final = {GrantState.ENDED}
KEEP: Final = KeepPeriods(unmanaged_entries=365 * DAY)


def retention(store: PostgresStore, clock: SetClock, policy: Policy | None = None) -> RetentionService:
    known = replace(actions.APP, keep=KEEP) if policy is None else policy
    return RetentionService(ServiceContext(store=store, policy=known, clock=clock), pause=timedelta())


async def run(service: RetentionService, engine: AsyncEngine) -> None:
    """Runs until there is nothing left to do today."""
    for _ in range(100):
        await database.make_due(engine, periodic_tasks, name=TASK)
        await service.run_due()
        if await database.values(engine, periodic_tasks, "progress", name=TASK) == [{}]:
            return
    raise AssertionError("it never ends")


async def show_all(engine: AsyncEngine, *, ago: timedelta = 100 * DAY) -> None:
    """Has Slack show every message as it is, and for long."""
    shown = {"sent_version": outbox.c.version, "ts": "1.1", "channel": "C0", "due_at": func.now() - ago}
    async with engine.begin() as connection:
        await connection.execute(update(outbox).values(**shown, posting_since=None, lease=None))


async def evidence(engine: AsyncEngine) -> dict[str, list[tuple[Any, ...]]]:
    found = {table.name: await database.rows(engine, table) for table in EVIDENCE}
    # What a person ended something with is known by the audit trail; the row that they wait for is not kept.
    for table in (grants, operations):
        columns = [column.name for column in table.columns if column.name != "closing_id"]
        found[table.name] = await database.rows(engine, table, *columns)
    return found


async def count(engine: AsyncEngine, table: Table) -> int:
    return await database.count(engine, table)


# --- nothing that is needed ------------------------------------------------------------------------------


async def random_store(store: PostgresStore, services: Services, seed: int) -> dict[int, bool]:
    """Requests in all states, in a random order; returns whether each can still change, by number."""
    chance, states = SeededRandom(seed), (*GrantState, "pending", "denied", "cancelled", "certificate")
    open_ones: dict[int, bool] = {}
    for number in range(1, 22):
        asked = replace(actions.REQUEST_INPUT, address=f"203.0.113.{number}")
        match state := states[chance.uuid().int % len(states)]:
            case "pending":
                open_ones[(await actions.ask(services, asked)).request.id] = True
            case "denied":
                denied = await actions.deny(services, await actions.ask(services, asked))
                open_ones[denied.request.id] = False
            case "cancelled":
                cancelled = (await actions.ask(services, asked)).request.id
                await services.access_requests.cancel(cancelled, person=ENGINEER, key=actions.key())
                open_ones[cancelled] = False
            case "certificate":
                open_ones[await issued.own(store, uuid4())] = True
            case GrantState():
                grant = await actions.opened(store, services, state, request_input=asked)
                # A failed one can be retried up to its end, which is past by the time of the test.
                open_ones[grant.request] = state not in (GrantState.ENDED, GrantState.FAILED)
    return open_ones


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_that_can_still_change_or_that_proves_something_is_deleted(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine, seed: int
) -> None:
    can_change = await random_store(store, services, seed)
    async with store.transaction() as tx:
        await tx.outbox.add(MessageKind.HOME, to=ENGINEER, key="home:U0ENGINEER")
        await tx.outbox.add(MessageKind.RULE_UNMANAGED, to="C0OPERATIONS", key="finding", about=["a"])
        await tx.outbox.add(MessageKind.UNOWNED, to="C0OPERATIONS", key="past")
        listed = [f"request {id}" for id in can_change]
        await tx.outbox.add(MessageKind.ENTITLEMENTS, to="C0APPROVALS", key="weekly", about=listed)
        await tx.commit()
    clock.present = NOW + 10 * DAY
    await show_all(engine)

    async def answers() -> list[object]:
        shown: list[object] = [await services.queries.history(id, person=ENGINEER) for id in can_change]
        async with store.transaction() as tx:
            shown.append(await tx.requests.open_details(requester=ENGINEER, limit=100))
            shown.append(await tx.requests.open_details(requester=None, limit=100))
        return shown

    before, proven = await answers(), await evidence(engine)
    messages = await database.rows(engine, outbox, "request_id", "key")
    await run(retention(store, clock), engine)
    assert await answers() == before
    assert await evidence(engine) == proven
    left = set(await database.rows(engine, outbox, "request_id", "key"))
    needed = {(request, key) for request, key in messages if request is not None and can_change[request]}
    needed |= {(None, "home:U0ENGINEER"), (None, "finding")}
    needed |= {(None, "weekly")} if any(can_change.values()) else set()
    assert left == needed


async def test_a_message_that_is_young_or_not_sent_yet_or_being_posted_stays(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        for key in ("young", "unsent", "posting", "leased", "old"):
            await tx.outbox.add(MessageKind.UNOWNED, to="C0OPERATIONS", key=key)
        await tx.commit()
    await show_all(engine)
    await database.update_rows(engine, outbox, {"due_at": func.now() - 89 * DAY}, key="young")
    await database.update_rows(engine, outbox, {"version": 2}, key="unsent")
    await database.update_rows(engine, outbox, {"posting_since": func.now()}, key="posting")
    await database.update_rows(
        engine, outbox, {"lease": uuid4(), "lease_until": func.now() + DAY}, key="leased"
    )
    await run(retention(store, clock), engine)
    assert set(await database.values(engine, outbox, "key")) == {"young", "unsent", "posting", "leased"}


async def test_a_failed_grant_keeps_its_message_until_the_end_that_was_approved(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services, GrantState.FAILED)
    await show_all(engine)
    await run(retention(store, clock), engine)
    assert await count(engine, outbox) > 0
    assert grant.ends_at is not None
    clock.present = grant.ends_at + timedelta(seconds=1)
    await run(retention(store, clock), engine)
    assert await count(engine, outbox) == 0


async def test_of_what_nobody_settles_only_kinds_go_that_are_known_to_be_over(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        for kind in MessageKind:
            await tx.outbox.add(kind, to="C0OPERATIONS", key=kind)
        await tx.commit()
    await show_all(engine)
    await run(retention(store, clock), engine)
    findings = {kind for kind, topic in TOPICS.items() if topic is Topic.FINDING}
    left = {MessageKind(kind) for kind in await database.values(engine, outbox, "kind")}
    assert left == findings | {
        *(MessageKind.HOME, MessageKind.DOWNLOAD_LINK, MessageKind.TICKET, MessageKind.ACCESS_REVIEW)
    }


async def test_what_is_going_on_keeps_what_tells_of_it(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    going_on = (MessageKind.HEROKU_TROUBLE, MessageKind.CLOSING_LATE, MessageKind.CHANNEL_LOST)
    async with store.transaction() as tx:
        for kind in going_on:
            await tx.outbox.add(kind, to="C0OPERATIONS", key=kind)
        await tx.commit()
    async with engine.begin() as connection:
        await connection.execute(insert(closings).values(person=LEAD, begun_at=NOW))
        await connection.execute(insert(lost_channels).values(id="C0", error="gone", since=NOW, told=[]))
        await connection.execute(
            insert(outages).values(trouble=Trouble.UNREACHABLE, status="503", error="", since=NOW)
        )
    await show_all(engine)
    await run(retention(store, clock), engine)
    assert set(await database.values(engine, outbox, "kind")) == set(going_on)


async def test_the_message_of_an_access_review_stays_until_the_next_one_begins(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    begun = [uuid4().hex, uuid4().hex]
    async with store.transaction() as tx:
        for key in begun:
            review = await tx.access_reviews.begin([], at=NOW, answer_by=NOW)
            params = {"review": str(review), "group": "1"}
            await tx.outbox.add(MessageKind.ACCESS_REVIEW, to="C0APPROVALS", key=key, params=params)
        await tx.commit()
    await show_all(engine)
    await run(retention(store, clock), engine)
    assert await database.values(engine, outbox, "key") == begun[1:]


async def test_what_changes_after_it_was_looked_at_is_still_edited(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    await show_all(engine)
    await run(retention(store, clock), engine)
    await services.grants.end(grant.request, person=ENGINEER, key=actions.key())
    assert all(version > 1 for version in await actions.card_versions(engine))


# --- what is deleted ---------------------------------------------------------------------------------------


async def test_each_kind_of_row_goes_once_it_is_old_enough_and_not_before(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    target = factories.database().id
    old, young = func.now() - 91 * DAY, func.now() - 89 * DAY
    times = {"old": NOW, "young": NOW + 2 * DAY}
    async with engine.begin() as connection:
        for key, days in (("old", 8), ("young", 6)):
            await connection.execute(insert(idempotency_keys).values(key=key, at=func.now() - days * DAY))
        for number, (absent, adopted) in enumerate(
            [(old, False), (young, False), (old, True), (None, False)]
        ):
            intent = UUID(int=number)
            network = factories.NETWORK
            await connection.execute(
                insert(mtls_rule_intents).values(
                    id=intent, target_id=target, network=network, marker="m", resolved=True,
                    ambiguous_until=old, at=old,
                )
            )  # fmt: skip
            await connection.execute(
                insert(mtls_rules).values(
                    rule_id=UUID(int=number), target_id=target, intent_id=intent, network=network,
                    adopted=adopted, absent_at=absent,
                )
            )  # fmt: skip
        for moment in times.values():
            await connection.execute(insert(closings).values(person=LEAD, begun_at=NOW, closed_at=moment))
            await connection.execute(
                insert(outages).values(
                    trouble=Trouble.UNREACHABLE, status="503", error="", since=NOW, ended_at=moment
                )
            )
        for number, gone in enumerate([NOW - 275 * DAY, NOW, None]):
            await connection.execute(
                insert(unmanaged_entries).values(
                    target_id=target, method=Method.MTLS, entry=str(number), subject="203.0.113.4/32",
                    first_seen_at=NOW - 300 * DAY, absent_at=gone,
                )
            )  # fmt: skip
    clock.present = NOW + 91 * DAY
    await run(retention(store, clock), engine)
    assert await database.values(engine, idempotency_keys, "key") == ["young"]
    assert await database.values(engine, mtls_rules, "rule_id") == [UUID(int=n) for n in (1, 2, 3)]
    assert await database.values(engine, mtls_rule_intents, "id") == [UUID(int=n) for n in (1, 2, 3)]
    assert await database.values(engine, closings, "closed_at") == [times["young"]]
    assert await database.values(engine, outages, "ended_at") == [times["young"]]
    assert await database.values(engine, unmanaged_entries, "entry") == ["1", "2"]


async def test_of_what_is_deleted_nobody_is_told_that_there_was_nothing(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    target, seen = factories.database().id, SeenEntry(entry=str(UUID(int=7)), subject="198.51.100.0/24")
    async with store.transaction() as tx:
        await tx.access_history.note_gap(target, Method.MTLS, since=None, until=NOW - DAY)
        await tx.unmanaged_entries.record(target, Method.MTLS, [seen], at=NOW)
        await tx.unmanaged_entries.record(target, Method.MTLS, [], at=NOW + 3 * DAY)
        await tx.unmanaged_entries.record(target, Method.MTLS, [seen], at=NOW + 4 * DAY)
        await tx.commit()
    clock.present = NOW + 400 * DAY
    await run(retention(store, clock), engine)
    (left,) = await database.values(engine, unmanaged_entries, "absent_at")
    assert left is None
    for moment, entries, sight in (
        (NOW + DAY, 0, Sight.GAP),
        (NOW + 3 * DAY - SECOND, 0, Sight.GAP),
        (NOW + 3 * DAY, 0, Sight.OBSERVED),
        (NOW + 4 * DAY, 1, Sight.OBSERVED),
    ):
        async with store.transaction() as tx:
            access = await read_access(tx.access_history, [target], moment)
            (listed,) = await tx.access_history.observed_lists([target])
        assert len(access.unmanaged) == entries
        seen_then = evidence_of(replace(listed, observed_at=clock.present), moment)
        assert seen_then.sight is sight
        assert seen_then.since is None
    assert await database.count(engine, observation_gaps) == 1


async def test_a_closing_goes_and_the_grant_that_it_ended_stays(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    grant = await actions.opened(store, services)
    await services.grants.end(grant.request, person=ENGINEER, key=actions.key())
    await database.update_rows(engine, closings, {"closed_at": NOW})
    clock.present = NOW + 91 * DAY
    await run(retention(store, clock), engine)
    assert await count(engine, closings) == 0
    assert await database.values(engine, grants, "closing_id") == [None]


async def test_the_name_of_a_leaver_is_forgotten_and_does_not_come_back_from_slack(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    gone = factories.person(ENGINEER, deactivated=True)
    await actions.know(store, gone)
    await run(retention(store, clock), engine)
    assert await database.value(engine, slack_users, "name", id=ENGINEER) == gone.name
    await database.make_older(engine, slack_users, "left_at", by=91 * DAY, id=ENGINEER)
    await run(retention(store, clock), engine)
    await actions.know(store, gone)
    assert await database.value(engine, slack_users, "name", id=ENGINEER) == ""
    await actions.know(store, replace(gone, deactivated=False))
    assert await database.value(engine, slack_users, "name", id=ENGINEER) == gone.name
    await run(retention(store, clock), engine)
    assert await database.value(engine, slack_users, "left_at", id=ENGINEER) is None


async def test_zero_keeps_for_ever_and_an_unreadable_policy_deletes_nothing(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    never = timedelta()
    for_ever = KeepPeriods(idempotency_keys=never, messages=never, names=never, entries=never)
    await actions.opened(store, services, GrantState.ENDED)
    await show_all(engine, ago=10_000 * DAY)
    await database.make_older(engine, idempotency_keys, "at", by=10_000 * DAY)
    before = (await count(engine, outbox), await count(engine, idempotency_keys))
    clock.present = NOW + 10_000 * DAY
    await run(retention(store, clock, replace(actions.APP, keep=for_ever)), engine)
    await database.make_due(engine, periodic_tasks, name=TASK)
    await retention(store, clock, replace(actions.APP, readable=False)).run_due()
    assert (await count(engine, outbox), await count(engine, idempotency_keys)) == before


# --- in small steps ----------------------------------------------------------------------------------------


BACKLOG: Final = BATCH * STEPS + BATCH // 2


@pytest.fixture
async def backlog(services: Services, engine: AsyncEngine) -> int:
    """More keys than one run deletes."""
    async with engine.begin() as connection:
        numbers = select(func.concat("key:", func.generate_series(1, BACKLOG)), func.now() - 8 * DAY)
        await connection.execute(insert(idempotency_keys).from_select(["key", "at"], numbers))
    return BACKLOG


async def test_a_big_backlog_takes_several_runs_and_no_transaction_takes_more_than_a_batch(
    backlog: int, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    service = retention(store, clock)
    await service.run_due()
    assert await count(engine, idempotency_keys) == backlog - BATCH * STEPS
    await service.run_due()
    assert await count(engine, idempotency_keys) == 0


async def test_a_process_that_is_killed_in_the_middle_loses_one_batch_and_another_goes_on(
    backlog: int, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    running = asyncio.create_task(retention(store, clock).run_due())
    for _ in range(10_000):
        if await count(engine, idempotency_keys) <= backlog - 3 * BATCH:
            break
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    left = await count(engine, idempotency_keys)
    assert 0 < left <= backlog - 3 * BATCH
    assert (backlog - left) % BATCH == 0
    # Nobody else takes over while it might still be running.
    await retention(store, clock).run_due()
    assert await count(engine, idempotency_keys) == left
    await run(retention(store, clock), engine)
    assert await count(engine, idempotency_keys) == 0


async def test_two_processes_at_once_delete_everything_once(
    backlog: int, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    for _ in range(5):
        await database.make_due(engine, periodic_tasks, name=TASK)
        await asyncio.gather(retention(store, clock).run_due(), retention(store, clock).run_due())
    await run(retention(store, clock), engine)
    assert await count(engine, idempotency_keys) == 0


async def test_messages_that_stay_are_looked_at_once_in_a_pass(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    async with engine.begin() as connection:
        numbers = func.generate_series(1, 3 * BATCH + 1).column_valued("n")
        rows = select(
            func.concat("m:", numbers), func.text("home"), func.text(ENGINEER), func.now() - 100 * DAY
        )
        await connection.execute(insert(outbox).from_select(["key", "kind", "recipient", "due_at"], rows))
        await connection.execute(update(outbox).values(sent_version=outbox.c.version))
    places = []
    after: str | None = ""
    while after is not None:
        async with store.transaction() as tx:
            after = await tx.retention.delete(
                Expired.MESSAGES, keep=90 * DAY, now=NOW, after=after, limit=BATCH
            )
            await tx.commit()
        places.append(after)
    assert len(places) == 4
    assert await count(engine, outbox) == 3 * BATCH + 1


# --- in what order, and how long ---------------------------------------------------------------------------


def test_everything_comes_once_and_then_the_task_is_done() -> None:
    found, expired = [], following(None)
    while expired is not None:
        found.append(expired)
        expired = following(expired)
    assert found == list(Expired)


def test_each_has_a_length_in_the_policy_and_zero_is_for_ever() -> None:
    lengths = KeepPeriods(
        idempotency_keys=DAY, messages=2 * DAY, names=3 * DAY, entries=4 * DAY, unmanaged_entries=timedelta()
    )
    found = {expired: keep_of(expired, lengths) for expired in Expired}
    assert found[Expired.IDEMPOTENCY_KEYS] == DAY
    assert found[Expired.MESSAGES] == 2 * DAY
    assert found[Expired.NAMES] == found[Expired.LEAVERS] == 3 * DAY
    assert found[Expired.UNMANAGED_ENTRIES] is None
    assert {found[each] for each in Expired if each not in _NAMED} == {4 * DAY}


_NAMED: Final = {
    *(Expired.IDEMPOTENCY_KEYS, Expired.MESSAGES, Expired.NAMES, Expired.LEAVERS),
    Expired.UNMANAGED_ENTRIES,
}

"""The outbox: keys are unique, changed messages are sent again, failed ones are postponed."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.errors import LeaseLostError
from bot.ports import MessageKind, MessageRef, OutboxMessage
from storage.tables import outbox
from storage.transaction import PostgresStore
from tests import database
from tests.unit.storage import store_helpers

PLACE = MessageRef(channel="C0APPROVALS", ts="1764000000.000100")


async def add(
    store: PostgresStore,
    key: str,
    *,
    kind: MessageKind = MessageKind.CARD_APPROVAL,
    request: int | None = None,
) -> None:
    async with store.transaction() as tx:
        await tx.outbox.add(kind, to="C0APPROVALS", key=key, request=request, params={"app": key})
        await tx.commit()


async def claim(store: PostgresStore) -> OutboxMessage | None:
    async with store.transaction() as tx:
        post = await tx.outbox.claim()
        await tx.commit()
        return post


async def show(store: PostgresStore, post: OutboxMessage) -> None:
    async with store.transaction() as tx:
        await tx.outbox.sent(post, PLACE)
        await tx.commit()


async def refresh(store: PostgresStore, request: int) -> None:
    async with store.transaction() as tx:
        await tx.outbox.refresh_cards(request)
        await tx.commit()


async def begin_post(store: PostgresStore, post: OutboxMessage) -> None:
    """Records that a message is about to be posted."""
    async with store.transaction() as tx:
        await tx.outbox.begin_post(post, channel=PLACE.channel)
        await tx.commit()


async def next_due(store: PostgresStore) -> timedelta | None:
    async with store.transaction() as tx:
        return await tx.outbox.next_due()


async def run_out(engine: AsyncEngine) -> None:
    await database.make_older(engine, outbox, "lease_until", by=timedelta(seconds=61))


async def number(store: PostgresStore) -> int:
    """The number of a request that messages can refer to."""
    await store_helpers.discover(store)
    return (await store_helpers.ask(store)).id


async def test_a_key_is_added_once(store: PostgresStore, engine: AsyncEngine) -> None:
    await add(store, "orphan:1", kind=MessageKind.ORPHAN)
    await add(store, "orphan:1", kind=MessageKind.ORPHAN)
    await add(store, "orphan:2", kind=MessageKind.ORPHAN)
    assert (await store_helpers.counts(engine))["outbox"] == 2


async def test_a_message_is_claimed_with_everything_that_it_says(store: PostgresStore) -> None:
    request = await number(store)
    await add(store, "approval:1", request=request)
    post = await store_helpers.take_message(store)
    assert (post.kind, post.recipient, post.request) == (MessageKind.CARD_APPROVAL, "C0APPROVALS", request)
    assert (post.channel, post.place, post.posting_since) == (None, None, None)
    assert (post.version, post.attempts, post.params) == (1, 0, {"app": "approval:1"})


async def test_nothing_is_due_once_everything_is_sent(store: PostgresStore) -> None:
    assert await claim(store) is None
    assert await next_due(store) is None
    await add(store, "approval:1")
    assert await next_due(store) == timedelta()
    await show(store, await store_helpers.take_message(store))
    assert await claim(store) is None
    assert await next_due(store) is None


async def test_a_claimed_message_is_not_claimed_again(store: PostgresStore) -> None:
    await add(store, "approval:1")
    await store_helpers.take_message(store)
    assert await claim(store) is None


async def test_a_post_is_recorded_before_it_is_made(store: PostgresStore, engine: AsyncEngine) -> None:
    await add(store, "approval:1")
    await begin_post(store, await store_helpers.take_message(store))
    await run_out(engine)
    found = await store_helpers.take_message(store)
    assert (found.channel, found.place) == (PLACE.channel, None)
    assert found.posting_since is not None


async def test_a_second_attempt_is_searched_from_the_first_one_on(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await add(store, "approval:1")
    await begin_post(store, await store_helpers.take_message(store))
    await database.make_older(engine, outbox, "posting_since", by=timedelta(hours=1))
    first = await database.value(engine, outbox, "posting_since")
    await run_out(engine)
    await begin_post(store, await store_helpers.take_message(store))
    assert await database.value(engine, outbox, "posting_since") == first


async def test_a_posted_message_is_edited_where_it_is(store: PostgresStore) -> None:
    request = await number(store)
    await add(store, "approval:1", request=request)
    post = await store_helpers.take_message(store)
    await begin_post(store, post)
    await show(store, post)
    await refresh(store, request)
    again = await store_helpers.take_message(store)
    assert (again.place, again.version, again.posting_since) == (PLACE, 2, None)


async def test_only_cards_of_that_request_are_refreshed(store: PostgresStore) -> None:
    request = await number(store)
    other = (await store_helpers.ask(store)).id
    await add(store, "approval", request=request)
    await add(store, "requester", kind=MessageKind.CARD_REQUESTER, request=request)
    await add(store, "decided", kind=MessageKind.DECIDED, request=request)
    await add(store, "approval of another", request=other)
    for _ in range(4):
        await show(store, await store_helpers.take_message(store))
    await refresh(store, request)
    behind = [await store_helpers.take_message(store) for _ in range(2)]
    assert {post.kind for post in behind} == {MessageKind.CARD_APPROVAL, MessageKind.CARD_REQUESTER}
    assert {post.request for post in behind} == {request}
    assert await claim(store) is None


async def test_a_message_that_changes_while_it_is_sent_is_due_again(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await number(store)
    await add(store, "approval:1", request=request)
    post = await store_helpers.take_message(store)
    await refresh(store, request)
    await show(store, post)
    assert await database.rows(engine, outbox, "sent_version", "version") == [(1, 2)]
    assert await next_due(store) == timedelta()
    assert (await store_helpers.take_message(store)).version == 2


async def test_what_slack_rejected_need_not_be_searched_for(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await add(store, "approval:1")
    post = await store_helpers.take_message(store)
    await begin_post(store, post)
    async with store.transaction() as tx:
        await tx.outbox.not_sent(post, gone=False)
        await tx.outbox.postpone(post, by=timedelta())
        await tx.commit()
    again = await store_helpers.take_message(store)
    assert (again.posting_since, again.channel, again.attempts) == (None, PLACE.channel, 1)


async def test_a_deleted_message_is_posted_again(store: PostgresStore) -> None:
    request = await number(store)
    await add(store, "approval:1", request=request)
    await show(store, await store_helpers.take_message(store))
    await refresh(store, request)
    post = await store_helpers.take_message(store)
    async with store.transaction() as tx:
        await tx.outbox.not_sent(post, gone=True)
        await tx.outbox.postpone(post, by=timedelta())
        await tx.commit()
    again = await store_helpers.take_message(store)
    assert (again.place, again.channel) == (None, PLACE.channel)


async def test_a_postponed_message_is_due_after_its_delay(store: PostgresStore, engine: AsyncEngine) -> None:
    await add(store, "approval:1")
    post = await store_helpers.take_message(store)
    async with store.transaction() as tx:
        await tx.outbox.postpone(post, by=timedelta(seconds=30))
        await tx.commit()
    due = await next_due(store)
    assert due is not None
    assert timedelta(seconds=25) < due <= timedelta(seconds=30)
    assert await claim(store) is None
    await database.make_older(engine, outbox, "due_at", by=timedelta(seconds=30))
    assert (await store_helpers.take_message(store)).attempts == 1


async def test_a_postponed_message_is_due_at_once_for_a_newer_version(
    store: PostgresStore,
) -> None:
    request = await number(store)
    await add(store, "approval:1", request=request)
    post = await store_helpers.take_message(store)
    await refresh(store, request)
    async with store.transaction() as tx:
        await tx.outbox.postpone(post, by=timedelta(hours=1))
        await tx.commit()
    assert (await store_helpers.take_message(store)).version == 2


async def test_a_refresh_makes_a_postponed_card_due(store: PostgresStore) -> None:
    request = await number(store)
    await add(store, "approval:1", request=request)
    post = await store_helpers.take_message(store)
    async with store.transaction() as tx:
        await tx.outbox.postpone(post, by=timedelta(hours=1))
        await tx.commit()
    await refresh(store, request)
    assert (await store_helpers.take_message(store)).version == 2


async def test_a_lease_that_is_renewed_lasts_anew(store: PostgresStore, engine: AsyncEngine) -> None:
    await add(store, "orphan:1", kind=MessageKind.ORPHAN)
    post = await store_helpers.take_message(store)
    await database.make_older(engine, outbox, "lease_until", by=timedelta(seconds=50))
    async with store.transaction() as tx:
        await tx.outbox.renew(post)
        await tx.commit()
    left = await database.time_left(engine, outbox, "lease_until")
    assert timedelta(seconds=55) < left <= timedelta(seconds=60)


async def test_what_was_edited_after_the_lease_was_lost_is_sent_again(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await add(store, "orphan:1", kind=MessageKind.ORPHAN)
    late = await store_helpers.take_message(store)
    await run_out(engine)
    await show(store, await store_helpers.take_message(store))
    assert await claim(store) is None
    async with store.transaction() as tx:
        await tx.outbox.resend(late)
        await tx.commit()
    again = await store_helpers.take_message(store)
    assert (again.place, again.version) == (PLACE, 2)


async def test_nothing_is_recorded_after_the_lease_was_lost(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await add(store, "approval:1")
    late = await store_helpers.take_message(store)
    await run_out(engine)
    await store_helpers.take_message(store)
    before = await database.rows(engine, outbox)
    with pytest.raises(LeaseLostError):
        await begin_post(store, late)
    with pytest.raises(LeaseLostError):
        async with store.transaction() as tx:
            await tx.outbox.renew(late)
    with pytest.raises(LeaseLostError):
        await show(store, late)
    with pytest.raises(LeaseLostError):
        async with store.transaction() as tx:
            await tx.outbox.not_sent(late, gone=True)
    with pytest.raises(LeaseLostError):
        async with store.transaction() as tx:
            await tx.outbox.postpone(late, by=timedelta())
    assert await database.rows(engine, outbox) == before

"""Cards and notices: what is told once, what is shown afresh, and what becomes of a post that fails."""

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


async def tell(
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


async def announce(store: PostgresStore, post: OutboxMessage) -> None:
    """Notes that a post is about to be made."""
    async with store.transaction() as tx:
        await tx.outbox.begin_post(post, channel=PLACE.channel)
        await tx.commit()


async def next_due(store: PostgresStore) -> timedelta | None:
    async with store.transaction() as tx:
        return await tx.outbox.next_due()


async def run_out(engine: AsyncEngine) -> None:
    await database.make_older(engine, outbox, "lease_until", by=timedelta(seconds=61))


async def number(store: PostgresStore) -> int:
    """A request's number that posts can refer to."""
    await store_helpers.discover(store)
    return (await store_helpers.ask(store)).id


async def test_a_key_is_told_once(store: PostgresStore, engine: AsyncEngine) -> None:
    await tell(store, "stray:1", kind=MessageKind.ORPHAN)
    await tell(store, "stray:1", kind=MessageKind.ORPHAN)
    await tell(store, "stray:2", kind=MessageKind.ORPHAN)
    assert (await store_helpers.counts(engine))["outbox"] == 2


async def test_what_is_to_be_told_is_claimed_with_all_that_it_says(store: PostgresStore) -> None:
    request = await number(store)
    await tell(store, "approval:1", request=request)
    post = await store_helpers.take_post(store)
    assert (post.kind, post.recipient, post.request) == (MessageKind.CARD_APPROVAL, "C0APPROVALS", request)
    assert (post.channel, post.place, post.posting_since) == (None, None, None)
    assert (post.version, post.attempts, post.params) == (1, 0, {"app": "approval:1"})


async def test_all_is_told_when_nothing_is_behind(store: PostgresStore) -> None:
    assert await claim(store) is None
    assert await next_due(store) is None
    await tell(store, "approval:1")
    assert await next_due(store) == timedelta()
    await show(store, await store_helpers.take_post(store))
    assert await claim(store) is None
    assert await next_due(store) is None


async def test_a_post_that_a_courier_holds_is_not_given_to_another(store: PostgresStore) -> None:
    await tell(store, "approval:1")
    await store_helpers.take_post(store)
    assert await claim(store) is None


async def test_a_post_is_announced_before_it_is_made(store: PostgresStore, engine: AsyncEngine) -> None:
    await tell(store, "approval:1")
    await announce(store, await store_helpers.take_post(store))
    await run_out(engine)
    found = await store_helpers.take_post(store)
    assert (found.channel, found.place) == (PLACE.channel, None)
    assert found.posting_since is not None


async def test_a_second_try_is_still_searched_from_the_first_one_on(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await tell(store, "approval:1")
    await announce(store, await store_helpers.take_post(store))
    await database.make_older(engine, outbox, "posting_since", by=timedelta(hours=1))
    first = await database.value(engine, outbox, "posting_since")
    await run_out(engine)
    await announce(store, await store_helpers.take_post(store))
    assert await database.value(engine, outbox, "posting_since") == first


async def test_a_post_that_stands_is_edited_where_it_stands(store: PostgresStore) -> None:
    request = await number(store)
    await tell(store, "approval:1", request=request)
    post = await store_helpers.take_post(store)
    await announce(store, post)
    await show(store, post)
    await refresh(store, request)
    again = await store_helpers.take_post(store)
    assert (again.place, again.version, again.posting_since) == (PLACE, 2, None)


async def test_only_cards_of_that_request_are_shown_afresh(store: PostgresStore) -> None:
    request = await number(store)
    other = (await store_helpers.ask(store)).id
    await tell(store, "approval", request=request)
    await tell(store, "requester", kind=MessageKind.CARD_REQUESTER, request=request)
    await tell(store, "decided", kind=MessageKind.DECIDED, request=request)
    await tell(store, "approval of another", request=other)
    for _ in range(4):
        await show(store, await store_helpers.take_post(store))
    await refresh(store, request)
    behind = [await store_helpers.take_post(store) for _ in range(2)]
    assert {post.kind for post in behind} == {MessageKind.CARD_APPROVAL, MessageKind.CARD_REQUESTER}
    assert {post.request for post in behind} == {request}
    assert await claim(store) is None


async def test_what_changes_while_it_is_being_shown_is_behind_again(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await number(store)
    await tell(store, "approval:1", request=request)
    post = await store_helpers.take_post(store)
    await refresh(store, request)
    await show(store, post)
    assert await database.rows(engine, outbox, "sent_version", "version") == [(1, 2)]
    assert await next_due(store) == timedelta()
    assert (await store_helpers.take_post(store)).version == 2


async def test_what_slack_did_not_take_need_not_be_searched_for(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await tell(store, "approval:1")
    post = await store_helpers.take_post(store)
    await announce(store, post)
    async with store.transaction() as tx:
        await tx.outbox.not_sent(post, gone=False)
        await tx.outbox.postpone(post, by=timedelta())
        await tx.commit()
    again = await store_helpers.take_post(store)
    assert (again.posting_since, again.channel, again.attempts) == (None, PLACE.channel, 1)


async def test_what_somebody_deleted_is_posted_afresh(store: PostgresStore) -> None:
    request = await number(store)
    await tell(store, "approval:1", request=request)
    await show(store, await store_helpers.take_post(store))
    await refresh(store, request)
    post = await store_helpers.take_post(store)
    async with store.transaction() as tx:
        await tx.outbox.not_sent(post, gone=True)
        await tx.outbox.postpone(post, by=timedelta())
        await tx.commit()
    again = await store_helpers.take_post(store)
    assert (again.place, again.channel) == (None, PLACE.channel)


async def test_a_postponed_post_comes_again_after_its_time(store: PostgresStore, engine: AsyncEngine) -> None:
    await tell(store, "approval:1")
    post = await store_helpers.take_post(store)
    async with store.transaction() as tx:
        await tx.outbox.postpone(post, by=timedelta(seconds=30))
        await tx.commit()
    due = await next_due(store)
    assert due is not None
    assert timedelta(seconds=25) < due <= timedelta(seconds=30)
    assert await claim(store) is None
    await database.make_older(engine, outbox, "due_at", by=timedelta(seconds=30))
    assert (await store_helpers.take_post(store)).attempts == 1


async def test_a_postponed_post_comes_again_at_once_when_it_is_to_show_something_newer(
    store: PostgresStore,
) -> None:
    request = await number(store)
    await tell(store, "approval:1", request=request)
    post = await store_helpers.take_post(store)
    await refresh(store, request)
    async with store.transaction() as tx:
        await tx.outbox.postpone(post, by=timedelta(hours=1))
        await tx.commit()
    assert (await store_helpers.take_post(store)).version == 2


async def test_news_end_the_waiting_of_a_postponed_card(store: PostgresStore) -> None:
    request = await number(store)
    await tell(store, "approval:1", request=request)
    post = await store_helpers.take_post(store)
    async with store.transaction() as tx:
        await tx.outbox.postpone(post, by=timedelta(hours=1))
        await tx.commit()
    await refresh(store, request)
    assert (await store_helpers.take_post(store)).version == 2


async def test_a_lease_that_is_renewed_lasts_anew(store: PostgresStore, engine: AsyncEngine) -> None:
    await tell(store, "stray:1", kind=MessageKind.ORPHAN)
    post = await store_helpers.take_post(store)
    await database.make_older(engine, outbox, "lease_until", by=timedelta(seconds=50))
    async with store.transaction() as tx:
        await tx.outbox.renew(post)
        await tx.commit()
    left = await database.time_left(engine, outbox, "lease_until")
    assert timedelta(seconds=55) < left <= timedelta(seconds=60)


async def test_what_a_late_courier_may_have_shown_is_shown_afresh(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await tell(store, "stray:1", kind=MessageKind.ORPHAN)
    late = await store_helpers.take_post(store)
    await run_out(engine)
    await show(store, await store_helpers.take_post(store))
    assert await claim(store) is None
    async with store.transaction() as tx:
        await tx.outbox.resend(late)
        await tx.commit()
    again = await store_helpers.take_post(store)
    assert (again.place, again.version) == (PLACE, 2)


async def test_a_courier_that_came_too_late_records_nothing(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await tell(store, "approval:1")
    late = await store_helpers.take_post(store)
    await run_out(engine)
    await store_helpers.take_post(store)
    before = await database.rows(engine, outbox)
    with pytest.raises(LeaseLostError):
        await announce(store, late)
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

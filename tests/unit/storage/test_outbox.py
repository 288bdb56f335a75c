"""The outbox: keys are unique, changed messages are sent again, failed ones are postponed."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Network
from uuid import UUID

import pytest
from sqlalchemy import Text, literal, type_coerce
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.method import Method
from bot.domain.request import Kind
from bot.domain.target import Space
from bot.errors import LeaseLostError
from bot.ports import MessageKind, MessageRef, OutboxMessage
from bot.ports.assertions import SUPERSEDED, TOPICS, listed_request
from storage.tables import outbox
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW
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


async def line(store: PostgresStore, request: int) -> None:
    """Writes an audit line about a request."""
    async with store.transaction() as tx:
        await tx.audit.write(store_helpers.BY_LEAD, subject="grant", before="", after="done", request=request)
        await tx.commit()


async def show_all(store: PostgresStore) -> None:
    while (post := await claim(store)) is not None:
        await show(store, post)


async def behind(store: PostgresStore) -> list[OutboxMessage]:
    """The messages that are due."""
    found = []
    while (post := await claim(store)) is not None:
        found.append(post)
    return found


async def test_an_audit_line_marks_what_can_stop_being_true_of_its_request(store: PostgresStore) -> None:
    request = await number(store)
    other = (await store_helpers.ask(store)).id
    for kind in MessageKind:
        await add(store, kind, kind=kind, request=request)
        await add(store, f"{kind} of another", kind=kind, request=other)
    await show_all(store)
    await line(store, request)
    found = await behind(store)
    assert {post.request for post in found} == {request}
    assert {post.kind for post in found} == {kind for kind in TOPICS if TOPICS[kind].follows_request}


async def test_a_change_of_a_grant_marks_what_extends_it_and_the_other_way_round(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await store_helpers.discover(store)
    grant = await store_helpers.in_force(store)
    extension = replace(factories.request(kind=Kind.EXTEND), grant=grant.id)
    extending = (await store_helpers.record(store, extension)).id
    await add(store, "of the grant", request=grant.request)
    await add(store, "of the extension", request=extending)
    await show_all(store)
    for changed in (grant.request, extending):
        await line(store, changed)
        assert {post.request for post in await behind(store)} == {grant.request, extending}
        await database.end_leases(engine, outbox)
        await show_all(store)


@pytest.mark.parametrize(
    ("network", "marked"), [("203.0.113.0/24", True), ("203.0.113.4/32", True), ("198.51.100.0/24", False)]
)
async def test_a_change_of_a_grant_marks_what_is_said_of_the_same_address(
    store: PostgresStore, engine: AsyncEngine, network: str, marked: bool
) -> None:
    await store_helpers.discover(store, factories.database(), factories.database("crm", 2))
    first = await store_helpers.in_force(store, network=IPv4Network("203.0.113.4/32"))
    second = await store_helpers.in_force(store, network=IPv4Network(network))
    for kind in (MessageKind.CARD_APPROVAL, MessageKind.ENDING, MessageKind.IN_FORCE, MessageKind.ENDED):
        await add(store, kind, kind=kind, request=first.request)
    await show_all(store)
    await line(store, second.request)
    kinds = {MessageKind.CARD_APPROVAL, MessageKind.ENDING, MessageKind.IN_FORCE}
    assert {post.kind for post in await behind(store)} == (kinds if marked else set())


async def test_a_range_of_the_space_and_an_address_at_its_database_mark_each_other(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    space = Space(id=UUID(int=21), name="acme-private", region="virginia", shield=False)
    inside = replace(factories.database(), space_id=space.id)
    outside = replace(factories.database("crm", 2), space_id=UUID(int=22))
    async with store.transaction() as tx:
        await tx.targets.save_discovery([inside, outside], [space])
        await tx.commit()
    made = {}
    for target in (inside, outside, space):
        method = Method.TRUSTED if isinstance(target, Space) else Method.MTLS
        asked = factories.request()
        asked = replace(asked, terms=replace(asked.terms, target=target.id, method=method))
        grant = await store_helpers.approve(store, await store_helpers.record(store, asked))
        made[target.id] = grant.request
        await add(store, str(grant.request), kind=MessageKind.CARD_APPROVAL, request=grant.request)
    await show_all(store)
    for changed in (inside, space):
        await line(store, made[changed.id])
        found = {post.request for post in await behind(store)}
        assert found == {made[inside.id], made[space.id]}
        await database.end_leases(engine, outbox)
        await show_all(store)


async def test_a_message_that_lists_requests_is_marked_with_each_of_them(store: PostgresStore) -> None:
    request = await number(store)
    about = [listed_request(request), listed_request(request + 100)]
    async with store.transaction() as tx:
        await tx.outbox.add(MessageKind.ENTITLEMENTS, to="C0APPROVALS", key="review", about=about)
        await tx.commit()
    await show_all(store)
    await line(store, request + 1)
    assert await behind(store) == []
    await line(store, request)
    assert [post.kind for post in await behind(store)] == [MessageKind.ENTITLEMENTS]


async def test_a_new_message_is_not_marked_by_the_line_that_it_comes_with(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await number(store)
    for told in (1, 5):
        async with store.transaction() as tx:
            doing = store_helpers.BY_LEAD
            await tx.audit.write(doing, subject="grant", before="", after="done", request=request)
            for each in range(told):
                key = f"{told}:{each}"
                await tx.outbox.add(MessageKind.IN_FORCE, to="U0ENGINEER", key=key, request=request)
            await tx.commit()
        assert await database.values(engine, outbox, "version", key=f"{told}:%") == [1] * told


async def test_several_changes_in_one_transaction_mark_a_message_once(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await number(store)
    await add(store, "approval", request=request)
    async with store.transaction() as tx:
        doing = store_helpers.BY_LEAD
        for state in ("applying", "in_force", "ending", "ended"):
            await tx.audit.write(doing, subject="grant", before="", after=state, request=request)
            await tx.outbox.refresh_cards(request)
        await tx.outbox.requests_changed([request])
        await tx.commit()
    assert await database.value(engine, outbox, "version", key="approval") == 2


async def settle(store: PostgresStore, *ended: str) -> None:
    async with store.transaction() as tx:
        await tx.outbox.settle(ended, at=NOW)
        await tx.commit()


async def test_a_message_about_findings_is_settled_with_the_last_of_them_and_once(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    for key, about in {"one": ["a"], "both": ["a", "b"], "other": ["c"]}.items():
        async with store.transaction() as tx:
            await tx.outbox.add(MessageKind.RULES_UNMANAGED, to="C0OPERATIONS", key=key, about=about)
            await tx.commit()
    await show_all(store)
    await settle(store, "a")
    # One that is about others too is not settled, but lists fewer.
    found = sorted(await behind(store), key=lambda post: post.id)
    assert [(post.settled_at, post.version, post.about) for post in found] == [
        (NOW, 2, ()),
        (None, 2, ("b",)),
    ]
    await database.end_leases(engine, outbox)
    await show_all(store)
    await settle(store, "a", "b")
    await settle(store, "a", "b")
    assert [(post.version, post.settled_at) for post in await behind(store)] == [(3, NOW)]
    assert await database.count(engine, outbox, settled_at=None) == 1


async def test_a_request_about_a_finding_keeps_its_message_up_to_date_and_not_open(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        await tx.outbox.add(MessageKind.RULE_UNMANAGED, to="C0OPERATIONS", key="one", about=["a"])
        await tx.outbox.add(MessageKind.RULE_UNMANAGED, to="C0OPERATIONS", key="other", about=["b"])
        await tx.commit()
    await show_all(store)
    async with store.transaction() as tx:
        await tx.outbox.attach(["a"], 17)
        await tx.commit()
    (attached,) = await behind(store)
    assert (attached.about, attached.version) == (("a", "request 17"), 2)
    await database.end_leases(engine, outbox)
    await show_all(store)
    async with store.transaction() as tx:
        await tx.outbox.requests_changed([17, 18])
        await tx.commit()
    assert [post.version for post in await behind(store)] == [3]
    await database.end_leases(engine, outbox)
    await settle(store, "a")
    (settled,) = await behind(store)
    assert (settled.settled_at, settled.about) == (NOW, ("request 17",))


async def test_a_finding_that_is_asked_about_again_leaves_its_message_and_a_list_goes_on_without_it(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    for key, about in {"one": ["a"], "list": ["a", "b"]}.items():
        async with store.transaction() as tx:
            await tx.outbox.add(
                MessageKind.RULES_UNMANAGED, to="C0OPERATIONS", key=key, about=about, params={"app": "x"}
            )
            await tx.commit()
    await show_all(store)
    async with store.transaction() as tx:
        await tx.outbox.supersede("a", at=NOW)
        # Its key is free again, for the message that asks about it now.
        await tx.outbox.add(MessageKind.RULE_UNMANAGED, to="C0OPERATIONS", key="one", about=["a"])
        await tx.commit()
    found = sorted(await behind(store), key=lambda post: post.id)
    assert [(post.settled_at, post.about, post.params) for post in found] == [
        (NOW, (), {"app": "x", SUPERSEDED: "yes"}),
        (None, ("b",), {"app": "x"}),
        (None, ("a",), {}),
    ]


async def test_a_finding_that_comes_back_is_told_anew(store: PostgresStore, engine: AsyncEngine) -> None:
    for _ in range(2):
        for _ in range(2):
            async with store.transaction() as tx:
                await tx.outbox.add(MessageKind.ORPHAN, to="C0OPERATIONS", key="orphan", about=["a"])
                await tx.commit()
        await settle(store, "a")
    assert await database.count(engine, outbox, kind=MessageKind.ORPHAN) == 2


async def test_what_slack_shows_is_known_only_after_an_answer(store: PostgresStore) -> None:
    request = await number(store)
    await add(store, "approval", request=request)
    post = await store_helpers.take_message(store)
    async with store.transaction() as tx:
        await tx.outbox.sent(post, PLACE, shown="digest")
        await tx.commit()
    await line(store, request)
    post = await store_helpers.take_message(store)
    assert post.shown == "digest"
    async with store.transaction() as tx:
        await tx.outbox.renew(post)
        await tx.outbox.postpone(post, by=timedelta())
        await tx.commit()
    assert (await store_helpers.take_message(store)).shown is None


async def test_a_refresh_while_a_message_is_sent_has_it_sent_once_more(store: PostgresStore) -> None:
    request = await number(store)
    await add(store, "approval", request=request)
    post = await store_helpers.take_message(store)
    await refresh(store, request)
    async with store.transaction() as tx:
        await tx.outbox.sent(post, PLACE, shown="digest")
        await tx.commit()
    assert (await store_helpers.take_message(store)).shown is None


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


async def test_a_message_of_a_kind_that_a_later_release_added_holds_up_no_other(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with store.transaction() as tx:
        await tx.outbox.add(MessageKind.AUDIT_HEAD, to="C0OPERATIONS", key="later")
        await tx.commit()
    later = type_coerce(literal("notification.of_a_later_release"), Text)
    await database.update_rows(engine, outbox, {"kind": later}, key="later")
    async with store.transaction() as tx:
        # Otherwise the notifier would look again and again.
        assert await tx.outbox.next_due() is None
        await tx.outbox.add(MessageKind.AUDIT_HEAD, to="C0OPERATIONS", key="known")
        await tx.commit()
    async with store.transaction() as tx:
        claimed = await tx.outbox.claim()
        await tx.commit()
    assert claimed is not None
    assert claimed.kind is MessageKind.AUDIT_HEAD
    async with store.transaction() as tx:
        assert await tx.outbox.claim() is None

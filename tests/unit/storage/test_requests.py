"""Requests, the votes on them, and everything that is shown of one."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import IPv4Network
from uuid import UUID

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import Grant, GrantState, ReasonCode, closed, closing
from bot.domain.request import Decision, Kind, Request, RequestState, Verdict
from bot.ports import AuditContext, MessageKind, MessageRef, RequestDetails
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW
from tests.unit.storage import store_helpers

CRM = UUID(int=2)


@pytest.fixture(autouse=True)
async def _databases(store: PostgresStore) -> None:
    await store_helpers.discover(store)


async def decide(store: PostgresStore, request: Request, state: RequestState, *votes: Decision) -> None:
    async with store.transaction() as tx:
        for vote in votes:
            await tx.requests.record_decision(request.id, vote)
        await tx.requests.decide(request, state, doing=AuditContext(actor="U0LEAD", at=NOW))
        await tx.commit()


async def case(store: PostgresStore, id: int) -> RequestDetails | None:
    async with store.transaction() as tx:
        return await tx.requests.details(id)


async def end(store: PostgresStore, grant: Grant) -> None:
    ending = closing(grant, ReasonCode.EXPIRED)
    assert await store_helpers.change(store, grant, ending)
    assert await store_helpers.change(
        store, ending, closed(ending, GrantState.ENDED, now=NOW, reason_code=None)
    )


async def test_a_request_is_pending_with_the_terms_asked_for(store: PostgresStore) -> None:
    request = await store_helpers.ask(store)
    assert request == replace(factories.request(), id=request.id, nonce=request.nonce)


async def test_a_message_is_of_a_request_if_this_store_has_posted_it_for_it(store: PostgresStore) -> None:
    request, other = await store_helpers.ask(store), await store_helpers.ask(store)
    here = MessageRef(channel="C0APPROVALS", ts="1.1")
    async with store.transaction() as tx:
        await tx.outbox.add(MessageKind.IN_FORCE, to="C0APPROVALS", key="one", request=request.id)
        await tx.commit()
    async with store.transaction() as tx:
        while (claimed := await tx.outbox.claim()) is not None:
            if claimed.kind is MessageKind.IN_FORCE:
                await tx.outbox.sent(claimed, here)
        await tx.commit()
    async with store.transaction() as tx:
        assert await tx.outbox.is_message_of(request.id, here)
        assert not await tx.outbox.is_message_of(other.id, here)
        assert not await tx.outbox.is_message_of(request.id, MessageRef(channel="C0APPROVALS", ts="1.2"))
        assert not await tx.outbox.is_message_of(request.id, MessageRef(channel="C0GENERAL", ts="1.1"))


async def test_a_request_with_an_end_is_kept_without_a_duration(store: PostgresStore) -> None:
    asked = factories.request(until=NOW + timedelta(hours=3))
    assert (await store_helpers.record(store, asked)).terms == asked.terms


async def test_a_request_without_an_end_is_kept_without_one(store: PostgresStore) -> None:
    asked = factories.request(endless=True)
    assert (await store_helpers.record(store, asked)).terms == asked.terms


async def test_terms_with_two_ends_cannot_be_kept(store: PostgresStore) -> None:
    asked = factories.request(until=NOW)
    two = replace(asked, terms=replace(asked.terms, duration=timedelta(hours=8)))
    with pytest.raises(IntegrityError, match="ck_requests_one_end"):
        await store_helpers.record(store, two)


async def test_what_a_rule_says_is_kept_with_the_request(store: PostgresStore) -> None:
    asked = replace(factories.request(needed=3), rule="careful", expires_at=NOW + timedelta(minutes=5))
    request = await store_helpers.record(store, asked)
    assert request == replace(asked, id=request.id, nonce=request.nonce)
    async with store.transaction() as tx:
        assert await tx.requests.lock(request.id) == request


async def test_a_number_that_was_never_given_out_has_no_request(store: PostgresStore) -> None:
    async with store.transaction() as tx:
        assert await tx.requests.lock(17) is None
        assert await tx.requests.details(17) is None
        assert await tx.requests.decisions(17) == ()


async def test_a_locked_request_is_seen_by_the_next_as_the_first_left_it(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await store_helpers.ask(store)

    async def look() -> Request | None:
        async with store.transaction() as tx:
            return await tx.requests.lock(request.id)

    async with store.transaction() as tx:
        await tx.requests.lock(request.id)
        second = asyncio.create_task(look())
        await store_helpers.until_somebody_waits(engine)
        await tx.requests.decide(request, RequestState.DENIED, doing=store_helpers.BY_LEAD)
        await tx.commit()
    seen = await second
    assert seen == replace(request, state=RequestState.DENIED, decided_at=NOW)


async def test_votes_come_oldest_first(store: PostgresStore) -> None:
    request = await store_helpers.ask(store)
    first = replace(factories.vote(Verdict.DENY, "too wide"), person="U0LEAD2")
    second = replace(factories.vote(), at=NOW + timedelta(seconds=1))
    async with store.transaction() as tx:
        await tx.requests.record_decision(request.id, second)
        await tx.requests.record_decision(request.id, first)
        assert await tx.requests.decisions(request.id) == (first, second)


async def test_one_person_has_one_vote(store: PostgresStore, engine: AsyncEngine) -> None:
    request = await store_helpers.ask(store)
    with pytest.raises(IntegrityError, match="pk_decisions"):
        await decide(store, request, RequestState.DENIED, factories.vote(), factories.vote(Verdict.DENY))
    assert (await store_helpers.counts(engine))["decisions"] == 0


async def test_a_case_of_a_pending_request_is_the_request_and_its_database(store: PostgresStore) -> None:
    request = await store_helpers.ask(store)
    assert await case(store, request.id) == replace(factories.case(asked=request), observation=None)


async def test_a_case_shows_who_denied_and_why(store: PostgresStore) -> None:
    request = await store_helpers.ask(store)
    vote = factories.vote(Verdict.DENY, "too wide")
    await decide(store, request, RequestState.DENIED, vote)
    found = await case(store, request.id)
    assert found is not None
    assert found.decisions == (vote,)
    assert (found.request.state, found.request.decided_at) == (RequestState.DENIED, NOW)


async def test_a_case_shows_the_grant_and_the_last_look(store: PostgresStore) -> None:
    grant = await store_helpers.in_force(store)
    await store_helpers.see(store, factories.look(factories.rule()))
    found = await case(store, grant.request)
    assert found is not None
    assert found.grant == grant
    assert found.rules is not None
    assert found.rules.rules == (factories.rule(),)


async def test_what_is_pending_or_open_is_listed_newest_first(store: PostgresStore) -> None:
    over = await store_helpers.in_force(store)
    await end(store, over)
    running = await store_helpers.in_force(store)
    denied = await store_helpers.ask(store)
    await decide(store, denied, RequestState.DENIED, factories.vote(Verdict.DENY))
    pending = await store_helpers.ask(store)
    async with store.transaction() as tx:
        cases = await tx.requests.open_details(requester=None, limit=20)
    assert [found.request.id for found in cases] == [pending.id, running.request]


async def test_a_list_can_be_of_one_person_and_short(store: PostgresStore) -> None:
    mine = [await store_helpers.ask(store) for _ in range(3)]
    await store_helpers.ask(store, requester="U0COLLEAGUE")
    async with store.transaction() as tx:
        cases = await tx.requests.open_details(requester="U0ENGINEER", limit=2)
    assert [found.request.id for found in cases] == [mine[2].id, mine[1].id]


async def test_a_list_can_be_of_one_database_or_of_what_waits(store: PostgresStore) -> None:
    await store_helpers.discover(store, factories.database(), factories.database("crm", 2))
    running = await store_helpers.in_force(store)
    here = await store_helpers.ask(store)
    asked = factories.request()
    there = await store_helpers.record(store, replace(asked, terms=replace(asked.terms, target=CRM)))
    async with store.transaction() as tx:
        of_crm = await tx.requests.open_details(requester=None, limit=20, target=CRM)
        pending = await tx.requests.pending(limit=20)
        newest = await tx.requests.pending(limit=1)
    assert [found.request.id for found in of_crm] == [there.id]
    assert [found.request.id for found in pending] == [there.id, here.id]
    assert [found.request.id for found in newest] == [there.id]
    assert running.request not in [found.request.id for found in pending]


async def test_an_extension_is_shown_with_the_grant_that_it_extends_and_only_while_it_waits(
    store: PostgresStore,
) -> None:
    grant = await store_helpers.in_force(store)
    asked = replace(factories.request(kind=Kind.EXTEND), grant=grant.id)
    extension = await store_helpers.record(store, asked)
    found = await case(store, extension.id)
    assert found is not None
    assert found.grant == grant
    async with store.transaction() as tx:
        before = await tx.requests.open_details(requester=None, limit=20)
    await decide(store, extension, RequestState.APPROVED, factories.vote())
    async with store.transaction() as tx:
        after = await tx.requests.open_details(requester=None, limit=20)
    assert [found.request.id for found in before] == [extension.id, grant.request]
    assert [found.request.id for found in after] == [grant.request]


async def test_a_removal_lists_what_it_would_close_while_it_waits(store: PostgresStore) -> None:
    first, second = [await store_helpers.in_force(store) for _ in range(2)]
    await store_helpers.in_force(store, network=IPv4Network("203.0.113.0/28"))
    await end(store, await store_helpers.in_force(store))
    removal = await store_helpers.record(store, factories.request(kind=Kind.REMOVE))
    waiting = await case(store, removal.id)
    assert waiting is not None
    assert waiting.closes == (first.request, second.request)
    await decide(store, removal, RequestState.APPROVED, factories.vote())
    decided = await case(store, removal.id)
    assert decided is not None
    assert decided.closes == ()


async def test_changed_terms_raise_the_version_and_leave_the_reason(store: PostgresStore) -> None:
    request = await store_helpers.ask(store)
    end = NOW + timedelta(hours=1)
    terms = replace(request.terms, subject=IPv4Network("203.0.113.4/32"), duration=None, until=end)
    async with store.transaction() as tx:
        changed = await tx.requests.change_terms(request, terms)
        await tx.commit()
    # Nobody can decide it after its own end.
    assert changed == replace(request, terms=terms, version=2, expires_at=end, narrowed_from=request.terms)
    async with store.transaction() as tx:
        assert await tx.requests.lock(request.id) == changed


async def moment(store: PostgresStore) -> datetime | None:
    async with store.transaction() as tx:
        return await tx.requests.next_moment()


async def due(store: PostgresStore, at: datetime) -> tuple[list[int], list[int]]:
    """What is to lapse and to be reminded of at a moment."""
    async with store.transaction() as tx:
        lapse = await tx.requests.expired(at, limit=100)
        remind = await tx.requests.to_remind(at, limit=100)
    return [request.id for request in lapse], [request.id for request in remind]


async def test_a_request_is_reminded_of_and_lapses_at_its_moments(store: PostgresStore) -> None:
    request = await store_helpers.ask(store)
    remind_at, second = NOW + timedelta(hours=1), timedelta(seconds=1)
    assert await due(store, remind_at - second) == ([], [])
    assert await due(store, remind_at) == ([], [request.id])
    assert await due(store, request.expires_at - second) == ([], [request.id])
    assert await due(store, request.expires_at) == ([request.id], [request.id])


async def test_a_reminder_that_was_given_is_counted_and_the_next_one_waits(store: PostgresStore) -> None:
    request = await store_helpers.ask(store)
    later = NOW + timedelta(hours=4)
    async with store.transaction() as tx:
        await tx.requests.reminded(request, given=1, next_at=later)
        await tx.commit()
    assert await due(store, later - timedelta(seconds=1)) == ([], [])
    assert await moment(store) == later
    async with store.transaction() as tx:
        reminded = await tx.requests.lock(request.id)
        assert reminded == replace(request, reminders=1)
        await tx.requests.reminded(request, given=2, next_at=None)
        await tx.commit()
    assert await moment(store) == request.expires_at


async def test_what_is_settled_is_neither_reminded_of_nor_lapses(store: PostgresStore) -> None:
    request = await store_helpers.ask(store)
    await decide(store, request, RequestState.DENIED, factories.vote(Verdict.DENY))
    assert await moment(store) is None
    assert await due(store, NOW + timedelta(days=30)) == ([], [])


async def test_a_request_that_somebody_is_deciding_is_passed_over(store: PostgresStore) -> None:
    held, free = await store_helpers.ask(store), await store_helpers.ask(store)
    async with store.transaction() as tx:
        await tx.requests.lock(held.id)
        assert await due(store, held.expires_at) == ([free.id], [free.id])


async def test_a_vote_that_does_not_decide_has_its_line(store: PostgresStore, engine: AsyncEngine) -> None:
    request = await store_helpers.record(store, factories.request(needed=3))
    async with store.transaction() as tx:
        await tx.requests.record_decision(request.id, factories.vote())
        await tx.requests.note_approval(request, 1, doing=store_helpers.BY_LEAD)
        await tx.commit()
    lines = await database.audit_lines(engine, "actor", "subject", "before", "after")
    assert lines[1:] == [("U0LEAD", "request", "pending", "pending, 1 of 3")]

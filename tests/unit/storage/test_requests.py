"""Requests, the votes on them, and everything that is shown of one."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import Grant, GrantState, closed, expired
from bot.domain.request import Decision, Request, RequestState, Verdict
from bot.ports import Case, Doing
from storage.transaction import PostgresStore
from tests.unit import samples
from tests.unit.samples import NOW
from tests.unit.storage import kept


@pytest.fixture(autouse=True)
async def _databases(store: PostgresStore) -> None:
    await kept.discover(store)


async def decide(store: PostgresStore, request: Request, state: RequestState, *votes: Decision) -> None:
    async with store.transaction() as tx:
        for vote in votes:
            await tx.requests.vote(request.id, vote)
        await tx.requests.decide(request, state, doing=Doing(actor="U0LEAD", at=NOW))
        await tx.commit()


async def case(store: PostgresStore, id: int) -> Case | None:
    async with store.transaction() as tx:
        return await tx.requests.case(id)


async def end(store: PostgresStore, grant: Grant) -> None:
    ending = expired(grant)
    assert await kept.change(store, grant, ending)
    assert await kept.change(store, ending, closed(ending, GrantState.ENDED, now=NOW, why=None))


async def test_a_request_is_pending_with_the_terms_asked_for(store: PostgresStore) -> None:
    request = await kept.ask(store)
    assert request == replace(samples.request(), id=request.id)


async def test_a_request_with_an_end_is_kept_without_a_duration(store: PostgresStore) -> None:
    terms = samples.request(until=NOW + timedelta(hours=3)).terms
    async with store.transaction() as tx:
        request = await tx.requests.add(terms, requester="U0ENGINEER", doing=kept.BY_LEAD)
    assert request.terms == terms


@pytest.mark.parametrize("until", [None, NOW])
async def test_terms_with_no_end_or_two_cannot_be_kept(store: PostgresStore, until: datetime | None) -> None:
    duration = None if until is None else timedelta(hours=8)
    terms = replace(samples.request().terms, duration=duration, until=until)
    with pytest.raises(IntegrityError, match="ck_requests_one_end"):
        async with store.transaction() as tx:
            await tx.requests.add(terms, requester="U0ENGINEER", doing=kept.BY_LEAD)


async def test_a_number_that_was_never_given_out_has_no_request(store: PostgresStore) -> None:
    async with store.transaction() as tx:
        assert await tx.requests.lock(17) is None
        assert await tx.requests.case(17) is None
        assert await tx.requests.votes(17) == ()


async def test_a_locked_request_is_seen_by_the_next_as_the_first_left_it(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await kept.ask(store)

    async def look() -> Request | None:
        async with store.transaction() as tx:
            return await tx.requests.lock(request.id)

    async with store.transaction() as tx:
        await tx.requests.lock(request.id)
        second = asyncio.create_task(look())
        await kept.until_somebody_waits(engine)
        await tx.requests.decide(request, RequestState.DENIED, doing=kept.BY_LEAD)
        await tx.commit()
    seen = await second
    assert seen == replace(request, state=RequestState.DENIED, decided_at=NOW)


async def test_votes_come_oldest_first(store: PostgresStore) -> None:
    request = await kept.ask(store)
    first = replace(samples.vote(Verdict.DENY, "too wide"), person="U0LEAD2")
    second = replace(samples.vote(), at=NOW + timedelta(seconds=1))
    async with store.transaction() as tx:
        await tx.requests.vote(request.id, second)
        await tx.requests.vote(request.id, first)
        assert await tx.requests.votes(request.id) == (first, second)


async def test_one_person_has_one_vote(store: PostgresStore, engine: AsyncEngine) -> None:
    request = await kept.ask(store)
    with pytest.raises(IntegrityError, match="pk_votes"):
        await decide(store, request, RequestState.DENIED, samples.vote(), samples.vote(Verdict.DENY))
    assert (await kept.counts(engine))["votes"] == 0


async def test_a_case_of_a_pending_request_is_the_request_and_its_database(store: PostgresStore) -> None:
    request = await kept.ask(store)
    assert await case(store, request.id) == replace(samples.case(asked=request), look=None)


async def test_a_case_shows_who_denied_and_why(store: PostgresStore) -> None:
    request = await kept.ask(store)
    vote = samples.vote(Verdict.DENY, "too wide")
    await decide(store, request, RequestState.DENIED, vote)
    found = await case(store, request.id)
    assert found is not None
    assert found.decisions == (vote,)
    assert (found.request.state, found.request.decided_at) == (RequestState.DENIED, NOW)


async def test_a_case_shows_the_grant_and_the_last_look(store: PostgresStore) -> None:
    grant = await kept.in_force(store)
    await kept.see(store, samples.look(samples.rule()))
    found = await case(store, grant.request)
    assert found is not None
    assert found.grant == grant
    assert found.look is not None
    assert found.look.rules == (samples.rule(),)


async def test_what_is_pending_or_open_is_listed_newest_first(store: PostgresStore) -> None:
    over = await kept.in_force(store)
    await end(store, over)
    running = await kept.in_force(store)
    denied = await kept.ask(store)
    await decide(store, denied, RequestState.DENIED, samples.vote(Verdict.DENY))
    pending = await kept.ask(store)
    async with store.transaction() as tx:
        cases = await tx.requests.open_cases(requester=None, limit=20)
    assert [found.request.id for found in cases] == [pending.id, running.request]


async def test_a_list_can_be_of_one_person_and_short(store: PostgresStore) -> None:
    mine = [await kept.ask(store) for _ in range(3)]
    await kept.ask(store, requester="U0COLLEAGUE")
    async with store.transaction() as tx:
        cases = await tx.requests.open_cases(requester="U0ENGINEER", limit=2)
    assert [found.request.id for found in cases] == [mine[2].id, mine[1].id]

"""Concurrent calls on a real Postgres: the second sees the first, and both get an answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import Grant, GrantState, ReasonCode, closing
from bot.domain.request import RequestState
from bot.errors import Refusal, Refused, StoreUnavailableError
from bot.ports import AuditContext, RequestDetails
from bot.services import RequestInput, Services
from storage.engine import engine_for
from storage.tables import audit, grants, outbox, requests
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests import database
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions
from tests.unit.storage import store_helpers

ROUNDS = 5
"""Repetitions of each race: which call comes first is chance."""

MORE = RequestInput(duration="1h", reason="it takes longer")


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a call wait for the other as long as it takes: who wins is the question here, not how soon."""
    monkeypatch.setattr("storage.engine.PATIENCE", timedelta(seconds=20))


@pytest.fixture
async def stores(store: PostgresStore, database_url: str) -> AsyncIterator[Sequence[PostgresStore]]:
    """The store of two processes, with one database and everybody known."""
    await store_helpers.discover(store)
    await actions.know_everybody(store)
    engine = engine_for(database_url)
    yield [store, PostgresStore(engine, PostgresWakeups(url=database_url))]
    await engine.dispose()


@pytest.fixture
def servers(stores: Sequence[PostgresStore], clock: SetClock) -> Sequence[Services]:
    """The services of two processes."""
    return [actions.under(actions.APP, store, clock) for store in stores]


async def at_once(*doing: Awaitable[object]) -> list[object]:
    """Runs calls concurrently; every answer is a result or a refusal."""
    answers = await asyncio.gather(*doing, return_exceptions=True)
    assert all(not isinstance(each, Exception) or isinstance(each, Refused) for each in answers), answers
    return list(answers)


def reason(answer: object) -> Refusal | None:
    return answer.reason if isinstance(answer, Refused) else None


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("_round", range(ROUNDS))
async def test_an_extension_at_the_end_is_either_recorded_or_refused(
    store: PostgresStore, servers: Sequence[Services], clock: SetClock, _round: int
) -> None:
    grant = await actions.opened(store, servers[0])
    assert grant.ends_at is not None
    clock.present = grant.ends_at
    extend = servers[0].extensions.extend(grant.request, MORE, person=actions.ENGINEER, key=actions.key())
    answer, _ = await at_once(extend, servers[1].deadlines.run_due())
    after = await actions.get(store, grant.id)
    if isinstance(answer, RequestDetails):
        assert (after.state, after.ends_at) == (GrantState.IN_FORCE, grant.ends_at + timedelta(hours=1))
    else:
        assert reason(answer) is Refusal.GRANT_CLOSING
        assert (after.state, after.ends_at) == (GrantState.ENDING, grant.ends_at)


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("_round", range(ROUNDS))
async def test_a_revocation_wins_over_a_concurrent_extension(
    store: PostgresStore, engine: AsyncEngine, servers: Sequence[Services], _round: int
) -> None:
    grant = await actions.opened(store, servers[0])
    longer = RequestInput(duration="8h", reason="it takes longer")
    asked = await servers[0].extensions.extend(
        grant.request, longer, person=actions.ENGINEER, key=actions.key()
    )
    revoke = servers[1].grants.revoke(grant.request, person=actions.LEAD2, key=actions.key())
    decide = servers[0].approvals.decide(
        asked.request.id, actions.approval(asked), person=actions.LEAD, key=actions.key()
    )
    revoked, decided = await at_once(revoke, decide)
    assert isinstance(revoked, RequestDetails)
    assert isinstance(decided, RequestDetails) or reason(decided) is Refusal.GRANT_OVER
    after = await actions.get(store, grant.id)
    assert (after.state, after.reason_code) == (GrantState.ENDING, ReasonCode.REVOKED)
    assert await database.count(engine, audit, subject="grant", after="ending") == 1


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("_round", range(ROUNDS))
async def test_a_concurrent_cancellation_and_approval_end_in_one_of_the_two(
    store: PostgresStore, engine: AsyncEngine, servers: Sequence[Services], _round: int
) -> None:
    asked = await actions.ask(servers[0])
    cancel = servers[0].access_requests.cancel(asked.request.id, person=actions.ENGINEER, key=actions.key())
    decide = servers[1].approvals.decide(
        asked.request.id, actions.approval(asked), person=actions.LEAD, key=actions.key()
    )
    answers = await at_once(cancel, decide)
    assert len([each for each in answers if isinstance(each, RequestDetails)]) == 1
    state = await database.value(engine, requests, "state")
    opened = await database.count(engine, grants)
    assert (state, opened) in {(RequestState.CANCELLED, 0), (RequestState.APPROVED, 1)}


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("_round", range(ROUNDS))
async def test_a_concurrent_end_and_revocation_are_one_end(
    store: PostgresStore, engine: AsyncEngine, servers: Sequence[Services], _round: int
) -> None:
    grant = await actions.opened(store, servers[0])
    done = servers[0].grants.end(grant.request, person=actions.ENGINEER, key=actions.key())
    revoke = servers[1].grants.revoke(grant.request, person=actions.LEAD, key=actions.key())
    answers = await at_once(done, revoke)
    assert sorted(isinstance(each, RequestDetails) for each in answers) == [False, True]
    assert {reason(each) for each in answers} == {None, Refusal.GRANT_OVER}
    assert await database.count(engine, audit, after="ending") == 1


async def test_of_two_deadlocked_transactions_one_commits_and_the_other_can_be_repeated(
    store: PostgresStore, servers: Sequence[Services]
) -> None:
    first = await actions.opened(store, servers[0])
    second = await actions.opened(
        store, servers[0], request_input=RequestInput(address="203.0.113.9", target="billing", duration="8h")
    )
    met = asyncio.Barrier(2)

    async def close(mine: Grant, theirs: Grant) -> None:
        async with store.transaction() as tx:
            await tx.grants.update(
                mine, closing(mine, ReasonCode.DONE), doing=AuditContext(actor=mine.owner, at=NOW)
            )
            await met.wait()
            await tx.grants.update(
                theirs, closing(theirs, ReasonCode.DONE), doing=AuditContext(actor=mine.owner, at=NOW)
            )
            await tx.commit()

    answers = await asyncio.gather(close(first, second), close(second, first), return_exceptions=True)
    assert [type(each) for each in answers if each is not None] == [StoreUnavailableError]
    for grant in (first, second):
        assert (await actions.get(store, grant.id)).state is GrantState.ENDING


async def test_a_click_in_a_deadlock_is_rolled_back_and_can_be_repeated(
    store: PostgresStore, engine: AsyncEngine, servers: Sequence[Services]
) -> None:
    grant = await actions.opened(store, servers[0])
    async with store.transaction() as tx:
        await tx.grants.update(
            grant, closing(grant, ReasonCode.DONE), doing=AuditContext(actor=grant.owner, at=NOW)
        )
        with pytest.raises(StoreUnavailableError, match="nothing was recorded"):
            await servers[1].grants.revoke(grant.request, person=actions.LEAD, key="click:1")
    assert (await actions.get(store, grant.id)).state is GrantState.IN_FORCE
    await servers[1].grants.revoke(grant.request, person=actions.LEAD, key="click:1")
    assert (await actions.get(store, grant.id)).state is GrantState.ENDING
    assert await database.count(engine, audit, after="ending") == 1


async def test_notifiers_in_several_processes_never_claim_the_same_card(
    store: PostgresStore, engine: AsyncEngine, servers: Sequence[Services]
) -> None:
    for _ in range(4):
        await actions.ask(servers[0])
    due = await database.count(engine, outbox)

    async def claim() -> int | None:
        async with store.transaction() as tx:
            message = await tx.outbox.claim()
            await tx.commit()
            return None if message is None else message.id

    claimed = [id for id in await asyncio.gather(*[claim() for _ in range(12)]) if id is not None]
    assert len(claimed) == len(set(claimed)) == min(12, int(str(due)))


async def test_concurrent_updates_of_a_card_are_all_counted(
    stores: Sequence[PostgresStore], engine: AsyncEngine, servers: Sequence[Services]
) -> None:
    asked = await actions.ask(servers[0])
    before = await database.value(engine, outbox, "version", kind="card.approval")

    async def refresh(store: PostgresStore) -> None:
        async with store.transaction() as tx:
            await tx.outbox.refresh_cards(asked.request.id)
            await tx.commit()

    await asyncio.gather(*[refresh(stores[number % 2]) for number in range(6)])
    after = await database.value(engine, outbox, "version", kind="card.approval")
    assert int(str(after)) == int(str(before)) + 6

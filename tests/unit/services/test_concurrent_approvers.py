"""Fifty approvers who click at the same moment, spread over several processes' stores."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from itertools import cycle

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.request import RequestState, Verdict
from bot.errors import Refusal, Refused, StoreUnavailableError
from bot.ports import RequestDetails
from bot.services import Services, Vote
from storage.engine import engine_for
from storage.transaction import PostgresStore
from storage.wakeups import PostgresWakeups
from tests.unit import factories
from tests.unit.factories import SetClock
from tests.unit.services import actions
from tests.unit.storage import store_helpers

CROWD = tuple(f"U0APPROVER{number}" for number in range(50))
PROCESSES = 5
"""Stores that the approvers are spread over: one pool has 15 connections, and no call may wait for one."""


@pytest.fixture
async def stores(database_url: str, services: Services) -> AsyncIterator[Sequence[PostgresStore]]:
    """Stores of as many processes, for a database that knows every approver."""
    engines = [engine_for(database_url) for _ in range(PROCESSES)]
    stores = [PostgresStore(engine, PostgresWakeups(url=database_url)) for engine in engines]
    await actions.know(stores[0], *(factories.person(id) for id in CROWD))
    yield stores
    for engine in engines:
        await engine.dispose()


def of(stores: Sequence[PostgresStore], needed: int) -> Sequence[Services]:
    """The services of each process, under a policy that needs so many approvals."""
    policy = actions.ruled(approvers=frozenset(CROWD), approvals=needed)
    return [actions.under(policy, store, SetClock()) for store in stores]


async def click(
    servers: Sequence[Services],
    details: RequestDetails,
    verdicts: Sequence[Verdict],
    people: Sequence[str] = CROWD,
) -> list[RequestDetails | Refused]:
    """Lets all these people click at once; every answer is a request or a refusal."""

    async def answer(person: str, server: Services, verdict: Verdict) -> RequestDetails | Refused:
        while True:
            vote = Vote(verdict=verdict, version=1)
            try:
                return await server.approvals.decide(
                    details.request.id, vote, person=person, key=actions.key()
                )
            except Refused as refused:
                return refused
            except StoreUnavailableError:
                # On a slow machine a lock may time out: nothing was recorded, and the click is repeated.
                continue

    crowd = zip(people, cycle(servers), cycle(verdicts), strict=False)
    return await asyncio.gather(*(answer(*each) for each in crowd))


@pytest.mark.parametrize("needed", [1, 2, 3])
async def test_exactly_the_needed_approvals_count_and_one_decides(
    stores: Sequence[PostgresStore], engine: AsyncEngine, needed: int
) -> None:
    servers = of(stores, needed)
    asked = await actions.ask(servers[0])
    answers = await click(servers, asked, [Verdict.APPROVE])
    voters = {vote.person for vote in (await servers[0].queries.request(asked.request.id)).decisions}
    counted = [answer for answer in answers if isinstance(answer, RequestDetails)]
    assert len(counted) == len(voters) == needed
    assert Counter(details.request.state for details in counted) == Counter(
        {RequestState.APPROVED: 1, RequestState.PENDING: needed - 1}
    )
    losers = [answer for answer in answers if isinstance(answer, Refused)]
    assert {loser.reason for loser in losers} == {Refusal.REQUEST_DECIDED}
    assert {loser.params["person"] for loser in losers} <= voters
    after = await store_helpers.counts(engine)
    assert (after["decisions"], after["grants"], after["idempotency_keys"]) == (needed, 1, needed + 1)
    assert len(await actions.transitions(engine)) == 1 + needed + 1


@pytest.mark.parametrize("needed", [1, 2, 3])
async def test_a_denial_among_them_decides_when_it_is_counted(
    stores: Sequence[PostgresStore], engine: AsyncEngine, needed: int
) -> None:
    servers = of(stores, needed)
    asked = await actions.ask(servers[0])
    answers = await click(servers, asked, [Verdict.APPROVE, Verdict.DENY])
    details = await servers[0].queries.request(asked.request.id)
    verdicts = Counter(vote.verdict for vote in details.decisions)
    losers = [answer for answer in answers if isinstance(answer, Refused)]
    assert {loser.reason for loser in losers} == {Refusal.REQUEST_DECIDED}
    if details.request.state is RequestState.DENIED:
        (denier,) = (vote.person for vote in details.decisions if vote.verdict is Verdict.DENY)
        assert {loser.params["person"] for loser in losers} == {denier}
        assert verdicts[Verdict.APPROVE] < needed
    else:
        assert verdicts == Counter({Verdict.APPROVE: needed})
    denied = verdicts[Verdict.DENY]
    assert (await store_helpers.counts(engine))["grants"] == 1 - denied


async def test_where_all_must_approve_a_single_denial_decides(
    stores: Sequence[PostgresStore], engine: AsyncEngine
) -> None:
    servers = of(stores, len(CROWD))
    asked = await actions.ask(servers[0])
    verdicts = [Verdict.APPROVE] * len(CROWD)
    verdicts[25] = Verdict.DENY
    answers = await click(servers, asked, verdicts)
    details = await servers[0].queries.request(asked.request.id)
    assert details.request.state is RequestState.DENIED
    assert [vote.person for vote in details.decisions if vote.verdict is Verdict.DENY] == [CROWD[25]]
    late = {answer.params["person"] for answer in answers if isinstance(answer, Refused)}
    assert late <= {CROWD[25]}
    assert (await store_helpers.counts(engine))["grants"] == 0


async def test_fifty_clicks_of_one_approver_are_one_vote(
    stores: Sequence[PostgresStore], engine: AsyncEngine
) -> None:
    servers = of(stores, 2)
    asked = await actions.ask(servers[0])
    answers = await click(servers, asked, [Verdict.APPROVE], [CROWD[0]] * 50)
    refused = [answer.reason for answer in answers if isinstance(answer, Refused)]
    assert refused == [Refusal.ALREADY_VOTED] * 49
    assert (await store_helpers.counts(engine))["decisions"] == 1

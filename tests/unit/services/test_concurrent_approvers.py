"""Fifty approvers who click at the same moment, each from a process of their own as far as can be told."""

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
"""Stores that the crowd is spread over: one pool has 15 connections, and nobody is to wait for one."""


@pytest.fixture
async def stores(database_url: str, services: Services) -> AsyncIterator[Sequence[PostgresStore]]:
    """As many processes' worth of connections to a database that knows the whole crowd."""
    engines = [engine_for(database_url) for _ in range(PROCESSES)]
    stores = [PostgresStore(engine, PostgresWakeups(url=database_url)) for engine in engines]
    await actions.know(stores[0], *(factories.person(id) for id in CROWD))
    yield stores
    for engine in engines:
        await engine.dispose()


def of(stores: Sequence[PostgresStore], needed: int) -> Sequence[Services]:
    """The use cases in each process, where the whole crowd may decide and so many have to agree."""
    policy = actions.ruled(approvers=frozenset(CROWD), approvals=needed)
    return [actions.under(policy, store, SetClock()) for store in stores]


async def click(
    servers: Sequence[Services], case: RequestDetails, verdicts: Sequence[Verdict]
) -> list[RequestDetails | Refused]:
    """Everybody clicks at once; every answer is a case or a refusal, nothing else."""

    async def answer(person: str, server: Services, verdict: Verdict) -> RequestDetails | Refused:
        while True:
            vote = Vote(verdict=verdict, version=1)
            try:
                return await server.approvals.decide(case.request.id, vote, person=person, key=actions.key())
            except Refused as refused:
                return refused
            except StoreUnavailableError:
                # On a slow machine a turn may come too late: nothing was recorded, and one clicks again.
                continue

    crowd = zip(CROWD, cycle(servers), cycle(verdicts), strict=False)
    return await asyncio.gather(*(answer(*each) for each in crowd))


@pytest.mark.parametrize("needed", [1, 2, 3])
async def test_exactly_as_many_approvals_count_as_are_needed_and_one_decides(
    stores: Sequence[PostgresStore], engine: AsyncEngine, needed: int
) -> None:
    servers = of(stores, needed)
    asked = await actions.ask(servers[0])
    answers = await click(servers, asked, [Verdict.APPROVE])
    voters = {vote.person for vote in (await servers[0].queries.request(asked.request.id)).decisions}
    counted = [answer for answer in answers if isinstance(answer, RequestDetails)]
    assert len(counted) == len(voters) == needed
    assert Counter(case.request.state for case in counted) == Counter(
        {RequestState.APPROVED: 1, RequestState.PENDING: needed - 1}
    )
    losers = [answer for answer in answers if isinstance(answer, Refused)]
    assert {loser.reason for loser in losers} == {Refusal.REQUEST_DECIDED}
    assert {loser.params["person"] for loser in losers} <= voters
    after = await store_helpers.counts(engine)
    assert (after["decisions"], after["grants"], after["idempotency_keys"]) == (needed, 1, needed + 1)
    assert len(await actions.transitions(engine)) == 1 + needed + 1


@pytest.mark.parametrize("needed", [1, 2, 3])
async def test_a_deny_among_them_decides_as_soon_as_it_is_counted(
    stores: Sequence[PostgresStore], engine: AsyncEngine, needed: int
) -> None:
    servers = of(stores, needed)
    asked = await actions.ask(servers[0])
    answers = await click(servers, asked, [Verdict.APPROVE, Verdict.DENY])
    case = await servers[0].queries.request(asked.request.id)
    verdicts = Counter(vote.verdict for vote in case.decisions)
    losers = [answer for answer in answers if isinstance(answer, Refused)]
    assert {loser.reason for loser in losers} == {Refusal.REQUEST_DECIDED}
    if case.request.state is RequestState.DENIED:
        (denier,) = (vote.person for vote in case.decisions if vote.verdict is Verdict.DENY)
        assert {loser.params["person"] for loser in losers} == {denier}
        assert verdicts[Verdict.APPROVE] < needed
    else:
        assert verdicts == Counter({Verdict.APPROVE: needed})
    denied = verdicts[Verdict.DENY]
    assert (await store_helpers.counts(engine))["grants"] == 1 - denied


async def test_where_everybody_has_to_agree_a_single_deny_decides(
    stores: Sequence[PostgresStore], engine: AsyncEngine
) -> None:
    servers = of(stores, len(CROWD))
    asked = await actions.ask(servers[0])
    verdicts = [Verdict.APPROVE] * len(CROWD)
    verdicts[25] = Verdict.DENY
    answers = await click(servers, asked, verdicts)
    case = await servers[0].queries.request(asked.request.id)
    assert case.request.state is RequestState.DENIED
    assert [vote.person for vote in case.decisions if vote.verdict is Verdict.DENY] == [CROWD[25]]
    late = {answer.params["person"] for answer in answers if isinstance(answer, Refused)}
    assert late <= {CROWD[25]}
    assert (await store_helpers.counts(engine))["grants"] == 0


async def test_fifty_clicks_of_one_impatient_approver_are_one_vote(
    stores: Sequence[PostgresStore], engine: AsyncEngine
) -> None:
    servers = of(stores, 2)
    asked = await actions.ask(servers[0])
    vote = Vote(verdict=Verdict.APPROVE, version=1)
    answers = await asyncio.gather(
        *(
            server.approvals.decide(asked.request.id, vote, person=CROWD[0], key=actions.key())
            for _, server in zip(CROWD, cycle(servers), strict=False)
        ),
        return_exceptions=True,
    )
    refused = [answer.reason for answer in answers if isinstance(answer, Refused)]
    assert refused == [Refusal.ALREADY_VOTED] * 49
    assert (await store_helpers.counts(engine))["decisions"] == 1

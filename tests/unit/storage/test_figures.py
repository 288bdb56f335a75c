"""Figures of the store: what is counted, and since when."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState, ReasonCode, closed, closing
from bot.domain.method import Method
from bot.domain.request import RequestState
from bot.errors import StoreUnavailableError
from bot.ports import MessageKind
from bot.ports.figures import DECISION_BUCKETS, OPENING_BUCKETS
from storage.engine import engine_for
from storage.figures import PostgresFigures
from storage.tables import requests
from storage.transaction import PostgresStore
from tests import database
from tests.unit.factories import NOW
from tests.unit.storage import store_helpers

LATER = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
async def _databases(store: PostgresStore) -> None:
    await store_helpers.discover(store)


@pytest.fixture
def figures(engine: AsyncEngine) -> PostgresFigures:
    return PostgresFigures(engine)


async def test_an_empty_store_has_figures_too(figures: PostgresFigures) -> None:
    present, past = await figures.present(NOW), await figures.past()
    assert (present.overdue, present.unsent, present.seal, present.unsealed) == (0, 0, 0, 0)
    assert (present.observed_s, present.tokens, present.sealed_s) == (None, None, None)
    assert (past.requests, past.decisions) == ({}, {})


async def test_requests_and_grants_are_counted_by_state(
    store: PostgresStore, figures: PostgresFigures
) -> None:
    await store_helpers.in_force(store)
    present, past = await figures.present(NOW), await figures.past()
    assert present.grants == {(GrantState.IN_FORCE, Method.MTLS): 1}
    assert present.pending == {}
    assert past.requests == {(RequestState.APPROVED, Method.MTLS): 1}
    assert past.grants == {}
    decided, opened = past.decisions[Method.MTLS], past.openings[Method.MTLS]
    assert (decided.count, len(decided.at_most)) == (1, len(DECISION_BUCKETS))
    assert (opened.count, len(opened.at_most)) == (1, len(OPENING_BUCKETS))
    assert list(opened.at_most) == sorted(opened.at_most)


async def test_a_grant_is_overdue_from_its_end_until_it_is_closed(
    store: PostgresStore, figures: PostgresFigures
) -> None:
    grant = await store_helpers.in_force(store)
    assert grant.ends_at is not None
    before = await figures.present(grant.ends_at - timedelta(seconds=1))
    assert (before.overdue, before.overdue_s) == (0, 0)
    late = await figures.present(grant.ends_at + timedelta(seconds=90))
    assert (late.overdue, late.overdue_s) == (1, 90)
    ending = closing(grant, ReasonCode.EXPIRED)
    assert await store_helpers.change(store, grant, ending)
    still = await figures.present(grant.ends_at + timedelta(seconds=100))
    assert (still.overdue, still.overdue_s) == (1, 100)
    assert await store_helpers.change(
        store, ending, closed(ending, GrantState.ENDED, now=LATER, reason_code=None)
    )
    over = await figures.present(LATER)
    assert (over.overdue, over.overdue_s, over.grants) == (0, 0, {})
    assert (await figures.past()).grants == {(GrantState.ENDED, Method.MTLS): 1}


async def test_lines_are_unsealed_until_they_are_sealed(
    store: PostgresStore, figures: PostgresFigures
) -> None:
    await store_helpers.in_force(store)
    before = await figures.present(NOW)
    assert before.unsealed > 0
    assert before.unsealed_s >= 0
    async with store.transaction() as tx:
        sealed = await tx.audit.seal(limit=500)
        await tx.commit()
    after = await figures.present(NOW)
    assert (after.seal, after.unsealed, after.unsealed_s) == (sealed, 0, 0)
    assert len(after.head) == 32
    assert after.sealed_s is not None


async def test_a_finding_is_counted_once_however_many_were_told_until_it_is_over(
    store: PostgresStore, figures: PostgresFigures
) -> None:
    async with store.transaction() as tx:
        for to, about in (("C0OPERATIONS", "one"), ("U0LEAD", "one"), ("C0OPERATIONS", "two")):
            await tx.outbox.add(
                MessageKind.RULE_UNMANAGED, to=to, key=f"{to}:{about}", about=(f"target unmanaged {about}",)
            )
        # About a request that it lists, and so no finding.
        await tx.outbox.add(MessageKind.ENTITLEMENTS, to="C0OPERATIONS", key="weekly", about=("7",))
        await tx.commit()
    assert (await figures.present(NOW)).findings == {"rule_unmanaged": 2}
    async with store.transaction() as tx:
        await tx.outbox.settle({"target unmanaged one"}, at=NOW)
        await tx.commit()
    after = await figures.present(NOW)
    assert after.findings == {"rule_unmanaged": 1}
    assert after.unsent == 4


async def test_what_is_due_is_late_until_it_is_claimed(
    store: PostgresStore, figures: PostgresFigures
) -> None:
    before = await figures.present(NOW)
    assert before.due == 1
    assert before.due_late_s > 0
    await store_helpers.take(store)
    claimed = await figures.present(NOW)
    assert (claimed.due, claimed.due_late_s) == (0, 0)


async def test_without_postgres_the_figures_are_unavailable() -> None:
    engine = engine_for("postgres://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailableError):
        await PostgresFigures(engine).present(NOW)
    await engine.dispose()


async def test_a_duration_is_in_each_bucket_that_is_not_shorter(
    store: PostgresStore, engine: AsyncEngine, figures: PostgresFigures
) -> None:
    longest = DECISION_BUCKETS[-1]
    seconds = [-5.0, 0.0, *DECISION_BUCKETS, DECISION_BUCKETS[0] + 0.001, longest + 1]
    for took in seconds:
        recorded = await store_helpers.ask(store)
        decided = {"decided_at": NOW + timedelta(seconds=took), "state": RequestState.DENIED}
        await database.update_rows(engine, requests, {**decided, "asked_at": NOW}, id=recorded.id)
    found = (await figures.past()).decisions[Method.MTLS]
    assert found.at_most == tuple(sum(took <= bucket for took in seconds) for bucket in DECISION_BUCKETS)
    assert found.count == len(seconds)
    # A clock that was set back counts as no time at all.
    assert found.total_s == pytest.approx(sum(max(0.0, took) for took in seconds))


async def test_what_was_never_decided_has_no_duration(
    store: PostgresStore, engine: AsyncEngine, figures: PostgresFigures
) -> None:
    recorded = await store_helpers.ask(store)
    await database.update_rows(engine, requests, {"state": RequestState.LAPSED}, id=recorded.id)
    past = await figures.past()
    assert (past.requests, past.decisions) == ({(RequestState.LAPSED, Method.MTLS): 1}, {})

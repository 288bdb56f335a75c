"""What the store knows of allowed accounts: from the intent to the proven absence."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain import grant as grants
from bot.domain.drift import RecentRemovals
from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.method import Method
from bot.domain.operation import begin as begin_operation
from bot.domain.owned_entry import Removal
from bot.domain.privatelink.observation import AllowedAccount, Connection, PrivateLinkObservation
from bot.domain.privatelink.plan import StoredAccounts
from bot.domain.request import Kind, Request, RequestState
from bot.domain.schedule import OPERATION_DEADLINE
from bot.domain.subject import Accounts, Subject, Whole
from bot.ports import AuditContext, ReconcileJob, Transaction
from storage.tables import privatelink_accounts
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW
from tests.unit.storage import store_helpers

A, B = "arn:aws:iam::123456789012:root", "arn:aws:iam::210987654321:root"
ONE, BOTH = Accounts((A,)), Accounts((A, B))


@pytest.fixture
async def job(store: PostgresStore) -> ReconcileJob:
    await store_helpers.discover(store, method=Method.PRIVATELINK)
    return await store_helpers.take(store)


def asked(subject: Subject = ONE, kind: Kind = Kind.OPEN) -> Request:
    request = factories.request(kind=kind)
    terms = replace(request.terms, method=Method.PRIVATELINK, subject=subject)
    return replace(request, terms=terms)


async def approved(store: PostgresStore, subject: Subject = ONE) -> Grant:
    return await store_helpers.approve(store, await store_helpers.record(store, asked(subject)))


async def do(store: PostgresStore, *steps: Callable[[Transaction], Awaitable[object]]) -> None:
    for step in steps:
        async with store.transaction() as tx:
            await step(tx)
            await tx.commit()


async def known(store: PostgresStore, job: ReconcileJob) -> StoredAccounts:
    async with store.transaction() as tx:
        return await tx.privatelink_accounts.load(job, NOW)


async def test_an_intent_makes_an_account_ours_that_is_not_listed_yet(
    store: PostgresStore, job: ReconcileJob
) -> None:
    await do(store, lambda tx: tx.privatelink_accounts.intend_creation(job, [A, B]))
    entries = (await known(store, job)).entries
    assert [(entry.key, entry.observed, entry.ambiguous, entry.removal) for entry in entries] == [
        (A, False, True, Removal.NONE),
        (B, False, True, Removal.NONE),
    ]


async def test_an_answer_or_a_list_that_shows_it_ends_the_waiting(
    store: PostgresStore, job: ReconcileJob
) -> None:
    await do(
        store,
        lambda tx: tx.privatelink_accounts.intend_creation(job, [A, B]),
        lambda tx: tx.privatelink_accounts.created(job, [A]),
        lambda tx: tx.privatelink_accounts.ambiguous(job, [B], error="timeout"),
    )
    assert [(entry.observed, entry.ambiguous) for entry in (await known(store, job)).entries] == [
        (True, False),
        (False, True),
    ]
    await do(store, lambda tx: tx.privatelink_accounts.observed(job, [A, B]))
    assert [(entry.observed, entry.ambiguous) for entry in (await known(store, job)).entries] == [
        (True, False)
    ] * 2


async def test_a_refused_account_is_not_ours_when_somebody_else_lets_it_in(
    store: PostgresStore, job: ReconcileJob
) -> None:
    await do(
        store,
        lambda tx: tx.privatelink_accounts.intend_creation(job, [A]),
        lambda tx: tx.privatelink_accounts.rejected(job, [A], error="no"),
    )
    assert (await known(store, job)).entries == ()


async def test_what_did_not_appear_is_expected_for_an_hour_and_then_given_up(
    store: PostgresStore, engine: AsyncEngine, job: ReconcileJob
) -> None:
    await do(
        store,
        lambda tx: tx.privatelink_accounts.intend_creation(job, [A]),
        lambda tx: tx.privatelink_accounts.abandon(job, [A]),
    )
    assert len((await known(store, job)).entries) == 1
    await database.update_rows(
        engine, privatelink_accounts, {"requested_at": func.now() - timedelta(minutes=61)}
    )
    await do(store, lambda tx: tx.privatelink_accounts.abandon(job, [A]))
    assert (await known(store, job)).entries == ()


async def test_a_removal_grows_overdue_after_a_minute(
    store: PostgresStore, engine: AsyncEngine, job: ReconcileJob
) -> None:
    await do(
        store,
        lambda tx: tx.privatelink_accounts.intend_creation(job, [A]),
        lambda tx: tx.privatelink_accounts.created(job, [A]),
        lambda tx: tx.privatelink_accounts.intend_removal(job, [A]),
    )
    assert (await known(store, job)).entries[0].removal is Removal.REQUESTED
    await database.update_rows(
        engine, privatelink_accounts, {"removal_requested_at": func.now() - timedelta(seconds=61)}
    )
    assert (await known(store, job)).entries[0].removal is Removal.OVERDUE


async def test_an_account_that_is_allowed_once_more_has_a_row_of_its_own(
    store: PostgresStore, engine: AsyncEngine, job: ReconcileJob
) -> None:
    await do(
        store,
        lambda tx: tx.privatelink_accounts.intend_creation(job, [A]),
        lambda tx: tx.privatelink_accounts.created(job, [A]),
        lambda tx: tx.privatelink_accounts.intend_removal(job, [A]),
        lambda tx: tx.privatelink_accounts.absent(job, [A]),
        lambda tx: tx.privatelink_accounts.intend_creation(job, [A]),
    )
    assert await database.count(engine, privatelink_accounts) == 2
    async with store.transaction() as tx:
        assert await tx.privatelink_accounts.owned(job.target.id) == {A}
        assert await tx.privatelink_accounts.recent_removals(job.target.id) == RecentRemovals(
            removed=frozenset({A})
        )


async def test_what_vanished_without_us_was_not_removed_by_us(
    store: PostgresStore, job: ReconcileJob
) -> None:
    await do(
        store,
        lambda tx: tx.privatelink_accounts.intend_creation(job, [A]),
        lambda tx: tx.privatelink_accounts.created(job, [A]),
        lambda tx: tx.privatelink_accounts.absent(job, [A]),
    )
    async with store.transaction() as tx:
        assert await tx.privatelink_accounts.recent_removals(job.target.id) == RecentRemovals()


async def test_open_grants_want_their_accounts_in_the_order_in_which_they_were_asked(
    store: PostgresStore, job: ReconcileJob
) -> None:
    first, second = await approved(store, BOTH), await approved(store)
    wants = (await known(store, job)).grants
    assert [(want.grant, want.addresses) for want in wants] == [
        (first.id, frozenset({A, B})),
        (second.id, frozenset({A})),
    ]
    over = grants.closed(second, GrantState.FAILED, now=NOW, reason_code=ReasonCode.REFUSED)
    assert await store_helpers.change(store, second, over)
    assert [want.grant for want in (await known(store, job)).grants] == [first.id]


async def test_grants_of_another_method_want_nothing_here(store: PostgresStore, job: ReconcileJob) -> None:
    await store_helpers.approve(store, await store_helpers.ask(store))
    assert (await known(store, job)).grants == ()


async def test_a_look_at_privatelink_is_read_back_as_it_was_kept(
    store: PostgresStore, job: ReconcileJob
) -> None:
    seen = PrivateLinkObservation(
        at=NOW,
        status="Operational",
        service="com.amazonaws.vpce.us-east-1.vpce-svc-0ab1",
        accounts=(AllowedAccount(arn=A, status="Active"), AllowedAccount(arn=B, status="Provisioning")),
        connections=(Connection(endpoint="vpce-0", hostname="db.example", owner=A, status="Available"),),
        ours=frozenset({A}),
        config_vars=("DATABASE_ENDPOINT_0_URL",),
    )
    await do(store, lambda tx: tx.reconcile_queue.save_observation(job, seen))
    async with store.transaction() as tx:
        read = await tx.reconcile_queue.observation(job.target.id, Method.PRIVATELINK)
    assert isinstance(read, PrivateLinkObservation)
    assert replace(read, at=NOW) == seen
    assert read.at > NOW - timedelta(days=36_500)


async def test_a_removal_of_accounts_names_the_grants_that_have_none_beyond(
    store: PostgresStore, job: ReconcileJob
) -> None:
    both, one = await approved(store, BOTH), await approved(store)
    for subject, closes in ((ONE, (one.request,)), (BOTH, (both.request, one.request))):
        request = await store_helpers.record(store, asked(subject, Kind.REMOVE))
        async with store.transaction() as tx:
            case = await tx.requests.details(request.id)
        assert case is not None
        assert case.closes == closes


async def test_closing_the_whole_names_every_grant_of_this_way_in(
    store: PostgresStore, job: ReconcileJob
) -> None:
    await store_helpers.approve(store, await store_helpers.ask(store))
    grant = await approved(store)
    request = await store_helpers.record(store, asked(Whole(), Kind.CLOSE))
    async with store.transaction() as tx:
        case = await tx.requests.details(request.id)
        assert case is not None
        assert case.closes == (grant.request,)
        assert [each.id for each in await tx.grants.running(grant.target, Method.PRIVATELINK)] == [grant.id]


async def test_an_operation_is_done_in_the_runs_of_its_method(
    store: PostgresStore, job: ReconcileJob
) -> None:
    request = await store_helpers.record(store, asked(Whole(), Kind.CLOSE))
    change = begin_operation(request, id=uuid4(), now=NOW)
    doing = AuditContext(actor="U0LEAD", at=NOW)
    await do(
        store,
        lambda tx: tx.requests.decide(request, RequestState.APPROVED, doing=doing),
        lambda tx: tx.operations.start(change, within=OPERATION_DEADLINE, doing=doing),
    )
    async with store.transaction() as tx:
        here = await tx.operations.unfinished(UUID(int=1), Method.PRIVATELINK)
        assert [each.kind for each in here] == [Kind.CLOSE]
        assert await tx.operations.unfinished(UUID(int=1), Method.MTLS) == ()

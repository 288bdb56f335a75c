"""What is recorded of a target that is gone: ended, withdrawn, failed and forgotten, once, and told."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.method import Method
from bot.domain.mtls.certificate import READY
from bot.domain.operation import OperationState
from bot.domain.reports import findings
from bot.domain.reports.trouble import Trouble
from bot.domain.request import RequestState
from bot.domain.target import Space, gone_called
from bot.domain.unmanaged_entry import SeenEntry
from bot.errors import Refusal, Refused
from bot.i18n.catalogue import LANGUAGES
from bot.ports import BOT, AuditContext, MessageKind
from bot.reconciler.outages import end_outage, tell_outage
from bot.services import Services
from bot.services.reports.outages import outage_key, outage_params
from bot.services.targets.absences import record_answer, report_return
from bot.services.targets.discovery import record_discovery
from storage.tables import outbox, privatelink_accounts, targets, trusted_ranges, unmanaged_entries
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW
from tests.unit.services import actions, certificates
from tests.unit.services.actions import ENGINEER, LEAD
from tests.unit.storage import store_helpers
from tests.unit.views import samples
from tests.unit.views.targets.test_identity import rendered

TARGET = certificates.TARGET
DOING = AuditContext(actor=BOT, at=NOW)


async def answer(store: PostgresStore, *, gone: bool = True, apart: timedelta = timedelta()) -> bool:
    async with store.transaction() as tx:
        target = next(each for each in await tx.targets.all() if each.id == TARGET)
        if gone:
            proven = await tx.departures.record_absence(TARGET, apart=apart, doing=DOING)
        else:
            proven = await record_answer(tx, actions.APP, target, gone=False, doing=DOING)
        await tx.commit()
        return proven


async def lose(store: PostgresStore) -> None:
    """No discovery finds the database any more, and Heroku says twice that it does not exist."""
    async with store.transaction() as tx:
        await tx.targets.save_discovery(())
        await tx.commit()
    assert not await answer(store)
    assert await answer(store)


async def lose_all(store: PostgresStore, engine: AsyncEngine, *, trouble: Trouble | None) -> None:
    """One discovery misses three databases, and Heroku says of each that it does not exist."""
    await store_helpers.discover(store, *(factories.database(f"app{n}", n) for n in range(1, 4)))
    async with store.transaction() as tx:
        await tx.targets.save_discovery(())
        await tx.commit()
    met = "NULL" if trouble is None else f"'{trouble}'"
    await store_helpers.query(engine, f"UPDATE reconcile_queue SET trouble = {met} RETURNING 1")
    assert await answer_all(store) == []


async def answer_all(store: PostgresStore) -> list[int]:
    async with store.transaction() as tx:
        lost = await tx.departures.missing(limit=10)
        proven = [
            each.id.int
            for each in lost
            if await tx.departures.record_absence(each.id, apart=timedelta(), doing=DOING)
        ]
        await tx.commit()
    return sorted(proven)


async def observe(engine: AsyncEngine) -> None:
    """The reconciler reads what is open, and Heroku answers."""
    await store_helpers.query(
        engine, "UPDATE reconcile_queue SET observed_at = now(), observation = '{}'::jsonb RETURNING 1"
    )


async def kinds(engine: AsyncEngine, recipient: str) -> list[str]:
    return sorted(await database.values(engine, outbox, "kind", recipient=recipient))


async def test_everything_that_is_recorded_of_it_ends_and_is_told_once(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    owned = await certificates.own(store)
    granted = await actions.approve(services, await actions.ask(services))
    pending = await actions.ask(services, replace(actions.REQUEST_INPUT, address="203.0.113.5"))
    await lose(store)
    await services.departures.run_due()
    async with store.transaction() as tx:
        grant = await tx.grants.of_request(granted.request.id)
        withdrawn = await tx.requests.details(pending.request.id)
        assert grant is not None
        assert withdrawn is not None
        assert (grant.state, grant.reason_code) == (GrantState.ENDED, ReasonCode.TARGET_GONE)
        assert withdrawn.request.state is RequestState.WITHDRAWN
        assert withdrawn.request.withdrawn is not None
        assert withdrawn.request.withdrawn.reason is Refusal.TARGET_GONE
        assert await tx.reconcile_queue.next_due() is None
        assert await tx.departures.unsettled(limit=10) == ()
    assert (await certificates.get(store)).absent_at is not None
    told = await kinds(engine, ENGINEER)
    for kind in (MessageKind.ENDED, MessageKind.CERTIFICATE_GONE):
        assert told.count(kind) == 1
    # The certificate's own request waits as well.
    assert told.count(MessageKind.WITHDRAWN) == 2
    (summary,) = await database.values(engine, outbox, "params", kind=MessageKind.TARGET_GONE)
    assert summary["grants"] == str(granted.request.id)
    assert summary["pending"] == f"{owned} {pending.request.id}"
    assert summary["certificates"] == str(owned)
    before = await store_helpers.counts(engine)
    await services.departures.run_due()
    assert await store_helpers.counts(engine) == before


async def test_what_is_approved_in_the_same_moment_is_found_by_the_next_run(
    services: Services, store: PostgresStore
) -> None:
    pending = await actions.ask(services)
    await lose(store)
    # As a transaction that has read the target before: its commit comes after the first run.
    async with store.transaction() as tx:
        await tx._connection.execute(targets.update().values(gone_at=None))
        await tx.commit()
    await actions.approve(services, pending)
    assert await answer(store)
    await services.departures.run_due()
    async with store.transaction() as tx:
        grant = await tx.grants.of_request(pending.request.id)
    assert grant is not None
    assert grant.state is GrantState.ENDED


async def test_a_request_about_it_is_withdrawn_by_whoever_looks_first(
    services: Services, store: PostgresStore
) -> None:
    pending = await actions.ask(services)
    await lose(store)
    decided = await actions.approve(services, pending)
    assert decided.request.state is RequestState.WITHDRAWN


async def test_an_operation_under_way_fails_and_is_not_retried(
    services: Services, store: PostgresStore
) -> None:
    owned = await certificates.own(store)
    asked = await services.certificates.revoke(str(owned), "old", person=ENGINEER, key=actions.key())
    await actions.approve(services, asked)
    await lose(store)
    await services.departures.run_due()
    details = await services.queries.request(asked.request.id)
    assert details.operation is not None
    assert details.operation.state is OperationState.FAILED
    assert details.operation.reason_code is ReasonCode.TARGET_GONE
    with pytest.raises(Refused) as refused:
        await services.grants.retry(asked.request.id, person=ENGINEER, key=actions.key())
    assert refused.value.reason is Refusal.TARGET_GONE


@pytest.mark.usefixtures("services")
async def test_one_answer_or_two_too_close_prove_nothing(store: PostgresStore) -> None:
    async with store.transaction() as tx:
        await tx.targets.save_discovery(())
        await tx.commit()
    for _ in range(3):
        assert not await answer(store, apart=timedelta(minutes=1))


@pytest.mark.usefixtures("services")
async def test_an_answer_that_it_is_there_voids_the_one_before(store: PostgresStore) -> None:
    async with store.transaction() as tx:
        await tx.targets.save_discovery(())
        await tx.commit()
    assert not await answer(store)
    assert not await answer(store, gone=False)
    assert not await answer(store)


@pytest.mark.usefixtures("services")
async def test_what_a_discovery_finds_is_not_asked_about_and_cannot_be_gone(store: PostgresStore) -> None:
    async with store.transaction() as tx:
        assert await tx.departures.missing(limit=10) == ()
    assert not await answer(store)
    assert not await answer(store)


async def test_only_what_is_lost_is_settled(services: Services, store: PostgresStore) -> None:
    granted = await actions.approve(services, await actions.ask(services))
    await services.departures.run_due()
    async with store.transaction() as tx:
        await tx.targets.save_discovery(())
        await tx.commit()
    await services.departures.run_due()
    async with store.transaction() as tx:
        grant = await tx.grants.of_request(granted.request.id)
    assert grant is not None
    assert grant.state is GrantState.APPLYING


@pytest.mark.parametrize("word", ["billing", "BILLING", "money"])
def test_a_word_that_meant_it_is_known(word: str) -> None:
    found = factories.database()
    assert gone_called([found], word, {"money": frozenset({found.id})}) == found


def test_a_word_of_nothing_that_is_gone_means_nothing() -> None:
    assert gone_called([factories.database()], "ledger", {"ledger": frozenset({UUID(int=99)})}) is None


async def test_retry_by_an_approver_is_refused_too(services: Services, store: PostgresStore) -> None:
    granted = await actions.approve(services, await actions.ask(services))
    await actions.bring(store, granted, GrantState.FAILED)
    await lose(store)
    await services.departures.run_due()
    with pytest.raises(Refused) as refused:
        await services.grants.retry(granted.request.id, person=LEAD, key=actions.key())
    assert refused.value.reason is Refusal.TARGET_GONE


async def test_what_operations_were_told_of_it_before_is_over(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    await actions.approve(services, await actions.ask(services))
    job = await store_helpers.take(store)
    async with store.transaction() as tx:
        outage = await tx.outages.join(job, Trouble.UNREACHABLE, status="503", error="down", at=NOW)
        key, params = outage_key(outage), outage_params(outage, outage.held)
        await tx.outbox.add(
            MessageKind.HEROKU_TROUBLE, to=actions.APP.operations_channel, key=key, params=params
        )
        found = findings.unmanaged(TARGET, "192.0.2.1/32")
        about = {"app": "billing", "network": "192.0.2.1/32"}
        await tx.outbox.add(
            MessageKind.RULE_UNMANAGED,
            to=actions.APP.operations_channel,
            key="new",
            params=about,
            about=(found,),
        )
        await tx.commit()
    await lose(store)
    await services.departures.run_due()
    told = await kinds(engine, actions.APP.operations_channel)
    assert MessageKind.HEROKU_RESTORED not in told, "it is not in sync again"
    (held,) = await database.values(engine, outbox, "params", key=key)
    assert held["until"]
    assert (held["gone"], held["app"]) == ("yes", "billing")
    (settled,) = await database.values(engine, outbox, "settled_at", kind=MessageKind.RULE_UNMANAGED)
    assert settled is not None


async def test_that_it_is_gone_is_taken_back_when_it_exists_again(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    await actions.approve(services, await actions.ask(services))
    await lose(store)
    await services.departures.run_due()
    assert await database.values(engine, outbox, "settled_at", kind=MessageKind.TARGET_GONE) == [None]
    async with store.transaction() as tx:
        (target,) = [each for each in await tx.targets.all() if each.id == TARGET]
        await report_return(tx, actions.APP, target, now=NOW)
        await tx.commit()
    (settled,) = await database.values(engine, outbox, "settled_at", kind=MessageKind.TARGET_GONE)
    assert settled == NOW


async def test_what_was_observed_since_the_first_answer_is_not_gone(
    store: PostgresStore, engine: AsyncEngine, services: Services
) -> None:
    async with store.transaction() as tx:
        await tx.targets.save_discovery(())
        await tx.commit()
    for _ in range(3):
        assert not await answer(store)
        await observe(engine)
    assert not await answer(store), "this one is the first answer since"
    assert await answer(store)


async def test_what_was_observed_before_the_first_answer_only_is_gone(
    store: PostgresStore, engine: AsyncEngine, services: Services
) -> None:
    await observe(engine)
    await lose(store)


async def test_an_answer_after_an_observation_counts_from_itself(
    store: PostgresStore, engine: AsyncEngine, services: Services
) -> None:
    async with store.transaction() as tx:
        await tx.targets.save_discovery(())
        await tx.commit()
    await answer(store)
    await observe(engine)
    await answer(store)
    assert not await answer(store, apart=timedelta(minutes=2)), "its two minutes begin anew"


@pytest.mark.parametrize("trouble", [None, *(each for each in Trouble if each is not Trouble.UNKNOWN_ADDON)])
async def test_several_that_one_discovery_misses_are_not_gone_by_the_platform_api_alone(
    store: PostgresStore, engine: AsyncEngine, trouble: Trouble | None
) -> None:
    await lose_all(store, engine, trouble=trouble)
    for _ in range(3):
        assert await answer_all(store) == []


async def test_several_are_gone_once_the_data_api_denies_them_too(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await lose_all(store, engine, trouble=Trouble.UNKNOWN_ADDON)
    assert await answer_all(store) == [1, 2, 3]


async def test_several_that_were_observed_since_are_not_gone(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await lose_all(store, engine, trouble=Trouble.UNKNOWN_ADDON)
    await observe(engine)
    assert await answer_all(store) == []


async def test_operations_are_told_once_of_several_that_went_missing_together(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await lose_all(store, engine, trouble=None)
    for _ in range(2):
        async with store.transaction() as tx:
            for target in await tx.departures.missing(limit=10):
                assert not await record_answer(tx, actions.APP, target, gone=True, doing=DOING)
            await tx.commit()
    (params,) = await database.values(engine, outbox, "params", kind=MessageKind.TARGETS_MISSING)
    assert params["app"] == "app1, app2, app3"


async def test_that_they_are_missing_is_over_once_each_is_found_again_or_gone(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    await lose_all(store, engine, trouble=Trouble.UNKNOWN_ADDON)
    one, two, three = (factories.database(f"app{n}", n) for n in range(1, 4))

    async def settled() -> list[object]:
        return await database.values(engine, outbox, "settled_at", kind=MessageKind.TARGETS_MISSING)

    async with store.transaction() as tx:
        # Too early for a second answer to prove anything.
        assert not await record_answer(tx, actions.APP, one, gone=True, doing=DOING)
        await tx.commit()
    await store_helpers.query(
        engine, "UPDATE targets SET missing_at = missing_at - interval '1 hour' RETURNING 1"
    )
    async with store.transaction() as tx:
        assert await record_answer(tx, actions.APP, one, gone=True, doing=DOING)
        assert not await record_answer(tx, actions.APP, two, gone=False, doing=DOING)
        await tx.commit()
    assert await settled() == [None]
    async with store.transaction() as tx:
        await record_discovery(tx, actions.APP, [three], [])
        await tx.commit()
    assert await settled() != [None]


async def test_one_alone_is_not_reported_as_missing(
    store: PostgresStore, engine: AsyncEngine, services: Services
) -> None:
    async with store.transaction() as tx:
        await tx.targets.save_discovery(())
        (target,) = await tx.departures.missing(limit=10)
        assert not await record_answer(tx, actions.APP, target, gone=True, doing=DOING)
        await tx.commit()
    assert await database.values(engine, outbox, "id", kind=MessageKind.TARGETS_MISSING) == []


SPACE = Space(id=UUID(int=9), name="acme-private", region="virginia", shield=False)


@pytest.mark.parametrize("on_space", [False, True])
async def test_entries_without_a_marker_are_owned_again_when_it_is_back(
    store: PostgresStore, engine: AsyncEngine, on_space: bool
) -> None:
    target = SPACE.id if on_space else TARGET
    table, key = (trusted_ranges, "source") if on_space else (privatelink_accounts, "arn")
    databases, spaces = ([], [SPACE]) if on_space else ([factories.database()], [])
    async with store.transaction() as tx:
        await tx.targets.save_discovery(databases, spaces)
        await tx.commit()
    entries: list[dict[str, object]] = [
        {"adopted": False},
        {"adopted": True},
        {"adopted": True, "removal_requested_at": NOW},
        {"adopted": False, "absent_at": NOW - timedelta(days=9999)},
    ]
    async with engine.begin() as connection:
        for number, each in enumerate(entries):
            row = {"target_id": target, key: f"e{number}", "observed": True, **each}
            await connection.execute(table.insert().values(row))
    async with store.transaction() as tx:
        await tx.targets.save_discovery(())
        await tx.commit()
    for proven in (False, True):
        async with store.transaction() as tx:
            assert await tx.departures.record_absence(target, apart=timedelta(), doing=DOING) is proven
            await tx.commit()
    async with store.transaction() as tx:
        await tx.departures.forget_entries(target)
        await tx.commit()
    assert await database.values(engine, table, key, absent_at=None) == []
    async with store.transaction() as tx:
        await record_discovery(tx, actions.APP, databases, spaces)
        await tx.commit()
    back = await database.rows(
        engine, table, key, "adopted", "removal_requested_at", order_by=key, absent_at=None
    )
    assert back == [("e0", False, None), ("e1", True, None), ("e2", False, None)]


async def test_certificates_that_went_with_it_are_in_the_inventory_again(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    await certificates.own(store)
    await lose(store)
    await services.departures.run_due()
    assert (await certificates.get(store)).absent_at is not None
    async with store.transaction() as tx:
        await record_discovery(tx, actions.APP, [factories.database()], [])
        await tx.commit()
    known = await certificates.get(store)
    assert (known.absent_at, known.status, known.owner) == (None, READY, ENGINEER)


@pytest.mark.parametrize("trouble", [Trouble.UNKNOWN_ADDON, Trouble.LIMITED, Trouble.DENIED])
async def test_there_is_no_all_clear_for_what_no_longer_exists(
    services: Services, store: PostgresStore, engine: AsyncEngine, trouble: Trouble
) -> None:
    await actions.approve(services, await actions.ask(services))
    job = await store_helpers.take(store)
    async with store.transaction() as tx:
        await tell_outage(
            tx, job, trouble, status="404", error="not_found", at=NOW, operations_channel="C0OP"
        )
        await tx.commit()
    await lose(store)
    await services.departures.run_due()
    assert await database.values(engine, outbox, "id", kind=MessageKind.HEROKU_RESTORED) == []
    ((kind, params),) = await database.rows(engine, outbox, "kind", "params", recipient="C0OP")
    for language in LANGUAGES:
        shown = samples.content(rendered(kind, params, language))
        assert "billing" in shown
        assert ":wastebasket:" in shown


async def test_the_all_clear_of_several_names_those_that_are_in_sync_again(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    await actions.approve(services, await actions.ask(services))
    job = await store_helpers.take(store)
    ledger = factories.database("ledger", 7)
    await store_helpers.discover(store, factories.database(), ledger)
    other = await store_helpers.take(store)
    assert other.target == ledger
    channel = actions.APP.operations_channel
    async with store.transaction() as tx:
        for each in (job, other):
            await tell_outage(
                tx, each, Trouble.UNREACHABLE, status="503", error="", at=NOW, operations_channel=channel
            )
        await tx.commit()
    async with store.transaction() as tx:
        await end_outage(tx, replace(other, outage=Trouble.UNREACHABLE), at=NOW, operations_channel=channel)
        await tx.targets.save_discovery([ledger])
        await tx.commit()
    assert not await answer(store)
    assert await answer(store)
    await services.departures.run_due()
    (said,) = await database.values(engine, outbox, "params", kind=MessageKind.HEROKU_RESTORED)
    assert said["app"] == "ledger"


async def test_what_nobody_managed_there_is_gone_with_it(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    rule = SeenEntry(entry="7", subject="198.51.100.0/24")
    async with store.transaction() as tx:
        await tx.unmanaged_entries.record(TARGET, Method.MTLS, [rule], at=NOW - timedelta(hours=1))
        await tx.commit()
    await lose(store)
    assert await database.values(engine, unmanaged_entries, "absent_at") == [NOW]

"""Unmanaged rules run by run: removed and adopted as approved, and the drift that is reported."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.drift import NO_DRIFT
from bot.domain.mtls import unmanaged_rules
from bot.domain.request import Kind
from bot.domain.subject import Whole
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import default_world
from storage.tables import outbox
from storage.transaction import PostgresStore
from tests import database
from tests.flow.reconciler.harness import OPERATIONS, TOKEN, heroku_client
from tests.flow.reconciler.mtls_harness import ADD, REMOVE, MtlsHarness
from tests.unit.factories import NETWORK

OTHER = IPv4Network("192.0.2.7/32")
UNMANAGED, BACK = "notification.rule_unmanaged", "notification.rule_back"
MISSING, UNAPPLIED = "notification.rule_missing", "notification.rule_unapplied"


@pytest.fixture
async def harness(store: PostgresStore, engine: AsyncEngine) -> AsyncIterator[MtlsHarness]:
    heroku = default_world(token=TOKEN, times=TransitionTimes.of(0), behavior=Behavior(provisioning_errors=0))
    async with heroku_client(heroku) as client:
        made = MtlsHarness(store=store, engine=engine, heroku=heroku, client=client)
        await made.begin()
        yield made


async def seen_externally(harness: MtlsHarness) -> UUID:
    """A rule that somebody else made and that an observation has shown."""
    harness.rule_externally(OTHER, "the ETL vendor")
    await harness.reconcile()
    return next(rule.id for rule in harness.endpoint().rules.values() if rule.cidr == str(OTHER))


# --- removed, and adopted ------------------------------------------------------------------------


async def test_an_unmanaged_rule_is_removed_by_its_own_approval(harness: MtlsHarness) -> None:
    await seen_externally(harness)
    operation = await harness.start(Kind.REMOVE_UNMANAGED, OTHER)
    await harness.reconcile()
    await harness.reconcile()
    assert str(OTHER) not in harness.networks()
    assert await harness.result(operation) == ("done", None)
    assert len(harness.calls(REMOVE)) == 1
    assert "notification.done" in await harness.messages("U0ENGINEER")


async def test_the_rule_that_somebody_made_in_its_place_meanwhile_is_left_alone(harness: MtlsHarness) -> None:
    await seen_externally(harness)
    operation = await harness.start(Kind.REMOVE_UNMANAGED, OTHER)
    harness.removed_externally(OTHER)
    harness.rule_externally(OTHER, "made anew")
    await harness.reconcile()
    assert await harness.result(operation) == ("done", None)
    assert str(OTHER) in harness.networks()
    assert harness.calls(REMOVE) == []


async def test_a_removal_that_heroku_spoils_is_asked_for_again_after_a_minute(harness: MtlsHarness) -> None:
    await seen_externally(harness)
    operation = await harness.start(Kind.REMOVE_UNMANAGED, OTHER)
    harness.heroku.fault(fault_injection.status(500), on=REMOVE)
    await harness.reconcile()
    await harness.reconcile()
    assert len(harness.calls(REMOVE)) == 1
    await harness.wait_a_minute()
    await harness.reconcile()
    await harness.reconcile()
    assert await harness.result(operation) == ("done", None)
    assert len(harness.calls(REMOVE)) == 2


async def test_a_removal_that_heroku_refuses_fails_with_its_words_and_is_tried_again_by_a_person(
    harness: MtlsHarness,
) -> None:
    rule = await seen_externally(harness)
    operation = await harness.start(Kind.REMOVE_UNMANAGED, OTHER)
    harness.heroku.fault(fault_injection.status(422), on=REMOVE)
    await harness.reconcile()
    assert await harness.result(operation) == ("failed", "refused")
    async with harness.store.transaction() as tx:
        assert unmanaged_rules.rules_of(unmanaged_rules.again(await tx.operations.lock(operation.id))) == {
            rule
        }


async def test_an_open_request_that_relies_on_an_unmanaged_rule_keeps_it_there(harness: MtlsHarness) -> None:
    await seen_externally(harness)
    grant = await harness.open(OTHER)
    operation = await harness.start(Kind.REMOVE_UNMANAGED, OTHER)
    await harness.reconcile()
    assert await harness.result(operation) == ("failed", "needed")
    assert await harness.state(grant) == "in_force"
    assert harness.calls(REMOVE) == []


async def test_an_adopted_rule_is_ours_stays_without_a_grant_and_goes_by_its_own_removal(
    harness: MtlsHarness,
) -> None:
    rule = await seen_externally(harness)
    operation = await harness.start(Kind.ADOPT, OTHER)
    await harness.reconcile()
    assert await harness.result(operation) == ("done", None)
    async with harness.store.transaction() as tx:
        assert await tx.mtls_rules.owned(harness.target.id) == {rule}
    grant = await harness.open(OTHER)
    assert harness.calls(ADD) == []
    await harness.end(grant)
    await harness.reconcile()
    assert (await harness.state(grant), str(OTHER) in harness.networks()) == ("ended", True)
    approved_removals = await harness.start(Kind.REMOVE_UNMANAGED, OTHER)
    await harness.reconcile()
    await harness.reconcile()
    assert (await harness.result(approved_removals), str(OTHER) in harness.networks()) == (
        ("done", None),
        False,
    )


async def test_an_adopted_rule_stays_once_heroku_has_refused_its_removal(harness: MtlsHarness) -> None:
    await seen_externally(harness)
    await harness.start(Kind.ADOPT, OTHER)
    await harness.reconcile()
    approved_removals = await harness.start(Kind.REMOVE_UNMANAGED, OTHER)
    harness.heroku.fault(fault_injection.status(422), on=REMOVE)
    await harness.reconcile()
    assert await harness.result(approved_removals) == ("failed", "refused")
    asked = len(harness.calls(REMOVE))
    for _ in range(3):
        await harness.wait_a_minute()
        await harness.reconcile()
    assert (str(OTHER) in harness.networks(), len(harness.calls(REMOVE))) == (True, asked)


async def test_an_adopted_rule_that_goes_with_mtls_is_not_reported_as_missing(harness: MtlsHarness) -> None:
    await seen_externally(harness)
    await harness.start(Kind.ADOPT, OTHER)
    await harness.reconcile()
    disable = await harness.start(Kind.DISABLE, Whole())
    for _ in range(4):
        await harness.reconcile()
    assert await harness.result(disable) == ("done", None)
    assert MISSING not in await harness.messages()
    assert (await harness.drift()).missing == frozenset()


async def test_two_approved_requests_to_adopt_one_rule_are_both_done(harness: MtlsHarness) -> None:
    await seen_externally(harness)
    first, second = [await harness.start(Kind.ADOPT, OTHER) for _ in range(2)]
    await harness.reconcile()
    assert [await harness.result(each) for each in (first, second)] == [("done", None)] * 2


async def test_a_rule_that_is_gone_before_it_was_adopted_says_so(harness: MtlsHarness) -> None:
    await seen_externally(harness)
    operation = await harness.start(Kind.ADOPT, OTHER)
    harness.removed_externally(OTHER)
    await harness.reconcile()
    assert await harness.result(operation) == ("failed", "closed_elsewhere")


# --- drift ------------------------------------------------------------------------------------------


async def test_a_new_unmanaged_rule_is_told_once_and_what_stood_there_at_first_is_not(
    harness: MtlsHarness,
) -> None:
    assert await harness.messages() == []
    await seen_externally(harness)
    await harness.reconcile()
    assert await harness.messages() == [UNMANAGED]


async def test_a_crowd_of_new_unmanaged_rules_is_told_in_one_message(harness: MtlsHarness) -> None:
    for host in range(20):
        harness.rule_externally(IPv4Network(f"192.0.2.{host}/32"), "a script's")
    await harness.reconcile()
    await harness.reconcile()
    assert await harness.messages() == ["notification.rules_unmanaged"]
    ((_, params),) = await harness.findings()
    assert params["count"] == "20"
    assert "`192.0.2.9/32` …" in params["networks"]


async def test_what_stood_there_at_first_is_told_as_one_list_and_what_comes_later_by_itself(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    heroku = default_world(token=TOKEN, times=TransitionTimes.of(0), behavior=Behavior(provisioning_errors=0))
    async with heroku_client(heroku) as client:
        harness = MtlsHarness(store=store, engine=engine, heroku=heroku, client=client)
        there = [str(rule.cidr) for rule in harness.endpoint().rules.values()]
        for host in range(40):
            harness.rule_externally(IPv4Network(f"192.0.2.{host}/32"), "a script's")
        await harness.begin()
        await harness.reconcile()
        assert await harness.messages() == []
        (first,) = await harness.first()
        assert first["count"] == str(len(there) + 40)
        ((about, settled),) = await database.rows(
            engine, outbox, "about", "settled_at", kind="notification.rules_unmanaged", recipient=OPERATIONS
        )
        assert (len(about), settled) == (len(there) + 40, None)
        harness.rule_externally(IPv4Network("198.51.100.7/32"))
        harness.removed_externally(IPv4Network("192.0.2.1/32"))
        await harness.reconcile()
        assert await harness.messages() == [UNMANAGED]
        (left,) = await database.values(engine, outbox, "about", kind="notification.rules_unmanaged")
        assert len(left) == len(about) - 1


async def test_what_is_back_after_our_verified_removal_is_told_as_such_and_kept_as_drift(
    harness: MtlsHarness,
) -> None:
    grant = await harness.open()
    await harness.end(grant)
    await harness.reconcile()
    await harness.reconcile()
    assert await harness.state(grant) == "ended"
    harness.rule_externally(NETWORK)
    await harness.reconcile()
    await harness.reconcile()
    assert await harness.messages() == [BACK]
    assert (await harness.drift()).back == {str(NETWORK)}


async def test_an_adopted_rule_that_vanishes_is_told_to_its_owner_and_to_operations_once(
    harness: MtlsHarness,
) -> None:
    await seen_externally(harness)
    await harness.start(Kind.ADOPT, OTHER)
    await harness.reconcile()
    harness.removed_externally(OTHER)
    await harness.reconcile()
    await harness.reconcile()
    assert await harness.messages() == [UNMANAGED, MISSING]
    assert (await harness.messages("U0ENGINEER"))[-1] == MISSING
    assert (await harness.drift()).missing == {str(OTHER)}


async def test_a_rule_that_stops_being_authorised_is_told_once_two_looks_have_seen_it(
    harness: MtlsHarness,
) -> None:
    grant = await harness.open()
    rules = harness.endpoint().rules
    later = datetime.now(UTC) + timedelta(hours=1)
    authorised = dict(rules)
    for id, rule in authorised.items():
        rules[id] = replace(rule, authorized_at=later)
    await harness.reconcile()
    assert await harness.messages() == []
    await harness.reconcile()
    await harness.reconcile()
    assert await harness.messages() == [UNAPPLIED]
    assert (await harness.drift()).unapplied == {str(NETWORK)}
    assert await harness.state(grant) == "in_force"
    rules.update(authorised)
    await harness.reconcile()
    assert await harness.drift() == NO_DRIFT


# --- what was told of them is edited once it is over --------------------------------------------------


async def settled(harness: MtlsHarness, kind: str) -> bool:
    """Whether the message of a kind was settled."""
    rows = await database.rows(harness.engine, outbox, "settled_at", "about", kind=kind)
    assert rows
    assert all(about is not None for _, about in rows)
    return all(at is not None for at, _ in rows)


async def test_an_unmanaged_rule_that_is_gone_is_no_longer_told_of(harness: MtlsHarness) -> None:
    await harness.reconcile()
    await seen_externally(harness)
    await harness.reconcile()
    assert not await settled(harness, UNMANAGED)
    harness.removed_externally(OTHER)
    await harness.reconcile()
    assert await settled(harness, UNMANAGED)


async def test_an_unmanaged_rule_that_is_adopted_is_no_longer_told_of(harness: MtlsHarness) -> None:
    await harness.reconcile()
    await seen_externally(harness)
    await harness.start(Kind.ADOPT, OTHER)
    assert not await settled(harness, UNMANAGED)
    await harness.reconcile()
    assert await settled(harness, UNMANAGED)

"""Rules that others made, pass by pass: removed and taken over as was approved, and what drift is told of."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.drift import NO_DRIFT
from bot.domain.mtls import unmanaged_rules
from bot.domain.request import Kind
from bot.domain.subject import Whole
from bot.heroku.client import HerokuClient
from sandbox.heroku import fault_injection
from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import default_world
from sandbox.heroku.server import app as heroku_server
from storage.transaction import PostgresStore
from tests.flow.reconciler.mtls_harness import Passes
from tests.unit.factories import NETWORK

OTHER = IPv4Network("192.0.2.7/32")
ADD, REMOVE = r"POST .*/ip-rules$", r"DELETE .*/ip-rules/"
UNMANAGED, BACK = "notification.rule_unmanaged", "notification.rule_back"
MISSING, UNAPPLIED = "notification.rule_missing", "notification.rule_unapplied"


@pytest.fixture
async def passes(store: PostgresStore, engine: AsyncEngine) -> AsyncIterator[Passes]:
    heroku = default_world(
        token="HRKU-played", times=TransitionTimes.of(0), behavior=Behavior(provisioning_errors=0)
    )
    base = "http://heroku.test"
    transport = httpx.ASGITransport(heroku_server(heroku))
    client = HerokuClient(token="HRKU-played", platform_url=base, data_url=base, transport=transport)
    made = Passes(store=store, engine=engine, heroku=heroku, client=client)
    await made.begin()
    yield made
    await client.close()


async def seen_externally(passes: Passes) -> UUID:
    """A rule that somebody else made and that a look has shown."""
    passes.rule_externally(OTHER, "the ETL vendor")
    await passes.look()
    return next(rule.id for rule in passes.endpoint().rules.values() if rule.cidr == str(OTHER))


# --- removed, and taken over ------------------------------------------------------------------------


async def test_a_unmanaged_rule_is_removed_by_its_own_approval(passes: Passes) -> None:
    await seen_externally(passes)
    operation = await passes.change(Kind.REMOVE_UNMANAGED, OTHER)
    await passes.look()
    await passes.look()
    assert str(OTHER) not in passes.networks()
    assert await passes.made(operation) == ("done", None)
    assert len(passes.calls(REMOVE)) == 1
    assert "notification.done" in await passes.hears("U0ENGINEER")


async def test_the_rule_that_somebody_made_in_its_place_meanwhile_is_left_alone(passes: Passes) -> None:
    await seen_externally(passes)
    operation = await passes.change(Kind.REMOVE_UNMANAGED, OTHER)
    passes.removed_externally(OTHER)
    passes.rule_externally(OTHER, "made anew")
    await passes.look()
    assert await passes.made(operation) == ("done", None)
    assert str(OTHER) in passes.networks()
    assert passes.calls(REMOVE) == []


async def test_a_removal_that_heroku_spoils_is_asked_for_again_after_a_minute(passes: Passes) -> None:
    await seen_externally(passes)
    operation = await passes.change(Kind.REMOVE_UNMANAGED, OTHER)
    passes.heroku.fault(fault_injection.status(500), on=REMOVE)
    await passes.look()
    await passes.look()
    assert len(passes.calls(REMOVE)) == 1
    await passes.minute()
    await passes.look()
    await passes.look()
    assert await passes.made(operation) == ("done", None)
    assert len(passes.calls(REMOVE)) == 2


async def test_a_removal_that_heroku_refuses_fails_with_its_words_and_is_tried_again_by_a_person(
    passes: Passes,
) -> None:
    rule = await seen_externally(passes)
    operation = await passes.change(Kind.REMOVE_UNMANAGED, OTHER)
    passes.heroku.fault(fault_injection.status(422), on=REMOVE)
    await passes.look()
    assert await passes.made(operation) == ("failed", "refused")
    async with passes.store.transaction() as tx:
        assert unmanaged_rules.rules_of(unmanaged_rules.again(await tx.operations.lock(operation.id))) == {
            rule
        }


async def test_an_open_request_that_relies_on_a_unmanaged_rule_keeps_it_there(passes: Passes) -> None:
    await seen_externally(passes)
    grant = await passes.in_force(OTHER)
    operation = await passes.change(Kind.REMOVE_UNMANAGED, OTHER)
    await passes.look()
    assert await passes.made(operation) == ("failed", "needed")
    assert await passes.state(grant) == "in_force"
    assert passes.calls(REMOVE) == []


async def test_an_adopted_rule_is_ours_stays_without_a_grant_and_goes_by_its_own_removal(
    passes: Passes,
) -> None:
    rule = await seen_externally(passes)
    operation = await passes.change(Kind.ADOPT, OTHER)
    await passes.look()
    assert await passes.made(operation) == ("done", None)
    async with passes.store.transaction() as tx:
        assert await tx.mtls_rules.ours(passes.database.id) == {rule}
    grant = await passes.in_force(OTHER)
    assert passes.calls(ADD) == []
    await passes.end(grant)
    await passes.look()
    assert (await passes.state(grant), str(OTHER) in passes.networks()) == ("ended", True)
    approved_removals = await passes.change(Kind.REMOVE_UNMANAGED, OTHER)
    await passes.look()
    await passes.look()
    assert (await passes.made(approved_removals), str(OTHER) in passes.networks()) == (("done", None), False)


async def test_an_adopted_rule_stays_once_heroku_has_refused_its_removal(passes: Passes) -> None:
    await seen_externally(passes)
    await passes.change(Kind.ADOPT, OTHER)
    await passes.look()
    approved_removals = await passes.change(Kind.REMOVE_UNMANAGED, OTHER)
    passes.heroku.fault(fault_injection.status(422), on=REMOVE)
    await passes.look()
    assert await passes.made(approved_removals) == ("failed", "refused")
    asked = len(passes.calls(REMOVE))
    for _ in range(3):
        await passes.minute()
        await passes.look()
    assert (str(OTHER) in passes.networks(), len(passes.calls(REMOVE))) == (True, asked)


async def test_an_adopted_rule_that_goes_with_mtls_was_taken_away_by_nobody(passes: Passes) -> None:
    await seen_externally(passes)
    await passes.change(Kind.ADOPT, OTHER)
    await passes.look()
    disable = await passes.change(Kind.DISABLE, Whole())
    for _ in range(4):
        await passes.look()
    assert await passes.made(disable) == ("done", None)
    assert MISSING not in await passes.hears()
    assert (await passes.drift()).missing == frozenset()


async def test_two_approved_requests_to_take_over_one_rule_are_both_done(passes: Passes) -> None:
    await seen_externally(passes)
    first, second = [await passes.change(Kind.ADOPT, OTHER) for _ in range(2)]
    await passes.look()
    assert [await passes.made(each) for each in (first, second)] == [("done", None)] * 2


async def test_a_rule_that_is_gone_before_it_was_taken_over_says_so(passes: Passes) -> None:
    await seen_externally(passes)
    operation = await passes.change(Kind.ADOPT, OTHER)
    passes.removed_externally(OTHER)
    await passes.look()
    assert await passes.made(operation) == ("failed", "closed_elsewhere")


# --- drift ------------------------------------------------------------------------------------------


async def test_a_new_unmanaged_rule_is_told_once_and_what_stood_there_at_first_is_not(passes: Passes) -> None:
    assert await passes.hears() == []
    await seen_externally(passes)
    await passes.look()
    assert await passes.hears() == [UNMANAGED]


async def test_a_crowd_of_new_unmanaged_rules_is_told_in_one_message(passes: Passes) -> None:
    for host in range(20):
        passes.rule_externally(IPv4Network(f"192.0.2.{host}/32"), "a script's")
    await passes.look()
    await passes.look()
    assert await passes.hears() == ["notification.rules_unmanaged"]
    ((_, said),) = await passes.operations()
    assert said["count"] == "20"
    assert "`192.0.2.9/32` …" in said["networks"]


async def test_what_is_back_after_our_verified_removal_is_told_as_such_and_kept_as_drift(
    passes: Passes,
) -> None:
    grant = await passes.in_force()
    await passes.end(grant)
    await passes.look()
    await passes.look()
    assert await passes.state(grant) == "ended"
    passes.rule_externally(NETWORK)
    await passes.look()
    await passes.look()
    assert await passes.hears() == [BACK]
    assert (await passes.drift()).back == {str(NETWORK)}


async def test_an_adopted_rule_that_vanishes_is_told_to_its_owner_and_to_operations_once(
    passes: Passes,
) -> None:
    await seen_externally(passes)
    await passes.change(Kind.ADOPT, OTHER)
    await passes.look()
    passes.removed_externally(OTHER)
    await passes.look()
    await passes.look()
    assert await passes.hears() == [UNMANAGED, MISSING]
    assert (await passes.hears("U0ENGINEER"))[-1] == MISSING
    assert (await passes.drift()).missing == {str(OTHER)}


async def test_a_rule_that_stops_being_authorised_is_told_once_two_looks_have_seen_it(
    passes: Passes,
) -> None:
    grant = await passes.in_force()
    rules = passes.endpoint().rules
    later = datetime.now(UTC) + timedelta(hours=1)
    authorised = dict(rules)
    for id, rule in authorised.items():
        rules[id] = replace(rule, authorized_at=later)
    await passes.look()
    assert await passes.hears() == []
    await passes.look()
    await passes.look()
    assert await passes.hears() == [UNAPPLIED]
    assert (await passes.drift()).unapplied == {str(NETWORK)}
    assert await passes.state(grant) == "in_force"
    rules.update(authorised)
    await passes.look()
    assert await passes.drift() == NO_DRIFT

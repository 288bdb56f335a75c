"""Submit: what is recorded, what comes twice, and what is refused without a trace."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.person import Person
from bot.domain.policy.environments import PolicyTarget
from bot.domain.request import RequestState
from bot.domain.target import Database
from bot.errors import Refusal, Refused
from bot.services import RequestInput, Services
from bot.services.targets.discovery import SYNC, set_next_discovery
from storage.tables import requests
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW, POLICY, SetClock
from tests.unit.services import actions
from tests.unit.services.actions import ADMINS, APP, COLLEAGUE, ENGINEER, GROUP_ADMIN, HOUR, REQUEST_INPUT
from tests.unit.storage import store_helpers

COMMITS = """
    SELECT count(DISTINCT xmin::text) FROM (
        SELECT xmin FROM requests UNION ALL SELECT xmin FROM outbox UNION ALL SELECT xmin FROM audit
        UNION ALL SELECT xmin FROM idempotency_keys
    ) AS rows
"""
"""The number of transactions that wrote the rows."""


async def test_submit_records_the_request_two_cards_and_an_audit_line_in_one_commit(
    services: Services, engine: AsyncEngine
) -> None:
    before = await store_helpers.counts(engine)
    details = await actions.ask(services)
    asked = replace(factories.request(), id=details.request.id, nonce=details.request.nonce)
    assert details == replace(factories.case(asked=asked), observation=None)
    cards = [("card.approval", POLICY.approvals_channel), ("card.requester", ENGINEER)]
    assert await actions.outbox_messages(engine) == cards
    assert await actions.transitions(engine) == [(ENGINEER, "request", "", "pending")]
    recorded = {"requests": 1, "outbox": 2, "audit": 1, "idempotency_keys": 1}
    assert await store_helpers.counts(engine) == before | recorded
    assert await store_helpers.value(engine, COMMITS) == 1


async def test_submit_does_not_trigger_a_reconcile_run(services: Services, engine: AsyncEngine) -> None:
    await actions.ask(services)
    assert await database.generation(engine) == 0


async def test_a_request_carries_the_terms_of_its_policy_rule(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    policy = actions.ruled(
        name="careful",
        approvals=2,
        lapse_after=timedelta(hours=3),
        remind_after=(timedelta(minutes=20),),
        default_duration=timedelta(minutes=90),
    )
    details = await actions.ask(actions.under(policy, store, clock), replace(REQUEST_INPUT, duration=None))
    asked = details.request
    assert (asked.rule, asked.needed, asked.expires_at) == ("careful", 2, NOW + timedelta(hours=3))
    assert asked.terms.duration == timedelta(minutes=90)
    assert await database.value(engine, requests, "remind_at") == NOW + timedelta(minutes=20)


async def test_an_end_is_read_in_the_requesters_time_zone(store: PostgresStore, services: Services) -> None:
    await actions.know(store, factories.person(zone="Asia/Tokyo"))
    details = await actions.ask(services, replace(REQUEST_INPUT, duration=None, until="21:00"))
    assert details.request.terms.until == NOW.replace(hour=12)
    assert details.request.terms.duration is None


async def test_an_unknown_time_zone_is_read_as_utc(store: PostgresStore, services: Services) -> None:
    await actions.know(store, factories.person(zone="Mars/Olympus"))
    details = await actions.ask(services, replace(REQUEST_INPUT, duration=None, until="12:00"))
    assert details.request.terms.until == NOW.replace(hour=12)


async def test_the_only_database_need_not_be_named(services: Services) -> None:
    assert (await actions.ask(services, replace(REQUEST_INPUT, target=None))).database == factories.database()


async def test_a_database_can_be_named_by_its_alias_of_the_policy(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    named = replace(APP, targets=(PolicyTarget(alias="money", database="billing", environment="production"),))
    details = await actions.ask(actions.under(named, store, clock), replace(REQUEST_INPUT, target="money"))
    assert details.database == factories.database()


async def test_permanent_access_can_be_requested_where_the_rule_allows_it(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    lasting = actions.under(actions.ruled(permanent=True), store, clock)
    details = await actions.ask(lasting, replace(REQUEST_INPUT, duration="forever"))
    assert (details.request.terms.duration, details.request.terms.until) == (None, None)


async def test_permanent_access_is_refused_elsewhere(services: Services, engine: AsyncEngine) -> None:
    found = await actions.refusal(engine, actions.ask(services, replace(REQUEST_INPUT, duration="forever")))
    assert (found.reason, found.params) == (Refusal.DURATION_FOREVER, {"longest": timedelta(days=5)})


# --- the same twice --------------------------------------------------------------------------------


async def test_the_same_command_again_returns_the_same_request(
    services: Services, engine: AsyncEngine
) -> None:
    first = await services.access_requests.submit(
        Method.MTLS, REQUEST_INPUT, person=ENGINEER, key="command:1"
    )
    before = await actions.snapshot(engine)
    assert (
        await services.access_requests.submit(Method.MTLS, REQUEST_INPUT, person=ENGINEER, key="command:1")
        == first
    )
    assert await actions.snapshot(engine) == before


async def test_the_same_command_delivered_many_times_at_once_is_one_request(
    services: Services, engine: AsyncEngine
) -> None:
    all_details = await asyncio.gather(
        *(
            services.access_requests.submit(Method.MTLS, REQUEST_INPUT, person=ENGINEER, key="command:1")
            for _ in range(8)
        )
    )
    assert len({details.request.id for details in all_details}) == 1
    assert (await store_helpers.counts(engine))["requests"] == 1


async def test_a_refused_command_can_be_repeated(store: PostgresStore, services: Services) -> None:
    await actions.know(store, factories.person(guest=True))
    with pytest.raises(Refused):
        await services.access_requests.submit(Method.MTLS, REQUEST_INPUT, person=ENGINEER, key="command:1")
    await actions.know(store, factories.person())
    details = await services.access_requests.submit(
        Method.MTLS, REQUEST_INPUT, person=ENGINEER, key="command:1"
    )
    assert details.request.state is RequestState.PENDING


async def test_two_lines_at_the_same_moment_are_one_request_unless_the_person_wants_two(
    services: Services, engine: AsyncEngine
) -> None:
    async def submit(*, again: bool) -> Refusal | None:
        try:
            await services.access_requests.submit(
                Method.MTLS, REQUEST_INPUT, person=ENGINEER, key=actions.key(), again=again
            )
        except Refused as refused:
            return refused.reason
        return None

    answers = await asyncio.gather(*(submit(again=False) for _ in range(4)))
    assert sorted(map(str, answers)) == ["None", *["already_asked"] * 3]
    assert (await store_helpers.counts(engine))["requests"] == 1
    assert await submit(again=True) is None
    assert (await store_helpers.counts(engine))["requests"] == 2


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (GrantState.WAITING, Refusal.ALREADY_OPEN),
        (GrantState.APPLYING, Refusal.ALREADY_OPEN),
        (GrantState.IN_FORCE, Refusal.ALREADY_OPEN),
        (GrantState.INTERRUPTED, None),
        (GrantState.ENDING, None),
        (GrantState.ENDED, None),
        (GrantState.FAILED, None),
    ],
)
async def test_what_was_closed_or_is_about_to_be_keeps_nobody_from_asking_again(
    store: PostgresStore, services: Services, state: GrantState, reason: Refusal | None
) -> None:
    await actions.opened(store, services, state)
    refused = None
    try:
        await services.access_requests.submit(
            Method.MTLS, REQUEST_INPUT, person=ENGINEER, key=actions.key(), again=False
        )
    except Refused as caught:
        refused = caught.reason
    assert refused is reason


async def test_who_may_not_ask_learns_nothing_of_what_is_there(
    store: PostgresStore, services: Services, clock: SetClock
) -> None:
    await actions.ask(services)
    told = await services.access_requests.overlaps(Method.MTLS, REQUEST_INPUT, person=COLLEAGUE)
    assert told is not None
    assert [each.held.owner for each in told.overlaps] == [ENGINEER]
    silent = actions.under(actions.ruled(requesters=frozenset({ADMINS})), store, clock)
    assert await silent.access_requests.overlaps(Method.MTLS, REQUEST_INPUT, person=COLLEAGUE) is None


# --- who may not -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (factories.person(deactivated=True), Refusal.PERSON_INACTIVE),
        (factories.person(bot=True), Refusal.PERSON_INACTIVE),
        (factories.person(guest=True), Refusal.PERSON_OUTSIDE),
        (factories.person(external=True), Refusal.PERSON_OUTSIDE),
    ],
)
async def test_only_members_may_submit(
    store: PostgresStore, services: Services, engine: AsyncEngine, person: Person, reason: Refusal
) -> None:
    await actions.know(store, person)
    assert (await actions.refusal(engine, actions.ask(services))).reason is reason


async def test_an_unknown_person_is_refused_and_a_lookup_requested(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    before = await store_helpers.counts(engine)
    with pytest.raises(Refused) as caught:
        await actions.ask(services, person="U0NEW")
    assert caught.value.reason is Refusal.PERSON_UNKNOWN
    assert await store_helpers.counts(engine) == before | {"slack_users": before["slack_users"] + 1}
    async with store.transaction() as tx:
        assert await tx.slack_users.requested_lookups() == ("U0NEW",)


async def test_an_outdated_person_is_refused_and_a_lookup_requested(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await actions.outdate_users(engine)
    with pytest.raises(Refused) as caught:
        await actions.ask(services)
    assert caught.value.reason is Refusal.PERSON_UNKNOWN
    assert (await store_helpers.counts(engine))["requests"] == 0
    async with store.transaction() as tx:
        assert await tx.slack_users.requested_lookups() == (ENGINEER,)


async def test_a_person_whose_profile_changed_may_read_but_is_looked_up_before_they_ask(
    services: Services,
) -> None:
    await services.members.person_changed(ENGINEER)
    await services.members.require(ENGINEER)
    with pytest.raises(Refused) as caught:
        await actions.ask(services)
    assert caught.value.reason is Refusal.PERSON_UNKNOWN
    assert await services.members.locale(ENGINEER) == "en-US"


async def test_somebody_who_was_never_read_may_not_even_read(services: Services) -> None:
    await services.members.request_lookup("U0STRANGER")
    with pytest.raises(Refused) as caught:
        await services.members.require("U0STRANGER")
    assert caught.value.reason is Refusal.PERSON_UNKNOWN


# --- what the policy says --------------------------------------------------------------------------


async def test_a_denying_rule_wins_over_every_other(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    (allowing,) = APP.rules
    denying = replace(allowing, name="not you", denies=True, requesters=frozenset({ENGINEER}))
    closed = actions.under(replace(APP, rules=(allowing, denying)), store, clock)
    found = await actions.refusal(engine, actions.ask(closed))
    assert found.reason is Refusal.POLICY_DENIES
    assert found.params["rule"] == "not you"


async def test_without_a_matching_rule_submit_is_refused(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    silent = actions.under(actions.ruled(requesters=frozenset({ADMINS})), store, clock)
    assert (await actions.refusal(engine, actions.ask(silent))).reason is Refusal.POLICY_SILENT


async def test_group_members_may_submit_while_the_group_is_known(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    grouped = actions.under(actions.ruled(requesters=frozenset({ADMINS})), store, clock)
    details = await actions.ask(grouped, person=GROUP_ADMIN)
    assert details.request.state is RequestState.PENDING
    await actions.outdate_groups(engine)
    refused = await actions.refusal(engine, actions.ask(grouped, person=GROUP_ADMIN))
    assert refused.reason is Refusal.GROUPS_UNKNOWN


async def test_a_rule_that_denies_a_group_is_not_skipped_while_the_group_is_unknown(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    denying = factories.ruled(name="not these", denies=True, requesters=frozenset({ADMINS})).rules
    policy = replace(factories.POLICY, rules=(*denying, *factories.POLICY.rules))
    services = actions.under(policy, store, clock)
    await actions.outdate_groups(engine)
    refused = await actions.refusal(engine, actions.ask(services, person=GROUP_ADMIN))
    assert refused.reason is Refusal.GROUPS_UNKNOWN


async def test_a_reason_shorter_than_the_rule_demands_is_refused(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    strict = actions.under(actions.ruled(minimum_reason=10), store, clock)
    found = await actions.refusal(engine, actions.ask(strict, replace(REQUEST_INPUT, reason="migration")))
    assert (found.reason, found.params) == (Refusal.REASON_SHORT, {"least": 10})


async def test_a_network_wider_than_the_rule_allows_is_refused(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    narrow = actions.under(actions.ruled(widest=28), store, clock)
    found = await actions.refusal(
        engine, actions.ask(narrow, replace(REQUEST_INPUT, address="203.0.113.0/27"))
    )
    assert found.reason is Refusal.ADDRESS_WIDER_THAN_POLICY
    assert found.params == {"given": "203.0.113.0/27", "widest": 28}


# --- what cannot be granted ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_input", "reason"),
    [
        (replace(REQUEST_INPUT, address=None), Refusal.ADDRESS_EMPTY),
        (replace(REQUEST_INPUT, address="203.0.113.4/24"), Refusal.ADDRESS_HOST_BITS),
        (replace(REQUEST_INPUT, address="10.0.0.1"), Refusal.ADDRESS_PRIVATE),
        (replace(REQUEST_INPUT, address="0.0.0.0/0"), Refusal.ADDRESS_EVERYWHERE),
        (replace(REQUEST_INPUT, target="nothing-like-it"), Refusal.TARGET_UNKNOWN),
        (replace(REQUEST_INPUT, duration="8"), Refusal.DURATION_NO_UNIT),
        (replace(REQUEST_INPUT, duration="6d"), Refusal.DURATION_TOO_LONG),
        (replace(REQUEST_INPUT, duration=None, until="2026-11-24 09:59"), Refusal.END_PAST),
        (replace(REQUEST_INPUT, duration=None, until="2026-12-24 10:00"), Refusal.DURATION_TOO_LONG),
    ],
)
async def test_a_request_that_cannot_be_granted_is_refused(
    services: Services, engine: AsyncEngine, request_input: RequestInput, reason: Refusal
) -> None:
    assert (await actions.refusal(engine, actions.ask(services, request_input))).reason is reason


@pytest.mark.parametrize(
    ("databases", "target", "reason"),
    [
        ((), None, Refusal.TARGET_UNREAD),
        ((), "billing", Refusal.TARGET_UNREAD),
        ((factories.database(), factories.database("crm", 2)), None, Refusal.TARGET_MISSING),
        ((factories.database(), factories.database(number=2)), "billing", Refusal.TARGET_AMBIGUOUS),
    ],
)
async def test_an_ambiguous_database_is_refused_with_the_known_names(
    store: PostgresStore,
    services: Services,
    engine: AsyncEngine,
    databases: tuple[Database, ...],
    target: str | None,
    reason: Refusal,
) -> None:
    async with store.transaction() as tx:
        await tx.targets.save_discovery(databases)
        await tx.commit()
    assert (
        await actions.refusal(engine, actions.ask(services, replace(REQUEST_INPUT, target=target)))
    ).reason is reason


NOTHING = {Refusal.TARGET_NONE, Refusal.SPACE_NONE}


@pytest.mark.parametrize(
    ("target", "said"),
    # The database was there before: whether it is gone is being asked.
    [(None, NOTHING), ("billing", {Refusal.TARGET_NONE, Refusal.TARGET_UNLISTED}), ("acme-private", NOTHING)],
)
async def test_that_there_is_nothing_is_only_said_once_heroku_was_read(
    store: PostgresStore, services: Services, engine: AsyncEngine, target: str | None, said: set[Refusal]
) -> None:
    async def refusals() -> set[Refusal]:
        request_input = replace(REQUEST_INPUT, target=target)
        range_input = replace(request_input, address="203.0.113.9")
        attempts = (
            actions.ask(services, request_input),
            services.access_requests.submit(Method.TRUSTED, range_input, person=ENGINEER, key=actions.key()),
            services.queries.refresh_database(target, person=ENGINEER),
            services.certificates.list_by_database(None, person=ENGINEER),
            services.queries.requests(target or "ledger", person=ENGINEER),
        )
        return {(await actions.refusal(engine, attempt)).reason for attempt in attempts}

    async with store.transaction() as tx:
        await tx.targets.save_discovery(())
        await tx.commit()
    assert await refusals() == {Refusal.TARGET_UNREAD}

    async with store.transaction() as tx:
        await tx.periodic_tasks.claim(SYNC, within=HOUR)
        await set_next_discovery(tx, wait=HOUR)
        await tx.commit()
    assert await refusals() == said


FULL = factories.look(*(factories.rule(f"198.51.100.{n}/32", n) for n in range(1, 61)))


@pytest.mark.parametrize(
    ("observation", "reason"),
    [(FULL, Refusal.RULES_FULL), (factories.look(enabled=False), Refusal.MTLS_NOT_ENABLED)],
)
async def test_what_the_last_observation_shows_to_be_impossible_is_refused(
    store: PostgresStore,
    services: Services,
    engine: AsyncEngine,
    observation: MtlsObservation,
    reason: Refusal,
) -> None:
    await store_helpers.see(store, observation)
    assert (await actions.refusal(engine, actions.ask(services))).reason is reason


async def test_a_full_database_still_takes_requests_for_a_network_that_has_a_rule(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, FULL)
    details = await actions.ask(services, replace(REQUEST_INPUT, address="198.51.100.60"))
    assert details.request.state is RequestState.PENDING


async def test_a_database_with_room_for_one_more_rule_takes_a_request(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, replace(FULL, rules=FULL.rules[1:]))
    assert (await actions.ask(services)).request.state is RequestState.PENDING

"""Remove an address: own grants at once, others by a request that lists them, unmanaged rules by their id."""

from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.method import Method
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.mtls.unmanaged_rules import rules_of
from bot.domain.request import Kind, RequestState
from bot.errors import Refusal
from bot.i18n.translator import Translator
from bot.services import RemovalResult, RequestInput, Services
from storage.tables import grants
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NETWORK, POLICY, SetClock
from tests.unit.services import actions
from tests.unit.services.actions import COLLEAGUE, ENGINEER, LEAD, REQUEST_INPUT
from tests.unit.storage import store_helpers

HERE = RequestInput(address="203.0.113.4", target="billing", reason="moved office")


async def remove(
    services: Services, request_input: RequestInput = HERE, *, person: str = ENGINEER, key: str = ""
) -> RemovalResult:
    return await services.access_requests.remove(
        Method.MTLS, request_input, person=person, key=key or actions.key()
    )


async def states(engine: AsyncEngine) -> list[tuple[str, str | None]]:
    """Returns state and reason code of every grant, by request."""
    found = await database.rows(engine, grants, "state", "reason_code", order_by="request_id")
    return [(state, reason_code) for state, reason_code in found]


async def test_an_owners_own_grants_are_closed_at_once(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    one = await actions.opened(store, services)
    two = await actions.opened(store, services, GrantState.APPLYING)
    lines, generation = len(await actions.transitions(engine)), await database.generation(engine)
    removal = await remove(services)
    assert removal.requested is None
    assert sorted(removal.closing) == [one.request, two.request]
    assert await states(engine) == [("ending", "done"), ("ending", "done")]
    assert sorted(await actions.transitions(engine, after=lines)) == [
        (ENGINEER, "grant", "applying", "ending"),
        (ENGINEER, "grant", "in_force", "ending"),
    ]
    assert await database.generation(engine) == generation + 1


async def test_only_the_exact_network_of_the_named_database_is_removed(
    store: PostgresStore, services: Services
) -> None:
    async with store.transaction() as tx:
        await tx.targets.save_discovery([factories.database(), factories.database("crm", 2)])
        await tx.commit()
    meant = await actions.opened(store, services)
    elsewhere = await actions.opened(store, services, request_input=replace(REQUEST_INPUT, target="crm"))
    wider = await actions.opened(
        store, services, request_input=replace(REQUEST_INPUT, address="203.0.113.0/28")
    )
    assert (await remove(services)).closing == (meant.request,)
    for other in (elsewhere, wider):
        assert (await actions.get(store, other.id)).state is GrantState.IN_FORCE


async def test_with_somebody_elses_grant_it_is_a_request_that_lists_them_all(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    mine = await actions.opened(store, services)
    theirs = await actions.opened(store, services, person=COLLEAGUE)
    lines, sent = len(await actions.transitions(engine)), len(await actions.outbox_messages(engine))
    removal = await remove(services)
    assert removal.closing == ()
    details = removal.requested
    assert details is not None
    assert details == removal.details
    assert (details.request.kind, details.request.state) == (Kind.REMOVE, RequestState.PENDING)
    assert details.closes == (mine.request, theirs.request)
    terms = details.request.terms
    assert (terms.networks, terms.duration, terms.until) == ((NETWORK,), None, None)
    assert await states(engine) == [("in_force", None), ("in_force", None)]
    assert await actions.transitions(engine, after=lines) == [(ENGINEER, "request", "", "pending")]
    cards = [("card.approval", POLICY.approvals_channel), ("card.requester", ENGINEER)]
    assert (await actions.outbox_messages(engine))[sent:] == cards


async def test_an_approved_removal_closes_all_listed_grants(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await actions.opened(store, services)
    await actions.opened(store, services, GrantState.INTERRUPTED, person=COLLEAGUE)
    details = (await remove(services)).requested
    assert details is not None
    lines, generation = len(await actions.transitions(engine)), await database.generation(engine)
    decided = await actions.approve(services, details)
    assert (decided.request.state, decided.closes) == (RequestState.APPROVED, ())
    assert await states(engine) == [("ending", "removed"), ("ending", "removed")]
    first, *others = await actions.transitions(engine, after=lines)
    assert first == (LEAD, "request", "pending", "approved")
    assert sorted(others) == [
        (LEAD, "grant", "in_force", "ending"),
        (LEAD, "grant", "interrupted", "ending"),
    ]
    assert await database.generation(engine) == generation + 1


async def test_a_denied_removal_closes_nothing(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await actions.opened(store, services, person=COLLEAGUE)
    details = (await remove(services)).requested
    assert details is not None
    await actions.deny(services, details)
    assert await states(engine) == [("in_force", None)]


async def test_the_list_of_what_would_close_is_current(store: PostgresStore, services: Services) -> None:
    theirs = await actions.opened(store, services, person=COLLEAGUE)
    details = (await remove(services)).requested
    assert details is not None
    await services.grants.end(theirs.request, person=COLLEAGUE, key=actions.key())
    later = await actions.opened(store, services, person=COLLEAGUE)
    assert (await services.queries.request(details.request.id)).closes == (later.request,)


async def test_an_approver_needs_another_approver_to_remove_what_is_not_theirs(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await actions.opened(store, services, person=COLLEAGUE)
    details = (await remove(services, person=LEAD)).requested
    assert details is not None
    found = await actions.refusal(engine, actions.approve(services, details, person=LEAD))
    assert found.reason is Refusal.APPROVER_SELF


@pytest.mark.parametrize("state", [None, GrantState.ENDED, GrantState.FAILED])
async def test_without_a_grant_or_a_rule_there_is_nothing_to_remove(
    store: PostgresStore, services: Services, engine: AsyncEngine, state: GrantState | None
) -> None:
    if state is not None:
        await actions.opened(store, services, state)
    await store_helpers.see(store, factories.look(factories.rule()))
    found = await actions.refusal(engine, remove(services))
    assert (found.reason, found.params) == (
        Refusal.NOTHING_THERE,
        {"address": str(NETWORK), "app": "billing"},
    )


async def test_what_is_being_closed_is_not_closed_again(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await actions.opened(store, services, GrantState.ENDING)
    found = await actions.refusal(engine, remove(services))
    assert (found.reason, found.params) == (
        Refusal.CLOSING_ALREADY,
        {"address": str(NETWORK), "app": "billing"},
    )


async def test_the_removal_of_an_unmanaged_rule_is_a_request_for_its_id(
    store: PostgresStore, services: Services
) -> None:
    await store_helpers.see(store, factories.look(unmanaged := factories.rule("203.0.113.4/32")))
    removal = await remove(services)
    assert removal.requested is not None
    assert removal.closing == ()
    assert removal.requested.request.kind is Kind.REMOVE_UNMANAGED
    decided = await actions.approve(services, removal.requested)
    assert decided.operation is not None
    assert rules_of(decided.operation) == {unmanaged.id}


async def test_a_removal_cannot_be_approved_once_the_rule_is_gone(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await store_helpers.see(store, factories.look(factories.rule("203.0.113.4/32")))
    removal = await remove(services)
    assert removal.requested is not None
    await see_again(store, factories.look())
    found = await actions.refusal(engine, actions.approve(services, removal.requested))
    assert found.reason is Refusal.NOTHING_THERE


async def test_an_unmanaged_rule_is_adopted_by_a_request_and_a_managed_one_is_not(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    unmanaged = factories.rule("203.0.113.4/32")
    request_input = RequestInput(address="203.0.113.4", target="billing", reason="the ETL vendor's")
    await store_helpers.see(store, factories.look(unmanaged, ours=frozenset({unmanaged.id})))
    found = await actions.refusal(
        engine, services.access_requests.adopt(Method.MTLS, request_input, person=ENGINEER, key=actions.key())
    )
    assert found.reason is Refusal.RULE_OURS
    await see_again(store, factories.look(unmanaged))
    details = await services.access_requests.adopt(
        Method.MTLS, request_input, person=ENGINEER, key=actions.key()
    )
    assert (details.request.kind, details.request.state) == (Kind.ADOPT, RequestState.PENDING)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (None, Refusal.MTLS_UNSEEN),
        (factories.look(), Refusal.NOTHING_THERE),
        (factories.look(factories.rule("203.0.113.0/24")), Refusal.NOTHING_THERE),
        (factories.look(factories.rule("203.0.113.5/32")), Refusal.NOTHING_THERE),
    ],
)
async def test_adopting_or_removing_what_is_not_there_says_that_there_is_no_rule_for_it(
    store: PostgresStore,
    services: Services,
    engine: AsyncEngine,
    seen: MtlsObservation | None,
    reason: Refusal,
) -> None:
    if seen is not None:
        await store_helpers.see(store, seen)
    request_input = RequestInput(address="203.0.113.4", target="billing", reason="the ETL vendor's")
    adopting = services.access_requests.adopt(Method.MTLS, request_input, person=ENGINEER, key=actions.key())
    for attempt in (adopting, remove(services)):
        found = await actions.refusal(engine, attempt)
        assert found.reason is reason
    for language, sentence in (
        ("en", "There is no rule for `203.0.113.4/32` on billing"),
        ("ja", "ありません"),
    ):
        said = Translator(language)(found.key, **found.params)
        assert sentence in said or reason is Refusal.MTLS_UNSEEN


async def test_a_grant_beside_an_unmanaged_rule_is_closed(store: PostgresStore, services: Services) -> None:
    grant = await actions.opened(store, services)
    await store_helpers.see(store, factories.look(factories.rule("203.0.113.4/32")))
    assert (await remove(services)).closing == (grant.request,)
    assert (await actions.get(store, grant.id)).reason_code is ReasonCode.DONE


@pytest.mark.parametrize(
    ("request_input", "reason"),
    [
        (replace(HERE, address=None), Refusal.ADDRESS_EMPTY),
        (replace(HERE, address="10.0.0.1"), Refusal.ADDRESS_PRIVATE),
        (replace(HERE, target="nothing-like-it"), Refusal.TARGET_UNKNOWN),
    ],
)
async def test_invalid_input_is_refused(
    services: Services, engine: AsyncEngine, request_input: RequestInput, reason: Refusal
) -> None:
    assert (await actions.refusal(engine, remove(services, request_input))).reason is reason


async def test_a_requested_removal_needs_a_policy_rule_and_its_reason(
    store: PostgresStore, services: Services, clock: SetClock, engine: AsyncEngine
) -> None:
    await actions.opened(store, services, person=COLLEAGUE)
    strict = actions.under(actions.ruled(minimum_reason=20), store, clock)
    assert (await actions.refusal(engine, remove(strict))).reason is Refusal.REASON_SHORT
    silent = actions.under(actions.ruled(requesters=frozenset({COLLEAGUE})), store, clock)
    assert (await actions.refusal(engine, remove(silent))).reason is Refusal.POLICY_SILENT


async def test_the_same_command_twice_returns_the_same_result(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await actions.opened(store, services)
    first = await remove(services, key="command:1")
    before = await actions.snapshot(engine)
    assert await remove(services, key="command:1") == first
    assert await actions.snapshot(engine) == before


async def test_the_same_request_twice_is_one_request(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await actions.opened(store, services, person=COLLEAGUE)
    first = await remove(services, key="command:1")
    before = await actions.snapshot(engine)
    assert await remove(services, key="command:1") == first
    assert await actions.snapshot(engine) == before


async def see_again(store: PostgresStore, observation: MtlsObservation) -> None:
    """Records one more observation, although none is due."""
    async with store.transaction() as tx:
        await tx.reconcile_queue.refresh_all()
        await tx.commit()
    await store_helpers.see(store, observation)

"""PrivateLink: what is recorded, what ends at once, and what is refused without a trace."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.privatelink.observation import AllowedAccount, Connection, PrivateLinkObservation
from bot.domain.request import Kind, RequestState
from bot.domain.subject import Accounts, Whole
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails
from bot.services import RemovalResult, RequestInput, Services
from storage.tables import requests
from storage.transaction import PostgresStore
from tests import database
from tests.unit import factories
from tests.unit.factories import NOW, SetClock
from tests.unit.services import actions
from tests.unit.services.actions import COLLEAGUE, ENGINEER, LEAD
from tests.unit.storage import store_helpers

ONE, TWO = "123456789012", "210987654321"
A, B = (f"arn:aws:iam::{number}:root" for number in (ONE, TWO))
REQUEST_INPUT = RequestInput(address=ONE, target="billing", duration="8h", reason="nightly export")
LINK = PrivateLinkObservation(
    at=NOW,
    status="Operational",
    service="com.amazonaws.vpce.us-east-1.vpce-svc-0ab1",
    accounts=(AllowedAccount(arn=A, status="Active"), AllowedAccount(arn=B, status="Active")),
    connections=(Connection(endpoint="vpce-0", hostname="db.example", owner=B, status="Available"),),
    ours=frozenset({A}),
)


@pytest.fixture
async def services(store: PostgresStore, clock: SetClock) -> Services:
    """The services, with one database whose PrivateLink is observed, and everybody known."""
    await store_helpers.discover(store, method=Method.PRIVATELINK)
    await actions.know_everybody(store)
    return actions.under(actions.APP, store, clock)


async def see(store: PostgresStore, observation: PrivateLinkObservation) -> None:
    """Records an observation of PrivateLink, due or not."""
    async with store.transaction() as tx:
        await tx.reconcile_queue.refresh_all()
        await tx.commit()
    job = await store_helpers.take(store)
    async with store.transaction() as tx:
        await tx.reconcile_queue.save_observation(job, observation)
        await tx.reconcile_queue.release(job, again=timedelta(minutes=10), attempts=0, kept=True)
        await tx.commit()


async def ask(
    services: Services, request_input: RequestInput = REQUEST_INPUT, *, person: str = ENGINEER
) -> RequestDetails:
    return await services.access_requests.submit(
        Method.PRIVATELINK, request_input, person=person, key=actions.key()
    )


async def opened(
    store: PostgresStore, services: Services, address: str = ONE, *, person: str = ENGINEER
) -> RequestDetails:
    """Opens a grant; returns its request."""
    details = await ask(services, replace(REQUEST_INPUT, address=address), person=person)
    approved = await actions.approve(services, details)
    await actions.bring(store, approved, GrantState.IN_FORCE)
    return approved


async def remove(services: Services, address: str = ONE, *, person: str = ENGINEER) -> RemovalResult:
    request_input = RequestInput(address=address, target="billing", reason="done with it")
    return await services.access_requests.remove(
        Method.PRIVATELINK, request_input, person=person, key=actions.key()
    )


async def close(services: Services, typed: str = "billing") -> RequestDetails:
    request_input = RequestInput(target="billing", reason="we move")
    return await services.privatelink.close(request_input, typed=typed, person=ENGINEER, key=actions.key())


async def states(engine: AsyncEngine) -> list[Any]:
    return await database.grant_states(engine)


# --- asking ------------------------------------------------------------------------------------------


async def test_accounts_are_recorded_as_canonical_arns_with_the_requested_end(
    services: Services,
) -> None:
    details = await ask(services, replace(REQUEST_INPUT, address=f"{TWO}:root, {ONE} {A}"))
    terms = details.request.terms
    assert (details.request.kind, details.request.state) == (Kind.OPEN, RequestState.PENDING)
    assert (terms.method, terms.subject) == (Method.PRIVATELINK, Accounts((A, B)))
    assert terms.duration == timedelta(hours=8)


async def test_an_approval_opens_a_grant_and_triggers_a_reconcile_run(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    before = await database.generation(engine)
    approved = await actions.approve(services, await ask(services))
    assert approved.grant is not None
    assert (approved.grant.method, approved.grant.state) == (Method.PRIVATELINK, GrantState.APPLYING)
    assert await database.generation(engine) == before + 1


async def test_an_approver_may_remove_accounts_and_add_none(services: Services) -> None:
    details = await ask(services, replace(REQUEST_INPUT, address=f"{ONE} {TWO}"))
    with pytest.raises(Refused) as refused:
        await actions.approve(services, details, changes=RequestInput(address=f"{ONE} 111111111111"))
    assert refused.value.reason is Refusal.TERMS_WIDER
    approved = await actions.approve(services, details, changes=RequestInput(address=ONE))
    assert approved.request.terms.subject == Accounts((A,))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"address": None}, Refusal.ACCOUNT_EMPTY),
        ({"address": "1234567890123"}, Refusal.ACCOUNT_DIGITS),
        ({"target": "nowhere"}, Refusal.TARGET_UNKNOWN),
        ({"duration": "forever"}, Refusal.DURATION_FOREVER),
        ({"duration": "30d"}, Refusal.DURATION_TOO_LONG),
    ],
)
async def test_an_invalid_request_leaves_no_trace(
    services: Services, engine: AsyncEngine, changed: dict[str, Any], reason: Refusal
) -> None:
    refused = await actions.refusal(engine, ask(services, replace(REQUEST_INPUT, **changed)))
    assert refused.reason is reason


async def test_the_policy_distinguishes_access_methods(
    store: PostgresStore, services: Services, engine: AsyncEngine, clock: SetClock
) -> None:
    others = actions.under(actions.ruled(methods=frozenset({Method.MTLS})), store, clock)
    assert (await actions.refusal(engine, ask(others))).reason is Refusal.POLICY_SILENT
    only = actions.under(actions.ruled(methods=frozenset({Method.PRIVATELINK})), store, clock)
    assert (await ask(only)).request.state is RequestState.PENDING


async def test_a_postgres_advanced_database_is_refused_by_its_plan(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    advanced = replace(factories.database(), plan="heroku-postgresql:advanced-private-1")
    await store_helpers.discover(store, advanced, method=Method.PRIVATELINK)
    refused = await actions.refusal(engine, ask(services))
    assert refused.reason is Refusal.LINK_PLAN
    assert refused.params["plan"] == advanced.plan


# --- ending ------------------------------------------------------------------------------------------


async def test_an_owners_own_accounts_end_at_once(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    one, two = await opened(store, services), await opened(store, services)
    removal = await remove(services)
    assert removal.requested is None
    assert sorted(removal.closing) == [one.request.id, two.request.id]
    assert await states(engine) == ["ending", "ending"]


async def test_somebody_elses_grant_ends_after_a_decision_that_lists_it(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    mine, theirs = await opened(store, services), await opened(store, services, person=COLLEAGUE)
    removal = await remove(services)
    assert removal.requested is not None
    assert removal.requested.closes == (mine.request.id, theirs.request.id)
    assert await states(engine) == ["in_force", "in_force"]
    await actions.approve(services, removal.requested)
    assert await states(engine) == ["ending", "ending"]


async def test_a_grant_with_further_accounts_ends_as_a_whole_or_not_at_all(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    both = await opened(store, services, f"{ONE} {TWO}")
    refused = await actions.refusal(engine, remove(services))
    assert refused.reason is Refusal.LINK_SOME
    assert (refused.params["id"], refused.params["accounts"]) == (both.request.id, f"{ONE} {TWO}")
    assert (await remove(services, f"{ONE} {TWO}")).closing == (both.request.id,)


async def test_accounts_without_a_grant_are_refused_by_name(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await opened(store, services)
    refused = await actions.refusal(engine, remove(services, f"{ONE} {TWO}"))
    assert (refused.reason, refused.params["accounts"]) == (Refusal.LINK_NOBODY, Accounts((B,)))


async def test_unmanaged_accounts_are_removed_by_a_request_of_their_own_kind(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await see(store, LINK)
    removal = await remove(services, TWO)
    assert removal.requested is not None
    assert removal.requested.request.kind is Kind.REMOVE_UNMANAGED
    decided = await actions.approve(services, removal.requested)
    assert decided.operation is not None
    assert (decided.operation.kind, decided.operation.subject) == (Kind.REMOVE_UNMANAGED, Accounts((B,)))


async def test_absent_or_closing_accounts_cannot_be_removed(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    assert (await actions.refusal(engine, remove(services))).reason is Refusal.LINK_UNSEEN
    await see(store, PrivateLinkObservation(at=NOW, status=None))
    assert (await actions.refusal(engine, remove(services))).reason is Refusal.LINK_NONE
    await see(store, LINK)
    assert (await actions.refusal(engine, remove(services, "111111111111"))).reason is Refusal.LINK_NOBODY
    await opened(store, services)
    await remove(services)
    assert (await actions.refusal(engine, remove(services))).reason is Refusal.CLOSING_ALREADY


async def test_unmanaged_accounts_are_adopted_by_a_request_and_managed_ones_are_not(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await see(store, LINK)

    def adopt(address: str) -> Any:
        request_input = RequestInput(address=address, target="billing", reason="it is the data team's")
        return services.access_requests.adopt(
            Method.PRIVATELINK, request_input, person=ENGINEER, key=actions.key()
        )

    assert (await actions.refusal(engine, adopt(ONE))).reason is Refusal.LINK_OURS
    details = await adopt(TWO)
    assert (details.request.kind, details.request.terms.subject) == (Kind.ADOPT, Accounts((B,)))
    decided = await actions.approve(services, details)
    assert decided.operation is not None
    assert decided.operation.kind is Kind.ADOPT


# --- closing -----------------------------------------------------------------------------------------


async def test_the_preview_lists_what_closing_would_cut_off(store: PostgresStore, services: Services) -> None:
    grant = await opened(store, services)
    await see(store, LINK)
    found = await services.privatelink.preview_close("billing", person=ENGINEER)
    assert found.requests == (grant.request.id,)
    assert [account.arn for account in found.observation.unmanaged] == [B]
    assert [each.endpoint for each in found.observation.connections] == ["vpce-0"]


async def test_an_approved_closing_ends_every_grant_in_the_same_commit(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    grant = await opened(store, services)
    await see(store, LINK)
    details = await close(services, " Billing ")
    assert (details.request.kind, details.request.terms.subject) == (Kind.CLOSE, Whole())
    assert details.closes == (grant.request.id,)
    decided = await actions.approve(services, details)
    assert decided.operation is not None
    assert decided.operation.kind is Kind.CLOSE
    assert await states(engine) == ["ending"]


async def test_closing_is_refused_for_another_apps_name(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await see(store, LINK)
    assert (await actions.refusal(engine, close(services, "ledger"))).reason is Refusal.LINK_NAME


@pytest.mark.parametrize(
    ("observation", "reason"),
    [
        (None, Refusal.LINK_UNSEEN),
        (PrivateLinkObservation(at=NOW, status=None), Refusal.LINK_NONE),
        (replace(LINK, status="Deprovisioned"), Refusal.LINK_CLOSING),
    ],
)
async def test_an_absent_or_closing_endpoint_cannot_be_closed(
    store: PostgresStore,
    services: Services,
    engine: AsyncEngine,
    observation: PrivateLinkObservation | None,
    reason: Refusal,
) -> None:
    if observation is not None:
        await see(store, observation)
    assert (await actions.refusal(engine, close(services))).reason is reason
    with pytest.raises(Refused) as refused:
        await services.privatelink.preview_close("billing", person=ENGINEER)
    assert refused.value.reason is reason


async def test_while_the_endpoint_is_being_closed_requests_are_refused(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    await see(store, LINK)
    await actions.approve(services, await close(services))
    assert (await actions.refusal(engine, ask(services))).reason is Refusal.LINK_CLOSING
    assert (await actions.refusal(engine, close(services))).reason is Refusal.LINK_CLOSING


async def test_the_same_command_twice_is_recorded_once(services: Services, engine: AsyncEngine) -> None:
    for _ in range(2):
        await services.access_requests.submit(Method.PRIVATELINK, REQUEST_INPUT, person=ENGINEER, key="once")
    assert await database.count(engine, requests) == 1


async def test_end_extend_and_revoke_work_on_accounts_as_on_addresses(
    store: PostgresStore, services: Services, engine: AsyncEngine
) -> None:
    first, second = await opened(store, services), await opened(store, services, TWO)
    longer = await services.extensions.extend(
        first.request.id, RequestInput(duration="1h"), person=ENGINEER, key=actions.key()
    )
    assert longer.grant is not None
    await services.grants.end(first.request.id, person=ENGINEER, key=actions.key())
    await services.grants.revoke(second.request.id, person=LEAD, key=actions.key())
    assert await states(engine) == ["ending", "ending"]
    with pytest.raises(Refused) as refused:
        await services.extensions.extend(
            first.request.id, RequestInput(duration="1h"), person=ENGINEER, key=actions.key()
        )
    assert (
        refused.value.params["command"]
        == f"/pgaccess privatelink add {ONE} to billing for 8h because nightly export"
    )

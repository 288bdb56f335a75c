"""Leavers: one transaction for each, whatever is held, by the last that was known of people."""

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.person import Person
from bot.domain.policy.rules import WhenOwnerLeaves
from bot.domain.policy.stand_in import stand_in, state_of
from bot.domain.request import Kind
from bot.errors import Refusal, Refused
from bot.ports import MessageKind
from bot.services import Services
from storage.tables import outbox
from storage.transaction import PostgresStore
from tests.unit import factories
from tests.unit.factories import SetClock
from tests.unit.services import actions, certificates
from tests.unit.services.actions import ENGINEER, LEAD
from tests.unit.storage import store_helpers

GONE = [
    factories.person(ENGINEER, deactivated=True),
    factories.person(ENGINEER, guest=True),
    factories.person(ENGINEER, external=True),
    factories.person(ENGINEER, bot=True),
]


async def equip(services: Services, store: PostgresStore) -> int:
    """A certificate, a grant and a pending request; returns the number of the grant's request."""
    await certificates.own(store)
    granted = await actions.approve(services, await actions.ask(services))
    await actions.ask(services, replace(actions.REQUEST_INPUT, address="203.0.113.5"))
    return granted.request.id


@pytest.mark.parametrize("person", GONE, ids=["deactivated", "guest", "external", "bot"])
async def test_whoever_is_no_full_member_loses_what_they_hold(
    services: Services, store: PostgresStore, person: Person
) -> None:
    granted = await equip(services, store)
    await actions.know(store, person)
    await services.leavers.run_due()
    async with store.transaction() as tx:
        grant = await tx.grants.of_request(granted)
        assert grant is not None
        assert (grant.state, grant.reason_code) == (GrantState.ENDING, ReasonCode.OWNER_LEFT)
        assert await tx.requests.pending(limit=10) == ()
    assert (await certificates.get(store)).owner_left_at is not None


async def test_members_and_people_who_were_never_read_keep_what_they_hold(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    await equip(services, store)
    async with store.transaction() as tx:
        await tx.slack_users.doubt(ENGINEER)
        await tx.slack_users.request_lookup("U0STRANGER")
        await tx.commit()
    before = await store_helpers.counts(engine)
    await services.leavers.run_due()
    assert await store_helpers.counts(engine) == before


async def test_what_was_known_last_counts_while_slack_is_asked_again(
    services: Services, store: PostgresStore
) -> None:
    await equip(services, store)
    await actions.know(store, GONE[0])
    async with store.transaction() as tx:
        await tx.slack_users.doubt(ENGINEER)
        await tx.commit()
    await services.leavers.run_due()
    async with store.transaction() as tx:
        assert await tx.requests.pending(limit=10) == ()


async def test_under_the_strict_policy_the_certificate_is_revoked_with_it(
    store: PostgresStore, clock: SetClock, services: Services
) -> None:
    strict = actions.under(replace(actions.APP, when_owner_leaves=WhenOwnerLeaves.END), store, clock)
    granted = await equip(strict, store)
    await actions.know(store, GONE[0])
    await strict.leavers.run_due()
    await strict.leavers.run_due()
    # Behind the grant's request came one more of the engineer's, then this.
    details = await strict.queries.request(granted + 2)
    assert details.request.requester == "pgaccess"
    assert [(vote.person, vote.verdict) for vote in details.decisions] == [("pgaccess", "approve")]
    assert details.operation is not None
    with pytest.raises(Refused) as refused:
        await strict.queries.request(granted + 3)
    assert refused.value.reason is Refusal.REQUEST_UNKNOWN


async def test_a_certificate_without_a_leaver_is_not_for_others_to_take(
    services: Services, store: PostgresStore
) -> None:
    request = await certificates.own(store)
    for decide in (
        services.orphaned_certificates.revoke(request, certificates.ID, person=LEAD, key="a"),
        services.orphaned_certificates.assign(request, certificates.ID, LEAD, person=LEAD, key="b"),
    ):
        with pytest.raises(Refused) as refused:
            await decide
        assert refused.value.reason is Refusal.CERTIFICATE_OWNED


async def test_who_is_not_known_is_looked_up_before_a_certificate_is_assigned_to_them(
    services: Services, store: PostgresStore
) -> None:
    request = await certificates.own(store)
    await actions.know(store, GONE[0])
    await services.leavers.run_due()
    with pytest.raises(Refused) as refused:
        await services.orphaned_certificates.assign(
            request, certificates.ID, "U0STRANGER", person=LEAD, key="a"
        )
    assert refused.value.reason is Refusal.ASSIGN_UNKNOWN
    async with store.transaction() as tx:
        assert await tx.slack_users.requested_lookups() == ("U0STRANGER",)


async def test_assigning_twice_with_one_key_assigns_once(
    services: Services, store: PostgresStore, engine: AsyncEngine
) -> None:
    request = await certificates.own(store)
    await actions.know(store, GONE[0])
    await services.leavers.run_due()
    for _ in range(2):
        await services.orphaned_certificates.assign(
            request, certificates.ID, actions.COLLEAGUE, person=LEAD, key="a"
        )
    assert (await certificates.get(store)).owner == actions.COLLEAGUE
    lines = await store_helpers.counts(engine)
    await services.leavers.run_due()
    assert await store_helpers.counts(engine) == lines


async def test_what_the_policy_allows_needs_no_keeping(services: Services) -> None:
    details = await actions.approve(services, await actions.ask(services))
    with pytest.raises(Refused) as refused:
        await services.entitlements.keep(details.request.id, message=1, person=LEAD, key="a")
    assert refused.value.reason is Refusal.KEEP_NOT_NEEDED


async def test_a_certificate_goes_to_nobody_whom_the_policy_refuses(
    services: Services, store: PostgresStore, clock: SetClock
) -> None:
    request = await certificates.own(store)
    await actions.know(store, GONE[0])
    narrow = actions.under(actions.ruled(requesters=frozenset({ENGINEER})), store, clock)
    await narrow.leavers.run_due()
    with pytest.raises(Refused) as refused:
        await narrow.orphaned_certificates.assign(
            request, certificates.ID, actions.COLLEAGUE, person=LEAD, key="a"
        )
    assert refused.value.reason is Refusal.ASSIGN_NOT_ALLOWED


async def test_where_the_rule_is_gone_those_who_approve_such_access_now_are_asked(
    services: Services, store: PostgresStore, clock: SetClock, engine: AsyncEngine
) -> None:
    request = await certificates.own(store)
    await actions.know(store, GONE[0])
    renamed = actions.under(actions.ruled(name="renamed", approvers=frozenset({actions.LEAD2})), store, clock)
    await renamed.leavers.run_due()
    statement = select(outbox.c.params).where(outbox.c.kind == MessageKind.CERTIFICATE_LEFT)
    async with engine.connect() as connection:
        params = (await connection.execute(statement)).scalar_one()
    assert params["approvers"] == actions.LEAD2
    with pytest.raises(Refused) as refused:
        await renamed.orphaned_certificates.revoke(request, certificates.ID, person=LEAD, key="a")
    assert refused.value.reason is Refusal.APPROVER_NOT
    await renamed.orphaned_certificates.revoke(request, certificates.ID, person=actions.LEAD2, key="b")


async def test_while_the_policy_cannot_be_read_a_leavers_access_ends_all_the_same(
    services: Services, store: PostgresStore, clock: SetClock
) -> None:
    granted = await equip(services, store)
    strict = replace(actions.APP, when_owner_leaves=WhenOwnerLeaves.END)
    blind = actions.under(stand_in(state_of(strict), problem="the key banana is unknown"), store, clock)
    await actions.know(store, GONE[0])
    await blind.leavers.run_due()
    async with store.transaction() as tx:
        grant = await tx.grants.of_request(granted)
    assert grant is not None
    assert (grant.state, grant.reason_code) == (GrantState.ENDING, ReasonCode.OWNER_LEFT)
    # As the last policy said: what becomes of certificates opens nothing, and is kept of it.
    assert (await services.queries.request(granted + 2)).request.kind is Kind.DISCARD


async def test_a_revocation_that_was_denied_before_does_not_save_a_leavers_certificate(
    services: Services, store: PostgresStore, clock: SetClock
) -> None:
    strict = actions.under(replace(actions.APP, when_owner_leaves=WhenOwnerLeaves.END), store, clock)
    await certificates.own(store)
    known = await certificates.get(store)
    asked = await strict.certificates.revoke(known.handle, "please", person=LEAD, key="a")
    await actions.know(store, GONE[0])
    await strict.leavers.run_due()
    await actions.deny(strict, asked, person=actions.LEAD2)
    await strict.leavers.run_due()
    async with store.transaction() as tx:
        kinds = (Kind.DISCARD, Kind.ROTATE)
        going = await tx.requests.newest_open(known.target, asked.request.terms.subject, kinds)
    assert going is not None


async def test_whom_slack_no_longer_knows_has_left(services: Services, store: PostgresStore) -> None:
    grant = await actions.opened(store, services)
    async with store.transaction() as tx:
        await tx.slack_users.doubt(ENGINEER)
        await tx.commit()
    async with store.transaction() as tx:
        lookup = await tx.slack_users.requested_lookup(ENGINEER)
        assert lookup is not None
        await tx.slack_users.save_lookup(lookup, None)
        await tx.commit()
    await services.leavers.run_due()
    assert (await actions.get(store, grant.id)).state is GrantState.ENDING


@pytest.mark.parametrize("person", [LEAD, actions.ADMIN])
async def test_what_two_decide_on_is_not_assigned_by_one(
    services: Services, store: PostgresStore, clock: SetClock, person: str
) -> None:
    request = await certificates.own(store)
    await actions.know(store, GONE[0])
    double = actions.under(actions.ruled(approvals=2), store, clock)
    await double.leavers.run_due()
    with pytest.raises(Refused) as refused:
        await double.orphaned_certificates.assign(
            request, certificates.ID, actions.COLLEAGUE, person=person, key="a"
        )
    assert refused.value.reason is Refusal.ASSIGN_NEEDS_OTHERS
    assert (await certificates.get(store)).owner == ENGINEER


async def test_who_approves_no_more_assigns_nothing(
    services: Services, store: PostgresStore, clock: SetClock
) -> None:
    request = await certificates.own(store)
    await actions.know(store, GONE[0])
    # The rule of its request goes on for others; somebody else approves what the colleague may ask for.
    (rule,) = actions.APP.rules
    today = replace(
        actions.APP,
        rules=(
            replace(rule, name="today", approvers=frozenset({actions.LEAD2})),
            replace(rule, environments=frozenset({"staging"})),
        ),
    )
    await actions.under(today, store, clock).leavers.run_due()
    with pytest.raises(Refused) as refused:
        await actions.under(today, store, clock).orphaned_certificates.assign(
            request, certificates.ID, actions.COLLEAGUE, person=LEAD, key="a"
        )
    assert refused.value.reason in (Refusal.ASSIGN_NEEDS_OTHERS, Refusal.APPROVER_NOT)

"""Removing an address: at once what is one's own, as a request that lists the others, and nothing foreign."""

from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.access import Access, Removal, Wish
from bot.domain.foreign import rules_of
from bot.domain.grant import GrantState, Why
from bot.domain.request import Kind, RequestState
from bot.domain.target import Look
from bot.errors import Refusal
from storage.transaction import PostgresStore
from tests.unit import samples
from tests.unit.access import acts
from tests.unit.access.acts import COLLEAGUE, ENGINEER, LEAD, WISH
from tests.unit.samples import NETWORK, POLICY, SetClock
from tests.unit.storage import kept

HERE = Wish(address="203.0.113.4", target="billing", reason="moved house")


async def remove(access: Access, wish: Wish = HERE, *, person: str = ENGINEER, key: str = "") -> Removal:
    return await access.remove(wish, person=person, key=key or acts.key())


async def states(engine: AsyncEngine) -> list[tuple[str, str | None]]:
    """The grants in the order of their requests, each with its reason."""
    found = await kept.query(engine, "SELECT state, why FROM grants ORDER BY request_id")
    return [(state, why) for state, why in found]


async def test_what_is_all_ones_own_is_closed_at_once(
    store: PostgresStore, access: Access, engine: AsyncEngine
) -> None:
    one = await acts.opened(store, access)
    two = await acts.opened(store, access, GrantState.APPLYING)
    lines, wanted = len(await acts.changes(engine)), await acts.wanted(engine)
    removal = await remove(access)
    assert removal.requested is None
    assert sorted(removal.closing) == [one.request, two.request]
    assert await states(engine) == [("ending", "done"), ("ending", "done")]
    assert sorted(await acts.changes(engine, after=lines)) == [
        (ENGINEER, "grant", "applying", "ending"),
        (ENGINEER, "grant", "in_force", "ending"),
    ]
    assert await acts.wanted(engine) == wanted + 1


async def test_only_the_exact_network_at_the_one_database_is_meant(
    store: PostgresStore, access: Access
) -> None:
    async with store.transaction() as tx:
        await tx.targets.discovered([samples.database(), samples.database("crm", 2)])
        await tx.commit()
    meant = await acts.opened(store, access)
    elsewhere = await acts.opened(store, access, wish=replace(WISH, target="crm"))
    wider = await acts.opened(store, access, wish=replace(WISH, address="203.0.113.0/28"))
    assert (await remove(access)).closing == (meant.request,)
    for other in (elsewhere, wider):
        assert (await acts.get(store, other.id)).state is GrantState.IN_FORCE


async def test_where_somebody_elses_is_among_them_it_is_a_request_that_lists_them_all(
    store: PostgresStore, access: Access, engine: AsyncEngine
) -> None:
    mine = await acts.opened(store, access)
    theirs = await acts.opened(store, access, person=COLLEAGUE)
    lines, told = len(await acts.changes(engine)), len(await acts.posts(engine))
    removal = await remove(access)
    assert removal.closing == ()
    case = removal.requested
    assert case is not None
    assert case == removal.case
    assert (case.request.kind, case.request.state) == (Kind.REMOVE, RequestState.PENDING)
    assert case.closes == (mine.request, theirs.request)
    terms = case.request.terms
    assert (terms.network, terms.duration, terms.until) == (NETWORK, None, None)
    assert await states(engine) == [("in_force", None), ("in_force", None)]
    assert await acts.changes(engine, after=lines) == [(ENGINEER, "request", "", "pending")]
    cards = [("card.approval", POLICY.approvals_channel), ("card.requester", ENGINEER)]
    assert (await acts.posts(engine))[told:] == cards


async def test_approving_the_removal_closes_them_all(
    store: PostgresStore, access: Access, engine: AsyncEngine
) -> None:
    await acts.opened(store, access)
    await acts.opened(store, access, GrantState.INTERRUPTED, person=COLLEAGUE)
    case = (await remove(access)).requested
    assert case is not None
    lines, wanted = len(await acts.changes(engine)), await acts.wanted(engine)
    decided = await acts.approve(access, case)
    assert (decided.request.state, decided.closes) == (RequestState.APPROVED, ())
    assert await states(engine) == [("ending", "removed"), ("ending", "removed")]
    first, *others = await acts.changes(engine, after=lines)
    assert first == (LEAD, "request", "pending", "approved")
    assert sorted(others) == [
        (LEAD, "grant", "in_force", "ending"),
        (LEAD, "grant", "interrupted", "ending"),
    ]
    assert await acts.wanted(engine) == wanted + 1


async def test_denying_the_removal_closes_nothing(
    store: PostgresStore, access: Access, engine: AsyncEngine
) -> None:
    await acts.opened(store, access, person=COLLEAGUE)
    case = (await remove(access)).requested
    assert case is not None
    await acts.deny(access, case)
    assert await states(engine) == [("in_force", None)]


async def test_the_list_of_what_would_close_is_of_the_present(store: PostgresStore, access: Access) -> None:
    theirs = await acts.opened(store, access, person=COLLEAGUE)
    case = (await remove(access)).requested
    assert case is not None
    await access.done(theirs.request, person=COLLEAGUE, key=acts.key())
    later = await acts.opened(store, access, person=COLLEAGUE)
    assert (await access.show(case.request.id)).closes == (later.request,)


async def test_an_approver_needs_another_approver_for_what_is_not_theirs(
    store: PostgresStore, access: Access, engine: AsyncEngine
) -> None:
    await acts.opened(store, access, person=COLLEAGUE)
    case = (await remove(access, person=LEAD)).requested
    assert case is not None
    found = await acts.refusal(engine, acts.approve(access, case, person=LEAD))
    assert found.reason is Refusal.APPROVER_SELF


@pytest.mark.parametrize("state", [None, GrantState.ENDED, GrantState.FAILED])
async def test_where_nothing_of_ours_is_open_there_is_nothing_to_remove(
    store: PostgresStore, access: Access, engine: AsyncEngine, state: GrantState | None
) -> None:
    if state is not None:
        await acts.opened(store, access, state)
    await kept.see(store, samples.look(samples.rule()))
    found = await acts.refusal(engine, remove(access))
    assert (found.reason, found.params) == (
        Refusal.NOTHING_THERE,
        {"address": str(NETWORK), "app": "billing"},
    )


async def test_what_is_being_closed_already_is_not_closed_again(
    store: PostgresStore, access: Access, engine: AsyncEngine
) -> None:
    await acts.opened(store, access, GrantState.ENDING)
    found = await acts.refusal(engine, remove(access))
    assert (found.reason, found.params) == (
        Refusal.CLOSING_ALREADY,
        {"address": str(NETWORK), "app": "billing"},
    )


async def test_the_removal_of_a_rule_that_others_made_is_a_request_that_aims_at_its_id(
    store: PostgresStore, access: Access
) -> None:
    await kept.see(store, samples.look(foreign := samples.rule("203.0.113.4/32")))
    removal = await remove(access)
    assert removal.requested is not None
    assert removal.closing == ()
    assert removal.requested.request.kind is Kind.UNDO
    decided = await acts.approve(access, removal.requested)
    assert decided.change is not None
    assert rules_of(decided.change) == {foreign.id}


async def test_a_removal_is_not_approved_once_there_is_nothing_to_remove_any_more(
    store: PostgresStore, access: Access, engine: AsyncEngine
) -> None:
    await kept.see(store, samples.look(samples.rule("203.0.113.4/32")))
    removal = await remove(access)
    assert removal.requested is not None
    await see_again(store, samples.look())
    found = await acts.refusal(engine, acts.approve(access, removal.requested))
    assert found.reason is Refusal.NOTHING_THERE


async def test_a_foreign_rule_is_taken_over_by_a_request_and_one_of_ours_is_not(
    store: PostgresStore, access: Access, engine: AsyncEngine
) -> None:
    foreign = samples.rule("203.0.113.4/32")
    wish = Wish(address="203.0.113.4", target="billing", reason="the ETL vendor's")
    await kept.see(store, samples.look(foreign, ours=frozenset({foreign.id})))
    found = await acts.refusal(engine, access.adopt_rule(wish, person=ENGINEER, key=acts.key()))
    assert found.reason is Refusal.RULE_OURS
    await see_again(store, samples.look(foreign))
    case = await access.adopt_rule(wish, person=ENGINEER, key=acts.key())
    assert (case.request.kind, case.request.state) == (Kind.ADOPT, RequestState.PENDING)


async def test_a_grant_of_ours_beside_a_rule_of_others_is_closed_all_the_same(
    store: PostgresStore, access: Access
) -> None:
    grant = await acts.opened(store, access)
    await kept.see(store, samples.look(samples.rule("203.0.113.4/32")))
    assert (await remove(access)).closing == (grant.request,)
    assert (await acts.get(store, grant.id)).why is Why.DONE


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (replace(HERE, address=None), Refusal.ADDRESS_EMPTY),
        (replace(HERE, address="10.0.0.1"), Refusal.ADDRESS_PRIVATE),
        (replace(HERE, target="nothing-like-it"), Refusal.TARGET_UNKNOWN),
    ],
)
async def test_what_cannot_be_read_is_refused(
    access: Access, engine: AsyncEngine, wish: Wish, reason: Refusal
) -> None:
    assert (await acts.refusal(engine, remove(access, wish))).reason is reason


async def test_a_removal_that_is_asked_for_needs_a_rule_and_its_reason(
    store: PostgresStore, access: Access, clock: SetClock, engine: AsyncEngine
) -> None:
    await acts.opened(store, access, person=COLLEAGUE)
    strict = acts.under(acts.ruled(minimum_reason=20), store, clock)
    assert (await acts.refusal(engine, remove(strict))).reason is Refusal.REASON_SHORT
    silent = acts.under(acts.ruled(requesters=frozenset({COLLEAGUE})), store, clock)
    assert (await acts.refusal(engine, remove(silent))).reason is Refusal.POLICY_SILENT


async def test_the_same_command_twice_is_told_the_same(
    store: PostgresStore, access: Access, engine: AsyncEngine
) -> None:
    await acts.opened(store, access)
    first = await remove(access, key="command:1")
    before = await acts.snapshot(engine)
    assert await remove(access, key="command:1") == first
    assert await acts.snapshot(engine) == before


async def test_the_same_request_twice_is_one_request(
    store: PostgresStore, access: Access, engine: AsyncEngine
) -> None:
    await acts.opened(store, access, person=COLLEAGUE)
    first = await remove(access, key="command:1")
    before = await acts.snapshot(engine)
    assert await remove(access, key="command:1") == first
    assert await acts.snapshot(engine) == before


async def see_again(store: PostgresStore, look: Look) -> None:
    """Records one more pass, though none is due yet."""
    async with store.transaction() as tx:
        await tx.lanes.look_at_all()
        await tx.commit()
    await kept.see(store, look)

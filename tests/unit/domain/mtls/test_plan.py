"""Wanted against seen: what the plan says in each case, and what it never does in any."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.plan import (
    ApprovedRemoval,
    MtlsPlan,
    OwnedRule,
    PendingCreation,
    StoredRules,
    completed,
    make_plan,
    orphans,
    plan_without_list,
)
from bot.domain.outside.text import UNREADABLE
from bot.domain.owned_entry import DesiredGrant, Removal, failed
from tests.unit.domain.plans import ended, failures, interrupted, verified

SPACE = UUID(int=0)
HOME, OFFICE, CAFE = (IPv4Network(f"203.0.113.{n}/32") for n in (4, 5, 6))


def uid(name: object) -> UUID:
    return uuid5(SPACE, str(name))


def want(
    network: IPv4Network = HOME,
    state: GrantState = GrantState.APPLYING,
    name: object = "grant",
    overdue: bool = False,
    over: bool = False,
) -> DesiredGrant[IPv4Network]:
    return DesiredGrant(
        request=17,
        grant=uid(name),
        owner="U0ENGINEER",
        addresses=frozenset([network]),
        state=state,
        overdue=overdue,
        over=over,
    )


def entry(
    network: IPv4Network = HOME, name: object = "rule", observed: bool = True, removal: Removal = Removal.NONE
) -> OwnedRule:
    return OwnedRule(key=uid(name), network=network, observed=observed, removal=removal)


def rule(
    network: IPv4Network = HOME, name: object = "rule", status: str = "Authorized", text: str = ""
) -> IpRule:
    return IpRule(id=uid(name), network=network, status=status, description=text)


def attempt(network: IPv4Network = HOME, ambiguous: bool = True) -> PendingCreation:
    return PendingCreation(
        intent=uid("intent"), network=network, marker="pgaccess/x intent", ambiguous=ambiguous
    )


def known(
    wants: Sequence[DesiredGrant[IPv4Network]] = (),
    entries: Sequence[OwnedRule] = (),
    pending_creations: Sequence[PendingCreation] = (),
) -> StoredRules:
    return StoredRules(
        grants=tuple(wants), entries=tuple(entries), pending_creations=tuple(pending_creations)
    )


def test_what_is_wanted_and_not_there_is_added() -> None:
    plan = make_plan(known([want()]), [])
    assert plan.add == (HOME,)
    assert plan.under_way


def test_two_grants_for_one_address_are_one_rule() -> None:
    plan = make_plan(known([want(name=1), want(name=2)]), [])
    assert plan.add == (HOME,)


def test_in_force_is_only_said_of_an_authorised_rule() -> None:
    assert verified(make_plan(known([want()], [entry()]), [rule(status="Authorizing")])) == ()
    assert verified(make_plan(known([want()], [entry()]), [rule(status="Some new word")])) == ()
    assert verified(make_plan(known([want()], [entry()]), [rule()])) == (uid("grant"),)


def test_a_rule_of_ours_that_nobody_wants_is_removed() -> None:
    plan = make_plan(known([want(state=GrantState.ENDING)], [entry()]), [rule()])
    assert plan.remove == (uid("rule"),)
    assert ended(plan) == ()


def test_an_end_is_only_said_once_a_list_does_not_show_the_rule() -> None:
    asked = entry(removal=Removal.REQUESTED)
    ending = want(state=GrantState.ENDING)
    assert ended(make_plan(known([ending], [asked]), [rule()])) == ()
    plan = make_plan(known([ending], [asked]), [])
    assert ended(plan) == (uid("grant"),)
    assert plan.absent == (uid("rule"),)


def test_a_removal_that_is_under_way_is_not_asked_again_until_it_is_overdue() -> None:
    ending = want(state=GrantState.ENDING)
    assert make_plan(known([ending], [entry(removal=Removal.REQUESTED)]), [rule()]).remove == ()
    assert make_plan(known([ending], [entry(removal=Removal.OVERDUE)]), [rule()]).remove == (uid("rule"),)


def test_an_entry_that_two_grants_need_stays_until_the_second_ends() -> None:
    first, second = want(state=GrantState.ENDING, name=1), want(state=GrantState.IN_FORCE, name=2)
    plan = make_plan(known([first, second], [entry()]), [rule()])
    assert plan.remove == ()
    assert ended(plan) == (uid(1),)
    last = make_plan(known([replace(second, state=GrantState.ENDING)], [entry()]), [rule()])
    assert last.remove == (uid("rule"),)


def test_what_was_in_force_and_is_gone_is_interrupted_and_not_opened_again() -> None:
    plan = make_plan(known([want(state=GrantState.IN_FORCE)], [entry()]), [])
    assert interrupted(plan) == (uid("grant"),)
    assert plan.add == ()
    assert plan.absent == (uid("rule"),)


def test_an_older_approval_does_not_open_again_what_somebody_just_closed() -> None:
    wants = [want(state=GrantState.IN_FORCE, name=1), want(name=2)]
    plan = make_plan(known(wants, [entry()]), [])
    assert plan.add == ()
    assert interrupted(plan) == (uid(1),)
    assert failures(plan) == ((uid(2), ReasonCode.CLOSED_ELSEWHERE),)


def test_a_rule_that_vanishes_before_it_was_authorised_is_a_failure_not_a_second_try() -> None:
    plan = make_plan(known([want()], [entry()]), [])
    assert failures(plan) == ((uid("grant"), ReasonCode.CLOSED_ELSEWHERE),)
    assert plan.add == ()


def test_a_rule_that_no_list_has_shown_yet_is_waited_for() -> None:
    plan = make_plan(known([want()], [entry(observed=False)]), [])
    assert (plan.add, failures(plan), plan.absent) == ((), (), ())
    assert plan.under_way


def test_an_unwanted_rule_that_no_list_has_shown_yet_is_removed_all_the_same() -> None:
    plan = make_plan(known([want(state=GrantState.ENDING)], [entry(observed=False)]), [])
    assert plan.remove == (uid("rule"),)
    assert ended(plan) == ()


def test_a_removal_that_found_nothing_proves_no_end_of_what_no_list_has_shown_yet() -> None:
    ending = want(state=GrantState.ENDING)
    plan = make_plan(known([ending], [entry(observed=False, removal=Removal.REQUESTED)]), [])
    assert (ended(plan), plan.absent, plan.remove) == ((), (), ())
    assert plan.under_way
    late = make_plan(known([ending], [entry(observed=False, removal=Removal.OVERDUE)]), [])
    assert (ended(late), late.absent) == ((uid("grant"),), (uid("rule"),))


def test_what_is_over_is_neither_opened_nor_said_to_be_open() -> None:
    assert make_plan(known([want(over=True)]), []) == MtlsPlan(grants={}, under_way=True)
    plan = make_plan(known([want(over=True)]), [rule(name="unmanaged")])
    assert (verified(plan), failures(plan)) == ((), ())


def test_what_is_over_is_closed_even_if_the_clock_has_not_come_by() -> None:
    for state in (GrantState.APPLYING, GrantState.IN_FORCE):
        plan = make_plan(known([want(state=state, over=True)], [entry()]), [rule()])
        assert plan.remove == (uid("rule"),)
        assert (verified(plan), ended(plan), failures(plan)) == ((), (), ())


def test_what_is_over_and_closed_is_not_called_interrupted() -> None:
    closing = entry(removal=Removal.REQUESTED)
    plan = make_plan(known([want(state=GrantState.IN_FORCE, over=True)], [closing]), [])
    assert interrupted(plan) == ()
    assert plan.absent == (uid("rule"),)


def test_what_is_over_keeps_nobody_from_asking_anew() -> None:
    over = want(state=GrantState.IN_FORCE, over=True, name="over")
    plan = make_plan(known([over, want()]), [])
    assert (plan.add, failures(plan)) == ((HOME,), ())


def test_what_is_over_and_overdue_is_left_to_the_clock() -> None:
    plan = make_plan(known([want(overdue=True, over=True)]), [])
    assert (failures(plan), plan.add) == ((), ())


def test_without_a_list_only_a_missed_deadline_is_a_failure() -> None:
    states = [want(state=state, name=state) for state in GrantState]
    plan = plan_without_list(
        known([*states, want(name="late", overdue=True)], [], [attempt(ambiguous=False)])
    )
    assert plan == MtlsPlan(grants={uid("late"): failed(ReasonCode.DEADLINE)}, under_way=True)


def test_a_rule_whose_network_nobody_can_read_counts_and_serves_nothing() -> None:
    odd = [IpRule(id=uid(n), network="2001:db8::/64", status="Authorized", description="") for n in range(60)]
    plan = make_plan(known([want(), want(OFFICE, GrantState.ENDING, name=2)], [entry(OFFICE)]), odd)
    assert failures(plan) == ((uid("grant"), ReasonCode.FULL),)
    assert ended(plan) == (uid(2),)
    assert plan.remove == ()


def test_an_unmanaged_rule_of_exactly_the_network_satisfies_a_grant_and_survives_its_end() -> None:
    plan = make_plan(known([want()]), [rule(name="unmanaged")])
    assert plan.add == ()
    assert verified(plan) == (uid("grant"),)
    end = make_plan(known([want(state=GrantState.ENDING)]), [rule(name="unmanaged")])
    assert end.remove == ()
    assert ended(end) == (uid("grant"),)


def undoing(
    *wants: DesiredGrant[IPv4Network], entries: Sequence[OwnedRule] = (), removal: Removal = Removal.NONE
) -> StoredRules:
    """StoredRules, with the approved removal of the rule that is simply called so."""
    return replace(
        known(wants, entries), approved_removals=(ApprovedRemoval(rule=uid("rule"), removal=removal),)
    )


def test_an_unmanaged_rule_is_removed_by_its_own_approved_removal_and_no_other_of_the_same_address() -> None:
    plan = make_plan(undoing(), [rule(), rule(name="another")])
    assert (plan.remove, plan.removed, plan.under_way) == ((uid("rule"),), frozenset(), True)
    assert make_plan(undoing(), [rule(name="another")]).removed == {uid("rule")}


def test_a_removal_that_was_asked_for_just_now_is_waited_for_and_then_asked_for_again() -> None:
    assert make_plan(undoing(removal=Removal.REQUESTED), [rule()]).remove == ()
    assert make_plan(undoing(removal=Removal.OVERDUE), [rule()]).remove == (uid("rule"),)


def test_a_rule_that_a_grant_relies_on_is_not_removed_and_the_removal_hears_why() -> None:
    plan = make_plan(undoing(want(state=GrantState.IN_FORCE)), [rule()])
    assert plan.needed == {uid("rule")}
    assert (plan.remove, interrupted(plan)) == ((), ())


def test_nothing_is_in_force_by_a_rule_whose_removal_is_on_its_way() -> None:
    plan = make_plan(undoing(want(), removal=Removal.REQUESTED), [rule()])
    assert (verified(plan), plan.add, plan.needed) == ((), (), frozenset())


def test_an_adopted_rule_stays_without_a_grant_and_ends_none() -> None:
    adopted = replace(entry(), adopted=True)
    plan = make_plan(known([want(state=GrantState.ENDING)], [adopted]), [rule()])
    assert (plan.remove, ended(plan)) == ((), (uid("grant"),))
    assert not make_plan(known([], [adopted]), [rule()]).under_way


def test_an_adopted_rule_goes_by_its_own_approved_removal() -> None:
    adopted = replace(entry(), adopted=True)
    assert make_plan(undoing(entries=[adopted]), [rule()]).remove == (uid("rule"),)
    asked = replace(adopted, removal=Removal.OVERDUE)
    plan = make_plan(undoing(entries=[asked], removal=Removal.OVERDUE), [rule()])
    assert plan.remove == (uid("rule"),)


def test_an_adopted_rule_that_somebody_else_removes_is_missing_unless_that_was_approved() -> None:
    adopted = replace(entry(), adopted=True)
    plan = make_plan(known([], [adopted]), [])
    assert (plan.lost_adopted, plan.absent) == ((str(HOME),), (uid("rule"),))
    assert make_plan(undoing(entries=[adopted]), []).lost_adopted == ()


def test_an_unmanaged_rule_that_merely_covers_the_network_satisfies_nothing() -> None:
    plan = make_plan(known([want()]), [rule(IPv4Network("203.0.113.0/24"), name="unmanaged")])
    assert plan.add == (HOME,)


def test_two_rules_of_ours_for_one_address_leave_one() -> None:
    plan = make_plan(
        known([want(state=GrantState.IN_FORCE)], [entry(name=1), entry(name=2)]), [rule(name=1), rule(name=2)]
    )
    assert len(plan.remove) == 1
    assert interrupted(plan) == ()


def test_nothing_is_added_while_an_unanswered_addition_may_still_land() -> None:
    plan = make_plan(known([want(), want(OFFICE, name=2)], [], [attempt()]), [])
    assert plan.add == ()
    assert failures(plan) == ()
    assert plan.under_way


def test_removals_do_not_wait_for_an_unanswered_addition() -> None:
    ending = want(OFFICE, state=GrantState.ENDING, name=2)
    plan = make_plan(known([want(), ending], [entry(OFFICE)], [attempt()]), [rule(OFFICE)])
    assert plan.remove == (uid("rule"),)


def test_an_addition_whose_marker_is_found_is_taken_at_once() -> None:
    found = rule(text="pgaccess/x intent")
    plan = make_plan(known([want()], [], [attempt()]), [found])
    assert plan.recognised == ((uid("intent"), found),)
    assert verified(plan) == (uid("grant"),)
    assert plan.add == ()


def test_an_addition_that_made_nothing_in_its_time_is_made_again() -> None:
    plan = make_plan(known([want()], [], [attempt(ambiguous=False)]), [])
    assert plan.abandoned == (uid("intent"),)
    assert plan.add == (HOME,)


def test_an_end_is_not_said_while_an_unanswered_addition_may_still_land() -> None:
    ending = want(state=GrantState.ENDING)
    assert ended(make_plan(known([ending], [], [attempt()]), [])) == ()
    assert ended(make_plan(known([ending], [], [attempt(ambiguous=False)]), [])) == (uid("grant"),)


def test_an_address_that_we_are_removing_is_only_added_once_it_is_gone() -> None:
    leaving = entry(removal=Removal.REQUESTED)
    plan = make_plan(known([want(name="new")], [leaving]), [rule()])
    assert (plan.add, verified(plan), failures(plan)) == ((), (), ())
    assert make_plan(known([want(name="new")], [leaving]), []).add == (HOME,)


def test_an_overdue_grant_fails_and_what_it_left_is_removed() -> None:
    plan = make_plan(known([want(overdue=True)], [entry()]), [rule(status="Authorizing")])
    assert failures(plan) == ((uid("grant"), ReasonCode.DEADLINE),)
    assert plan.remove == (uid("rule"),)


def test_a_full_list_is_known_before_heroku_is_asked() -> None:
    unmanaged = [rule(IPv4Network(f"198.51.100.{n}/32"), name=n) for n in range(60)]
    plan = make_plan(known([want()]), unmanaged)
    assert plan.add == ()
    assert failures(plan) == ((uid("grant"), ReasonCode.FULL),)


def test_a_list_that_is_full_only_until_our_own_removal_is_waited_for() -> None:
    unmanaged = [rule(IPv4Network(f"198.51.100.{n}/32"), name=n) for n in range(59)]
    plan = make_plan(
        known([want(), want(OFFICE, GrantState.ENDING, name=2)], [entry(OFFICE)]), [*unmanaged, rule(OFFICE)]
    )
    assert failures(plan) == ()
    assert plan.remove == (uid("rule"),)


def test_a_rule_with_our_marker_that_the_store_does_not_know_is_an_orphan() -> None:
    unknown = rule(text="pgaccess/x other")
    assert orphans(known(), [unknown, rule(name=2)], markers=("pgaccess/x ",)) == (unknown,)
    assert (
        orphans(known([], [], [attempt()]), [rule(text="pgaccess/x intent")], markers=("pgaccess/x ",)) == ()
    )


# --- in every case -----------------------------------------------------------------------------------

networks = st.sampled_from([HOME, OFFICE, CAFE, IPv4Network("203.0.113.0/24")])
open_states = st.sampled_from(
    [GrantState.APPLYING, GrantState.IN_FORCE, GrantState.INTERRUPTED, GrantState.ENDING]
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[StoredRules, tuple[IpRule, ...]]:
    wants = [
        want(draw(networks), draw(open_states), f"grant {n}", draw(st.booleans()), draw(st.booleans()))
        for n in range(draw(st.integers(0, 5)))
    ]
    entries = [
        entry(draw(networks), f"ours {n}", draw(st.booleans()), draw(st.sampled_from(Removal)))
        for n in range(draw(st.integers(0, 4)))
    ]
    pending_creations = [
        PendingCreation(
            intent=uid(f"i{n}"), network=draw(networks), marker=f"marker {n}", ambiguous=draw(st.booleans())
        )
        for n in range(draw(st.integers(0, 2)))
    ]
    statuses = st.sampled_from(["Authorizing", "Authorized", "Unheard of"])
    rules = [
        IpRule(id=e.key, network=e.network, status=draw(statuses), description="")
        for e in entries
        if draw(st.booleans())
    ]
    rules += [
        IpRule(id=uid(f"landed {n}"), network=a.network, status="Authorized", description=a.marker)
        for n, a in enumerate(pending_creations)
        if draw(st.booleans())
    ]
    rules += [rule(draw(networks), f"unmanaged {n}") for n in range(draw(st.integers(0, 3)))]
    rules += [replace(rule(name="odd"), network="2001:db8::/64")] * draw(st.integers(0, 1))
    return known(wants, entries, pending_creations), tuple(rules)


def unmanaged_ids(state: StoredRules, rules: Sequence[IpRule]) -> set[UUID]:
    marks = {a.marker for a in state.pending_creations}
    ours = {e.key for e in state.entries}
    return {r.id for r in rules if r.id not in ours and r.description not in marks}


def late(entry: OwnedRule) -> OwnedRule:
    """The entry a minute later."""
    return entry if entry.removal is Removal.NONE else replace(entry, removal=Removal.OVERDUE)


def clocked(want: DesiredGrant[IPv4Network]) -> DesiredGrant[IPv4Network]:
    """The grant once the clock has come by."""
    return replace(want, state=GrantState.ENDING, over=False) if want.over else want


def carried_out(
    state: StoredRules, rules: Sequence[IpRule], plan: MtlsPlan
) -> tuple[StoredRules, tuple[IpRule, ...]]:
    """The world after the plan: every call answered, everything authorised, time enough gone by."""
    ours = {e.key: late(e) for e in state.entries if e.key not in plan.absent}
    asked = {attempt.intent: attempt.network for attempt in state.pending_creations}
    for intent, found in plan.recognised:
        ours[found.id] = OwnedRule(key=found.id, network=asked[intent], observed=True, removal=Removal.NONE)
    left = {r.id: r for r in rules}
    for id in [*plan.remove, *(e.key for e in state.entries if e.removal is not Removal.NONE)]:
        left.pop(id, None)
    for id in plan.remove:
        ours[id] = replace(ours[id], removal=Removal.REQUESTED)
    for network in plan.add:
        new = rule(network, name=f"new {network}")
        left[new.id] = new
        ours[new.id] = OwnedRule(key=new.id, network=network, observed=False, removal=Removal.NONE)
    listed = tuple(replace(r, status="Authorized") for r in left.values())
    shown = {r.id for r in listed}
    entries = tuple(replace(e, observed=e.observed or e.key in shown) for e in ours.values())
    moved = {grant: transition.state for grant, transition in plan.grants.items()}
    over = {*ended(plan), *(grant for grant, _ in failures(plan))}
    wants = tuple(
        clocked(replace(w, state=moved.get(w.grant, w.state))) for w in state.grants if w.grant not in over
    )
    recognised = {intent for intent, _ in plan.recognised}
    pending_creations = tuple(
        replace(a, ambiguous=False)
        for a in state.pending_creations
        if a.intent not in recognised and a.intent not in plan.abandoned
    )
    return StoredRules(grants=wants, entries=entries, pending_creations=pending_creations), listed


@given(worlds())
def test_an_unmanaged_rule_is_never_removed(world: tuple[StoredRules, tuple[IpRule, ...]]) -> None:
    state, rules = world
    assert not set(make_plan(state, rules).remove) & unmanaged_ids(state, rules)


@given(worlds())
def test_only_what_an_applying_grant_wants_is_added_and_only_where_nothing_is(
    world: tuple[StoredRules, tuple[IpRule, ...]],
) -> None:
    state, rules = world
    applying = {address for grant in state.grants if grant.opens for address in grant.addresses}
    for network in make_plan(state, rules).add:
        assert network in applying
        assert not any(r.network == network for r in rules)


@settings(max_examples=400)
@given(worlds())
def test_carried_out_it_converges_and_planned_again_it_changes_nothing(
    world: tuple[StoredRules, tuple[IpRule, ...]],
) -> None:
    state, rules = world
    unmanaged = unmanaged_ids(state, rules)
    for _ in range(4):
        state, rules = carried_out(state, rules, make_plan(state, rules))
    # What has not opened by then is overdue: a rule that no list ever shows, for one.
    state = replace(state, grants=tuple(replace(want, overdue=True) for want in state.grants))
    for _ in range(4):
        state, rules = carried_out(state, rules, make_plan(state, rules))
    plan = make_plan(state, rules)
    assert not plan.changes_heroku
    assert not plan.under_way
    assert plan.grants == {}
    assert unmanaged <= {r.id for r in rules}
    ours = {e.key for e in state.entries}
    holding = {
        address for grant in state.grants if grant.state is GrantState.IN_FORCE for address in grant.addresses
    }
    assert {r.network for r in rules if r.id in ours} <= holding


@given(worlds())
def test_a_grant_that_is_over_has_no_transition(
    world: tuple[StoredRules, tuple[IpRule, ...]],
) -> None:
    plan = make_plan(*world)
    over = {want.grant for want in world[0].grants if want.over and want.state is not GrantState.ENDING}
    assert not over & plan.grants.keys()


# --- lists in which something could not be read ------------------------------------------------------


def odd(network: IPv4Network | str = UNREADABLE, name: object = "odd") -> IpRule:
    return IpRule(id=uid(name), network=network, status=UNREADABLE, description="", id_read=False)


def plan_of(stored: StoredRules, *rules: IpRule, before: Sequence[IpRule] = ()) -> MtlsPlan:
    return make_plan(stored, completed(rules, stored, before=before))


@pytest.mark.parametrize("hiding", [odd(), odd(HOME)])
@pytest.mark.parametrize("removal", list(Removal))
def test_no_end_is_proven_by_a_list_with_a_rule_that_may_be_ours(hiding: IpRule, removal: Removal) -> None:
    stored = known([want(state=GrantState.ENDING)], [entry(removal=removal)])
    plan = plan_of(stored, hiding)
    assert (ended(plan), plan.absent, plan.under_way) == ((), (), True)
    # It is removed by its id all the same.
    assert plan.remove == (() if removal is Removal.REQUESTED else (uid("rule"),))


@pytest.mark.parametrize("hiding", [odd(), odd(HOME)])
def test_nothing_is_interrupted_by_a_list_with_a_rule_that_may_be_the_one(hiding: IpRule) -> None:
    holding = want(state=GrantState.IN_FORCE)
    plan = plan_of(known([holding], [entry()]), hiding)
    assert (interrupted(plan), plan.add, plan.remove) == ((), (), ())
    unmanaged = plan_of(known([holding]), hiding, before=[rule(name="vendor")])
    assert (interrupted(unmanaged), unmanaged.add, unmanaged.remove) == ((), (), ())


def test_a_rule_of_ours_whose_network_cannot_be_read_is_still_there() -> None:
    ours = replace(rule(), network=UNREADABLE, status=UNREADABLE)
    assert interrupted(plan_of(known([want(state=GrantState.IN_FORCE)], [entry()]), ours)) == ()
    ending = plan_of(known([want(state=GrantState.ENDING)], [entry()]), ours)
    assert (ended(ending), ending.remove) == ((), (uid("rule"),))


def test_an_unmanaged_rule_whose_network_cannot_be_read_any_more_still_serves() -> None:
    vendor = rule(name="vendor")
    stored = known([want(state=GrantState.IN_FORCE)])
    assert interrupted(plan_of(stored, replace(vendor, network=UNREADABLE), before=[vendor])) == ()


def test_an_odd_rule_of_another_network_hides_nothing() -> None:
    stored = known([want(state=GrantState.ENDING)], [entry(removal=Removal.REQUESTED)])
    assert ended(plan_of(stored, odd(OFFICE))) == (uid("grant"),)


def test_beside_an_odd_rule_others_are_opened() -> None:
    assert plan_of(known([want()]), odd()).add == (HOME,)


def test_a_rule_that_no_list_has_shown_is_not_called_seen_by_an_odd_one() -> None:
    assert uid("rule") not in plan_of(known([want()], [entry(observed=False)]), odd()).observed


def test_an_approved_removal_is_not_proven_by_a_list_with_a_rule_that_may_be_it() -> None:
    stored = replace(known(), approved_removals=(ApprovedRemoval(rule=uid("vendor")),))
    vendor = rule(OFFICE, name="vendor")
    assert plan_of(stored, odd(), before=[vendor]).removed == frozenset()
    assert plan_of(stored, odd(HOME), before=[vendor]).removed == {uid("vendor")}
    assert plan_of(stored, odd(OFFICE)).removed == frozenset()


def test_a_marker_without_a_readable_id_is_awaited_and_neither_owned_nor_given_up() -> None:
    stored = known([want(state=GrantState.ENDING)], pending_creations=[attempt(ambiguous=False)])
    plan = plan_of(stored, replace(odd(HOME), description="pgaccess/x intent"))
    assert (plan.recognised, plan.abandoned, ended(plan)) == ((), (), ())


@given(
    state=st.sampled_from([GrantState.APPLYING, GrantState.IN_FORCE, GrantState.ENDING]),
    removal=st.sampled_from(Removal),
    hiding=st.sampled_from([odd(), odd(HOME)]),
    others=st.lists(st.sampled_from([rule(OFFICE, "office"), rule(CAFE, "cafe"), odd(OFFICE, "odd 2")])),
)
def test_what_may_be_listed_is_never_called_absent(
    state: GrantState, removal: Removal, hiding: IpRule, others: list[IpRule]
) -> None:
    stored = known([want(state=state)], [entry(removal=removal)])
    plan = plan_of(stored, hiding, *others)
    assert (plan.absent, ended(plan), plan.add) == ((), (), ())
    # A rule whose removal was requested serves nobody, listed or not.
    assert interrupted(plan) == () or removal is not Removal.NONE

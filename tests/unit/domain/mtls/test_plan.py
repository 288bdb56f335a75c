"""Wanted against seen: what the plan says in each case, and what it never does in any."""

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from uuid import UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.grant import GrantState, Why
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.plan import (
    ApprovedRemoval,
    Entry,
    Known,
    PendingCreation,
    Plan,
    Want,
    orphans,
    plan,
    unseen,
)
from bot.domain.owned_entry import Removal

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
) -> Want:
    return Want(grant=uid(name), owner="U0ENGINEER", network=network, state=state, overdue=overdue, over=over)


def entry(
    network: IPv4Network = HOME, name: object = "rule", listed: bool = True, removal: Removal = Removal.NONE
) -> Entry:
    return Entry(rule=uid(name), network=network, listed=listed, removal=removal)


def rule(
    network: IPv4Network = HOME, name: object = "rule", status: str = "Authorized", text: str = ""
) -> IpRule:
    return IpRule(id=uid(name), network=network, status=status, description=text)


def attempt(network: IPv4Network = HOME, waiting: bool = True) -> PendingCreation:
    return PendingCreation(intent=uid("intent"), network=network, mark="pgaccess/x intent", waiting=waiting)


def known(
    wants: Sequence[Want] = (), entries: Sequence[Entry] = (), attempts: Sequence[PendingCreation] = ()
) -> Known:
    return Known(wants=tuple(wants), entries=tuple(entries), attempts=tuple(attempts))


def test_what_is_wanted_and_not_there_is_added() -> None:
    drawn = plan(known([want()]), [])
    assert drawn.add == (HOME,)
    assert drawn.under_way


def test_two_grants_for_one_address_are_one_rule() -> None:
    drawn = plan(known([want(name=1), want(name=2)]), [])
    assert drawn.add == (HOME,)


def test_in_force_is_only_said_of_an_authorised_rule() -> None:
    assert plan(known([want()], [entry()]), [rule(status="Authorizing")]).in_force == ()
    assert plan(known([want()], [entry()]), [rule(status="Some new word")]).in_force == ()
    assert plan(known([want()], [entry()]), [rule()]).in_force == (uid("grant"),)


def test_a_rule_of_ours_that_nobody_wants_is_removed() -> None:
    drawn = plan(known([want(state=GrantState.ENDING)], [entry()]), [rule()])
    assert drawn.remove == (uid("rule"),)
    assert drawn.ended == ()


def test_an_end_is_only_said_once_a_list_does_not_show_the_rule() -> None:
    asked = entry(removal=Removal.ASKED)
    ending = want(state=GrantState.ENDING)
    assert plan(known([ending], [asked]), [rule()]).ended == ()
    drawn = plan(known([ending], [asked]), [])
    assert drawn.ended == (uid("grant"),)
    assert drawn.gone == (uid("rule"),)


def test_a_removal_that_is_under_way_is_not_asked_again_until_it_is_overdue() -> None:
    ending = want(state=GrantState.ENDING)
    assert plan(known([ending], [entry(removal=Removal.ASKED)]), [rule()]).remove == ()
    assert plan(known([ending], [entry(removal=Removal.OVERDUE)]), [rule()]).remove == (uid("rule"),)


def test_an_entry_that_two_grants_need_stays_until_the_second_ends() -> None:
    first, second = want(state=GrantState.ENDING, name=1), want(state=GrantState.IN_FORCE, name=2)
    drawn = plan(known([first, second], [entry()]), [rule()])
    assert drawn.remove == ()
    assert drawn.ended == (uid(1),)
    last = plan(known([replace(second, state=GrantState.ENDING)], [entry()]), [rule()])
    assert last.remove == (uid("rule"),)


def test_what_was_in_force_and_is_gone_is_interrupted_and_not_opened_again() -> None:
    drawn = plan(known([want(state=GrantState.IN_FORCE)], [entry()]), [])
    assert drawn.interrupted == (uid("grant"),)
    assert drawn.add == ()
    assert drawn.gone == (uid("rule"),)


def test_an_older_approval_does_not_open_again_what_somebody_just_closed() -> None:
    wants = [want(state=GrantState.IN_FORCE, name=1), want(name=2)]
    drawn = plan(known(wants, [entry()]), [])
    assert drawn.add == ()
    assert drawn.interrupted == (uid(1),)
    assert drawn.failed == ((uid(2), Why.CLOSED_ELSEWHERE),)


def test_a_rule_that_vanishes_before_it_was_authorised_is_a_failure_not_a_second_try() -> None:
    drawn = plan(known([want()], [entry()]), [])
    assert drawn.failed == ((uid("grant"), Why.CLOSED_ELSEWHERE),)
    assert drawn.add == ()


def test_a_rule_that_no_list_has_shown_yet_is_waited_for() -> None:
    drawn = plan(known([want()], [entry(listed=False)]), [])
    assert (drawn.add, drawn.failed, drawn.gone) == ((), (), ())
    assert drawn.under_way


def test_an_unwanted_rule_that_no_list_has_shown_yet_is_removed_all_the_same() -> None:
    drawn = plan(known([want(state=GrantState.ENDING)], [entry(listed=False)]), [])
    assert drawn.remove == (uid("rule"),)
    assert drawn.ended == ()


def test_a_removal_that_found_nothing_proves_no_end_of_what_no_list_has_shown_yet() -> None:
    ending = want(state=GrantState.ENDING)
    drawn = plan(known([ending], [entry(listed=False, removal=Removal.ASKED)]), [])
    assert (drawn.ended, drawn.gone, drawn.remove) == ((), (), ())
    assert drawn.under_way
    late = plan(known([ending], [entry(listed=False, removal=Removal.OVERDUE)]), [])
    assert (late.ended, late.gone) == ((uid("grant"),), (uid("rule"),))


def test_what_is_over_is_neither_opened_nor_said_to_be_open() -> None:
    assert plan(known([want(over=True)]), []) == Plan(under_way=True)
    drawn = plan(known([want(over=True)]), [rule(name="foreign")])
    assert (drawn.in_force, drawn.failed) == ((), ())


def test_what_is_over_is_closed_even_if_the_clock_has_not_come_by() -> None:
    for state in (GrantState.APPLYING, GrantState.IN_FORCE):
        drawn = plan(known([want(state=state, over=True)], [entry()]), [rule()])
        assert drawn.remove == (uid("rule"),)
        assert (drawn.in_force, drawn.ended, drawn.failed) == ((), (), ())


def test_what_is_over_and_closed_is_not_called_interrupted() -> None:
    closing = entry(removal=Removal.ASKED)
    drawn = plan(known([want(state=GrantState.IN_FORCE, over=True)], [closing]), [])
    assert drawn.interrupted == ()
    assert drawn.gone == (uid("rule"),)


def test_what_is_over_keeps_nobody_from_asking_anew() -> None:
    over = want(state=GrantState.IN_FORCE, over=True, name="over")
    drawn = plan(known([over, want()]), [])
    assert (drawn.add, drawn.failed) == ((HOME,), ())


def test_what_is_over_and_overdue_is_left_to_the_clock() -> None:
    drawn = plan(known([want(overdue=True, over=True)]), [])
    assert (drawn.failed, drawn.add) == ((), ())


def test_without_a_list_only_a_missed_deadline_is_a_failure() -> None:
    states = [want(state=state, name=state) for state in GrantState]
    drawn = unseen(known([*states, want(name="late", overdue=True)], [], [attempt(waiting=False)]))
    assert drawn == Plan(failed=((uid("late"), Why.DEADLINE),), under_way=True)


def test_a_rule_whose_network_nobody_can_read_counts_and_serves_nothing() -> None:
    odd = [IpRule(id=uid(n), network="2001:db8::/64", status="Authorized", description="") for n in range(60)]
    drawn = plan(known([want(), want(OFFICE, GrantState.ENDING, name=2)], [entry(OFFICE)]), odd)
    assert drawn.failed == ((uid("grant"), Why.FULL),)
    assert drawn.ended == (uid(2),)
    assert drawn.remove == ()


def test_a_foreign_rule_of_exactly_the_network_satisfies_a_grant_and_survives_its_end() -> None:
    drawn = plan(known([want()]), [rule(name="foreign")])
    assert drawn.add == ()
    assert drawn.in_force == (uid("grant"),)
    end = plan(known([want(state=GrantState.ENDING)]), [rule(name="foreign")])
    assert end.remove == ()
    assert end.ended == (uid("grant"),)


def undoing(*wants: Want, entries: Sequence[Entry] = (), removal: Removal = Removal.NONE) -> Known:
    """Known, with the approved removal of the rule that is simply called so."""
    return replace(known(wants, entries), undo=(ApprovedRemoval(rule=uid("rule"), removal=removal),))


def test_a_foreign_rule_is_removed_by_its_own_approved_removal_and_no_other_of_the_same_address() -> None:
    drawn = plan(undoing(), [rule(), rule(name="another")])
    assert (drawn.remove, drawn.undone, drawn.under_way) == ((uid("rule"),), frozenset(), True)
    assert plan(undoing(), [rule(name="another")]).undone == {uid("rule")}


def test_a_removal_that_was_asked_for_just_now_is_waited_for_and_then_asked_for_again() -> None:
    assert plan(undoing(removal=Removal.ASKED), [rule()]).remove == ()
    assert plan(undoing(removal=Removal.OVERDUE), [rule()]).remove == (uid("rule"),)


def test_a_rule_that_a_grant_relies_on_is_not_removed_and_the_removal_hears_why() -> None:
    drawn = plan(undoing(want(state=GrantState.IN_FORCE)), [rule()])
    assert drawn.needed == {uid("rule")}
    assert (drawn.remove, drawn.interrupted) == ((), ())


def test_nothing_is_in_force_by_a_rule_whose_removal_is_on_its_way() -> None:
    drawn = plan(undoing(want(), removal=Removal.ASKED), [rule()])
    assert (drawn.in_force, drawn.add, drawn.needed) == ((), (), frozenset())


def test_an_adopted_rule_stays_without_a_grant_and_ends_none() -> None:
    adopted = replace(entry(), adopted=True)
    drawn = plan(known([want(state=GrantState.ENDING)], [adopted]), [rule()])
    assert (drawn.remove, drawn.ended) == ((), (uid("grant"),))
    assert not plan(known([], [adopted]), [rule()]).under_way


def test_an_adopted_rule_goes_by_its_own_approved_removal() -> None:
    adopted = replace(entry(), adopted=True)
    assert plan(undoing(entries=[adopted]), [rule()]).remove == (uid("rule"),)
    asked = replace(adopted, removal=Removal.OVERDUE)
    drawn = plan(undoing(entries=[asked], removal=Removal.OVERDUE), [rule()])
    assert drawn.remove == (uid("rule"),)


def test_an_adopted_rule_that_somebody_else_removes_is_missing_unless_that_was_approved() -> None:
    adopted = replace(entry(), adopted=True)
    drawn = plan(known([], [adopted]), [])
    assert (drawn.missing, drawn.gone) == ((HOME,), (uid("rule"),))
    assert plan(undoing(entries=[adopted]), []).missing == ()


def test_a_foreign_rule_that_merely_covers_the_network_satisfies_nothing() -> None:
    drawn = plan(known([want()]), [rule(IPv4Network("203.0.113.0/24"), name="foreign")])
    assert drawn.add == (HOME,)


def test_two_rules_of_ours_for_one_address_leave_one() -> None:
    drawn = plan(
        known([want(state=GrantState.IN_FORCE)], [entry(name=1), entry(name=2)]), [rule(name=1), rule(name=2)]
    )
    assert len(drawn.remove) == 1
    assert drawn.interrupted == ()


def test_nothing_is_added_while_an_unanswered_addition_may_still_land() -> None:
    drawn = plan(known([want(), want(OFFICE, name=2)], [], [attempt()]), [])
    assert drawn.add == ()
    assert drawn.failed == ()
    assert drawn.under_way


def test_removals_do_not_wait_for_an_unanswered_addition() -> None:
    ending = want(OFFICE, state=GrantState.ENDING, name=2)
    drawn = plan(known([want(), ending], [entry(OFFICE)], [attempt()]), [rule(OFFICE)])
    assert drawn.remove == (uid("rule"),)


def test_an_addition_whose_mark_is_found_is_taken_at_once() -> None:
    found = rule(text="pgaccess/x intent")
    drawn = plan(known([want()], [], [attempt()]), [found])
    assert drawn.recognised == ((uid("intent"), found),)
    assert drawn.in_force == (uid("grant"),)
    assert drawn.add == ()


def test_an_addition_that_made_nothing_in_its_time_is_made_again() -> None:
    drawn = plan(known([want()], [], [attempt(waiting=False)]), [])
    assert drawn.lost == (uid("intent"),)
    assert drawn.add == (HOME,)


def test_an_end_is_not_said_while_an_unanswered_addition_may_still_land() -> None:
    ending = want(state=GrantState.ENDING)
    assert plan(known([ending], [], [attempt()]), []).ended == ()
    assert plan(known([ending], [], [attempt(waiting=False)]), []).ended == (uid("grant"),)


def test_an_address_that_we_are_removing_is_only_added_once_it_is_gone() -> None:
    leaving = entry(removal=Removal.ASKED)
    drawn = plan(known([want(name="new")], [leaving]), [rule()])
    assert (drawn.add, drawn.in_force, drawn.failed) == ((), (), ())
    assert plan(known([want(name="new")], [leaving]), []).add == (HOME,)


def test_an_overdue_grant_fails_and_what_it_left_is_removed() -> None:
    drawn = plan(known([want(overdue=True)], [entry()]), [rule(status="Authorizing")])
    assert drawn.failed == ((uid("grant"), Why.DEADLINE),)
    assert drawn.remove == (uid("rule"),)


def test_a_full_list_is_known_before_heroku_is_asked() -> None:
    foreign = [rule(IPv4Network(f"198.51.100.{n}/32"), name=n) for n in range(60)]
    drawn = plan(known([want()]), foreign)
    assert drawn.add == ()
    assert drawn.failed == ((uid("grant"), Why.FULL),)


def test_a_list_that_is_full_only_until_our_own_removal_is_waited_for() -> None:
    foreign = [rule(IPv4Network(f"198.51.100.{n}/32"), name=n) for n in range(59)]
    drawn = plan(
        known([want(), want(OFFICE, GrantState.ENDING, name=2)], [entry(OFFICE)]), [*foreign, rule(OFFICE)]
    )
    assert drawn.failed == ()
    assert drawn.remove == (uid("rule"),)


def test_a_rule_with_our_mark_that_the_store_does_not_know_is_a_stray() -> None:
    unknown = rule(text="pgaccess/x other")
    assert orphans(known(), [unknown, rule(name=2)], mark="pgaccess/x ") == (unknown,)
    assert orphans(known([], [], [attempt()]), [rule(text="pgaccess/x intent")], mark="pgaccess/x ") == ()


# --- in every case -----------------------------------------------------------------------------------

networks = st.sampled_from([HOME, OFFICE, CAFE, IPv4Network("203.0.113.0/24")])
open_states = st.sampled_from(
    [GrantState.APPLYING, GrantState.IN_FORCE, GrantState.INTERRUPTED, GrantState.ENDING]
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Known, tuple[IpRule, ...]]:
    wants = [
        want(draw(networks), draw(open_states), f"grant {n}", draw(st.booleans()), draw(st.booleans()))
        for n in range(draw(st.integers(0, 5)))
    ]
    entries = [
        entry(draw(networks), f"ours {n}", draw(st.booleans()), draw(st.sampled_from(Removal)))
        for n in range(draw(st.integers(0, 4)))
    ]
    attempts = [
        PendingCreation(
            intent=uid(f"i{n}"), network=draw(networks), mark=f"mark {n}", waiting=draw(st.booleans())
        )
        for n in range(draw(st.integers(0, 2)))
    ]
    statuses = st.sampled_from(["Authorizing", "Authorized", "Unheard of"])
    rules = [
        IpRule(id=e.rule, network=e.network, status=draw(statuses), description="")
        for e in entries
        if draw(st.booleans())
    ]
    rules += [
        IpRule(id=uid(f"landed {n}"), network=a.network, status="Authorized", description=a.mark)
        for n, a in enumerate(attempts)
        if draw(st.booleans())
    ]
    rules += [rule(draw(networks), f"foreign {n}") for n in range(draw(st.integers(0, 3)))]
    rules += [replace(rule(name="odd"), network="2001:db8::/64")] * draw(st.integers(0, 1))
    return known(wants, entries, attempts), tuple(rules)


def foreign_ids(state: Known, rules: Sequence[IpRule]) -> set[UUID]:
    marks = {a.mark for a in state.attempts}
    ours = {e.rule for e in state.entries}
    return {r.id for r in rules if r.id not in ours and r.description not in marks}


def late(entry: Entry) -> Entry:
    """The entry a minute later."""
    return entry if entry.removal is Removal.NONE else replace(entry, removal=Removal.OVERDUE)


def clocked(want: Want) -> Want:
    """The grant once the clock has come by."""
    return replace(want, state=GrantState.ENDING, over=False) if want.over else want


def carried_out(state: Known, rules: Sequence[IpRule], drawn: Plan) -> tuple[Known, tuple[IpRule, ...]]:
    """The world after the plan: every call answered, everything authorised, time enough gone by."""
    ours = {e.rule: late(e) for e in state.entries if e.rule not in drawn.gone}
    asked = {attempt.intent: attempt.network for attempt in state.attempts}
    for intent, found in drawn.recognised:
        ours[found.id] = Entry(rule=found.id, network=asked[intent], listed=True, removal=Removal.NONE)
    left = {r.id: r for r in rules}
    for id in [*drawn.remove, *(e.rule for e in state.entries if e.removal is not Removal.NONE)]:
        left.pop(id, None)
    for id in drawn.remove:
        ours[id] = replace(ours[id], removal=Removal.ASKED)
    for network in drawn.add:
        new = rule(network, name=f"new {network}")
        left[new.id] = new
        ours[new.id] = Entry(rule=new.id, network=network, listed=False, removal=Removal.NONE)
    listed = tuple(replace(r, status="Authorized") for r in left.values())
    shown = {r.id for r in listed}
    entries = tuple(replace(e, listed=e.listed or e.rule in shown) for e in ours.values())
    moved = dict.fromkeys(drawn.in_force, GrantState.IN_FORCE) | dict.fromkeys(
        drawn.interrupted, GrantState.INTERRUPTED
    )
    over = {*drawn.ended, *(grant for grant, _ in drawn.failed)}
    wants = tuple(
        clocked(replace(w, state=moved.get(w.grant, w.state))) for w in state.wants if w.grant not in over
    )
    recognised = {intent for intent, _ in drawn.recognised}
    attempts = tuple(
        replace(a, waiting=False)
        for a in state.attempts
        if a.intent not in recognised and a.intent not in drawn.lost
    )
    return Known(wants=wants, entries=entries, attempts=attempts), listed


@given(worlds())
def test_a_foreign_rule_is_never_removed(world: tuple[Known, tuple[IpRule, ...]]) -> None:
    state, rules = world
    assert not set(plan(state, rules).remove) & foreign_ids(state, rules)


@given(worlds())
def test_only_what_an_applying_grant_wants_is_added_and_only_where_nothing_is(
    world: tuple[Known, tuple[IpRule, ...]],
) -> None:
    state, rules = world
    applying = {
        w.network for w in state.wants if w.state is GrantState.APPLYING and not w.overdue and not w.over
    }
    for network in plan(state, rules).add:
        assert network in applying
        assert not any(r.network == network for r in rules)


@settings(max_examples=400)
@given(worlds())
def test_carried_out_it_converges_and_planned_again_it_changes_nothing(
    world: tuple[Known, tuple[IpRule, ...]],
) -> None:
    state, rules = world
    foreign = foreign_ids(state, rules)
    for _ in range(4):
        state, rules = carried_out(state, rules, plan(state, rules))
    # What has not opened by then is overdue: a rule that no list ever shows, for one.
    state = replace(state, wants=tuple(replace(want, overdue=True) for want in state.wants))
    for _ in range(4):
        state, rules = carried_out(state, rules, plan(state, rules))
    drawn = plan(state, rules)
    assert not drawn.changes_heroku
    assert not drawn.under_way
    assert (drawn.in_force, drawn.ended, drawn.failed, drawn.interrupted) == ((), (), (), ())
    assert foreign <= {r.id for r in rules}
    ours = {e.rule for e in state.entries}
    holding = {w.network for w in state.wants if w.state is GrantState.IN_FORCE}
    assert {r.network for r in rules if r.id in ours} <= holding


@given(worlds())
def test_every_grant_gets_at_most_one_verdict_and_one_that_is_over_none(
    world: tuple[Known, tuple[IpRule, ...]],
) -> None:
    drawn = plan(*world)
    over = {want.grant for want in world[0].wants if want.over and want.state is not GrantState.ENDING}
    verdicts = [*drawn.in_force, *drawn.ended, *drawn.interrupted, *(grant for grant, _ in drawn.failed)]
    assert len(verdicts) == len(set(verdicts))
    assert not over & set(verdicts)

"""The plan of a space's list: what is written, what never is, and what is proven of grants."""

from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Network
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.method import Method
from bot.domain.outside.text import UNREADABLE
from bot.domain.owned_entry import DesiredGrant, OwnedEntry, Removal
from bot.domain.reach import reach_of
from bot.domain.trusted_ips.plan import Edit, StoredRanges, TrustedIpsPlan, edited, make_plan
from bot.domain.trusted_ips.ruleset import LIMIT, Ruleset, RulesetObservation, RulesetRule
from tests.unit.domain.plans import ended, failures, interrupted, verified
from tests.unit.factories import NOW

OFFICE, MINE, OTHER = "198.51.100.0/24", "203.0.113.4/32", "203.0.113.5/32"
SOURCES = [OFFICE, MINE, OTHER, "203.0.113.6/32", "0.0.0.0/0"]
APPLYING, IN_FORCE, ENDING = GrantState.APPLYING, GrantState.IN_FORCE, GrantState.ENDING


def ruleset(*sources: str | RulesetRule, applied: bool | None = True) -> Ruleset:
    rules = tuple(RulesetRule("allow", each) if isinstance(each, str) else each for each in sources)
    return Ruleset(id=UUID(int=1), rules=rules, applied=applied, by="somebody@example.com")


def want(
    source: str = MINE,
    state: GrantState = APPLYING,
    *,
    number: int = 1,
    overdue: bool = False,
    over: bool = False,
) -> DesiredGrant[str]:
    return DesiredGrant(
        request=number,
        grant=UUID(int=number),
        owner="U0ENGINEER",
        addresses=frozenset([source]),
        state=state,
        overdue=overdue,
        over=over,
    )


def ours(
    source: str = MINE, *, observed: bool = True, leaving: bool = False, adopted: bool = False
) -> OwnedEntry[str]:
    removal = Removal.REQUESTED if leaving else Removal.NONE
    return OwnedEntry(key=source, observed=observed, removal=removal, adopted=adopted)


def known(
    *parts: DesiredGrant[str] | OwnedEntry[str], waiting: bool = False, approved_removals: Iterable[str] = ()
) -> StoredRanges:
    return StoredRanges(
        grants=tuple(part for part in parts if isinstance(part, DesiredGrant)),
        entries=tuple(part for part in parts if isinstance(part, OwnedEntry)),
        ambiguous=waiting,
        approved_removals=frozenset(approved_removals),
    )


ID = UUID(int=1)


# --- what is written -------------------------------------------------------------------------------


def test_what_is_wanted_and_not_there_is_added_at_the_end() -> None:
    plan = make_plan(known(want()), ruleset(OFFICE))
    assert plan.edit == Edit(add=(MINE,))
    assert edited(ruleset(OFFICE).rules, plan.edit) == ruleset(OFFICE, MINE).rules
    assert plan.under_way


def test_ours_that_nobody_wants_is_taken_out_and_nothing_else() -> None:
    deny = RulesetRule("deny", MINE)
    plan = make_plan(known(want(state=ENDING), ours()), ruleset(deny, OFFICE, MINE))
    assert plan.edit == Edit(remove=(MINE,))
    assert edited(ruleset(deny, OFFICE, MINE).rules, plan.edit) == ruleset(deny, OFFICE).rules


def test_an_unmanaged_range_is_never_taken_out_but_by_its_own_approval() -> None:
    assert not make_plan(known(), ruleset(OFFICE, OTHER)).changes_heroku
    assert make_plan(known(approved_removals=[OTHER]), ruleset(OFFICE, OTHER)).edit == Edit(remove=(OTHER,))


def test_what_lets_everybody_in_is_neither_removed_nor_added() -> None:
    plan = make_plan(known(want(), ours(OTHER)), ruleset("0.0.0.0/0", OTHER))
    assert plan.edit == Edit(add=(MINE,), remove=(OTHER,))


def test_an_unmanaged_range_of_exactly_that_network_serves_and_nothing_is_written() -> None:
    plan = make_plan(known(want(OFFICE)), ruleset(OFFICE))
    assert not plan.changes_heroku
    assert verified(plan) == (ID,)


def test_a_range_that_was_adopted_stays_without_a_grant_until_it_is_undone() -> None:
    adopted = ours(OTHER, adopted=True)
    assert not make_plan(known(adopted), ruleset(OFFICE, OTHER)).changes_heroku
    assert make_plan(known(adopted, approved_removals=[OTHER]), ruleset(OFFICE, OTHER)).edit == Edit(
        remove=(OTHER,)
    )


def test_what_a_grant_needs_is_not_undone() -> None:
    grant = want(OTHER, IN_FORCE)
    assert not make_plan(
        known(grant, ours(OTHER), approved_removals=[OTHER]), ruleset(OFFICE, OTHER)
    ).changes_heroku


@pytest.mark.parametrize("others", [(), (RulesetRule("deny", OFFICE),)])
def test_the_last_range_that_lets_anybody_in_stays_and_that_is_said(others: tuple[RulesetRule, ...]) -> None:
    plan = make_plan(known(want(state=ENDING), ours()), ruleset(*others, MINE))
    assert not plan.changes_heroku
    assert plan.stuck == (MINE,)
    assert ended(plan) == ()
    # Nobody is asked every few seconds for what only a person can mend.
    assert not plan.under_way


def test_the_place_of_what_is_taken_out_is_room_for_what_is_added() -> None:
    full = [f"10.0.{number}.0/24" for number in range(LIMIT - 1)]
    plan = make_plan(known(want(), want(OTHER, ENDING, number=2), ours(OTHER)), ruleset(*full, OTHER))
    assert plan.edit == Edit(add=(MINE,), remove=(OTHER,))


def test_where_there_is_no_room_the_opening_fails() -> None:
    full = [f"10.0.{number}.0/24" for number in range(LIMIT)]
    plan = make_plan(known(want()), ruleset(*full))
    assert failures(plan) == ((ID, ReasonCode.FULL),)
    assert not plan.changes_heroku


def test_while_a_write_may_still_land_nothing_is_written_and_nothing_absent_is_proven() -> None:
    plan = make_plan(
        known(want(), want(OTHER, ENDING, number=2), ours(OTHER, leaving=True), waiting=True), ruleset(OFFICE)
    )
    assert not plan.changes_heroku
    assert (plan.absent, ended(plan), plan.under_way) == ((), (), True)


# --- what is stored only ---------------------------------------------------------------------------


@pytest.mark.parametrize("state", [APPLYING, ENDING])
def test_what_is_stored_only_proves_nothing_and_is_written_again(state: GrantState) -> None:
    there = (OFFICE, MINE) if state is APPLYING else (OFFICE,)
    plan = make_plan(known(want(state=state), ours(leaving=state is ENDING)), ruleset(*there, applied=False))
    assert plan.write_again
    assert not plan.edit
    assert (verified(plan), ended(plan), plan.absent) == ((), (), ())


def test_what_is_stored_only_is_nobody_s_to_write_again_where_nothing_of_ours_hangs_on_it() -> None:
    held = known(want(state=IN_FORCE), ours())
    assert not make_plan(held, ruleset(OFFICE, MINE, applied=False)).changes_heroku
    threatened = make_plan(held, ruleset(OFFICE, applied=False))
    assert (interrupted(threatened), threatened.changes_heroku, threatened.under_way) == ((), False, True)


@pytest.mark.parametrize("applied", [True, None])
def test_where_nothing_is_said_of_it_the_list_itself_decides(applied: bool | None) -> None:
    assert verified(make_plan(known(want(), ours()), ruleset(OFFICE, MINE, applied=applied))) == (ID,)


# --- what is proven of grants ------------------------------------------------------------------------------


def test_what_was_in_force_and_is_gone_was_closed_by_somebody_and_is_not_opened_again() -> None:
    plan = make_plan(known(want(state=IN_FORCE), ours()), ruleset(OFFICE))
    assert interrupted(plan) == (ID,)
    assert plan.absent == (MINE,)
    assert not plan.changes_heroku


def test_what_was_listed_and_vanishes_before_it_is_in_force_fails() -> None:
    plan = make_plan(known(want(), ours()), ruleset(OFFICE))
    assert failures(plan) == ((ID, ReasonCode.CLOSED_ELSEWHERE),)


def test_what_a_writer_with_an_older_copy_undid_at_once_is_added_anew() -> None:
    assert make_plan(known(want(), ours(observed=False)), ruleset(OFFICE)).edit == Edit(add=(MINE,))


def test_what_never_appeared_is_not_ours_any_more() -> None:
    assert make_plan(known(ours(observed=False)), ruleset(OFFICE)).absent == (MINE,)


def test_what_is_added_anew_after_a_try_that_made_nothing_stays_ours() -> None:
    plan = make_plan(known(want(), ours(observed=False)), ruleset(OFFICE))
    assert plan.edit.add == (MINE,)
    assert plan.absent == ()


def test_an_end_is_said_once_the_range_is_seen_to_be_gone() -> None:
    leaving = known(want(state=ENDING), ours(leaving=True))
    assert ended(make_plan(leaving, ruleset(OFFICE, MINE))) == ()
    plan = make_plan(leaving, ruleset(OFFICE))
    assert (ended(plan), plan.absent) == ((ID,), (MINE,))


def test_the_first_of_two_grants_ends_while_the_second_keeps_the_range() -> None:
    plan = make_plan(known(want(state=ENDING), want(state=IN_FORCE, number=2), ours()), ruleset(OFFICE, MINE))
    assert ended(plan) == (ID,)
    assert not plan.changes_heroku


def test_an_opening_that_is_overdue_fails_and_what_it_left_is_removed() -> None:
    plan = make_plan(known(want(overdue=True), ours()), ruleset(OFFICE, MINE, applied=False))
    assert failures(plan) == ((ID, ReasonCode.DEADLINE),)
    assert plan.edit == Edit(remove=(MINE,))


def test_what_waits_for_heroku_s_support_wants_nothing_yet() -> None:
    plan = make_plan(known(want(state=GrantState.WAITING)), ruleset(OFFICE))
    assert plan == TrustedIpsPlan(grants={})


def test_what_is_back_after_its_proven_end_is_said_and_left_alone() -> None:
    plan = make_plan(replace(known(), recently_removed=frozenset({MINE})), ruleset(OFFICE, MINE))
    assert plan.back == (MINE,)
    assert not plan.changes_heroku


def test_a_source_that_is_there_twice_is_left_to_whoever_wrote_it_too() -> None:
    plan = make_plan(known(want(state=ENDING), ours()), ruleset(OFFICE, MINE, MINE))
    assert not plan.changes_heroku
    assert (plan.absent, ended(plan)) == ((MINE,), (ID,))


def test_what_covers_a_network_is_found_the_narrowest_first() -> None:
    observation = RulesetObservation(
        at=NOW, ruleset=ruleset("0.0.0.0/0", RulesetRule("deny", OFFICE), OFFICE), ours=frozenset()
    )
    (found,) = reach_of(IPv4Network("198.51.100.7/32"), method=Method.TRUSTED, observation=observation)
    assert [entry.name for entry in found.entries] == [OFFICE, "0.0.0.0/0"]
    assert observation.open_to_all


# --- any list, any grants --------------------------------------------------------------------------

WANTS = st.builds(
    want,
    st.sampled_from(SOURCES[:4]),
    st.sampled_from([APPLYING, IN_FORCE, ENDING, GrantState.INTERRUPTED, GrantState.WAITING]),
    number=st.integers(1, 9),
    over=st.booleans(),
)
KNOWN = st.builds(
    StoredRanges,
    grants=st.lists(WANTS, max_size=4, unique_by=lambda each: each.grant).map(tuple),
    entries=st.lists(
        st.builds(ours, st.sampled_from(SOURCES[:4]), observed=st.booleans(), leaving=st.booleans()),
        max_size=3,
        unique_by=lambda each: each.key,
    ).map(tuple),
    approved_removals=st.frozensets(st.sampled_from(SOURCES[:4]), max_size=1),
)
RULES = st.lists(
    st.builds(RulesetRule, st.sampled_from(["allow", "allow", "deny"]), st.sampled_from(SOURCES)),
    min_size=1,
    max_size=5,
).map(tuple)


def carried_out(before: StoredRanges, plan: TrustedIpsPlan) -> StoredRanges:
    """What the store knows after the run: states moved, and sources written, listed or gone."""
    moved = {
        **dict.fromkeys(verified(plan), IN_FORCE),
        **dict.fromkeys(interrupted(plan), GrantState.INTERRUPTED),
    }
    over = {*ended(plan), *(id for id, _ in failures(plan))}
    wants = tuple(
        replace(each, state=moved.get(each.grant, each.state))
        for each in before.grants
        if each.grant not in over
    )
    kept = {each.key: each for each in before.entries if each.key not in plan.absent}
    kept |= {source: ours(source, observed=True) for source in plan.edit.add}
    kept |= {
        source: replace(kept[source], removal=Removal.REQUESTED)
        for source in plan.edit.remove
        if source in kept
    }
    return replace(before, grants=wants, entries=tuple(kept.values()))


@given(KNOWN, RULES, st.sampled_from([True, None]))
def test_planned_again_on_its_own_result_it_is_empty(
    before: StoredRanges, rules: tuple[RulesetRule, ...], applied: bool | None
) -> None:
    plan = make_plan(before, replace(ruleset(), rules=rules, applied=applied))
    after = edited(rules, plan.edit)
    again = make_plan(carried_out(before, plan), replace(ruleset(), rules=after, applied=applied))
    assert not again.changes_heroku


@given(KNOWN, RULES, st.sampled_from([True, False, None]), st.booleans())
def test_whatever_is_planned_what_is_unmanaged_stays_as_it_is_and_somebody_is_allowed(
    before: StoredRanges, rules: tuple[RulesetRule, ...], applied: bool | None, waiting: bool
) -> None:
    plan = make_plan(replace(before, ambiguous=waiting), replace(ruleset(), rules=rules, applied=applied))
    after = edited(rules, plan.edit)
    owned = {each.key for each in before.entries} | before.approved_removals
    unmanaged = [rule for rule in rules if rule.action != "allow" or rule.source not in owned]
    assert [rule for rule in after if rule in unmanaged] == unmanaged
    let_in = any(rule.action == "allow" for rule in rules)
    assert any(rule.action == "allow" for rule in after) or not let_in
    added = set(plan.edit.add)
    assert added <= {source for each in before.grants if each.opens for source in each.addresses}
    assert not (plan.changes_heroku and waiting)


# --- lists in which something could not be read ------------------------------------------------------

UNCLEAR = [
    RulesetRule(UNREADABLE, "null"),
    RulesetRule(UNREADABLE, '{"action": "allow"}'),
    RulesetRule(UNREADABLE, f'{{"source": "{MINE}"}}'),
    RulesetRule("permit", MINE),
]


@pytest.mark.parametrize("line", UNCLEAR)
@pytest.mark.parametrize("leaving", [False, True])
@pytest.mark.parametrize("state", [APPLYING, IN_FORCE, ENDING])
def test_a_source_that_an_unclear_line_may_allow_is_never_called_absent(
    line: RulesetRule, leaving: bool, state: GrantState
) -> None:
    plan = make_plan(known(want(state=state), ours(leaving=leaving)), ruleset(OFFICE, line))
    assert (plan.absent, ended(plan), interrupted(plan), verified(plan)) == ((), (), (), ())
    assert failures(plan) == ()


@pytest.mark.parametrize("line", UNCLEAR)
def test_an_approved_removal_is_not_proven_beside_an_unclear_line(line: RulesetRule) -> None:
    assert make_plan(known(approved_removals=[MINE]), ruleset(OFFICE, line)).removed == frozenset()


@pytest.mark.parametrize("line", UNCLEAR)
def test_beside_an_unclear_line_others_are_opened_and_closed_and_it_stays(line: RulesetRule) -> None:
    list_now = ruleset(OFFICE, line, OTHER)
    plan = make_plan(known(want("203.0.113.6/32"), want(OTHER, ENDING, number=2), ours(OTHER)), list_now)
    assert plan.edit == Edit(add=("203.0.113.6/32",), remove=(OTHER,))
    assert edited(list_now.rules, plan.edit) == ruleset(OFFICE, line, "203.0.113.6/32").rules


def test_a_line_that_denies_a_source_does_not_allow_it() -> None:
    stored = known(want(state=IN_FORCE), ours())
    assert interrupted(make_plan(stored, ruleset(OFFICE, RulesetRule("deny", MINE)))) == (ID,)

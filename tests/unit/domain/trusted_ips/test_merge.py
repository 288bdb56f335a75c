"""Around our writes to a space's list others write too: their changes hold, and so does ours."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.trusted_ips.merge import Merged, Rules, Written, chain, follow, merge
from bot.domain.trusted_ips.plan import Edit, edited
from bot.domain.trusted_ips.ruleset import LIMIT, Ruleset, RulesetRule

MINE, OLD = "203.0.113.4/32", "203.0.113.5/32"
"""What we add, and what we take out."""


def allow(*sources: str) -> Rules:
    return tuple(RulesetRule("allow", source) for source in sources)


def ruleset(number: int, rules: Rules, by: str = "somebody@example.com") -> Ruleset:
    return Ruleset(id=UUID(int=number), rules=rules, applied=None, by=by)


@dataclass
class Space:
    """A space's list with its whole history, and our writes to it."""

    first: Rules
    edit: Edit = field(default_factory=lambda: Edit(add=(MINE,), remove=(OLD,)))
    history: list[Ruleset] = field(default_factory=list)
    writes: list[Written] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.put(self.first)

    @property
    def now(self) -> Rules:
        return self.history[-1].rules

    def put(self, rules: Rules) -> Ruleset:
        """Somebody writes the list whole."""
        self.history.append(ruleset(len(self.history) + 1, rules))
        return self.history[-1]

    def write(self, base: Ruleset, rules: Rules, *, answered: bool = True) -> None:
        """We do."""
        made = self.put(rules)
        known = made.id if answered else None
        self.writes.append(
            Written(
                id=UUID(int=len(self.writes)),
                base=base.id,
                before=base.rules,
                edit=self.edit,
                rules=rules,
                ruleset=known,
            )
        )

    def merged(self, *, newest_first: bool = True) -> Merged:
        """What the history shows after our writes."""
        listed = self.history[::-1] if newest_first else self.history
        last = self.history[-1]
        steps = chain(listed, base=self.writes[0].base, later=last.id)
        assert steps is not None
        return merge(steps, self.writes)


def between(first: Rules, *lists: Rules) -> Space:
    """We read a list, others write some, and we write ours."""
    space = Space(first)
    base = space.history[0]
    for each in lists:
        space.put(each)
    space.write(base, edited(first, space.edit))
    return space


BOTH = pytest.mark.parametrize("newest_first", [True, False])


# --- which ruleset came when -----------------------------------------------------------------------


@BOTH
def test_the_two_rulesets_that_are_known_tell_the_direction_of_a_history(newest_first: bool) -> None:
    made = [ruleset(number, ()) for number in range(1, 6)]
    listed = made[::-1] if newest_first else made
    steps = chain(listed, base=UUID(int=2), later=UUID(int=4))
    assert steps == tuple(made[1:])


@pytest.mark.parametrize(("base", "later"), [(9, 1), (1, 9)])
def test_a_history_without_one_of_the_two_tells_nothing(base: int, later: int) -> None:
    assert chain([ruleset(1, ()), ruleset(2, ())], base=UUID(int=base), later=UUID(int=later)) is None


# --- what others wrote -----------------------------------------------------------------------------


def test_where_nobody_wrote_in_between_our_list_stands() -> None:
    found = between(allow("a", OLD)).merged()
    assert found.holds
    assert found.rules == allow("a", MINE)


@BOTH
def test_what_others_added_and_removed_before_our_write_is_written_back(newest_first: bool) -> None:
    space = between(allow("a", OLD, "b"), allow("a", OLD, "b", "c"), allow(OLD, "b", "c"))
    found = space.merged(newest_first=newest_first)
    assert not found.holds
    assert found.rules == allow("b", "c", MINE)


def test_what_our_first_write_undid_is_not_lost_when_others_write_on_from_it() -> None:
    # Whoever read our list and added to it did not take away what our list lacked.
    space = between(allow("a"), allow("a", "x"))
    space.put((*space.now, *allow("y")))
    assert set(space.merged().rules) == set(allow("a", "x", "y", MINE))


def test_what_others_did_between_our_second_read_and_write_holds_as_well() -> None:
    space = between(allow("a"), allow("a", "x"))
    again = space.merged().rules
    space.put((*space.now, *allow("y")))
    space.write(space.history[-1], again)
    assert set(space.merged().rules) == set(allow("a", "x", "y", MINE))


def test_an_order_that_others_made_holds() -> None:
    space = between(allow("a", "b", "c"), allow("c", "a", "b"))
    assert space.merged().rules == allow("c", "a", "b", MINE)


def test_lines_that_deny_stay_where_they_are_and_as_they_are() -> None:
    deny = RulesetRule("deny", "198.51.100.7/32")
    first = (*allow("a"), deny, *allow("b"))
    assert between(first, (*first, *allow("c"))).merged().rules == (*first, *allow("c", MINE))


def test_a_writer_who_had_read_the_list_before_us_takes_nothing_back() -> None:
    space = between(allow("a", OLD))
    space.put(allow("a", OLD, "y"))
    found = space.merged()
    # It says nothing of our range, which the plan adds anew; what we took out is still ours to take out.
    assert set(found.rules) >= set(allow("a", "y"))
    assert RulesetRule("allow", MINE) not in found.rules


def test_what_others_added_while_we_were_about_to_is_theirs() -> None:
    found = between(allow("a"), allow("a", MINE)).merged()
    assert found.theirs == {MINE}
    assert found.rules == allow("a", MINE)


def test_what_others_took_away_of_ours_after_our_write_stays_away() -> None:
    space = between(allow("a"))
    space.put(allow("a"))
    found = space.merged()
    assert found.holds
    assert found.rules == allow("a")


def test_a_list_is_never_to_be_written_empty() -> None:
    space = Space(allow("a", OLD), edit=Edit(remove=(OLD,)))
    base = space.history[0]
    space.put(allow(OLD))
    space.write(base, allow("a"))
    assert space.merged().rules == allow("a")


def test_where_others_need_the_room_ours_gives_way() -> None:
    full = allow(*(f"10.0.{number}.0/24" for number in range(LIMIT)))
    found = between(full[:-1], full).merged()
    assert set(found.rules) == set(full)


def test_a_write_whose_answer_was_lost_is_known_by_what_it_says() -> None:
    space = Space(allow("a"))
    base = space.history[0]
    space.put(allow("a", "x"))
    space.write(base, edited(base.rules, space.edit), answered=False)
    found = space.merged()
    assert found.landed
    assert found.rules == allow("a", "x", MINE)


def test_a_write_that_never_came_is_seen_to_be_missing() -> None:
    space = Space(allow("a"))
    lost = Written(
        id=UUID(int=0),
        base=space.history[0].id,
        before=allow("a"),
        edit=space.edit,
        rules=allow("a", MINE),
        ruleset=None,
    )
    space.put(allow("a", "x"))
    found = merge(space.history, [lost])
    assert not found.landed
    assert found.holds


# --- any order of anything -------------------------------------------------------------------------

SOURCES = [f"198.51.100.{number}/32" for number in range(6)]
Turn = st.tuples(st.booleans(), st.sampled_from(SOURCES))
"""Somebody else adds a source at the end, or takes it away; each reads and writes at once."""


def turned(rules: Rules, turn: tuple[bool, str]) -> Rules:
    adds, source = turn
    rule = RulesetRule("allow", source)
    rest = tuple(each for each in rules if each != rule)
    return (*rest, rule) if adds and rule not in rules else rules if adds else rest


@given(
    st.lists(st.sampled_from(SOURCES), unique=True),
    st.lists(st.lists(Turn, max_size=4), min_size=1, max_size=6),
    st.booleans(),
)
def test_whatever_others_do_between_our_steps_holds_with_ours(
    there: list[str], gaps: list[list[tuple[bool, str]]], newest_first: bool
) -> None:
    space = Space(allow("192.0.2.0/24", *there, OLD))
    base, rules = space.history[0], edited(space.now, space.edit)
    outside = set(space.now)
    for gap in gaps:
        for turn in gap:
            before = set(space.now)
            space.put(turned(space.now, turn))
            # Nobody takes away what is not there: what counts is what they did, not what they meant to.
            outside = (outside | set(space.now) - before) - (before - set(space.now))
        space.write(base, rules)
        found = space.merged(newest_first=newest_first)
        base, rules = found.newest, found.rules
    # Nobody writes any more: one further write settles it, and then nothing is left to write.
    space.write(base, rules)
    assert space.merged(newest_first=newest_first).holds
    assert set(space.now) == (outside - set(allow(OLD))) | set(allow(MINE))


@given(st.permutations(SOURCES), st.permutations(SOURCES))
def test_following_a_change_from_its_own_ground_gives_its_outcome(
    before: list[str], after: list[str]
) -> None:
    assert follow(allow(*before), allow(*before), allow(*after)) == allow(*after)

"""What is told when: once, when it grows, every few hours, and its end; flapping is one alarm."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.watch.alarm import AGAIN_AFTER, BEGIN_AFTER, CLEAR_AFTER, Alarms, Notice, NoticeKind, decide
from bot.domain.watch.condition import UNKNOWN, Condition, Item, ItemKind, Sighting
from tests.unit.factories import NOW

MINUTE = timedelta(minutes=1)
LOOKS = {
    ".": Sighting(items=frozenset()),
    "?": UNKNOWN,
    "a": Sighting(items=frozenset({Item(kind=ItemKind.NAME, name="a")})),
    "b": Sighting(items=frozenset({Item(kind=ItemKind.NAME, name="b")})),
    "A": Sighting(items=frozenset({Item(kind=ItemKind.NAME, name=name) for name in "ab"})),
    # Seen in a look that could not see everything.
    "p": Sighting(items=frozenset({Item(kind=ItemKind.NAME, name="b")}), complete=False),
}
"""One look each: all is well, nothing was looked at, and what is seen."""


def told(looks: str, condition: Condition = Condition.END, *, gap: timedelta = MINUTE) -> list[Notice]:
    """What a row of looks tells, one after the other."""
    alarms: Alarms = {}
    notices: list[Notice] = []
    for place, look in enumerate(looks):
        decision = decide(alarms, {condition: LOOKS[look]}, now=NOW + gap * place)
        alarms = decision.alarms
        notices += decision.notices
    return notices


def kinds(notices: Sequence[Notice]) -> list[str]:
    return [f"{notice.kind}@{(notice.at - NOW) // MINUTE}" for notice in notices]


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ("....", ["fine@0"]),
        ("????", []),
        ("?.", ["fine@1"]),
        ("a", ["begun@0"]),
        ("aaaa", ["begun@0"]),
        (".a", ["fine@0", "begun@1"]),
        # The end is told once it has lasted.
        ("a...", ["begun@0", "cleared@3"]),
        ("a..", ["begun@0"]),
        ("a....a", ["begun@0", "cleared@3", "begun@5"]),
        # What comes and goes is one alarm.
        ("a.a.a.a.", ["begun@0"]),
        ("a.a..a..a", ["begun@0"]),
        # More of it is told at once, less of it is not.
        ("aA", ["begun@0", "grown@1"]),
        ("aAaAaA", ["begun@0", "grown@1"]),
        ("Aaaa", ["begun@0"]),
        ("ab", ["begun@0", "grown@1"]),
        ("ababab", ["begun@0", "grown@1"]),
        # What could not be looked at is not over.
        ("a????????", ["begun@0"]),
        ("a.??????", ["begun@0"]),
        ("a.??.", ["begun@0", "cleared@4"]),
        ("ap", ["begun@0", "grown@1"]),
        ("Ap...", ["begun@0", "cleared@4"]),
    ],
)
def test_a_row_of_looks_tells_what_changes(looks: str, expected: list[str]) -> None:
    assert kinds(told(looks)) == expected


@pytest.mark.parametrize(
    ("condition", "looks", "expected"),
    [
        (Condition.STORE, "aa.", ["fine@2"]),
        (Condition.STORE, "aaa", ["begun@2"]),
        (Condition.STORE, "a.a.a.", ["fine@1"]),
        (Condition.STORE, "a??", ["begun@2"]),
        (Condition.WORKER, "a.", ["fine@1"]),
        (Condition.WORKER, "aa", ["begun@1"]),
        (Condition.HEROKU, "a" * 15, []),
        (Condition.HEROKU, "a" * 16, ["begun@15"]),
        (Condition.POLICY, "a" * 31, ["begun@30"]),
        (Condition.ENTRY, "a", ["begun@0"]),
        (Condition.CHAIN, "a", ["begun@0"]),
        (Condition.UNSEALED, "a", ["begun@0"]),
    ],
)
def test_what_may_pass_by_itself_has_to_last_first(
    condition: Condition, looks: str, expected: list[str]
) -> None:
    assert kinds(told(looks, condition)) == expected


def test_what_goes_on_is_told_again_every_four_hours() -> None:
    assert kinds(told("a" * 10, gap=timedelta(hours=1))) == ["begun@0", "repeated@240", "repeated@480"]


def test_what_is_told_again_is_everything_that_is_so_then() -> None:
    begun, again = told("Aaaaa", gap=timedelta(hours=1))
    assert (len(begun.items), len(again.items)) == (2, 1)


def test_the_end_names_what_was_last_and_since_when() -> None:
    *_, cleared = told("..aAa...")
    assert cleared.kind is NoticeKind.CLEARED
    assert (cleared.since, cleared.at) == (NOW + 2 * MINUTE, NOW + 7 * MINUTE)
    assert cleared.items == LOOKS["a"].items


def test_conditions_do_not_touch_each_other() -> None:
    first = decide({}, {Condition.END: LOOKS["a"], Condition.CHAIN: LOOKS["."]}, now=NOW)
    later = decide(first.alarms, {Condition.CHAIN: LOOKS["b"]}, now=NOW + MINUTE)
    assert [(notice.condition, str(notice.kind)) for notice in (*first.notices, *later.notices)] == [
        (Condition.END, "begun"),
        (Condition.CHAIN, "fine"),
        (Condition.CHAIN, "begun"),
    ]
    assert later.alarms[Condition.END] == first.alarms[Condition.END]


@given(
    st.lists(st.sampled_from(sorted(LOOKS)), max_size=60),
    st.sampled_from(list(Condition)),
    st.sampled_from([MINUTE, timedelta(minutes=20), timedelta(hours=1)]),
)
def test_whatever_is_seen_nothing_is_told_twice_and_nothing_that_lasts_is_kept_quiet(
    looks: list[str], condition: Condition, gap: timedelta
) -> None:
    notices = told("".join(looks), condition, gap=gap)
    loud = [notice for notice in notices if notice.kind is not NoticeKind.FINE]
    for notice, following in pairwise(loud):
        # An alarm begins after the end of the one before, and ends before the next one begins.
        assert (following.kind is NoticeKind.BEGUN) == (notice.kind is NoticeKind.CLEARED)
        if following.kind is NoticeKind.REPEATED:
            assert following.at - notice.at >= AGAIN_AFTER
        if following.kind is NoticeKind.GROWN:
            assert following.items - notice.items
    if loud:
        assert loud[0].kind is NoticeKind.BEGUN
    wait = BEGIN_AFTER.get(condition, timedelta())
    lasting = len(looks) - len("".join(looks).rstrip("abAp"))
    if lasting and gap * (lasting - 1) >= wait:
        assert loud
        assert loud[-1].kind is not NoticeKind.CLEARED
    over = len(looks) - len("".join(looks).rstrip("."))
    if over and gap * (over - 1) >= CLEAR_AFTER and loud:
        assert loud[-1].kind is NoticeKind.CLEARED
    # For pagers: it is said once at most that all was well from the beginning on.
    assert len(notices) - len(loud) <= 1

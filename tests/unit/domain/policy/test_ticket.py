"""Tickets: which patterns a policy may have, what they find in a reason, and that matching stays fast."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.policy.limits import ticket_for
from bot.domain.policy.rules import Rule, strictest
from bot.domain.policy.ticket import link_to, read_pattern, require_link
from bot.domain.request import Kind
from bot.errors import Refusal, Refused
from tests.unit import factories

PATTERN = r"[A-Z]+-\d+"
LINK = "https://tracker.example.com/{ticket}"
ATOMS = st.sampled_from(
    ["A", "ops", "-", "#", "/", ":", "_", r"\d", r"\w", r"\.", "[A-Z]", "[a-z0-9]", "[A-Z_]"]
)
BRANCHES = st.lists(ATOMS, min_size=1, max_size=5)
REPEATS = st.sampled_from(["", "{2}", "+", "*", "?", "{2,5}", "{3,}"])


def ruled(**more: str) -> Rule:
    return factories.ruled(**more).rules[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("OPS-123: migration", "OPS-123"),
        ("migration (OPS-123)", "OPS-123"),
        ("OPS-123の移行作業", "OPS-123"),
        ("移行作業 OPS-123、監査 DBA-9", "OPS-123"),
        ("see OPS-1, DBA-22", "OPS-1"),
        ("nightly export", None),
        ("ops-123", None),
        ("OPS 123", None),
        ("x1OPS-123", None),
        ("OPS-123x", None),
        ("", None),
    ],
)
def test_a_ticket_is_found_in_a_reason_as_a_whole_word(text: str, found: str | None) -> None:
    assert read_pattern(PATTERN).find(text) == found


@pytest.mark.parametrize(
    ("pattern", "example"),
    [
        (PATTERN, "ABC-123"),
        (r"OPS-\d{1,6}|DBA-\d{1,6}", "OPS-123"),
        (r"#\d+", "#123"),
        (r"[A-Z]{2}\d{6}", "AB123456"),
        (r"CHG\d{7}", "CHG1234567"),
    ],
)
def test_the_example_is_one_that_fits(pattern: str, example: str) -> None:
    found = read_pattern(pattern)
    assert found.example == example
    assert found.fits(example)
    assert found.find(f"a {example} b") == example


@given(branches=st.lists(BRANCHES, min_size=1, max_size=3), repeats=st.lists(REPEATS, min_size=2, max_size=2))
def test_every_pattern_that_is_taken_has_an_example_that_fits(
    branches: list[list[str]], repeats: list[str]
) -> None:
    source = "|".join(
        "".join(f"{atom}{repeats[i] if i < 2 else ''}" for i, atom in enumerate(b)) for b in branches
    )
    try:
        pattern = read_pattern(source)
    except ValueError:
        return
    assert pattern.fits(pattern.example)
    # Python itself reads the policy's pattern as meaning the same, but for how often a part may be repeated.
    assert re.fullmatch(source, pattern.example, re.A)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "(a+)+",
        "(?:OPS|DBA)-1",
        r"\d+\d+\d+",
        ".*",
        "^OPS",
        "OPS$",
        r"(\d)\1",
        "[^a]+",
        "a{31}",
        "a{5,2}",
        "a{0}",
        "a**",
        "a|",
        "|a",
        "a*",
        "[z-a]",
        "[]",
        "a b",
        "日",
        "x" * 101,
    ],
)
def test_a_pattern_that_could_be_slow_or_means_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|may|would|cannot|has) "):
        read_pattern(pattern)


@pytest.mark.parametrize("pattern", [r"\w+\w+", r"\w*\w+#", "-+-+x", r"[A-Z0-9]+[A-Z]+-\d{3}"])
@pytest.mark.parametrize("text", ["A" * 2000, "-" * 2000, "A-" * 1000, "A1" * 1000])
def test_the_slowest_pattern_and_the_worst_reason_take_no_time(pattern: str, text: str) -> None:
    begun = time.process_time()
    read_pattern(pattern).find(text)
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    "template",
    ["http://a.example/{ticket}", "https://a.example/", "https://a.example/{ticket}/{ticket}", "{ticket}",
     "https://a.example/{id}/{ticket}", "https://a.example/|{ticket}", "https://a.example/<{ticket}>"],
)  # fmt: skip
def test_a_link_is_secure_and_has_one_place_for_the_ticket(template: str) -> None:
    with pytest.raises(ValueError, match=r"https://tracker\.example\.com"):
        require_link(template)


def test_a_link_quotes_what_an_address_would_read_otherwise() -> None:
    assert require_link(LINK) == LINK
    assert link_to("OPS-1", LINK) == "https://tracker.example.com/OPS-1"
    assert link_to("a/#1", LINK) == "https://tracker.example.com/a%2F%231"


def test_the_ticket_is_the_one_of_the_field_or_of_the_reason() -> None:
    rule = ruled(ticket=PATTERN)
    assert ticket_for(rule, Kind.OPEN, reason="OPS-1: load", typed="") == "OPS-1"
    assert ticket_for(rule, Kind.OPEN, reason="load", typed="OPS-2") == "OPS-2"
    assert ticket_for(rule, Kind.OPEN, reason="OPS-1: load", typed="OPS-2") == "OPS-2"
    assert ticket_for(rule, Kind.EXTEND, reason="longer", earlier="OPS-3") == "OPS-3"
    assert ticket_for(ruled(), Kind.OPEN, reason="OPS-1: load", typed="whatever") == ""


@pytest.mark.parametrize(
    ("typed", "reason", "refusal"),
    [
        ("", "load", Refusal.TICKET_MISSING),
        ("", "", Refusal.TICKET_MISSING),
        ("tomorrow", "load", Refusal.TICKET_UNREADABLE),
    ],
)
def test_a_request_without_a_ticket_is_refused_with_one_that_is_right(
    typed: str, reason: str, refusal: Refusal
) -> None:
    with pytest.raises(Refused) as caught:
        ticket_for(ruled(ticket=PATTERN), Kind.OPEN, reason=reason, typed=typed)
    assert (caught.value.reason, caught.value.params["example"]) == (refusal, "ABC-123")


@pytest.mark.parametrize("kind", [Kind.REMOVE, Kind.REMOVE_UNMANAGED, Kind.DISABLE, Kind.CLOSE, Kind.DISCARD])
def test_closing_needs_no_ticket(kind: Kind) -> None:
    assert ticket_for(ruled(ticket=PATTERN), kind, reason="") == ""


def test_combined_rules_each_want_their_ticket_and_all_have_to_allow_others() -> None:
    one, other = ruled(name="one", ticket=PATTERN), ruled(name="other", ticket=r"#\d+", ticket_link=LINK)
    both = strictest([one, other])
    assert ticket_for(both, Kind.OPEN, reason="OPS-1 #22") == "OPS-1, #22"
    with pytest.raises(Refused):
        ticket_for(both, Kind.OPEN, reason="OPS-1")
    assert not both.on_behalf
    assert both.ticket_link == LINK

"""``for @person``: whom a request is for, beside ``for 8h``, and never what a reason mentions."""

from itertools import permutations

import pytest

from bot.errors import Refusal, Refused
from handlers.parsing.command_table import parse

COMMANDS = ("mtls add 203.0.113.4", "privatelink add 123456789012", "trusted add 203.0.113.4")
PEOPLE = ("<@U012ABC|engineer-2>", "<@U012ABC>", "<@U012ABC|Two Words>", "<@U012ABC|for>")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("person", PEOPLE)
def test_a_person_and_a_duration_are_told_apart_in_any_order(command: str, person: str) -> None:
    for clauses in permutations(("to billing", f"for {person}", "for 8h")):
        found = parse(f"{command} {' '.join(clauses)} because of <@U999XYZ|lead>").input
        assert (found.on_behalf, found.duration, found.target) == ("U012ABC", "8h", "billing")
        assert found.reason == "of @lead"


@pytest.mark.parametrize(
    "line",
    [
        "mtls add 203.0.113.4 for <@U012ABC|engineer-2>",
        "mtls add 203.0.113.4 FOR <@U012ABC|engineer-2>",
        "mtls add 203.0.113.4 for: <@U012ABC|engineer-2>",
        "mtls add 203.0.113.4 利用者 <@U012ABC|engineer-2>",
        "mtls add 203.0.113.4 利用者:<@U012ABC|engineer-2> 期間 8h 理由 監査",
        "mtls add 203.0.113.4 利用者：<@U012ABC|engineer-2>",
        "mtls add 203.0.113.4 until 18:00 for <@W012ABC>",
        "mtls add 203.0.113.4 for <@U012ABC|engineer-2> forever",
    ],
)
def test_whom_it_is_for_in_both_languages(line: str) -> None:
    assert parse(line).input.on_behalf in ("U012ABC", "W012ABC")


def test_a_mention_in_the_reason_is_text_and_nobody_it_is_for() -> None:
    for line in (
        "mtls add 203.0.113.4 because this is for <@U012ABC|engineer-2>",
        "mtls add 203.0.113.4 理由 for <@U012ABC|engineer-2>",
    ):
        found = parse(line).input
        assert found.on_behalf is None
        assert found.reason is not None
        assert found.reason.endswith("for @engineer-2")


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("mtls add 203.0.113.4 for @engineer-2", Refusal.PERSON_NAMELESS),
        ("mtls add 203.0.113.4 利用者 engineer-2", Refusal.PERSON_NAMELESS),
        ("mtls add 203.0.113.4 利用者", Refusal.CLAUSE_EMPTY),
        ("mtls add 203.0.113.4 for <@U012ABC> for <@U034DEF>", Refusal.CLAUSE_TWICE),
        ("mtls add 203.0.113.4 for 8h for 9h", Refusal.CLAUSE_TWICE),
        ("extend 17 for <@U012ABC>", Refusal.WORD_TOO_MANY),
        ("mtls remove 203.0.113.4 from billing for <@U012ABC>", Refusal.UNKNOWN_HERE),
    ],
)
def test_what_names_nobody_is_refused(line: str, refusal: Refusal) -> None:
    with pytest.raises(Refused) as caught:
        parse(line)
    assert caught.value.reason is refusal

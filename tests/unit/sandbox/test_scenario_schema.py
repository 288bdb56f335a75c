"""The form of the scenarios, and what is said of a line that is none."""

from datetime import timedelta

import pytest

from sandbox.__main__ import main
from sandbox.scenarios import schema, steps
from sandbox.scenarios.schema import ScenarioError, load, names, read

HEAD = "# A title\n> What it shows.\n"
SEEN = 'engineer sees "Asked" privately'


def one(line: str) -> steps.Step:
    """The one step of a scenario besides the look that each one needs."""
    return read(f"{HEAD}{line}\n{SEEN}", name="tried").steps[0]


@pytest.mark.parametrize("name", names())
def test_every_scenario_can_be_read(name: str) -> None:
    scenario = load(name)
    assert scenario.title
    assert len(scenario.steps) > 3


def test_there_is_a_scenario_for_each_thing_that_people_do() -> None:
    wanted = {"main-job", "denial", "extension", "interruption", "two-approvals", "revoke", "lapse"}
    assert wanted | {"heroku-down", "bad-input"} <= set(names())


def test_a_line_is_read_into_what_it_says() -> None:
    typed = one("engineer types /pgaccess mtls add 203.0.113.4 because a reason")
    assert isinstance(typed, steps.Types)
    assert (typed.person, typed.text, typed.line) == (
        "engineer",
        "/pgaccess mtls add 203.0.113.4 because a reason",
        3,
    )


@pytest.mark.parametrize(
    ("place", "read_as"),
    [
        ("in #approvals", "#approvals"),
        ("in direct messages", "direct messages"),
        ("in the form", "the form"),
        ("privately", "privately"),
        ("at home", "at home"),
    ],
)
def test_every_place_has_its_words(place: str, read_as: str) -> None:
    pressed = one(f'lead presses "Approve" {place}')
    assert isinstance(pressed, steps.Presses)
    assert pressed.place == read_as


@pytest.mark.parametrize(
    ("line", "by"), [("time moves 4h", timedelta(hours=4)), ("time moves to the next event", None)]
)
def test_time_moves_by_a_length_or_to_what_comes_next(line: str, by: timedelta | None) -> None:
    moved = one(line)
    assert isinstance(moved, steps.Moves)
    assert moved.by == by


def test_what_is_not_seen_is_told_apart_from_what_is() -> None:
    hidden = one('lead does not see "denied" in #approvals')
    assert isinstance(hidden, steps.Sees)
    assert hidden.absent
    gone = one("Heroku shows no 203.0.113.4/32 on billing")
    assert isinstance(gone, steps.Shows)
    assert gone.absent


def test_empty_lines_and_remarks_say_nothing() -> None:
    assert len(read(f"{HEAD}\n-- a remark\n\n{SEEN}\n", name="tried").steps) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('lead clicks "Approve" in #approvals', 'write for example: lead presses "Approve" in #approvals'),
        ('boss presses "Approve" in #approvals', "nobody is called “boss”"),
        ("outages heroku-sunny begins", "there is no outages “heroku-sunny”"),
        ("time moves soon", "write for example: time moves 4h"),
        ('engineer sees "a" "b" privately', "is no step"),
        ("", "nobody sees anything in it"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_with_its_place(line: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read(f"{HEAD}{line}\n", name="tried")
    assert said in str(caught.value)
    assert str(caught.value).startswith("tried")
    assert "\n" not in str(caught.value)


def test_what_is_given_comes_first() -> None:
    with pytest.raises(ScenarioError, match=r"line 4: what is given stands before the first step"):
        read(f"{HEAD}{SEEN}\ngiven the rule says approvals = 2", name="tried")


@pytest.mark.parametrize("text", [SEEN, f"# A title\n{SEEN}"])
def test_a_scenario_has_a_title_and_says_what_it_shows(text: str) -> None:
    with pytest.raises(ScenarioError, match="missing, such as"):
        read(text, name="tried")


def test_without_a_name_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["play"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in names())


def test_a_name_that_is_none_is_answered_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["play", "no-such"]) == 2
    assert "there is no scenario “no-such”; there is bad-input" in capsys.readouterr().err


def test_scenarios_stand_where_they_are_looked_for() -> None:
    assert sorted(path.stem for path in schema.FOLDER.glob("*.txt")) == names()

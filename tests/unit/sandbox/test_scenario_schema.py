"""The syntax of scenarios, and the errors of invalid lines."""

from datetime import timedelta

import pytest

from sandbox.__main__ import main
from sandbox.scenarios import schema, steps
from sandbox.scenarios.schema import ScenarioError, load, names, parse

HEAD = "# A title\n> What it shows.\n"
SEEN = 'engineer sees "Asked" privately'


def one(line: str) -> steps.Step:
    """Return the one step of a scenario besides the expectation that each one needs."""
    return parse(f"{HEAD}{line}\n{SEEN}", name="tried").steps[0]


@pytest.mark.parametrize("name", names())
def test_every_scenario_can_be_read(name: str) -> None:
    scenario = load(name)
    assert scenario.title
    assert len(scenario.steps) > 3


def test_there_is_a_scenario_for_each_thing_that_people_do() -> None:
    wanted = {"main-job", "denial", "extension", "interruption", "two-approvals", "revoke", "lapse"}
    assert wanted | {"heroku-down", "bad-input"} <= set(names())


def test_a_line_is_parsed_into_a_step() -> None:
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
def test_every_place_can_be_named(place: str, read_as: str) -> None:
    pressed = one(f'lead presses "Approve" {place}')
    assert isinstance(pressed, steps.Presses)
    assert pressed.place == read_as


@pytest.mark.parametrize(
    ("line", "by"), [("time moves 4h", timedelta(hours=4)), ("time moves to the next event", None)]
)
def test_time_moves_by_a_duration_or_to_the_next_event(line: str, by: timedelta | None) -> None:
    moved = one(line)
    assert isinstance(moved, steps.MoveTime)
    assert moved.by == by


def test_absence_can_be_expected() -> None:
    hidden = one('lead does not see "denied" in #approvals')
    assert isinstance(hidden, steps.Sees)
    assert hidden.absent
    gone = one("Heroku shows no 203.0.113.4/32 on billing")
    assert isinstance(gone, steps.Shows)
    assert gone.absent


def test_empty_lines_and_comments_are_ignored() -> None:
    assert len(parse(f"{HEAD}\n-- a comment\n\n{SEEN}\n", name="tried").steps) == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('lead clicks "Approve" in #approvals', 'write for example: lead presses "Approve" in #approvals'),
        ('boss presses "Approve" in #approvals', "unknown person “boss”"),
        ("outage heroku-sunny begins", "unknown outage “heroku-sunny”"),
        ("time moves soon", "write for example: time moves 4h"),
        ('engineer sees "a" "b" privately', "is not a step"),
        ("", "no step expects anything"),
    ],
)
def test_an_error_is_one_sentence_with_its_line(line: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse(f"{HEAD}{line}\n", name="tried")
    assert said in str(caught.value)
    assert str(caught.value).startswith("tried")
    assert "\n" not in str(caught.value)


def test_given_lines_come_first() -> None:
    with pytest.raises(ScenarioError, match=r"line 4: “given” lines must come before the first step"):
        parse(f"{HEAD}{SEEN}\ngiven the rule says approvals = 2", name="tried")


@pytest.mark.parametrize("text", [SEEN, f"# A title\n{SEEN}"])
def test_a_scenario_has_a_title_and_a_description(text: str) -> None:
    with pytest.raises(ScenarioError, match="missing, such as"):
        parse(text, name="tried")


def test_without_a_name_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in names())


def test_an_unknown_name_is_answered_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenario", "no-such"]) == 2
    assert "unknown scenario “no-such”; known are bad-input" in capsys.readouterr().err


def test_every_scenario_file_is_found() -> None:
    assert sorted(path.stem for path in schema.FOLDER.glob("*.txt")) == names()

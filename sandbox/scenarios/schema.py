"""The form of a scenario's file, read strictly.

::

    # Title
    > What it shows, in a line or more.

    given the rule says approvals = 2            before the first step, as often as wanted
    engineer types /pgaccess mtls add 203.0.113.4
    engineer sees "Request #1 submitted" privately       or: in #approvals, in direct messages, in the form, at home
    lead presses "Approve" in #approvals         or: in direct messages, privately, in the form, at home
    lead writes "no need" into "Why"             in the form in front; a choice by its words
    lead sends the form
    lead does not see "denied" in #approvals
    Heroku shows 203.0.113.4/32 on billing       or: shows no
    somebody adds 203.0.113.4/32 on billing      or: deletes
    time moves 4h                                or: to the next event
    outages heroku-500 begins                    or: ends; and: all is well

Empty lines, and lines that begin with ``--``, say nothing. Texts stand in double quotes and have none inside.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from bot.domain.duration import parse_duration
from bot.errors import Refused
from sandbox.fault_injection import KINDS
from sandbox.scenarios import steps
from sandbox.scenarios.steps import Step
from sandbox.slack.model.fixtures import default_world

FOLDER: Final = Path(__file__).parent
"""Where the scenarios are."""

SUFFIX: Final = ".txt"


class ScenarioError(ValueError):
    """A scenario cannot be read; the message names the place, what is wrong, and what would be right."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """A scenario, read.

    Attributes:
        name: of its file, without the suffix.
        title: what people call it.
        about: what it shows.
        rule_keys: lines of TOML that the policy's one rule has besides its approvers.
        steps: what happens, in order.
    """

    name: str
    title: str
    about: str
    rule_keys: tuple[str, ...]
    steps: tuple[Step, ...]


_TEXT: Final = r'"(?P<text>[^"]+)"'
_PLACE: Final = r"(?:in )?(?P<place>#[a-z0-9-]+|direct messages|the form|privately|at home)"
_PERSON: Final = r"(?P<person>[a-z][a-z0-9-]*)"
_RULE: Final = r"(?P<network>[0-9./]+) on (?P<app>[a-z0-9-]+)"
_GIVEN: Final = re.compile(r"given the rule says (.+)")


def _moves(*, by: str | None, **found: Any) -> Step:
    return steps.Moves(by=_duration(by) if by else None, **found)


def _turns(*, kind: str, how: str, **found: Any) -> Step:
    if kind not in KINDS:
        raise ScenarioError(f"there is no outages “{kind}”; there is {', '.join(KINDS)}")
    return steps.Turns(kind=kind, on=how == "begins", **found)


_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[..., Step], str], ...]] = tuple(
    (re.compile(pattern), make, example)
    for pattern, make, example in (
        (
            rf"{_PERSON} types (?P<text>\S.*)",
            steps.Types,
            "engineer types /pgaccess mtls add 203.0.113.4",
        ),
        (
            rf'{_PERSON} presses "(?P<label>[^"]+)" {_PLACE}',
            steps.Presses,
            'lead presses "Approve" in #approvals',
        ),
        (
            rf'{_PERSON} writes {_TEXT} into "(?P<field>[^"]+)"',
            steps.Writes,
            'lead writes "no need" into "Why"',
        ),
        (rf"{_PERSON} sends the form", steps.Sends, "lead sends the form"),
        (
            rf"{_PERSON} sees {_TEXT} {_PLACE}",
            steps.Sees,
            'engineer sees "Request #1 submitted" privately',
        ),
        (
            rf"{_PERSON} does not see {_TEXT} {_PLACE}",
            partial(steps.Sees, absent=True),
            'lead does not see "denied" in #approvals',
        ),
        (rf"Heroku shows {_RULE}", steps.Shows, "Heroku shows 203.0.113.4/32 on billing"),
        (
            rf"Heroku shows no {_RULE}",
            partial(steps.Shows, absent=True),
            "Heroku shows no 203.0.113.4/32 on billing",
        ),
        (
            rf"somebody adds {_RULE}",
            partial(steps.ExternalChange, adds=True),
            "somebody adds 203.0.113.4/32 on billing",
        ),
        (
            rf"somebody deletes {_RULE}",
            partial(steps.ExternalChange, adds=False),
            "somebody deletes 203.0.113.4/32 on billing",
        ),
        (r"time moves (?:to the next event|(?P<by>\S+))", _moves, "time moves to the next event"),
        (r"outages (?P<kind>\S+) (?P<how>begins|ends)", _turns, "outages heroku-500 begins"),
        (r"all is well", partial(steps.Turns, kind=None, on=False), "all is well"),
    )
)


def names() -> list[str]:
    """The scenarios that there are, sorted."""
    return sorted(path.stem for path in FOLDER.glob(f"*{SUFFIX}"))


def load(name: str) -> Scenario:
    """Reads one of the scenarios by its name.

    Raises:
        ScenarioError: there is none of that name, or it cannot be read.
    """
    if name not in names():
        raise ScenarioError(f"there is no scenario “{name}”; there is {', '.join(names())}")
    return read((FOLDER / f"{name}{SUFFIX}").read_text(encoding="utf-8"), name=name)


def read(text: str, *, name: str) -> Scenario:
    """Reads a scenario.

    Args:
        text: the file's.
        name: how sentences call it.

    Raises:
        ScenarioError: what is wrong in which line, and what would be right.
    """
    title, about, given, done = "", list[str](), list[str](), list[Step]()
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("--"):
            continue
        try:
            if line.startswith("# ") and not title:
                title = line.removeprefix("# ")
            elif line.startswith("> ") and not done:
                about.append(line.removeprefix("> "))
            elif match := _GIVEN.fullmatch(line):
                given.append(_before(done, match[1]))
            else:
                done.append(_step(line, number))
        except ScenarioError as error:
            raise ScenarioError(f"{name}, line {number}: {error}") from error
    return _whole(
        Scenario(name=name, title=title, about=" ".join(about), rule_keys=tuple(given), steps=tuple(done))
    )


def _whole(scenario: Scenario) -> Scenario:
    """The scenario; raises `ScenarioError` when something is missing that every one has."""
    for missing, example in (
        (not scenario.title, "its title is missing, such as “# The main job”"),
        (not scenario.about, "what it shows is missing, such as “> An engineer asks, a lead approves.”"),
        (
            not any(isinstance(step, steps.Sees | steps.Shows) for step in scenario.steps),
            "nobody sees anything in it",
        ),
    ):
        if missing:
            raise ScenarioError(f"{scenario.name}: {example}")
    return scenario


def _before(done: list[Step], keys: str) -> str:
    if done:
        raise ScenarioError("what is given stands before the first step")
    return keys


def _step(line: str, number: int) -> Step:
    for pattern, make, _ in _FORMS:
        if match := pattern.fullmatch(line):
            return make(line=number, said=line, **_checked(match.groupdict()))
    raise ScenarioError(f"“{line}” is no step; write for example: {_nearest(line)}")


def _checked(found: Mapping[str, str | None]) -> Mapping[str, str | None]:
    people = [one.name for one in default_world().people.values() if not one.is_bot and one.id != "USLACKBOT"]
    if "person" in found and found["person"] not in people:
        raise ScenarioError(f"nobody is called “{found['person']}”; there is {', '.join(people)}")
    return found


def _nearest(line: str) -> str:
    """The example that has most words in common with a line."""
    said = set(line.split())
    return max((example for *_, example in _FORMS), key=lambda example: len(said & set(example.split())))


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except Refused as refused:
        raise ScenarioError(f"“{text}” is no length of time; write for example: time moves 4h") from refused

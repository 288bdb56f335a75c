"""Syntax of scenario files, parsed strictly.

::

    # Title
    > What it shows, in a line or more.

    given the rule says approvals = 2            before the first step, as often as wanted
    engineer types /pgaccess mtls add 203.0.113.4
    engineer sees "submitted" privately          or: in #approvals, in direct messages, in the form, at home
    lead presses "Approve" in #approvals         or: in direct messages, privately, in the form, at home
    lead writes "no need" into "Why"             in the open form; an option by its label
    lead sends the form
    lead does not see "denied" in #approvals
    Heroku shows 203.0.113.4/32 on billing       or: shows no
    somebody adds 203.0.113.4/32 on billing      or: deletes
    time moves 4h                                or: to the next event
    outage heroku-500 begins                     or: ends; and: all outages end

Empty lines and lines that begin with ``--`` are ignored. Texts are in double quotes and contain none.
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
"""Folder of the scenarios."""

SUFFIX: Final = ".txt"


class ScenarioError(ValueError):
    """A scenario cannot be parsed; the message names the line, the problem and an example."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """A parsed scenario.

    Attributes:
        name: Name of its file, without the suffix.
        title: Title for people.
        about: What it shows.
        rule_keys: TOML lines for the policy's rule, besides its approvers.
        steps: The steps, in order.
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


def _move_time(*, by: str | None, **rest: Any) -> Step:
    return steps.MoveTime(by=_duration(by) if by else None, **rest)


def _switch_outage(*, kind: str, how: str, **rest: Any) -> Step:
    if kind not in KINDS:
        raise ScenarioError(f"unknown outage “{kind}”; known are {', '.join(KINDS)}")
    return steps.SwitchOutage(kind=kind, on=how == "begins", **rest)


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
        (r"time moves (?:to the next event|(?P<by>\S+))", _move_time, "time moves to the next event"),
        (r"outage (?P<kind>\S+) (?P<how>begins|ends)", _switch_outage, "outage heroku-500 begins"),
        (r"all outages end", partial(steps.SwitchOutage, kind=None, on=False), "all outages end"),
    )
)


def names() -> list[str]:
    """Return the names of all scenarios, sorted."""
    return sorted(path.stem for path in FOLDER.glob(f"*{SUFFIX}"))


def load(name: str) -> Scenario:
    """Load a scenario by its name.

    Raises:
        ScenarioError: The name is unknown, or the scenario cannot be parsed.
    """
    if name not in names():
        raise ScenarioError(f"unknown scenario “{name}”; known are {', '.join(names())}")
    return parse((FOLDER / f"{name}{SUFFIX}").read_text(encoding="utf-8"), name=name)


def parse(text: str, *, name: str) -> Scenario:
    """Parse a scenario.

    Args:
        text: Content of the file.
        name: Name in error messages.

    Raises:
        ScenarioError: A line is invalid, or something is missing.
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
    return _complete(
        Scenario(name=name, title=title, about=" ".join(about), rule_keys=tuple(given), steps=tuple(done))
    )


def _complete(scenario: Scenario) -> Scenario:
    """Return the scenario; raises `ScenarioError` if it lacks a title, a description or an expectation."""
    for missing, problem in (
        (not scenario.title, "the title is missing, such as “# The main job”"),
        (not scenario.about, "the description is missing, such as “> An engineer asks, a lead approves.”"),
        (
            not any(isinstance(step, steps.Sees | steps.Shows) for step in scenario.steps),
            "no step expects anything",
        ),
    ):
        if missing:
            raise ScenarioError(f"{scenario.name}: {problem}")
    return scenario


def _before(done: list[Step], keys: str) -> str:
    if done:
        raise ScenarioError("“given” lines must come before the first step")
    return keys


def _step(line: str, number: int) -> Step:
    for pattern, make, _ in _FORMS:
        if match := pattern.fullmatch(line):
            return make(line=number, source=line, **_checked(match.groupdict()))
    raise ScenarioError(f"“{line}” is not a step; write for example: {_nearest_example(line)}")


def _checked(found: Mapping[str, str | None]) -> Mapping[str, str | None]:
    users = default_world().people.values()
    people = [user.name for user in users if not user.is_bot and user.id != "USLACKBOT"]
    if "person" in found and found["person"] not in people:
        raise ScenarioError(f"unknown person “{found['person']}”; known are {', '.join(people)}")
    return found


def _nearest_example(line: str) -> str:
    """Return the example that has most words in common with a line."""
    words = set(line.split())
    return max((example for *_, example in _FORMS), key=lambda example: len(words & set(example.split())))


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except Refused as refused:
        raise ScenarioError(f"“{text}” is not a duration; write for example: time moves 4h") from refused

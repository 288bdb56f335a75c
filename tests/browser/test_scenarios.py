"""Scenarios of the demo on the page, with mouse and keyboard."""

from collections.abc import Callable
from datetime import timedelta
from functools import singledispatchmethod

import pytest

from sandbox.scenarios import schema, steps
from sandbox.scenarios.page_reader import FORM, PRIVATELY
from sandbox.scenarios.runner import policy_for
from tests.browser.page_driver import Session

pytestmark = pytest.mark.timeout(120)

ELSEWHERE = frozenset(("bad-input", "denial", "extension", "interruption", "main-job", "revoke"))
"""Scenarios that other modules here cover in more detail: each takes about five seconds."""


class BrowserSteps:
    """Runs steps of a scenario in the windows of its people.

    Args:
        session: A fresh session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @singledispatchmethod
    def do(self, step: steps.Step) -> None:
        raise NotImplementedError(step)

    @do.register
    def _types(self, step: steps.Types) -> None:
        self._session.person(step.person).types(step.text)

    @do.register
    def _presses(self, step: steps.Presses) -> None:
        self._session.person(step.person).presses(step.label, place=_place(step.place))

    @do.register
    def _writes(self, step: steps.Writes) -> None:
        self._session.person(step.person).writes(step.text, into=step.field)

    @do.register
    def _sends(self, step: steps.Sends) -> None:
        self._session.person(step.person).sends()

    @do.register
    def _sees(self, step: steps.Sees) -> None:
        person = self._session.person(step.person)
        if step.place == PRIVATELY:
            person.is_told(step.text)
        elif step.place == FORM:
            person.sees_in_form(step.text)
        elif step.absent:
            person.sees_not(step.text, place=_place(step.place))
        else:
            person.sees(step.text, place=_place(step.place))

    @do.register
    def _shows(self, step: steps.Shows) -> None:
        panel = self._session.panel
        (panel.allows_no_more if step.absent else panel.allows)(step.network)

    @do.register
    def _externally(self, step: steps.ExternalChange) -> None:
        assert not step.adds, "no scenario has somebody add a rule yet"
        self._session.panel.deletes_externally(step.network)

    @do.register
    def _moves(self, step: steps.MoveTime) -> None:
        for length in _lengths(step.by):
            self._session.panel.passes(length)

    @do.register
    def _turns(self, step: steps.SwitchOutage) -> None:
        panel = self._session.panel
        if step.kind is None:
            panel.ends_all_outages()
        else:
            (panel.begins if step.on else panel.ends)(step.kind)


@pytest.mark.parametrize("name", sorted(set(schema.names()) - ELSEWHERE))
def test_a_scenario_passes_on_the_page(opens: Callable[..., Session], name: str) -> None:
    scenario = schema.load(name)
    browser_steps = BrowserSteps(opens(policy=policy_for(scenario)))
    for step in scenario.steps:
        browser_steps.do(step)


def _place(place: str) -> str:
    return place.removeprefix("#")


def _lengths(by: timedelta | None) -> list[str | None]:
    """Return the page's buttons that together move time at least so far."""
    if by is None:
        return [None]
    quarters = -(-by // timedelta(minutes=15))
    return [*["8h"] * (quarters // 32), *["1h"] * (quarters % 32 // 4), *["15m"] * (quarters % 4)]

"""Who may not ask sees nothing of others: in the App Home, in menus, in lists and in forms."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sandbox.slack.model.fixtures import Person
from tests.flow.people.workspace import Workspace, stranger, workspace

POLICY = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"

[[rules]]
name = "everything"
approvers = ["U0OUTSIDER", "S0LEADS"]
"""
ADD = "/pgaccess mtls add 203.0.113.4"

LINES = (
    "",
    "list",
    "show 1",
    "status",
    "why billing",
    "mtls add",
    "mtls add 203.0.113.9 to nowhere",
    "advise",
    "mtls certificate list",
    "trusted add",
    "privatelink add",
)
"""Commands that show or ask for something; without a database, a form would name them all."""

OUTSIDERS = pytest.mark.parametrize(
    "outside",
    [
        {"is_restricted": True},
        {"is_restricted": True, "is_ultra_restricted": True},
        {"team": "T0OTHER"},
        {"is_stranger": True, "team": "T0OTHER"},
    ],
    ids=["guest", "single-channel guest", "external", "stranger"],
)


def outsider(acts: Workspace, outside: dict[str, Any]) -> Person:
    """Somebody who is an approver by name, and yet no full member."""
    person = stranger(acts.slack, "U0OUTSIDER")
    acts.slack.world.people[person.id] = person = replace(person, **outside)
    return person


@OUTSIDERS
async def test_an_outsiders_app_home_shows_nothing_of_others(
    database_url: str, outside: dict[str, Any]
) -> None:
    async with workspace(database_url, policy=POLICY) as acts:
        await acts.settle()
        outsider(acts, outside)
        await acts.ask(ADD)
        for person in ("U0OUTSIDER", "lead"):
            assert (await acts.environment.people.opens_home(person)).ok
        await acts.until(lambda: acts.slack.home_for("lead"))
        await acts.until(lambda: acts.slack.home_for("U0OUTSIDER"))
        assert "203.0.113.4" in json.dumps(acts.slack.home_for("lead"))
        shown = json.dumps(acts.slack.home_for("U0OUTSIDER"))
        assert "203.0.113.4" not in shown
        assert "billing" not in shown.replace("mtls add 203.0.113.4 to billing", "")


@OUTSIDERS
async def test_who_became_an_outsider_sees_nothing_any_more(
    database_url: str, outside: dict[str, Any]
) -> None:
    async with workspace(database_url, policy=POLICY) as acts:
        await acts.settle()
        stranger(acts.slack, "U0OUTSIDER")
        await acts.ask(ADD)
        await acts.environment.people.opens_home("U0OUTSIDER")
        await acts.until(lambda: "203.0.113.4" in json.dumps(acts.slack.home_for("U0OUTSIDER")))
        person = outsider(acts, outside)
        await acts.administration.renames(person.id, "Renamed")
        await acts.environment.people.opens_home("U0OUTSIDER")
        await acts.until(lambda: "203.0.113.4" not in json.dumps(acts.slack.home_for("U0OUTSIDER")))


@OUTSIDERS
async def test_an_outsiders_commands_show_nothing_of_others(
    database_url: str, outside: dict[str, Any]
) -> None:
    async with workspace(database_url, policy=POLICY) as acts:
        await acts.settle()
        outsider(acts, outside)
        await acts.ask(ADD)
        for line in LINES:
            assert (await acts.type("U0OUTSIDER", f"/pgaccess {line}")).ok
            assert "Guests and external users cannot do this" in acts.private("U0OUTSIDER")[-1], line
            assert acts.slack.view_for("U0OUTSIDER") is None, line


@OUTSIDERS
async def test_an_outsider_decides_nothing_and_opens_no_form(
    database_url: str, outside: dict[str, Any]
) -> None:
    async with workspace(database_url, policy=POLICY) as acts:
        await acts.settle()
        outsider(acts, outside)
        await acts.ask(ADD)
        for action in ("request.approve", "request.deny", "request.details"):
            await acts.press("U0OUTSIDER", action)
            assert "Guests and external users cannot do this" in acts.private("U0OUTSIDER")[-1]
        await acts.environment.people.shortcut("U0OUTSIDER", "shortcut.ask")
        view = acts.slack.view_for("U0OUTSIDER")
        assert view is None or "billing" not in json.dumps(view["blocks"])
        assert await acts.states() == ["pending"]

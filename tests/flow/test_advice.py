"""Advice in Slack: a few answers, one recommendation, and the prefilled request form."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.environment import start_environment
from sandbox.slack.users.simulated_users import Outcome
from tests.flow.actions import Acts, heroku_emulator, words

USUAL = {
    "need": "direct",
    "origin": "fixed",
    "region": "unknown",
    "length": "hours",
    "production": "no",
}


def view(acts: Acts, person: str = "engineer") -> dict[str, Any]:
    """Returns the topmost view."""
    found: dict[str, Any] = acts.environment.slack.view_for(person) or {}
    return found


def said(acts: Acts) -> str:
    return words({"blocks": view(acts).get("blocks", [])})


async def answer(acts: Acts, **changed: str) -> Outcome:
    return await acts.submit("engineer", **{**USUAL, **changed})


async def tap(acts: Acts, action: str) -> Outcome:
    return await acts.environment.people.clicks_in_view("engineer", action_id=action)


async def test_answers_become_a_recommendation_and_its_button_the_filled_form(acts: Acts) -> None:
    assert (await acts.type("engineer", "/pgaccess advise billing")).ok
    assert (await answer(acts)).ok
    assert "Made for fixed addresses" in said(acts)

    assert (await tap(acts, "advise.mtls")).ok
    fields = {block["block_id"]: block["element"] for block in view(acts)["blocks"] if "element" in block}
    assert fields["duration"]["initial_value"] == "8h"
    assert fields["target"]["initial_option"]["text"]["text"].startswith("billing ")

    before = len(acts.cards())
    assert (await acts.submit("engineer", address="203.0.113.4", reason="checks after migration")).ok
    await acts.until(lambda: len(acts.cards()) > before)
    assert view(acts) == {}


async def test_a_query_now_and_then_opens_nothing_and_records_nothing(acts: Acts) -> None:
    await acts.type("engineer", "/pgaccess advise")
    assert (await answer(acts, need="query", production="yes")).ok
    assert "heroku pg:psql -a billing" in said(acts)
    assert "Production" in said(acts)
    assert await acts.query("SELECT 1 FROM requests") == []


async def test_from_a_vpc_nearby_the_button_leads_to_the_form_of_privatelink(acts: Acts) -> None:
    await acts.type("engineer", "/pgaccess advise")
    assert (await answer(acts, origin="vpc", region="us-east-1", length="days")).ok
    assert "nothing is exposed to the internet" in said(acts)
    assert (await tap(acts, "advise.privatelink")).ok
    assert view(acts)["callback_id"] == "form.link_add"
    assert "5d" in str(view(acts))


async def test_the_table_is_one_tap_away_and_closing_it_shows_the_recommendation_again(acts: Acts) -> None:
    await acts.type("engineer", "/pgaccess advise")
    await answer(acts, origin="vpc", region="eu-west-1")
    assert "region of the database" in said(acts)
    assert (await tap(acts, "advise.compare")).ok
    assert "60 rules per database" in said(acts)
    await acts.environment.people.closes("engineer")
    assert "region of the database" in said(acts)


async def test_an_answer_that_was_not_offered_is_refused(acts: Acts) -> None:
    await acts.type("engineer", "/pgaccess advise")
    outcome = await answer(acts, need="conquest")
    assert not outcome.ok
    assert "Recommendation" not in str(view(acts).get("title"))


async def test_a_name_that_no_database_has_is_refused_with_one_that_is_right(acts: Acts) -> None:
    await acts.type("engineer", "/pgaccess advise biling")
    assert any("`to billing`" in one for one in acts.private("engineer"))


async def test_the_home_has_a_button_for_it(acts: Acts) -> None:
    await acts.environment.people.opens_home("engineer")
    await acts.until(lambda: "advise.open" in str(acts.environment.slack.home_for("engineer")))
    assert (await tap(acts, "advise.open")).ok
    assert view(acts)["callback_id"] == "form.advise"


@pytest.fixture
async def shielded(database_url: str) -> AsyncIterator[Acts]:
    """An environment with a second database, in a Shield Space."""
    heroku = heroku_emulator()
    heroku.add_space("acme-shield", shield=True)
    heroku.add_app("vault", space="acme-shield")
    heroku.add_database("postgresql-solid-24680", app="vault", plan="heroku-postgresql:shield-0")
    async with start_environment(database_url, heroku) as environment:
        acts = Acts(environment)
        await acts.settle()
        yield acts


async def test_in_a_shield_space_a_tool_without_certificates_is_led_to_a_proxy(shielded: Acts) -> None:
    await shielded.type("engineer", "/pgaccess advise vault")
    assert (await answer(shielded, origin="plain")).ok
    assert "Shield Spaces have no trusted IP ranges" in said(shielded)
    assert "trusted add" not in said(shielded)

"""Lines as people type them, from Slack to the card: half commands, lists, and networks by name."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.environment import POLICY, start_environment
from tests.flow.actions import Acts, heroku_emulator, words

NETWORKS = """
[networks.lab]
ranges = ["203.0.113.64/28"]
source = "https://example.com/ip-ranges"
as_of = 2026-11-01

[networks.looker]
ranges = ["203.0.113.0/28", "203.0.113.32/28"]
"""


@pytest.fixture
async def naming(database_url: str) -> AsyncIterator[Acts]:
    """The environment of the other flow tests, whose policy names two networks."""
    async with start_environment(database_url, heroku_emulator(), policy=POLICY + NETWORKS) as environment:
        acts = Acts(environment)
        await acts.settle()
        yield acts


def form(acts: Acts) -> dict[str, Any]:
    view = acts.environment.slack.view_for("engineer")
    assert view is not None
    return view


def filled(acts: Acts) -> dict[str, str | None]:
    """What the fields of the open form hold."""
    elements = {block["block_id"]: block["element"] for block in form(acts)["blocks"] if "element" in block}
    return {
        name: element.get("initial_value")
        or (element.get("initial_option") or {}).get("text", {}).get("text")
        for name, element in elements.items()
    }


async def test_a_line_without_a_verb_opens_the_form_with_all_of_it_and_one_click_requests_it(
    acts: Acts,
) -> None:
    outcome = await acts.type("engineer", "/pgaccess 203.0.113.4 billing 8h because migration check")
    assert outcome.ok
    assert filled(acts) == {
        "address": "203.0.113.4",
        "target": "billing (acme-private)",
        "duration": "8h",
        "reason": "migration check",
    }
    assert not acts.cards()
    assert (await acts.submit("engineer")).ok
    await acts.until(lambda: "203.0.113.4/32 → billing" in acts.card())
    assert "migration check" in acts.card()


async def test_what_a_line_names_tells_which_form_it_opens(acts: Acts) -> None:
    await acts.type("engineer", "/pgaccess 123456789012 billing 2d quickly")
    assert form(acts)["callback_id"] == "form.link_add"
    assert filled(acts)["address"] == "123456789012"
    assert "Not understood: `quickly`" in words(form(acts))
    await acts.type("engineer", "/pgaccess 203.0.113.4 acme-private 2h")
    assert form(acts)["callback_id"] == "form.range_add"
    assert filled(acts)["target"] == "acme-private (virginia)"
    await acts.type("engineer", "/pgaccess trusted 203.0.113.4 nowhere")
    assert "Not understood: `nowhere`" in words(form(acts))
    # Who may not use the bot sees no names of databases, and no form.
    await acts.type("guest", "/pgaccess 203.0.113.4")
    assert acts.environment.slack.view_for("guest") is None


async def test_a_list_opens_the_form_and_says_what_was_made_of_it(acts: Acts) -> None:
    line = "/pgaccess mtls add 203.0.113.8 203.0.113.9, 10.0.0.1 203.0.113.9 to biling fast for 8h"
    assert (await acts.type("engineer", line)).ok
    assert filled(acts)["address"] == "203.0.113.8, 203.0.113.9"
    said = words(form(acts))
    for part in (
        "You named 2 addresses",
        "203.0.113.8/32, 203.0.113.9/32 are together exactly `203.0.113.8/31`",
        "`10.0.0.1` is a private address",
        "`203.0.113.9/32` was named more than once",
        "There is no database `biling`",
        "Not understood: `fast`",
    ):
        assert part in said
    assert (await acts.submit("engineer")).ok
    await acts.until(lambda: "203.0.113.8/32, 203.0.113.9/32 → billing" in acts.card())


async def test_a_network_is_requested_by_name_and_its_name_is_shown_beside_its_range(naming: Acts) -> None:
    await naming.ask("/pgaccess mtls add Lab to billing for 8h")
    assert "203.0.113.64/28 (lab) → billing" in naming.card()
    assert (await naming.approve()).ok
    await naming.until(lambda: naming.told("engineer", "can reach"))
    await naming.type("engineer", "/pgaccess list")
    assert "203.0.113.64/28 (lab)" in naming.private("engineer")[-1]
    await naming.environment.refresh_everything()
    await naming.type("engineer", "/pgaccess status billing")
    await naming.until(lambda: "203.0.113.64/28 (lab)" in naming.private("engineer")[-1])
    assert (await naming.type("engineer", "/pgaccess looker billing")).ok
    assert filled(naming)["address"] == "203.0.113.0/28, 203.0.113.32/28"
    assert "The policy lists `looker` as" in words(form(naming))
    await naming.type("engineer", "/pgaccess me to billing")
    assert "Slack does not tell pgaccess your address" in words(form(naming))


async def test_the_same_line_twice_makes_one_card_and_says_where_it_stands(acts: Acts) -> None:
    line = "/pgaccess mtls add 203.0.113.4 to billing for 1h because migration check"
    await acts.ask(line)
    assert (await acts.type("engineer", line)).ok
    assert "You have asked for this already" in acts.private("engineer")[-1]
    assert "#1" in acts.private("engineer")[-1]
    assert await acts.states() == ["pending"]
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "can reach"))
    for again in (line, "/pgaccess mtls add 203.0.113.4"):
        await acts.type("engineer", again)
        assert "You have this already" in acts.private("engineer")[-1]
    answer = acts.environment.slack.ephemerals("engineer")[-1]
    assert "grant.extend" in str(answer["blocks"])
    # A colleague's own access has an end of its own: that is another request.
    await acts.ask(line, person="engineer-2")
    assert await acts.states() == ["in_force", "pending"]


async def test_a_form_for_what_one_has_asks_once_more_and_then_requests_it(acts: Acts) -> None:
    await acts.ask("/pgaccess mtls add 203.0.113.0/28 to billing for 1h")
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "can reach"))
    await acts.type("engineer", "/pgaccess mtls ad 203.0.113.4 for 2h")
    said = words(form(acts))
    assert "You have this already" in said
    assert "It would make 3 of 60 rules" in said
    assert (await acts.submit("engineer", reason="another end")).ok
    assert await acts.states() == ["in_force"]
    assert "Submit again to request it anyway." in words(form(acts))
    assert filled(acts)["reason"] == "another end"
    assert (await acts.submit("engineer")).ok
    await acts.until(lambda: "203.0.113.4/32 → billing" in acts.card())
    assert await acts.states() == ["in_force", "pending"]


async def test_the_button_of_the_answer_opens_the_form_that_requests_it_anyway(acts: Acts) -> None:
    line = "/pgaccess mtls add 203.0.113.4 to billing for 1h because migration check"
    await acts.ask(line)
    await acts.type("engineer", line)
    answer = acts.environment.slack.ephemerals("engineer")[-1]
    clicked = await acts.environment.people.clicks(
        "engineer", channel="#general", ts=answer["ts"], action_id="request.anyway"
    )
    assert clicked.ok, clicked
    assert filled(acts)["reason"] == "migration check"
    assert (await acts.submit("engineer", duration="2h")).ok
    await acts.until(lambda: len(acts.cards()) == 2)
    assert await acts.states() == ["pending", "pending"]

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
    refused = await acts.submit("engineer")
    assert "more than one address" in refused.errors["address"]
    assert (await acts.submit("engineer", address="203.0.113.8/31")).ok
    await acts.until(lambda: "203.0.113.8/31 → billing" in acts.card())


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

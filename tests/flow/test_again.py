"""Request again: from a message, the card, "show" and the App Home to a form with all that a request had."""

from typing import Any

from tests.flow.actions import Acts

LINE = "/pgaccess mtls add 203.0.113.9 to billing for 3h because quarterly migration"


def filled(acts: Acts, person: str = "engineer") -> dict[str, Any]:
    """What the fields of a person's open form begin with."""
    view = acts.environment.slack.view_for(person)
    assert view is not None
    found = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            chosen = element.get("initial_option", {}).get("text", {}).get("text")
            found[block["block_id"]] = chosen or element.get("initial_value")
    return found


async def test_what_was_denied_is_requested_again_with_all_that_it_had(acts: Acts) -> None:
    await acts.ask(LINE)
    assert (await acts.press("lead", "request.deny")).ok
    assert (await acts.submit("lead", reason="use a dyno")).ok
    assert (await acts.press_own("engineer", "request.again", "denied")).ok
    values = filled(acts)
    assert values["address"] == "203.0.113.9/32"
    assert values["target"] == "billing (acme-private)"
    assert values["duration"] == "3h"
    assert values["reason"] == "quarterly migration"
    assert (await acts.submit("engineer")).ok
    await acts.until(lambda: len(acts.cards()) == 2)
    assert await acts.states() == ["denied", "pending"]
    assert "→ billing, 3h." in acts.card()
    assert "quarterly migration" in acts.card()


async def test_what_was_withdrawn_is_offered_again_in_show_and_in_the_home(acts: Acts) -> None:
    await acts.ask(LINE)
    assert (await acts.press_own("engineer", "request.cancel")).ok
    await acts.until(lambda: "request.again" in str(acts.messages("@pgaccess", "engineer")))
    await acts.type("engineer", "/pgaccess show 1")
    assert any("Request again" in said for said in acts.private("engineer"))
    await acts.environment.people.opens_home("engineer")
    await acts.until(lambda: "request.again" in str(acts.environment.slack.home_for("engineer")))
    # While it is open or pending once more, there is nothing to request again.
    assert (await acts.press_own("engineer", "request.again")).ok
    assert (await acts.submit("engineer")).ok
    await acts.until(lambda: len(acts.cards()) == 2)
    await acts.environment.people.opens_home("engineer")
    await acts.until(lambda: "request.again" not in str(acts.environment.slack.home_for("engineer")))

"""Times as people type them, from the line or the form to the request: what is unclear is asked."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.flow.actions import Acts

ADD = "/pgaccess mtls add 203.0.113.4 to billing"


def element(acts: Acts, field: str) -> dict[str, Any]:
    """The element of a field in the engineer's open form."""
    view = acts.environment.slack.view_for("engineer")
    assert view is not None
    found: dict[str, Any] = next(
        block["element"] for block in view["blocks"] if block.get("block_id") == field
    )
    return found


async def test_an_unclear_end_opens_the_form_with_its_readings_and_the_chosen_one_is_requested(
    acts: Acts,
) -> None:
    assert (await acts.type("engineer", f"{ADD} until 6 because migration check")).ok
    choice = element(acts, "duration")
    assert choice["type"] == "radio_buttons"
    first, second = (option["value"] for option in choice["options"])
    assert {first[11:16], second[11:16]} == {"06:00", "18:00"}
    assert element(acts, "address")["initial_value"] == "203.0.113.4"
    assert element(acts, "reason")["initial_value"] == "migration check"
    # Neither is guessed: with none chosen the form stays open.
    assert "Choose one of the times" in (await acts.submit("engineer")).errors["duration"]
    assert await acts.states() == []
    assert (await acts.submit("engineer", duration=second)).ok
    await acts.until(acts.cards)
    (until,) = [row[0] for row in await acts.query("SELECT until FROM requests")]
    assert f"{datetime.fromisoformat(str(until)).astimezone(UTC):%H:%M}" == _utc(second)


async def test_an_unclear_end_in_a_form_is_asked_there_and_another_may_be_typed(acts: Acts) -> None:
    assert (await acts.type("engineer", "/pgaccess")).ok
    await acts.submit("engineer", address="203.0.113.4", duration="until 6", reason="migration check")
    assert element(acts, "duration")["type"] == "radio_buttons"
    assert element(acts, "address")["initial_value"] == "203.0.113.4"
    assert (await acts.submit("engineer", other_time="half a day")).ok
    await acts.until(acts.cards)
    assert [row[0] for row in await acts.query("SELECT duration FROM requests")] == [timedelta(hours=12)]


async def test_an_extension_asks_too_and_a_later_start_is_refused_with_a_line_that_works(acts: Acts) -> None:
    await acts.ask_and_open(f"{ADD} for an hour and a half because migration check")
    assert (await acts.type("engineer", "/pgaccess extend 1 for 2 years")).ok
    assert "too long" in acts.private("engineer")[-1]
    assert (await acts.type("engineer", "/pgaccess extend 1 until 04/05 because it is slow")).ok
    assert len(element(acts, "duration")["options"]) == 2
    assert element(acts, "reason")["initial_value"] == "it is slow"
    await acts.type("engineer", "/pgaccess mtls add from tomorrow 22:00 for 1h")
    assert "later start" in acts.private("engineer")[-1]
    assert "`for 1h`" in acts.private("engineer")[-1]
    assert len(await acts.states()) == 1


def _utc(written: str) -> str:
    """The clock time in UTC of a reading as an option carries it."""
    moment = written.replace(" UTC", "+00:00").replace(" ", "T", 1).replace(" ", "")
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%H:%M}"

"""A preset of the policy: typed, pressed in the App Home and in the form, filled in and submitted."""

from collections.abc import AsyncIterator

import pytest

from sandbox.environment import POLICY, start_environment
from tests.flow.actions import Acts, heroku_emulator
from tests.flow.test_again import filled

PREPARED = f"""{POLICY}
[targets.accounts]
database = "billing"

[presets.etl]
target = "accounts"
method = "mtls"
network = "203.0.113.7"
duration = "3h"
reason = "Nightly ETL: "
"""


@pytest.fixture
async def acts(database_url: str) -> AsyncIterator[Acts]:
    """An environment whose policy has a preset."""
    async with start_environment(database_url, heroku_emulator(), policy=PREPARED) as environment:
        acts = Acts(environment)
        await acts.settle()
        yield acts


async def test_a_preset_that_is_typed_opens_the_form_with_all_that_it_has(acts: Acts) -> None:
    assert (await acts.type("engineer", "/pgaccess ETL because catching up")).ok
    values = filled(acts)
    assert (values["address"], values["duration"]) == ("203.0.113.7", "3h")
    assert values["target"] == "billing (acme-private)"
    assert values["reason"] == "Nightly ETL: catching up"
    assert (await acts.submit("engineer")).ok
    await acts.until(acts.cards)
    assert "203.0.113.7/32 → billing, 3h. Reason: Nightly ETL: catching up" in acts.card()


async def test_a_preset_is_a_button_of_the_home_and_of_the_empty_form(acts: Acts) -> None:
    await acts.environment.people.opens_home("engineer")
    await acts.until(lambda: "preset.open.0" in str(acts.environment.slack.home_for("engineer")))
    press = acts.environment.people.clicks_in_view
    assert (await press("engineer", action_id="preset.open.0")).ok
    assert filled(acts)["address"] == "203.0.113.7"
    assert "preset.push" not in str(acts.environment.slack.view_for("engineer"))
    assert (await acts.type("engineer-2", "/pgaccess")).ok
    assert filled(acts, "engineer-2")["address"] is None
    assert (await press("engineer-2", action_id="preset.push.0")).ok
    assert filled(acts, "engineer-2")["address"] == "203.0.113.7"
    assert (await acts.submit("engineer-2")).ok
    await acts.until(acts.cards)

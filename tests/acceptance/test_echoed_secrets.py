"""Heroku and Slack repeat our secrets in errors: they reach no log line, no row and no message."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.outside.redaction import REDACTED
from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, SIGNING_SECRET
from sandbox.heroku import fault_injection
from sandbox.heroku.fixtures import DATABASE
from sandbox.slack import fault_injection as slack_faults
from tests.acceptance.populated_deployment import PopulatedDeployment, populated_deployment
from tests.acceptance.secret_search import search
from tests.flow.actions import heroku_emulator

BASIC = base64.b64encode(f":{HEROKU_TOKEN}".encode()).decode()
ECHO = f"Nobody may do this with {HEROKU_TOKEN}, Basic {BASIC} or {BOT_TOKEN}, {SIGNING_SECRET}."
SECRETS = {
    "Heroku token": HEROKU_TOKEN,
    "Basic": BASIC[4:],
    "bot token": BOT_TOKEN,
    "signing secret": SIGNING_SECRET,
}


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[PopulatedDeployment]:
    async with populated_deployment(database_url, heroku_emulator(), tmp_path) as world:
        await world.settle()
        yield world


@pytest.mark.timeout(120)
async def test_what_heroku_and_slack_repeat_of_our_secrets_is_nowhere(world: PopulatedDeployment) -> None:
    heroku, slack = world.environment.heroku, world.environment.slack
    heroku.fault(fault_injection.Fault(status=500, message=ECHO, done=False), on=r"GET .*/ip-rules$")
    heroku.fault(fault_injection.rejected(ECHO), on=r"POST .*/ip-rules$")
    await world.ask("/pgaccess mtls add 203.0.113.4 to billing because migration check")
    slack.fault("chat.update", slack_faults.error(f"invalid_{BOT_TOKEN}"))
    slack.fault("views.open", slack_faults.error(HEROKU_TOKEN))
    await world.type("engineer", "/pgaccess")
    assert (await world.approve()).ok
    # Heroku's own words are shown, but for the secrets in them.
    await world.until(lambda: world.told("engineer", f"Nobody may do this with {REDACTED}"))
    await world.until(lambda: all(REDACTED in text for text in world.logs().values()))

    everywhere = await world.everywhere()
    assert search(everywhere, SECRETS) == []
    assert REDACTED in "".join(text for place, text in everywhere.items() if place[0] == "store")


@pytest.mark.timeout(120)
async def test_a_secret_in_a_name_or_description_is_nowhere(world: PopulatedDeployment) -> None:
    environment = world.environment
    now = datetime.now(UTC)
    for number, text in enumerate((HEROKU_TOKEN, f"key {BASIC}", BOT_TOKEN, SIGNING_SECRET), start=1):
        environment.heroku.add_rule_externally(DATABASE, f"192.0.2.{number}/32", text, now=now)
    people = environment.slack.world.people
    people["U0LEAD2"] = replace(people["U0LEAD2"], name=f"on call {BOT_TOKEN}")
    await world.settle()
    await world.type("engineer", "/pgaccess status billing")
    await world.until(lambda: "192.0.2.4" in str(environment.slack.ephemerals("engineer")))

    everywhere = await world.everywhere()
    assert search(everywhere, SECRETS) == []
    assert REDACTED in "".join(text for place, text in everywhere.items() if place[0] == "store")

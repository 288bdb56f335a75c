"""More databases than a select can list: the form searches as the user types."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.environment import start_environment
from sandbox.slack.users.simulated_users import Outcome
from tests.flow.actions import Acts, heroku_emulator

MORE = 119
"""Databases beside ``billing``: 120 in all, and a select takes 100."""


@pytest.fixture
async def crowd(database_url: str) -> AsyncIterator[Acts]:
    """An environment with 120 databases, all known to the bot."""
    heroku = heroku_emulator()
    for number in range(MORE):
        heroku.add_app(f"app-{number}", space="acme-private")
        heroku.add_database(
            f"postgresql-round-{number:05}", app=f"app-{number}", plan="heroku-postgresql:private-0"
        )
    async with start_environment(database_url, heroku) as environment:
        acts = Acts(environment)

        async def discovered() -> bool:
            people = await acts.query("SELECT 1 FROM slack_users WHERE id = 'U0ENGINEER'")
            return (
                bool(people) and len(await acts.query("SELECT 1 FROM targets WHERE NOT is_space")) == MORE + 1
            )

        await acts.until(discovered)
        yield acts


async def search(acts: Acts, typed: str, person: str = "engineer", **where: Any) -> Outcome:
    return await acts.environment.people.suggests(person, action_id="target", value=typed, **where)


def texts(outcome: Outcome) -> list[str]:
    return [option["text"]["text"] for option in outcome.options]


async def test_what_is_typed_finds_the_database_and_the_form_asks_for_it(crowd: Acts) -> None:
    await crowd.type("engineer", "/pgaccess")
    found = await search(crowd, "app-7")
    assert found.ok, found
    assert texts(found)[:2] == ["app-7 (acme-private)", "app-70 (acme-private)"]
    assert len(found.options) == 11

    sent = await crowd.submit("engineer", address="203.0.113.9", target=found.options[0]["value"])

    assert sent.ok, sent
    await crowd.until(lambda: "203.0.113.9/32" in crowd.card())
    asked = await crowd.query("SELECT t.app FROM requests r JOIN targets t ON t.id = r.target_id")
    assert asked == [("app-7",)]


async def test_before_a_letter_is_typed_a_hundred_are_offered(crowd: Acts) -> None:
    await crowd.type("engineer", "/pgaccess")
    assert len((await search(crowd, "")).options) == 100


async def test_full_width_letters_find_the_same_and_what_is_nowhere_finds_nothing(crowd: Acts) -> None:
    await crowd.type("engineer", "/pgaccess")
    assert texts(await search(crowd, "ＢＩＬＬＩＮＧ")) == ["billing (acme-private)"]
    nothing = await search(crowd, "nowhere")
    assert (nothing.ok, list(nothing.options)) == (True, [])


async def test_a_database_that_was_typed_is_chosen_already(crowd: Acts) -> None:
    await crowd.type("engineer", "/pgaccess mtls add to app-42 for 2h")
    assert (await crowd.submit("engineer", address="203.0.113.9")).ok
    await crowd.until(lambda: "app-42" in crowd.card())


async def test_a_guest_finds_nothing(crowd: Acts) -> None:
    await crowd.type("engineer", "/pgaccess")
    form = crowd.environment.slack.workspace.stacks.pop("U0ENGINEER")
    guest = crowd.environment.slack.world.person("guest").id
    crowd.environment.slack.workspace.stacks[guest] = form  # as if a guest had got hold of a member's form

    found = await search(crowd, "app-7", person="guest")

    assert (found.ok, list(found.options)) == (True, [])

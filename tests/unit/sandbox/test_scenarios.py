"""Every scenario, played in-process: the whole bot between an emulated Slack and an emulated Heroku."""

import pytest

from sandbox.environment import HEROKU_TOKEN, environments
from sandbox.heroku.behavior import TransitionTimes
from sandbox.heroku.fixtures import default_world
from sandbox.scenarios.runner import Player, ScenarioFailedError, policy_for
from sandbox.scenarios.schema import Scenario, load, names, read

HEAD = """# Wrong
> It does not go like this.
"""
SEEN = 'lead sees "#1 waits" in #approvals'
BEGUN = f"engineer types /pgaccess mtls add 203.0.113.4\n{SEEN}"
WRONG = {
    'lead does not see "#1 waits" in #approvals': "it is there",
    "somebody deletes 192.0.2.1/32 on billing": "there is no such rule",
    'lead sees "Nobody says that" in #approvals': "not within",
    'guest presses "Approve" in #approvals': "not within",
}
"""Steps that go otherwise once a request waits, and how that is told."""

SOON = 0.2
"""Seconds that Heroku's transitions take here."""


async def emulated(scenario: Scenario, database_url: str) -> None:
    heroku = default_world(token=HEROKU_TOKEN, times=TransitionTimes.of(SOON))
    async with environments(database_url, heroku, policy=policy_for(scenario)) as environment:
        player = Player(environment, scenario)
        await player.ready()
        await player.play()


@pytest.mark.parametrize("name", names())
async def test_a_scenario_goes_as_it_is_written(name: str, database_url: str) -> None:
    await emulated(load(name), database_url)


async def test_a_step_that_goes_otherwise_is_named(database_url: str) -> None:
    async with environments(database_url, default_world(token=HEROKU_TOKEN)) as environment:
        begun = Player(environment, read(f"{HEAD}{BEGUN}", name="begun"))
        await begun.ready()
        await begun.play()
        for line, said in WRONG.items():
            player = Player(environment, read(f"{HEAD}{line}\n{SEEN}", name="wrong"), patience=1)
            with pytest.raises(ScenarioFailedError) as caught:
                await player.play()
            assert str(caught.value).startswith(f"wrong, line 3: {line}: {said}")

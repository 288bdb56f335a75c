"""Every scenario, played in-process: the whole bot between a played Slack and a played Heroku."""

import pytest

from sandbox.heroku.switches import Pace
from sandbox.heroku.world import default_world
from sandbox.scenarios.player import PATIENCE, Player, ScenarioFailedError, policy_for
from sandbox.scenarios.script import Scenario, load, names, read
from sandbox.stage import HEROKU_TOKEN, staged

SOON = 0.2
"""Seconds that Heroku's transitions take here."""


async def played(scenario: Scenario, database_url: str, *, patience: float = PATIENCE) -> None:
    heroku = default_world(token=HEROKU_TOKEN, pace=Pace.of(SOON))
    async with staged(database_url, heroku, policy=policy_for(scenario)) as stage:
        player = Player(stage, scenario, patience=patience)
        await player.ready()
        await player.play()


@pytest.mark.parametrize("name", names())
async def test_a_scenario_goes_as_it_is_written(name: str, database_url: str) -> None:
    await played(load(name), database_url)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('lead does not see "#1 waits" in #approvals', "it is there"),
        ("somebody deletes 192.0.2.1/32 on billing", "there is no such rule"),
        ('lead sees "Nobody says that" in #approvals', "not within"),
        ('guest presses "Approve" in #approvals', "not within"),
    ],
)
async def test_a_step_that_goes_otherwise_is_named(line: str, said: str, database_url: str) -> None:
    text = f"""# Wrong
> It does not go like this.
engineer types /pgaccess mtls add 203.0.113.4
lead sees "#1 waits" in #approvals
{line}"""
    with pytest.raises(ScenarioFailedError) as caught:
        await played(read(text, name="wrong"), database_url, patience=3)
    assert str(caught.value).startswith(f"wrong, line 5: {line}: {said}")

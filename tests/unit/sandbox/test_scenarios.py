"""Every scenario, run in-process: the whole bot between an emulated Slack and an emulated Heroku."""

import pytest

from sandbox.environment import HEROKU_TOKEN, start_environment
from sandbox.heroku.behavior import TransitionTimes
from sandbox.heroku.fixtures import default_world
from sandbox.scenarios.runner import ScenarioFailedError, ScenarioRunner, policy_for
from sandbox.scenarios.schema import Scenario, load, names, parse

HEAD = """# Wrong
> It does not go like this.
"""
SEEN = 'lead sees "#1 is waiting" in #approvals'
BEGUN = f"engineer types /pgaccess mtls add 203.0.113.4\n{SEEN}"
WRONG = {
    'lead does not see "#1 is waiting" in #approvals': "it is there",
    "somebody deletes 192.0.2.1/32 on billing": "there is no such rule",
    'lead sees "Nobody says that" in #approvals': "not within",
    'guest presses "Approve" in #approvals': "not within",
}
"""Steps that fail once a request waits, and what the error says."""

SOON = 0.2
"""Seconds that Heroku's transitions take here."""


async def run(scenario: Scenario, database_url: str) -> None:
    heroku = default_world(token=HEROKU_TOKEN, times=TransitionTimes.of(SOON))
    async with start_environment(database_url, heroku, policy=policy_for(scenario)) as environment:
        runner = ScenarioRunner(environment, scenario)
        await runner.ready()
        await runner.run()


@pytest.mark.parametrize("name", names())
async def test_a_scenario_passes(name: str, database_url: str) -> None:
    await run(load(name), database_url)


async def test_a_step_that_fails_is_named(database_url: str) -> None:
    async with start_environment(database_url, default_world(token=HEROKU_TOKEN)) as environment:
        begun = ScenarioRunner(environment, parse(f"{HEAD}{BEGUN}", name="begun"))
        await begun.ready()
        await begun.run()
        for line, problem in WRONG.items():
            runner = ScenarioRunner(environment, parse(f"{HEAD}{line}\n{SEEN}", name="wrong"), timeout=1)
            with pytest.raises(ScenarioFailedError) as caught:
                await runner.run()
            assert str(caught.value).startswith(f"wrong, line 3: {line}: {problem}")

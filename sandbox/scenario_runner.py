"""``python -m sandbox play``: one scenario played before one's eyes, each step said as it happens."""

import asyncio
import sys
import time
from typing import Final

from sandbox.environment import HEROKU_TOKEN, Environment, environments
from sandbox.heroku.fixtures import default_world
from sandbox.postgres import private_postgres
from sandbox.scenarios import schema
from sandbox.scenarios.runner import Player, ScenarioFailedError, policy_for
from sandbox.scenarios.schema import Scenario
from sandbox.scenarios.steps import Step
from storage.migrate import migrate

WATCHING: Final = 1.5
"""Seconds between steps for somebody who watches the page."""


def listed() -> str:
    """Every scenario by its name, with what it shows."""
    scenarios = [schema.load(name) for name in schema.names()]
    width = max(len(scenario.name) for scenario in scenarios)
    lines = [f"  {scenario.name:{width}}  {scenario.title}" for scenario in scenarios]
    return "\n".join(("Scenarios, for `python -m sandbox play NAME`:", *lines, ""))


async def play(scenario: Scenario, *, port: int = 0, stay: bool = False) -> bool:
    """Plays a scenario on a stage of its own.

    Args:
        scenario: which.
        port: of the page; 0 picks a free one.
        stay: play slowly enough to be watched, and leave the page open until interrupted.

    Returns:
        Whether everything went as it is written.
    """
    with private_postgres() as postgres:
        migrate(postgres.url())
        heroku = default_world(token=HEROKU_TOKEN)
        async with environments(
            postgres.url(), heroku, port=port, policy=policy_for(scenario)
        ) as environment:
            _say(f"\n  {scenario.title}\n  {scenario.about}\n")
            if stay:
                _say(f"  Watch it at {environment.slack.base_url}\n")
            went = await _emulated(environment, scenario, pause=WATCHING if stay else 0.0)
            if stay:
                _say(f"  The page stays open at {environment.slack.base_url}; Ctrl-C ends it.\n")
                await asyncio.Event().wait()
            return went


async def _emulated(environment: Environment, scenario: Scenario, *, pause: float) -> bool:
    started = time.monotonic()

    def tell(step: Step) -> None:
        _say(f"  {time.monotonic() - started:5.1f} s  {step.said}")

    player = Player(environment, scenario)
    try:
        await player.ready()
        await player.play(before=tell, pause=pause)
    except ScenarioFailedError as failed:
        _say(f"\n  This did not go as it is written: {failed}\n")
        return False
    _say(f"\n  Everything went as it is written, in {time.monotonic() - started:.1f} s.\n")
    return True


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()

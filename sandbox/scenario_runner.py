"""``python -m sandbox scenario``: runs a scenario and prints each step as it happens."""

import asyncio
import sys
import time
from typing import Final

from sandbox.environment import HEROKU_TOKEN, Environment, start_environment
from sandbox.heroku.fixtures import default_world
from sandbox.postgres import private_postgres
from sandbox.scenarios import schema
from sandbox.scenarios.runner import ScenarioFailedError, ScenarioRunner, policy_for
from sandbox.scenarios.schema import Scenario
from sandbox.scenarios.steps import Step
from storage.migrate import migrate

STEP_PAUSE: Final = 1.5
"""Seconds between steps while somebody watches the page."""


def list_scenarios() -> str:
    """Return the name and title of every scenario."""
    scenarios = [schema.load(name) for name in schema.names()]
    width = max(len(scenario.name) for scenario in scenarios)
    lines = [f"  {scenario.name:{width}}  {scenario.title}" for scenario in scenarios]
    return "\n".join(("Scenarios, for `python -m sandbox scenario NAME`:", *lines, ""))


async def run_scenario(scenario: Scenario, *, port: int = 0, stay: bool = False) -> bool:
    """Run a scenario in an environment of its own.

    Args:
        scenario: The scenario.
        port: Port of the page; 0 picks a free one.
        stay: Run slowly enough to be watched, and leave the page open until interrupted.

    Returns:
        Whether every step went as written.
    """
    with private_postgres() as postgres:
        migrate(postgres.url())
        heroku = default_world(token=HEROKU_TOKEN)
        async with start_environment(
            postgres.url(), heroku, port=port, policy=policy_for(scenario)
        ) as environment:
            _print(f"\n  {scenario.title}\n  {scenario.about}\n")
            if stay:
                _print(f"  Watch it at {environment.slack.base_url}\n")
            passed = await _run(environment, scenario, pause=STEP_PAUSE if stay else 0.0)
            if stay:
                _print(f"  The page stays open at {environment.slack.base_url}; Ctrl-C ends it.\n")
                await asyncio.Event().wait()
            return passed


async def _run(environment: Environment, scenario: Scenario, *, pause: float) -> bool:
    started = time.monotonic()

    def show(step: Step) -> None:
        _print(f"  {time.monotonic() - started:5.1f} s  {step.source}")

    runner = ScenarioRunner(environment, scenario)
    try:
        await runner.ready()
        await runner.run(before=show, pause=pause)
    except ScenarioFailedError as failed:
        _print(f"\n  Failed: {failed}\n")
        return False
    _print(f"\n  Passed in {time.monotonic() - started:.1f} s.\n")
    return True


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()

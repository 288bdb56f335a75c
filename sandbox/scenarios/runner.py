"""Plays a scenario on a stage, step by step, through the doors that people use."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import singledispatchmethod
from typing import Any, Final, TypeVar

from bot.domain.method import Method
from sandbox.environment import POLICY, Environment
from sandbox.heroku.model.resources import Rule
from sandbox.scenarios import steps
from sandbox.scenarios.page_reader import FORM, HOME, Eyes, button, field, value
from sandbox.scenarios.schema import Scenario
from sandbox.scenarios.steps import Step
from sandbox.slack.users.simulated_users import Outcome

PATIENCE: Final = 45.0
"""Seconds, unless told otherwise; usually it takes a tenth of one."""

BREATH: Final = 0.02
"""Seconds between two looks."""


T = TypeVar("T")


class ScenarioFailedError(AssertionError):
    """A step did not go as it is written; the message says which, and what was seen instead."""


def policy_for(scenario: Scenario) -> str:
    """The demo's policy, its one rule with what the scenario gives it."""
    return "\n".join((POLICY.rstrip(), *scenario.rule_keys, ""))


class Player:
    """Plays one scenario.

    Args:
        stage: with nothing played on it yet, under `policy_for` the scenario.
        scenario: what happens.
        patience: seconds until what is not seen counts as missing.
    """

    def __init__(self, environment: Environment, scenario: Scenario, *, patience: float = PATIENCE) -> None:
        self._environment = environment
        self._scenario = scenario
        self._patience = patience
        self._eyes = Eyes(environment.slack)
        self._typed: dict[str, dict[str, dict[str, str]]] = {}

    async def ready(self) -> None:
        """Waits until the bot knows its databases and the people in its workspace.

        Raises:
            ScenarioFailedError: it never does.
        """
        people = [person.id for person in self._environment.slack.world.people.values() if not person.is_bot]
        deadline = time.monotonic() + self._patience
        while not await self._knows(people[-1]):
            if time.monotonic() > deadline:
                raise ScenarioFailedError(
                    f"{self._scenario.name}: the bot never got to know Heroku and Slack"
                )
            await asyncio.sleep(BREATH)

    async def play(self, *, before: Callable[[Step], object] | None = None, pause: float = 0.0) -> None:
        """Plays everything.

        Args:
            before: is told of each step that comes.
            pause: seconds after each step, for somebody who watches.

        Raises:
            ScenarioFailedError: a step did not go as it is written.
        """
        for step in self._scenario.steps:
            if before is not None:
                before(step)
            await self._does(step)
            await asyncio.sleep(pause)

    async def _knows(self, person: str) -> bool:
        async with self._environment.app.store.transaction() as tx:
            known = await tx.slack_users.find(person)
            databases = await tx.targets.databases()
            looks = [await tx.reconcile_queue.observation(database.id, Method.MTLS) for database in databases]
            return known is not None and bool(looks) and all(looks)

    @singledispatchmethod
    async def _does(self, step: Step) -> None:
        raise NotImplementedError(step)

    @_does.register
    async def _types(self, step: steps.Types) -> None:
        self._went(step, await self._environment.people.types(step.person, step.text))

    @_does.register
    async def _presses(self, step: steps.Presses) -> None:
        where, (block, action) = await self._until(step, lambda: self._place_with(step))
        people = self._environment.people
        if step.place in (FORM, HOME):
            outcome = await people.clicks_in_view(
                step.person, view_id=where["id"], block_id=block, action_id=action
            )
        else:
            channel = self._eyes.channel_of(step.person, where)
            outcome = await people.clicks(
                step.person, channel=channel, ts=where["ts"], block_id=block, action_id=action
            )
        self._went(step, outcome)

    @_does.register
    async def _writes(self, step: steps.Writes) -> None:
        view = await self._until(step, lambda: self._eyes.view(step.person, FORM))
        try:
            block, element = field(view, step.field)
        except LookupError as error:
            raise self._failed(step, str(error)) from error
        self._typed.setdefault(step.person, {})[block] = {element["action_id"]: value(element, step.text)}

    @_does.register
    async def _sends(self, step: steps.Sends) -> None:
        outcome = await self._environment.people.submits(step.person, self._typed.pop(step.person, {}))
        if not outcome.errors:  # those are for the next step to see
            self._went(step, outcome)

    @_does.register
    async def _sees(self, step: steps.Sees) -> None:
        if step.place == HOME:
            self._went(step, await self._environment.people.opens_home(step.person))
        if step.absent:
            if self._seen(step):
                raise self._failed(step, "it is there")
            return
        await self._until(step, lambda: self._seen(step))

    @_does.register
    async def _shows(self, step: steps.Shows) -> None:
        await self._until(step, lambda: (self._rule(step.app, step.network) is None) is step.absent)

    @_does.register
    async def _externally(self, step: steps.ExternalChange) -> None:
        heroku, now = self._environment.heroku, datetime.now(UTC)
        database = self._database(step.app)
        if step.adds:
            heroku.add_rule_externally(database, step.network, "by hand", now=now)
        else:
            rule = self._rule(step.app, step.network)
            if rule is None:
                raise self._failed(step, "there is no such rule")
            heroku.delete_rule_externally(database, rule.id, now=now)
        await self._environment.refresh_everything()

    @_does.register
    async def _moves(self, step: steps.Moves) -> None:
        if step.by is None:
            await self._environment.to_next_event()
        else:
            await self._environment.move_time(step.by)

    @_does.register
    async def _turns(self, step: steps.Turns) -> None:
        if step.kind is None:
            self._environment.faults.clear()
        else:
            self._environment.faults.turn(step.kind, on=step.on)
        await self._environment.look_twice()

    # --- seeing ----------------------------------------------------------------------------------

    def _seen(self, step: steps.Sees) -> bool:
        return any(step.text in said for said in self._eyes.said(step.person, step.place))

    def _place_with(self, step: steps.Presses) -> tuple[dict[str, Any], tuple[str, str]] | None:
        """The newest message (or the view) with that button, and its ids."""
        if step.place in (FORM, HOME):
            view = self._eyes.view(step.person, step.place)
            candidates = [view] if view else []
        else:
            candidates = self._eyes.messages(step.person, step.place)
        for one in reversed(candidates):
            if ids := button(one["blocks"], step.label):
                return one, ids
        return None

    def _rule(self, app: str, network: str) -> Rule | None:
        rules = self._environment.heroku.rules(self._database(app), now=datetime.now(UTC))
        return next((rule for rule in rules if rule.cidr == network), None)

    def _database(self, app: str) -> str:
        databases = self._environment.heroku.snapshot(now=datetime.now(UTC))["databases"]
        found = [str(one["name"]) for one in databases if one["app"] == app]
        if not found:
            raise ScenarioFailedError(f"{self._scenario.name}: Heroku has no app “{app}”")
        return found[0]

    async def _until(self, step: Step, look: Callable[[], T | None]) -> T:
        """Looks until there is something to see, and returns it."""
        deadline = time.monotonic() + self._patience
        while not (seen := look()):
            if time.monotonic() > deadline:
                raise self._failed(step, f"not within {self._patience:.0f} seconds")
            await asyncio.sleep(BREATH)
        return seen

    def _went(self, step: Step, outcome: Outcome) -> None:
        if not outcome.ok:
            raise self._failed(step, f"Slack says {outcome.error}")

    def _failed(self, step: Step, why: str) -> ScenarioFailedError:
        person, place = getattr(step, "person", ""), getattr(step, "place", "")
        seen = "\n---\n".join(self._eyes.said(person, place)) if person and place else ""
        shown = f"\nWhat is seen there:\n{seen or '(nothing)'}" if place else ""
        return ScenarioFailedError(f"{self._scenario.name}, line {step.line}: {step.said}: {why}.{shown}")

"""Runs a scenario step by step, through the actions that people have in Slack."""

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
from sandbox.scenarios.page_reader import FORM, HOME, PageReader, button, field, value
from sandbox.scenarios.schema import Scenario
from sandbox.scenarios.steps import Step
from sandbox.slack.users.simulated_users import Outcome

TIMEOUT: Final = 45.0
"""Seconds until what a step expects counts as missing; it usually takes a tenth of one."""

POLL_INTERVAL: Final = 0.02
"""Seconds between two checks of what a step expects."""


T = TypeVar("T")


class ScenarioFailedError(AssertionError):
    """A step failed; the message says which, and what was there instead."""


def policy_for(scenario: Scenario) -> str:
    """Return the demo's policy, with the scenario's keys added to its rule."""
    return "\n".join((POLICY.rstrip(), *scenario.rule_keys, ""))


class ScenarioRunner:
    """Runs one scenario.

    Args:
        environment: A fresh environment with the policy `policy_for` the scenario.
        scenario: The scenario.
        timeout: Seconds until what a step expects counts as missing.
    """

    def __init__(self, environment: Environment, scenario: Scenario, *, timeout: float = TIMEOUT) -> None:
        self._environment = environment
        self._scenario = scenario
        self._timeout = timeout
        self._reader = PageReader(environment.slack)
        self._entered: dict[str, dict[str, dict[str, str]]] = {}

    async def ready(self) -> None:
        """Wait until the bot has observed its databases and knows the people in the workspace.

        Raises:
            ScenarioFailedError: It does not within the timeout.
        """
        people = [person.id for person in self._environment.slack.world.people.values() if not person.is_bot]
        deadline = time.monotonic() + self._timeout
        while not await self._knows(people[-1]):
            if time.monotonic() > deadline:
                raise ScenarioFailedError(f"{self._scenario.name}: the bot did not discover Heroku and Slack")
            await asyncio.sleep(POLL_INTERVAL)

    async def run(self, *, before: Callable[[Step], object] | None = None, pause: float = 0.0) -> None:
        """Run every step.

        Args:
            before: Called with each step before it runs.
            pause: Seconds after each step, for people who watch.

        Raises:
            ScenarioFailedError: A step failed.
        """
        for step in self._scenario.steps:
            if before is not None:
                before(step)
            await self._execute(step)
            await asyncio.sleep(pause)

    async def _knows(self, person: str) -> bool:
        async with self._environment.app.store.transaction() as tx:
            known = await tx.slack_users.find(person)
            databases = await tx.targets.databases()
            looks = [await tx.reconcile_queue.observation(database.id, Method.MTLS) for database in databases]
            return known is not None and bool(looks) and all(looks)

    @singledispatchmethod
    async def _execute(self, step: Step) -> None:
        raise NotImplementedError(step)

    @_execute.register
    async def _types(self, step: steps.Types) -> None:
        self._require_ok(step, await self._environment.people.types(step.person, step.text))

    @_execute.register
    async def _presses(self, step: steps.Presses) -> None:
        where, (block, action) = await self._until(step, lambda: self._place_with(step))
        people = self._environment.people
        if step.place in (FORM, HOME):
            outcome = await people.clicks_in_view(
                step.person, view_id=where["id"], block_id=block, action_id=action
            )
        else:
            channel = self._reader.channel_of(step.person, where)
            outcome = await people.clicks(
                step.person, channel=channel, ts=where["ts"], block_id=block, action_id=action
            )
        self._require_ok(step, outcome)

    @_execute.register
    async def _writes(self, step: steps.Writes) -> None:
        view = await self._until(step, lambda: self._reader.view(step.person, FORM))
        try:
            block, element = field(view, step.field)
        except LookupError as error:
            raise self._failed(step, str(error)) from error
        self._entered.setdefault(step.person, {})[block] = {element["action_id"]: value(element, step.text)}

    @_execute.register
    async def _sends(self, step: steps.Sends) -> None:
        outcome = await self._environment.people.submits(step.person, self._entered.pop(step.person, {}))
        if not outcome.errors:  # errors at fields are what the next step expects
            self._require_ok(step, outcome)

    @_execute.register
    async def _sees(self, step: steps.Sees) -> None:
        if step.place == HOME:
            self._require_ok(step, await self._environment.people.opens_home(step.person))
        if step.absent:
            if self._seen(step):
                raise self._failed(step, "it is there")
            return
        await self._until(step, lambda: self._seen(step))

    @_execute.register
    async def _shows(self, step: steps.Shows) -> None:
        await self._until(step, lambda: (self._rule(step.app, step.network) is None) is step.absent)

    @_execute.register
    async def _externally(self, step: steps.ExternalChange) -> None:
        heroku, now = self._environment.heroku, datetime.now(UTC)
        database = self._database(step.app)
        if step.adds:
            heroku.add_rule_externally(database, step.network, "added by somebody else", now=now)
        else:
            rule = self._rule(step.app, step.network)
            if rule is None:
                raise self._failed(step, "there is no such rule")
            heroku.delete_rule_externally(database, rule.id, now=now)
        await self._environment.refresh_everything()

    @_execute.register
    async def _moves_time(self, step: steps.MoveTime) -> None:
        if step.by is None:
            await self._environment.to_next_event()
        else:
            await self._environment.move_time(step.by)

    @_execute.register
    async def _switches(self, step: steps.SwitchOutage) -> None:
        if step.kind is None:
            self._environment.faults.clear()
        else:
            self._environment.faults.switch(step.kind, on=step.on)
        await self._environment.refresh_twice()

    # --- reading ----------------------------------------------------------------------------------

    def _seen(self, step: steps.Sees) -> bool:
        return any(step.text in text for text in self._reader.texts(step.person, step.place))

    def _place_with(self, step: steps.Presses) -> tuple[dict[str, Any], tuple[str, str]] | None:
        """Return the newest message (or the view) with the step's button, and the button's ids."""
        if step.place in (FORM, HOME):
            view = self._reader.view(step.person, step.place)
            candidates = [view] if view else []
        else:
            candidates = self._reader.messages(step.person, step.place)
        for candidate in reversed(candidates):
            if ids := button(candidate["blocks"], step.label):
                return candidate, ids
        return None

    def _rule(self, app: str, network: str) -> Rule | None:
        rules = self._environment.heroku.rules(self._database(app), now=datetime.now(UTC))
        return next((rule for rule in rules if rule.cidr == network), None)

    def _database(self, app: str) -> str:
        databases = self._environment.heroku.snapshot(now=datetime.now(UTC))["databases"]
        names = [str(database["name"]) for database in databases if database["app"] == app]
        if not names:
            raise ScenarioFailedError(f"{self._scenario.name}: Heroku has no app “{app}”")
        return names[0]

    async def _until(self, step: Step, find: Callable[[], T | None]) -> T:
        """Poll until something is found, and return it."""
        deadline = time.monotonic() + self._timeout
        while not (found := find()):
            if time.monotonic() > deadline:
                raise self._failed(step, f"not within {self._timeout:.0f} seconds")
            await asyncio.sleep(POLL_INTERVAL)
        return found

    def _require_ok(self, step: Step, outcome: Outcome) -> None:
        if not outcome.ok:
            raise self._failed(step, f"Slack answered {outcome.error}")

    def _failed(self, step: Step, why: str) -> ScenarioFailedError:
        person, place = getattr(step, "person", ""), getattr(step, "place", "")
        texts = "\n---\n".join(self._reader.texts(person, place)) if person and place else ""
        shown = f"\nShown there:\n{texts or '(nothing)'}" if place else ""
        return ScenarioFailedError(f"{self._scenario.name}, line {step.line}: {step.source}: {why}.{shown}")

"""Random steps of people, time, external changes and outages; after each of them the invariants hold."""

import asyncio
import collections
import contextlib
import os
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import ClassVar, Final, TypeVar

import structlog
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bot.directory_sync import DATABASES_EVERY
from sandbox.heroku.behavior import Behavior
from sandbox.heroku.fault_injection import Fault as HerokuFault
from sandbox.postgres import PrivatePostgres
from tests.model import faults, staff
from tests.model.clocks import movable_database
from tests.model.external_changes import EXTERNAL_CHANGES, IDENTITY_CHANGES, ExternalChange, act
from tests.model.invariants import AT_EACH_STEP, AT_REST, Invariant, check, invariant_17
from tests.model.world import World
from tests.summary import STEPS

SOAK: Final = os.environ.get("PGACCESS_SOAK") == "1"
STEPS_WANTED: Final = 10_000 if SOAK else 1
EXAMPLES: Final = 20 if SOAK else 4
STEPS_EACH: Final = 50 if SOAK else 24
"""Steps of one world; the long run starts new worlds until it has made the wanted number of steps."""

PEOPLE: Final = ("engineer", "engineer-2", "lead", "lead-2", "guest")
DATABASES: Final = ("billing", "ledger")

ASKED: Final = (
    "mtls add 203.0.113.4 to {database} {length} because it is needed",
    "mtls add 203.0.113.5 to {database} {length} because it is needed",
    "mtls add 198.51.100.0/24 to {database} {length} because it is needed",
    "mtls add 203.0.113.4, 203.0.113.5 to {database} {length} because it is needed",
    "mtls add 203.0.113.5, 198.51.100.0/24, 203.0.113.9 to {database} {length} because it is needed",
    "privatelink add 123456789012 to {database} {length} because it is needed",
    "privatelink add 210987654321 123456789012 to {database} {length} because it is needed",
    "trusted add 203.0.113.4 to acme-private {length} because it is needed",
    "trusted add 203.0.113.6 to acme-private {length} because it is needed",
    "trusted add 203.0.113.4, 203.0.113.6, 203.0.113.8 to acme-private {length} because it is needed",
)
"""Requests for grants."""

ONCE: Final = (
    "mtls remove 203.0.113.4 from {database}",
    "mtls remove 203.0.113.4, 203.0.113.5 from {database}",
    "mtls remove 192.0.2.7 from {database} because nobody knows it",
    "mtls adopt 192.0.2.8 on {database} because nobody knows whose it is",
    "mtls enable {database} because it is needed",
    "mtls disable {database} because it is not needed",
    "mtls certificate new on {database} because it is needed",
    "mtls certificate rotate {number}",
    "mtls certificate remove {number} because it was lost",
    "privatelink remove 123456789012 from {database} because it is not needed",
    "privatelink remove 555555555555 from {database} because it is not needed",
    "privatelink adopt 555555555555 on {database} because nobody knows whose it is",
    "privatelink close {database} because it is not needed",
    "trusted remove 203.0.113.4 from acme-private because it is not needed",
    "trusted remove 203.0.113.6, 203.0.113.8, 203.0.113.4 from acme-private because it is not needed",
    "trusted remove 192.0.2.7 from acme-private because it is not needed",
    "trusted adopt 192.0.2.8 on acme-private because nobody knows whose it is",
)
"""Requests for one-time operations."""

ABOUT: Final = ("done", "revoke", "cancel", "retry", "extend {number} for 2h", "show", "extend")
READ: Final = (
    "list",
    "list mine",
    "status {database}",
    "why {database}",
    "privatelink status {database}",
    "help",
)
BAD: Final = (
    "mtls add 10.0.0.1 to billing for 1h",
    "mtls add 203.0.113.400 to billing for 1h",
    "mtls add 203.0.113.4 to billing for banana",
    "mtls add 203.0.113.4 to nowhere for 1h",
    "mtls add 0.0.0.0/0 to billing for 1h",
    "privatelink add 1234 to billing for 1h because it is needed",
    "done seventeen",
    "frobnicate billing",
)

LENGTHS: Final = ("for 1h", "for 8h", "for 2d", "for ever")
MOMENTS: Final = (1, 3, 20, 70, 700, 2 * 3600, 9 * 3600)
"""Seconds by which all clocks move."""

log = structlog.get_logger(__name__)

T = TypeVar("T")

persons: Final = st.sampled_from(PEOPLE)
databases: Final = st.sampled_from(DATABASES)
numbers: Final = st.integers(0, 40)


class Model(RuleBasedStateMachine):
    """One world, driven at random."""

    postgres: ClassVar[PrivatePostgres]
    ran: ClassVar[collections.Counter[str]] = collections.Counter()
    worlds: ClassVar[int] = 0
    kills: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.ground = contextlib.ExitStack()
        self.url = self.ground.enter_context(movable_database(self.postgres))
        self.world: World | None = None
        self.sound = True

    # --- beginning and end ------------------------------------------------------------------------

    @initialize(
        behavior=faults.behavior,
        approvals=st.sampled_from((1, 1, 2)),
        alone=st.sampled_from(("0m", "4h")),
        lines=st.lists(st.sampled_from(ASKED), min_size=1, max_size=3),
        length=st.sampled_from(LENGTHS),
    )
    def begin(self, behavior: Behavior, approvals: int, alone: str, lines: list[str], length: str) -> None:
        """Starts a world, with undocumented behavior of Heroku chosen at random, and requests some access."""
        self.world = World(url=self.url, behavior=behavior, approvals=approvals, extend_alone=alone)
        Model.worlds += 1
        self.run(self.world.open())
        for line in lines:
            self.asks("engineer", line, "billing", length, decided=True)

    def teardown(self) -> None:
        """Lets everything finish, and checks the invariants once more."""
        try:
            if self.world is not None:
                self.finish(self.world)
        finally:
            self.runner.close()
            self.ground.close()

    def finish(self, world: World) -> None:
        """Settles, checks and closes the world; after a failure only closes it."""
        try:
            if self.sound:
                self.run(world.rest())
                self.check(world, (*AT_EACH_STEP, *AT_REST))
        finally:
            Model.kills += world.kills
            ran = dict(Model.ran.most_common())
            log.info("model.world", worlds=Model.worlds, steps=sum(ran.values()), kills=Model.kills, **ran)
            self.runner.run(world.close())

    def run(self, step: Awaitable[T]) -> T:
        """Runs a step on the world's own event loop."""

        async def taken() -> T:
            return await step

        sound, self.sound = self.sound, False
        result = self.runner.run(taken())
        self.sound = sound
        return result

    def check(self, world: World, invariants: Iterable[Invariant]) -> None:
        """Checks invariants, unless something has failed already."""
        sound, self.sound = self.sound, False
        check(world, invariants)
        self.sound = sound

    def do(self, name: str, step: Callable[[World], Awaitable[object]], *said: object) -> None:
        """Runs a step, counts it, and notes it for the report of a failure."""
        world = self.world
        assert world is not None
        Model.ran[name] += 1
        world.diary.append(" ".join(str(word) for word in (name, *said)))
        self.run(step(world))

    # --- people -----------------------------------------------------------------------------------

    @rule(
        person=persons,
        line=st.sampled_from(ASKED),
        database=databases,
        length=st.sampled_from(LENGTHS),
        decided=st.sampled_from((False, True, True)),
    )
    def asks(self, person: str, line: str, database: str, length: str, decided: bool) -> None:
        """A person requests access; most of the time it is decided soon."""
        typed = "/pgaccess " + line.format(database=database, length=length)

        async def step(world: World) -> None:
            await world.types(person, typed)
            if decided:
                await self.approve(world)

        self.do("asks", step, person, typed, decided)

    @rule(
        person=persons,
        line=st.sampled_from(ONCE),
        database=databases,
        number=numbers,
        decided=st.booleans(),
    )
    def asks_once(self, person: str, line: str, database: str, number: int, decided: bool) -> None:
        """A person requests a one-time operation."""

        async def step(world: World) -> None:
            newest = max(1, world.requests())
            typed = "/pgaccess " + line.format(database=database, number=number % newest + 1)
            world.diary[-1] += typed
            await world.types(person, typed)
            if decided:
                await self.approve(world)

        self.do("asks_once", step, person, decided)

    async def approve(self, world: World) -> None:
        """Every approver approves the newest request."""
        await world.notify()
        for person in ("lead", "lead-2", "engineer-2"):
            found = [each for each in world.buttons(person) if each.action == "request.approve"]
            if found:
                await world.presses(person, found[0])
                await world.notify()

    @rule(person=persons, verb=st.sampled_from(ABOUT), number=numbers)
    def says(self, person: str, verb: str, number: int) -> None:
        """A person runs a command on a request, their own or not."""

        async def step(world: World) -> None:
            id = max(1, world.requests() - number % 4)
            typed = "/pgaccess " + (verb.format(number=id) if "{" in verb else f"{verb} {id}")
            world.diary[-1] += typed
            await world.types(person, typed)

        self.do("says", step, person)

    @rule(person=persons, line=st.sampled_from(READ), database=databases)
    def reads(self, person: str, line: str, database: str) -> None:
        """A person runs a command that only reads."""
        typed = "/pgaccess " + line.format(database=database)
        self.do("reads", lambda world: world.types(person, typed), person, typed)

    @rule(person=st.sampled_from(PEOPLE[:4]), line=st.sampled_from(BAD))
    def mistypes(self, person: str, line: str) -> None:
        """A person types an invalid command."""

        async def step(world: World) -> None:
            fresh = (
                "SELECT count(*) = 4 FROM slack_users "
                "WHERE name = ANY(%s) AND fetched_at > now() - interval '9 min'"
            )
            ((known,),) = world.rows(fresh, list(PEOPLE[:4]))
            await world.types(person, f"/pgaccess {line}", bad=known)

        self.do("mistypes", step, person, line)

    @rule(person=persons, number=numbers)
    def presses(self, person: str, number: int) -> None:
        """A person presses any button that they can see, old ones too."""

        async def step(world: World) -> None:
            buttons = world.buttons(person)
            if buttons:
                button = buttons[number % len(buttons)]
                world.diary[-1] += button.action
                await world.presses(person, button)

        self.do("presses", step, person)

    @rule(person=persons, number=numbers, other=persons, another=st.integers(0, 3))
    def presses_twice(self, person: str, number: int, other: str, another: int) -> None:
        """Two buttons are pressed at the same time: by one person or two, the same or two of one card."""

        async def step(world: World) -> None:
            mine, theirs = world.buttons(person), world.buttons(other)
            if mine and theirs:
                button = mine[number % len(mine)]
                beside = [each for each in theirs if each.ts == button.ts] or theirs
                await world.presses_twice(person, button, other, beside[another % len(beside)])

        self.do("presses_twice", step, person, other)

    @rule(number=numbers)
    def replays(self, number: int) -> None:
        """A request of Slack's is delivered again."""

        async def step(world: World) -> None:
            if world.deliveries:
                await world.replays(world.deliveries[number % len(world.deliveries)])

        self.do("replays", step, number)

    @rule(
        person=st.sampled_from(PEOPLE[:4]),
        how=st.sampled_from(("deactivated", "guest")),
        told=st.booleans(),
    )
    def leaves(self, person: str, how: str, told: bool) -> None:
        """A person leaves the workspace."""

        async def step(world: World) -> None:
            await staff.leaves(world, person, how, told=told)

        self.do("leaves", step, person, how, told)

    @rule(person=st.sampled_from(PEOPLE[:4]), told=st.booleans())
    def comes_back(self, person: str, told: bool) -> None:
        """A person who may have left is a member again."""

        async def step(world: World) -> None:
            await staff.comes_back(world, person, told=told)

        self.do("comes_back", step, person, told)

    # --- external changes, time, outages -----------------------------------------------------------

    @rule(external_change=st.sampled_from(EXTERNAL_CHANGES), number=numbers)
    def others(self, external_change: ExternalChange, number: int) -> None:
        """Somebody else changes something at Heroku."""

        async def step(world: World) -> None:
            act(world, external_change, number)

        self.do("others", step, external_change.__name__, number)

    @rule(
        external_change=st.sampled_from(IDENTITY_CHANGES),
        number=numbers,
        answer=st.sampled_from(("", "target.replace", "target.keep")),
    )
    def names_change(self, external_change: ExternalChange, number: int, answer: str) -> None:
        """Names change at Heroku, the bot finds out, and an admin may tell what has replaced what."""

        async def step(world: World) -> None:
            act(world, external_change, number)
            world.pass_time(DATABASES_EVERY)
            await world.run_scheduler()
            await world.notify()
            found = [each for each in world.buttons("lead") if answer and each.action.startswith(answer)]
            if found:
                world.diary[-1] += found[0].action
                await world.presses("lead", found[0])

        self.do("names_change", step, external_change.__name__, number, answer)

    @rule(seconds=st.sampled_from(MOMENTS))
    def time_passes(self, seconds: int) -> None:
        """Time passes while the bot is down."""

        async def step(world: World) -> None:
            world.pass_time(timedelta(seconds=seconds))

        self.do("time_passes", step, seconds)

    @rule(hours=st.sampled_from((-48, -3, 1, 3, 24)))
    def time_jumps(self, hours: int) -> None:
        """Business time jumps, forwards or back."""

        async def step(world: World) -> None:
            world.jump(timedelta(hours=hours))

        self.do("time_jumps", step, hours)

    @rule(
        fault=st.sampled_from(faults.HEROKU),
        on=st.sampled_from(faults.CALLS),
        times=st.sampled_from((1, 1, 2, 5, None)),
    )
    def heroku_fails(self, fault: HerokuFault, on: str, times: int | None) -> None:
        """Calls to Heroku fail, a few times or until the outage is over."""

        async def step(world: World) -> None:
            world.heroku.fault(fault, on=on, times=times)

        self.do("heroku_fails", step, fault, on, times)

    @rule(
        fault=st.sampled_from(faults.ODD),
        on=st.sampled_from(faults.LISTS),
        times=st.sampled_from((1, 5, None)),
    )
    def heroku_lists_oddly(self, fault: HerokuFault, on: str, times: int | None) -> None:
        """Lists begin with an entry that cannot be read, a few times or until the outage is over."""

        async def step(world: World) -> None:
            world.heroku.fault(fault, on=on, times=times)

        self.do("heroku_lists_oddly", step, fault.odd, on, times)

    @rule(
        kind=st.sampled_from(faults.SLACK),
        method=st.sampled_from(faults.METHODS),
        times=st.sampled_from((1, 1, 2, 5)),
    )
    def slack_fails(self, kind: str, method: str, times: int) -> None:
        """Calls to Slack fail."""

        async def step(world: World) -> None:
            world.slack.fault(method, faults.slack_fault(kind, times))

        self.do("slack_fails", step, kind, method, times)

    @rule(commits=st.integers(1, 6), carried_out=st.booleans())
    def store_fails(self, commits: int, carried_out: bool) -> None:
        """A commit gets no answer, whether Postgres has executed it or not."""

        async def step(world: World) -> None:
            world.commit_faults.cuts_at = commits
            world.commit_faults.cut = "after" if carried_out else "before"

        self.do("store_fails", step, commits, carried_out)

    # --- workers ------------------------------------------------------------------------------------

    @rule(runs=st.sampled_from((1, 2, 40)))
    def reconciles(self, runs: int) -> None:
        """The reconciler runs."""
        self.do("reconciles", lambda world: world.reconcile(runs), runs)

    @rule(messages=st.sampled_from((1, 3, 200)))
    def notifies(self, messages: int) -> None:
        """The notifier sends messages."""
        self.do("notifies", lambda world: world.notify(messages), messages)

    @rule()
    def schedules(self) -> None:
        """The scheduler runs; unless the store fails meanwhile, nobody who has left holds anything then."""
        assert self.world is not None
        reachable = not (self.world.commit_faults.cuts_at or self.world.commit_faults.dies_at)
        self.do("schedules", lambda world: world.run_scheduler())
        if reachable:
            self.check(self.world, (invariant_17,))

    @rule(external_change=st.sampled_from(EXTERNAL_CHANGES), number=numbers)
    def reconciles_while_others_act(self, external_change: ExternalChange, number: int) -> None:
        """Somebody else changes something at Heroku while a call of ours is on its way."""

        async def step(world: World) -> None:
            async def meanwhile() -> None:
                act(world, external_change, number)

            world.raced = True
            world.network.meanwhile = meanwhile
            await world.reconcile(3)
            world.disturbed = True

        self.do("reconciles_while_others_act", step, external_change.__name__, number)

    @rule(verb=st.sampled_from(("done", "revoke")), number=numbers)
    def reconciles_while_somebody_ends(self, verb: str, number: int) -> None:
        """A person ends access while a call that opens it may be on its way."""

        async def step(world: World) -> None:
            id = max(1, world.requests() - number % 4)

            async def meanwhile() -> None:
                await world.types("lead", f"/pgaccess {verb} {id}")

            world.network.meanwhile = meanwhile
            await world.reconcile(3)

        self.do("reconciles_while_somebody_ends", step, verb, number)

    @rule(calls=st.integers(-5, 5))
    def crashes_calling(self, calls: int) -> None:
        """The reconciler is killed before or after one of its next calls."""

        async def step(world: World) -> None:
            world.network.dies_at = calls
            await world.may_crash(world.reconcile)

        self.do("crashes_calling", step, calls)

    @rule(
        commits=st.integers(1, 8),
        carried_out=st.booleans(),
        worker=st.sampled_from(("reconciler", "notifier", "scheduler")),
    )
    def crashes_committing(self, commits: int, carried_out: bool, worker: str) -> None:
        """A worker is killed before or after one of its next commits."""

        async def step(world: World) -> None:
            world.commit_faults.dies_at = commits
            world.commit_faults.dies = "after" if carried_out else "before"
            workers = {
                "reconciler": world.reconcile,
                "notifier": world.notify,
                "scheduler": world.run_scheduler,
            }
            await world.may_crash(workers[worker])

        self.do("crashes_committing", step, commits, carried_out, worker)

    @rule()
    def restarts(self) -> None:
        """The processes are started again."""
        self.do("restarts", lambda world: world.restart())

    @rule(number=numbers)
    def groups_change(self, number: int) -> None:
        """The approving group changes, is disabled, or works again."""
        self.do("groups_change", lambda world: world.change_group(number), number)

    @rule(number=st.integers(0, 11))
    def deploys(self, number: int) -> None:
        """The processes are started again under another policy."""
        self.do("deploys", lambda world: world.deploy(number), number)

    @rule()
    def rests(self) -> None:
        """Outages end, and everything that is under way finishes."""
        self.do("rests", lambda world: world.rest())
        assert self.world is not None
        self.check(self.world, (*AT_EACH_STEP, *AT_REST))

    @invariant()
    def invariants_hold(self) -> None:
        """Checks what holds whatever is under way."""
        if self.world is not None:
            self.check(self.world, AT_EACH_STEP)


def test_the_invariants_hold_whatever_happens_in_whatever_order(
    postgres: PrivatePostgres, record_property: Callable[[str, object], None]
) -> None:
    Model.postgres = postgres
    while sum(Model.ran.values()) < STEPS_WANTED:
        run_state_machine_as_test(
            Model,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS_EACH,
                deadline=None,
                database=None,
                derandomize=not SOAK,
                phases=(Phase.generate,),
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
        if not SOAK:
            break
    steps, worlds = sum(Model.ran.values()), Model.worlds
    record_property(STEPS, f"{steps} steps in {worlds} worlds, {Model.kills} kills")
    for name, count in Model.ran.most_common():
        record_property(STEPS, f"{count:6} {name}")

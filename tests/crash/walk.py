"""Runs a scenario once for each kill point: in each run a fault strikes one kill point later."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.crash.conftest import Recording
from tests.crash.invariants import all_hold
from tests.crash.kill_points import Fault, Moment, PlannedFault
from tests.crash.kill_target import KillTarget
from tests.crash.scenarios import Scenario, run
from tests.summary import FAULTS


@dataclass(slots=True)
class Tally:
    """Blows that fell, by what was under scenario; everything held after each that stands here."""

    struck: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)

    def add(self, scenario: Scenario, plan: PlannedFault) -> None:
        """Adds one."""
        self.struck[(scenario.name, plan.fault, plan.whom, f"{plan.moment} {plan.met}")] += 1

    def count(self, fault: Fault) -> int:
        """Counts those of a kind."""
        return sum(times for (_, each, _, _), times in self.struck.items() if each == fault)

    def lines(self) -> Iterable[str]:
        """A table: what was under scenario, and how often."""
        for (scenario, fault, whom, kill_point), times in sorted(self.struck.items()):
            yield f"| {scenario} | {fault} | {whom} | {kill_point} | {times} | all held |"


@contextlib.contextmanager
def tallied(record: Recording, *, table: bool = True) -> Iterator[Tally]:
    """Shows the tally in the test report, also when the test was interrupted.

    Args:
        record: adds a line to the report.
        table: one line for each kill point, above the totals.
    """
    tally = Tally()
    try:
        yield tally
    finally:
        for line in tally.lines() if table else ():
            record(FAULTS, line)
        record(FAULTS, f"{tally.count(Fault.KILL)} kills, {tally.count(Fault.STOP)} stops")


async def run_with_faults(
    world: KillTarget,
    scenario: Scenario,
    number: int,
    plans: Iterable[PlannedFault],
    tally: Tally,
    *,
    all_strike: bool = True,
) -> bool:
    """Makes one run in which these faults strike, each once; returns whether the first of them did.

    Args:
        world: where.
        scenario: what is run.
        number: of the run.
        plans: the faults.
        tally: faults that struck are added.
        all_strike: a fault that does not strike is a failure.
    """
    planned = list(plans)
    world.plan(*planned)
    try:
        request = await run(world, scenario, number)
        await all_hold(world, scenario, number, request)
    except AssertionError as error:
        raise AssertionError(
            f"after {[(plan.whom, plan.moment, plan.met) for plan in planned]}: {error}"
        ) from error
    finally:
        world.plan()
    for plan in planned:
        assert plan.met or not all_strike, f"{plan} never struck"
        if plan.met:
            tally.add(scenario, plan)
    return bool(planned[0].met)


async def every_kill_point(
    world: KillTarget, scenario: Scenario, number: int, tally: Tally, kind: PlannedFault, *, step: int = 1
) -> int:
    """Strikes every kill point of a kind; returns the number of the next run.

    Args:
        world: where.
        scenario: what is run.
        number: of the first run.
        tally: faults that struck are added.
        kind: process, channel and moment.
        step: how far apart the kill points are; 1 takes each.
    """
    nth, struck = 1, True
    while struck:
        plan = PlannedFault(role=kind.role, channel=kind.channel, moment=kind.moment, nth=nth)
        struck = await run_with_faults(world, scenario, number, [plan], tally, all_strike=False)
        number, nth = number + 1, nth + step
    return number


async def every_operation(world: KillTarget, scenario: Scenario, number: int, tally: Tally) -> int:
    """Strikes calls that counting has missed: each call ever seen, before and after it.

    The order of calls differs a little between runs; calls at start-up may not come again.
    """
    for role, channel, what in sorted(world.kill_points.heard):
        for moment in Moment:
            if (scenario.name, Fault.KILL, role, f"{moment} {what}") not in tally.struck:
                plan = PlannedFault(role=role, channel=channel, moment=moment, on=f"^{re.escape(what)}$")
                await run_with_faults(world, scenario, number, [plan], tally, all_strike=False)
                number += 1
    return number

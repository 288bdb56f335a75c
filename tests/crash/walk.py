"""Walks from instant to instant of a life: in each life one blow falls, one instant later than before."""

import contextlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.crash.conftest import Recording
from tests.crash.invariants import all_hold
from tests.crash.kill_points import Blow, Moment, Plan
from tests.crash.kill_target import Doomed
from tests.crash.scenarios import Way, live
from tests.summary import BLOWS


@dataclass(slots=True)
class Tally:
    """Blows that fell, by what was under way; everything held after each that stands here."""

    fallen: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)

    def add(self, way: Way, plan: Plan) -> None:
        """One more."""
        self.fallen[(way.name, plan.blow, plan.whom, f"{plan.moment} {plan.met}")] += 1

    def count(self, blow: Blow) -> int:
        """How many of a kind."""
        return sum(times for (_, each, _, _), times in self.fallen.items() if each == blow)

    def lines(self) -> Iterable[str]:
        """A table: what was under way, and how often."""
        for (way, blow, whom, instant), times in sorted(self.fallen.items()):
            yield f"| {way} | {blow} | {whom} | {instant} | {times} | all held |"


@contextlib.contextmanager
def tallied(record: Recording, *, table: bool = True) -> Iterator[Tally]:
    """A tally that is shown to whoever reads the run, also when it was broken off.

    Args:
        record: takes lines.
        table: each instant on a line of its own, above how many there were.
    """
    tally = Tally()
    try:
        yield tally
    finally:
        for line in tally.lines() if table else ():
            record(BLOWS, line)
        record(BLOWS, f"{tally.count(Blow.KILL)} kills, {tally.count(Blow.STOP)} stops")


async def blow_by_blow(
    world: Doomed, way: Way, number: int, plans: Iterable[Plan], tally: Tally, *, all_fall: bool = True
) -> bool:
    """One life in which these blows fall, each once; whether the first of them did.

    Args:
        world: where.
        way: what is lived.
        number: of the life.
        plans: what strikes, and when.
        tally: what fell is added.
        all_fall: a blow that does not fall is a failure.
    """
    planned = list(plans)
    world.plan(*planned)
    try:
        request = await live(world, way, number)
        await all_hold(world, way, number, request)
    except AssertionError as error:
        raise AssertionError(
            f"after {[(plan.whom, plan.moment, plan.met) for plan in planned]}: {error}"
        ) from error
    finally:
        world.plan()
    for plan in planned:
        assert plan.met or not all_fall, f"{plan} never came"
        if plan.met:
            tally.add(way, plan)
    return bool(planned[0].met)


async def every_instant(
    world: Doomed, way: Way, number: int, tally: Tally, kind: Plan, *, step: int = 1
) -> int:
    """Walks over every instant of a kind; the number of the next life.

    Args:
        world: where.
        way: what is lived.
        number: of the first life.
        tally: what fell is added.
        kind: who is struck, at what, before it or after it.
        step: how far apart the instants are; 1 takes each.
    """
    nth, fell = 1, True
    while fell:
        plan = Plan(role=kind.role, channel=kind.channel, moment=kind.moment, nth=nth)
        fell = await blow_by_blow(world, way, number, [plan], tally, all_fall=False)
        number, nth = number + 1, nth + step
    return number


async def every_name(world: Doomed, way: Way, number: int, tally: Tally) -> int:
    """Strikes where a walk by numbers happened to miss: each thing that was ever heard, on both sides.

    From life to life things change places a little. What is done at a start alone may not come again.
    """
    for role, channel, what in sorted(world.instants.heard):
        for moment in Moment:
            if (way.name, Blow.KILL, role, f"{moment} {what}") not in tally.fallen:
                plan = Plan(role=role, channel=channel, moment=moment, on=f"^{re.escape(what)}$")
                await blow_by_blow(world, way, number, [plan], tally, all_fall=False)
                number += 1
    return number

"""Everybody in a large workspace becomes known, whatever interrupts the reading."""

from datetime import timedelta

import pytest

from sandbox.slack import fault_injection
from sandbox.slack.fault_injection import Fault
from sandbox.slack.model.fixtures import crowd
from tests.flow.people.workspace import AT_ONCE, Workspace, stranger, workspace

ADD = "/pgaccess mtls add 203.0.113.4"


async def read_anew(acts: Workspace) -> None:
    """Makes the next reading of everybody due, with a worker of its own."""
    await acts.query("UPDATE periodic_tasks SET due_at = now() WHERE name = 'people'")
    await acts.directory_sync().read_people()


async def ended(acts: Workspace) -> bool:
    rows = await acts.query("SELECT 1 FROM periodic_tasks WHERE name = 'people' AND progress = '{}'")
    return bool(rows)


@pytest.mark.parametrize(("count", "deactivated"), [(14_000, 9_000), (3_000, 0), (999, 998)])
async def test_everybody_becomes_known_within_slacks_calls_a_minute(
    database_url: str, count: int, deactivated: int
) -> None:
    people, _ = crowd(count, deactivated=deactivated)
    async with workspace(
        database_url,
        people=people,
        prepare=lambda slack: slack.set_behavior(calls_a_minute={"users.list": 20}),
    ) as acts:
        everybody = len(acts.slack.world.people)

        async def all_known() -> bool:
            return await acts.count_known() == everybody

        await acts.until(all_known)
        assert len(acts.asked("users.list")) == -(-everybody // 1000)
        left, stayed = await acts.known(people[-1].id), await acts.known(people[0].id)
        assert left is not None
        assert stayed is not None
        assert (left.deactivated, stayed.deactivated) == (bool(deactivated), False)


@pytest.mark.parametrize(
    "interruption",
    [
        fault_injection.ratelimited(1),
        fault_injection.server_error(503),
        fault_injection.error("internal_error"),
    ],
    ids=["limited", "unavailable", "failed"],
)
async def test_a_reading_that_was_interrupted_goes_on_where_it_was(
    acts: Workspace, interruption: Fault
) -> None:
    people, _ = crowd(3_000)
    acts.slack.world.people |= {one.id: one for one in people}
    before = len(acts.asked("users.list"))
    acts.slack.fault("users.list", fault_injection.slow(0, times=2))
    acts.slack.fault("users.list", interruption)
    await read_anew(acts)
    assert not await ended(acts)
    # Another process: nothing of the first one is left but what it has committed.
    await read_anew(acts)
    first, second, interrupted, again, last = acts.asked("users.list")[before:]
    assert "cursor" not in first
    assert interrupted == again
    assert len({first, second, interrupted, last}) == 4
    assert await acts.count_known() == len(acts.slack.world.people)
    assert await ended(acts)


async def test_a_cursor_that_slack_refuses_begins_the_reading_anew(acts: Workspace) -> None:
    people, _ = crowd(2_000)
    acts.slack.world.people |= {one.id: one for one in people}
    acts.slack.fault("users.list", fault_injection.slow(0))
    acts.slack.fault("users.list", fault_injection.error("invalid_cursor"))
    before = len(acts.asked("users.list"))
    await read_anew(acts)
    await read_anew(acts)
    first, refused, anew, *_ = acts.asked("users.list")[before:]
    assert "cursor" in refused
    assert anew == first
    assert await acts.count_known() == len(acts.slack.world.people)


async def test_the_next_reading_counts_from_the_beginning_of_the_last(acts: Workspace) -> None:
    await read_anew(acts)
    ((wait,),) = await acts.query("SELECT due_at - now() FROM periodic_tasks WHERE name = 'people'")
    assert timedelta(minutes=4) < wait <= timedelta(minutes=5)
    slow = {"cursor": "", "began": "2026-01-01T00:00:00+00:00"}
    await acts.query(
        f"UPDATE periodic_tasks SET progress = jsonb_build_object('began', '{slow['began']}') "
        "WHERE name = 'people'"
    )
    await read_anew(acts)
    ((wait,),) = await acts.query("SELECT due_at - now() FROM periodic_tasks WHERE name = 'people'")
    assert timedelta(seconds=50) < wait <= timedelta(minutes=1)


async def test_a_stranger_is_answered_while_everybody_is_still_being_read(database_url: str) -> None:
    people, _ = crowd(5_000)
    limited = fault_injection.ratelimited(30, times=None)
    async with workspace(database_url, people=people, faults=[("users.list", limited)]) as acts:
        await acts.observed()
        stranger(acts.slack)
        outcome = await acts.ask(ADD, person="U0STRANGER")
        assert outcome.ms < AT_ONCE
        assert (await acts.approve("lead-2")).ms < AT_ONCE
        await acts.until(lambda: acts.told("U0STRANGER", "can reach"))
        assert await acts.count_known() < 10


async def test_whom_the_policy_names_is_read_without_waiting_for_everybody(database_url: str) -> None:
    limited = fault_injection.ratelimited(30, times=None)
    async with workspace(database_url, faults=[("users.list", limited)]) as acts:

        async def known() -> bool:
            return await acts.known("U0LEAD") is not None

        await acts.until(known)
        assert await acts.known("U0ENGINEER") is None

"""Whoever acts and is not known is looked up while they wait; Slack's troubles stay where they belong."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from sandbox.slack import fault_injection
from sandbox.slack.fault_injection import Fault
from sandbox.slack.model.fixtures import crowd
from sandbox.slack.users.simulated_users import Outcome
from sandbox.slack.web_api.errors import ApiAnswer
from tests.flow.people.workspace import AT_ONCE, Workspace, stranger

ADD = "/pgaccess mtls add 203.0.113.4"
LIMITED = "ratelimited"


async def age(acts: Workspace, *people: str) -> None:
    """Makes what is known of people too old to decide."""
    for person in people:
        await acts.query(
            f"UPDATE slack_users SET fetched_at = fetched_at - interval '11 min' WHERE id = '{person}'"
        )


async def open_and_submit(acts: Workspace) -> Outcome:
    assert (await acts.environment.people.shortcut("U0STRANGER", "shortcut.ask")).ok
    await age(acts, "U0STRANGER")
    return await acts.submit("U0STRANGER", address="203.0.113.4")


@pytest.mark.parametrize(
    "act",
    [
        lambda acts: acts.ask(ADD, person="U0STRANGER"),
        lambda acts: acts.type("U0STRANGER", "/pgaccess list"),
        lambda acts: acts.environment.people.shortcut("U0STRANGER", "shortcut.ask"),
        open_and_submit,
        lambda acts: acts.environment.people.opens_home("U0STRANGER"),
    ],
    ids=["asks", "reads", "shortcut", "form", "home"],
)
async def test_a_strangers_first_act_is_carried_out(
    acts: Workspace, act: Callable[[Workspace], Awaitable[Outcome]]
) -> None:
    stranger(acts.slack)
    outcome = await act(acts)
    assert outcome.ok
    assert outcome.ms < AT_ONCE
    assert not [said for said in acts.private("U0STRANGER") if "could not be read" in said]


async def test_a_strangers_first_answer_is_in_their_language(acts: Workspace) -> None:
    stranger(acts.slack, locale="ja-JP")
    await acts.type("U0STRANGER", "/pgaccess list")
    assert "申請" in acts.private("U0STRANGER")[-1]


@pytest.mark.parametrize(
    "stale", [("U0LEAD2",), ("U0ENGINEER",), ("U0LEAD2", "U0ENGINEER")], ids=["approver", "requester", "both"]
)
async def test_a_decision_looks_up_everybody_it_depends_on(acts: Workspace, stale: tuple[str, ...]) -> None:
    await acts.ask(ADD)
    await age(acts, *stale)
    outcome = await acts.approve("lead-2")
    assert outcome.ms < AT_ONCE
    await acts.until(lambda: acts.told("engineer", "can reach"))


@pytest.mark.parametrize(
    "trouble",
    [
        fault_injection.error("internal_error", times=None),
        fault_injection.slow(5, times=None),
        fault_injection.ratelimited(20, times=None),
    ],
    ids=["failing", "slow", "limited"],
)
async def test_a_stranger_whom_slack_does_not_tell_of_is_told_in_time_and_records_nothing(
    acts: Workspace, trouble: Fault
) -> None:
    stranger(acts.slack)
    acts.slack.fault("users.info", trouble)
    outcome = await acts.type("U0STRANGER", ADD)
    assert outcome.ok
    assert outcome.ms < AT_ONCE
    assert "could not be read" in acts.private("U0STRANGER")[-1]
    assert acts.cards() == []


async def test_an_approver_hears_that_it_is_the_requester_who_is_unknown(acts: Workspace) -> None:
    await acts.ask(ADD)
    await age(acts, "U0ENGINEER")
    acts.slack.fault("users.info", fault_injection.error("internal_error", times=None))
    assert (await acts.approve("lead")).ok
    assert "The Slack profile of <@U0ENGINEER>" in acts.private("lead")[-1]


async def test_one_person_whom_slack_fails_to_tell_of_holds_up_nobody(acts: Workspace) -> None:
    stranger(acts.slack, "U0FAILS")
    stranger(acts.slack)
    acts.slack.fault("users.info", fault_injection.error("fatal_error"))
    await acts.type("U0FAILS", "/pgaccess list")
    outcome = await acts.ask(ADD, person="U0STRANGER")
    assert outcome.ok
    assert "could not be read" in acts.private("U0FAILS")[-1]


async def test_one_person_whom_slack_is_slow_to_tell_of_holds_up_nobody(acts: Workspace) -> None:
    stranger(acts.slack, "U0SLOW")
    stranger(acts.slack)
    acts.slack.fault("users.info", fault_injection.slow(6))
    slow = asyncio.create_task(acts.type("U0SLOW", "/pgaccess list"))
    # A sync may have asked for others before.
    await acts.until(lambda: any("U0SLOW" in asked for asked in acts.asked("users.info")))
    begun = time.monotonic()
    assert (await acts.ask(ADD, person="U0STRANGER")).ok
    assert time.monotonic() - begun < AT_ONCE / 1000
    await slow


@pytest.mark.parametrize("header", ["20", "20.5", "1000000000"])
async def test_a_rate_limit_of_lookups_is_waited_out_by_everybody(acts: Workspace, header: str) -> None:
    stranger(acts.slack)
    stranger(acts.slack, "U0OTHER")
    body = {"ok": False, "error": LIMITED}
    limited = ApiAnswer(status=429, headers={"Retry-After": header}, body=body)
    # A sync may have asked for others meanwhile.
    before = len(acts.asked("users.info"))
    acts.slack.fault("users.info", Fault(answer=limited))
    await acts.type("U0STRANGER", "/pgaccess list")
    await acts.type("U0OTHER", "/pgaccess list")
    await asyncio.sleep(1)
    assert len(acts.asked("users.info")) == before + 1
    # The limit has passed: both are answered without having to act again.
    await acts.query("UPDATE periodic_tasks SET due_at = now() WHERE name = 'users.info'")
    await acts.query("UPDATE slack_users SET lookup_at = now() WHERE fetched_at IS NULL")
    for person in ("U0STRANGER", "U0OTHER"):

        async def known(person: str = person) -> bool:
            return await acts.known(person) is not None

        await acts.until(known)


async def test_a_flood_of_changes_leaves_calls_for_those_who_act(acts: Workspace) -> None:
    people, _ = crowd(500)
    acts.slack.world.people |= {one.id: one for one in people}
    acts.slack.set_behavior(calls_a_minute={"users.info": 50})
    async with acts.environment.app.store.transaction() as tx:
        for person in people:
            await tx.slack_users.doubt(person.id)
        await tx.commit()
    await acts.until(lambda: len(acts.asked("users.info")) >= 5)
    for number in range(3):
        id = stranger(acts.slack, f"U0STRANGER{number}").id
        outcome = await acts.type(id, "/pgaccess list")
        assert outcome.ms < AT_ONCE
        assert "could not be read" not in acts.private(id)[-1]
    # What nobody waits for is settled by the next reading of everybody.
    await acts.query("UPDATE periodic_tasks SET due_at = now() WHERE name = 'people'")
    await acts.directory_sync().read_people()
    assert await acts.count_known() == len(acts.slack.world.people)
    assert len(acts.asked("users.info")) < 50

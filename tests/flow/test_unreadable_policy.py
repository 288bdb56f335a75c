"""A bot that cannot read its policy: closing and reading work, and nothing is requested or opened."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from bot.domain.policy.rules import Policy
from bot.domain.policy.stand_in import stand_in, state_of
from bot.policy.loader import parse_policy
from bot.policy_reporter import PolicyReporter
from sandbox.environment import POLICY, start_environment
from sandbox.heroku.emulator import HerokuEmulator
from tests.flow.actions import Acts, heroku_emulator, words

LINE = "/pgaccess mtls add 203.0.113.4"
UNREADABLE = "The policy of pgaccess cannot be read"
PROBLEM = "pgaccess.toml is not valid TOML: Expected '=' after a key (at line 1, column 5)"
GOOD = parse_policy(POLICY, source="the test")
BROKEN = stand_in(state_of(GOOD), problem=PROBLEM)


POSTED_AGAIN = (
    "UPDATE outbox SET channel = NULL, ts = NULL, version = version + 1, due_at = now() "
    "WHERE key = 'approval:2'"
)
"""Each process of these tests has a Slack of its own: the card is in none that is left."""

WRITES = r"(POST|PUT|PATCH) "
"""Calls that change something at Heroku; removals are others."""


@contextlib.asynccontextmanager
async def started(database_url: str, heroku: HerokuEmulator, policy: Policy) -> AsyncIterator[Acts]:
    """The bot on a store and a Heroku that stay, with a Slack of its own."""
    async with start_environment(database_url, heroku, policy=policy) as environment:
        acts = Acts(environment)
        await acts.settle()
        yield acts


@contextlib.asynccontextmanager
async def without_policy(database_url: str, heroku: HerokuEmulator) -> AsyncIterator[Acts]:
    """A bot without a policy; #1 is in force, #2 waits for a decision, #3 has been approved just now."""
    async with started(database_url, heroku, GOOD) as before:
        await before.ask_and_open(LINE)
        await before.ask("/pgaccess mtls add 203.0.113.5")
        await before.ask("/pgaccess mtls add 203.0.113.6")
        # Whatever is approved now is opened by a later process.
        await before.query("UPDATE reconcile_queue SET lease_until = now() + interval '1 hour'")
        assert (await before.approve()).ok
    async with started(database_url, heroku, BROKEN) as acts:
        await acts.query("UPDATE reconcile_queue SET lease_until = NULL, lease = NULL, due_at = now()")
        yield acts


@pytest.fixture
async def broken(database_url: str) -> AsyncIterator[Acts]:
    async with without_policy(database_url, heroku_emulator()) as acts:
        yield acts


def waiting(acts: Acts) -> list[int]:
    """The places of the cards of #2."""
    return [place for place, said in enumerate(map(words, acts.cards())) if "203.0.113.5" in said]


def operations(acts: Acts, what: str) -> list[str]:
    """What operations were told, as far as it contains a text."""
    return [said for said in map(words, acts.messages("#operations")) if what in said]


async def test_what_needs_a_rule_is_refused_with_that_reason(broken: Acts, subtests: pytest.Subtests) -> None:
    for person, line in [
        ("engineer", "/pgaccess mtls add 203.0.113.9"),
        ("engineer", "/pgaccess mtls add 203.0.113.9 to nowhere"),
        ("engineer", "/pgaccess extend 1 for 2h"),
        ("engineer", "/pgaccess mtls certificate new on billing"),
        ("engineer", "/pgaccess mtls disable billing"),
        ("engineer", "/pgaccess trusted add 203.0.113.9 to acme-private"),
        ("lead", "/pgaccess revoke 1"),
    ]:
        with subtests.test(line):
            before = len(broken.private(person))
            await broken.type(person, line)
            (said,) = broken.private(person)[before:]
            assert UNREADABLE in said
            assert await broken.states() == ["in_force", "pending", "applying"]


async def test_what_only_reads_is_answered(broken: Acts, subtests: pytest.Subtests) -> None:
    for line in ["list", "show 1", "status billing", "mtls certificate list", "why billing"]:
        with subtests.test(line):
            before = len(broken.private("engineer"))
            await broken.type("engineer", f"/pgaccess {line}")
            (said,) = broken.private("engineer")[before:]
            assert UNREADABLE not in said


@pytest.mark.parametrize("line", ["done 1", "mtls remove 203.0.113.4"])
async def test_owners_end_their_own_access_and_take_back_what_they_asked_for(broken: Acts, line: str) -> None:
    await broken.type("engineer", f"/pgaccess {line}")
    await broken.type("engineer", "/pgaccess cancel 2")

    async def over() -> bool:
        return await broken.states() == ["ended", "cancelled", "applying"]

    await broken.until(over)
    assert broken.ours() == []


async def test_an_end_comes_on_time_and_is_told(broken: Acts) -> None:
    await broken.environment.move_time(timedelta(hours=9))
    await broken.until(lambda: broken.told("engineer", "#1 has ended"))
    assert broken.ours() == []


async def test_a_warning_comes_as_long_before_the_end_as_it_was_promised(broken: Acts) -> None:
    await broken.environment.move_time(timedelta(hours=7, minutes=45))
    await broken.until(lambda: broken.told("engineer", "#1 ends"))


async def test_what_was_approved_waits_and_is_opened_with_a_policy_that_can_be_read(
    database_url: str,
) -> None:
    heroku = heroku_emulator()
    async with without_policy(database_url, heroku) as broken:
        for _ in range(3):
            await broken.environment.refresh_twice()
        assert await broken.states() == ["in_force", "pending", "applying"]
        assert broken.ours() == ["203.0.113.4/32"]

    async with started(database_url, heroku, GOOD) as mended:
        await mended.until(lambda: "203.0.113.6/32" in mended.ours())
        await mended.until(lambda: mended.told("engineer", "can reach"))


async def test_a_request_that_waits_is_not_withdrawn_for_want_of_a_policy(database_url: str) -> None:
    heroku = heroku_emulator()
    async with without_policy(database_url, heroku) as broken:
        await broken.environment.refresh_twice()
        await broken.query(POSTED_AGAIN)

    async with started(database_url, heroku, GOOD) as mended:
        await mended.until(lambda: waiting(mended))
        assert (await mended.approve(card=waiting(mended)[0])).ok
        await mended.until(lambda: "203.0.113.5/32" in mended.ours())


@pytest.mark.parametrize("action", ["request.approve", "request.deny"])
async def test_a_decision_is_refused_with_that_reason_and_the_card_names_the_channel(
    broken: Acts, action: str
) -> None:
    await broken.query(POSTED_AGAIN)
    await broken.environment.refresh_everything()
    await broken.until(lambda: waiting(broken))
    (place,) = waiting(broken)
    assert "is waiting for approval from <#C0APPROVALS>" in words(broken.cards()[place])

    await broken.press("lead", action, place)
    if action == "request.deny":
        await broken.submit("lead", reason="not now")

    await broken.until(lambda: UNREADABLE in str(broken.private("lead") + broken.direct("lead")))
    assert await broken.states() == ["in_force", "pending", "applying"]


@pytest.mark.parametrize(
    "line",
    [
        "/pgaccess mtls certificate new on billing",
        "/pgaccess privatelink open billing account 123456789012",
    ],
)
async def test_nothing_else_that_was_approved_is_begun_either(database_url: str, line: str) -> None:
    heroku = heroku_emulator()
    async with started(database_url, heroku, GOOD) as before:
        await before.ask(line)
        await before.query("UPDATE reconcile_queue SET lease_until = now() + interval '1 hour'")
        assert (await before.approve()).ok
        written = len(before.calls(WRITES))
    async with started(database_url, heroku, BROKEN) as acts:
        await acts.query("UPDATE reconcile_queue SET lease_until = NULL, lease = NULL, due_at = now()")
        for _ in range(3):
            await acts.environment.refresh_twice()
        assert len(acts.calls(WRITES)) == written
    async with started(database_url, heroku, GOOD) as mended:
        await mended.until(lambda: len(mended.calls(WRITES)) > written)


async def test_operations_are_told_once_an_hour_and_hear_when_it_is_over(broken: Acts) -> None:
    reporter = broken.environment.app.policy_reporter()
    await broken.until(lambda: operations(broken, "cannot be read"))
    assert PROBLEM in operations(broken, "cannot be read")[0]
    for _ in range(3):
        await reporter._tell_unreadable()
    broken.environment.clock.move(timedelta(hours=1))
    await reporter._tell_unreadable()
    await broken.until(lambda: len(operations(broken, "cannot be read")) == 2)

    clock = broken.environment.clock
    store = broken.environment.app.store
    good = PolicyReporter(store=store, policy=GOOD, clock=clock)
    await asyncio.gather(good.record(), good.record())

    rows = await broken.query(
        "SELECT kind, count(*), bool_and(version > 1) FROM outbox WHERE kind LIKE '%policy%' "
        "GROUP BY kind ORDER BY kind"
    )
    assert [tuple(row) for row in rows] == [
        ("notification.policy_readable", 1, False),
        ("notification.policy_unreadable", 2, True),
    ]
    await broken.until(lambda: operations(broken, "can be read again"))


async def test_the_process_is_ready_and_says_what_it_cannot_do(broken: Acts) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{broken.environment.bot_url}/readyz")
    assert (answer.status_code, answer.text) == (
        200,
        "ready, but the policy cannot be read: nothing is opened\n",
    )

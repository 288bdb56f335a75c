"""Invariants that hold after each run, whatever was killed in it."""

import re
from collections import Counter

from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, SIGNING_SECRET
from sandbox.heroku.fixtures import OFFICE, SPACE
from storage.repositories.evidence.verification import Compared, wrong_rows
from tests.crash.kill_target import KillTarget
from tests.crash.scenarios import RANGE, Scenario

ALWAYS_SENT = {"card.approval", "card.requester", "notification.decided"}
"""Messages that every request sends."""

OF_GRANTS = {"notification.in_force", "notification.ending", "notification.ended"}

ASKED = [("request", "", "pending"), ("request", "pending", "approved")]

GRANTED = [
    ("grant", "applying", "in_force"),
    ("grant", "in_force", "ending"),
    ("grant", "ending", "ended"),
]


async def all_hold(world: KillTarget, scenario: Scenario, number: int, request: int) -> None:
    """Checks all of them; the failing assertion names the one that does not hold."""
    await decided_once(world, request)
    await recorded_once(world, scenario, request)
    opened_once(world, scenario, number)
    nothing_is_left_open(world, scenario)
    await nothing_is_under_way(world)
    await everything_is_sent(world, scenario, request)
    await audit_chain_verifies(world)
    logs_are_clean(world)


async def decided_once(world: KillTarget, request: int) -> None:
    """One approval, and one grant or operation that followed."""
    approvals = f"SELECT count(*) FROM decisions WHERE request_id = {request}"
    made = f"SELECT (SELECT count(*) FROM grants WHERE request_id = {request})" + (
        f" + (SELECT count(*) FROM operations WHERE request_id = {request})"
    )
    assert await world.query(f"SELECT state FROM requests WHERE id = {request}") == [("approved",)]
    assert await world.query(approvals) == [(1,)], "decisions"
    assert await world.query(made) == [(1,)], "grants and operations"


async def recorded_once(world: KillTarget, scenario: Scenario, request: int) -> None:
    """Each change of state has one audit line, in a possible order."""
    lines = await world.query(
        f"SELECT subject, before, after FROM audit WHERE request_id = {request} ORDER BY id"
    )
    assert lines[:2] == ASKED, lines
    if not scenario.once:
        assert lines[2][:2] == ("grant", ""), lines
        assert lines[-3:] == GRANTED, lines
    assert [line for line, times in Counter(lines).items() if times > 1 and line[0] == "grant"] == [], lines


def opened_once(world: KillTarget, scenario: Scenario, number: int) -> None:
    """Heroku has executed it once; calls that did not arrive do not count."""
    body = scenario.body(number)
    if not body:
        # One existed before the first run, and each run has created one.
        assert scenario.count_at_heroku(world, number) == number + 2, "certificates"
        return
    done = [
        entry.line()
        for entry in world.environment.heroku.request_log
        if 200 <= entry.status < 300
        and re.search(scenario.made, f"{entry.method} {entry.path}")
        and body in str(entry.body)
    ]
    # A space's list is written whole: a merge with others' writes repeats what is there.
    assert 1 <= len(done) <= (3 if scenario is RANGE else 1), done


def nothing_is_left_open(world: KillTarget, scenario: Scenario) -> None:
    """Heroku has what others created, and nothing of ours."""
    assert world.ours() == []
    assert OFFICE in world.rules(), "somebody else's rule was touched"
    assert [rule.source for rule in world.environment.heroku.ruleset(SPACE).rules] == [OFFICE]


async def nothing_is_under_way(world: KillTarget) -> None:
    """No intent waits for its outcome, and nothing is thought to be at Heroku.

    An intent without a visible result stays known for hours, so that a late result is found.
    """
    for left in (
        "mtls_rule_intents WHERE NOT resolved AND ambiguous_until > now()",
        "mtls_rules WHERE absent_at IS NULL",
        "trusted_ranges WHERE absent_at IS NULL",
        "grants WHERE state NOT IN ('ended')",
        "operations WHERE state = 'doing'",
    ):
        assert await world.query(f"SELECT count(*) FROM {left}") == [(0,)], left


async def everything_is_sent(world: KillTarget, scenario: Scenario, request: int) -> None:
    """Each message is in Slack, at least once, where the store says."""
    rows = await world.query(f"SELECT id, kind, channel, ts FROM outbox WHERE request_id = {request}")
    kinds = {kind for _, kind, _, _ in rows}
    assert ALWAYS_SENT | (set() if scenario.once else OF_GRANTS) <= kinds, kinds
    for number, kind, channel, ts in rows:
        found = copies(world, number, channel)
        assert ts in found, f"{kind} is not in Slack"


def copies(world: KillTarget, number: int, channel: str) -> list[str]:
    """Timestamps of a message's copies in a channel."""
    return [
        message.ts
        for message in world.environment.slack.workspace.messages.get(channel, ())
        if message.metadata and message.metadata["event_payload"] == {"post": number}
    ]


async def audit_chain_verifies(world: KillTarget) -> None:
    """Every audit line is sealed, the chain verifies, and no row has changed without a line."""
    async with world.environment.app.store.transaction() as tx:
        verdict = await tx.audit.verify()
        wrong = [problem async for problem in wrong_rows(tx._connection, Compared())]
    assert (verdict.broken, verdict.unsealed) == (None, ())
    assert wrong == []


def logs_are_clean(world: KillTarget) -> None:
    """No log has a secret or a traceback."""
    for role in world.roles.values():
        printed = role.log.read_text()
        for secret in (BOT_TOKEN, HEROKU_TOKEN, SIGNING_SECRET, "/respond/", "BEGIN PRIVATE KEY"):
            assert secret not in printed, f"a secret is in {role.log.name}"
        assert "Traceback" not in printed, printed[printed.index("Traceback") :][:3000]

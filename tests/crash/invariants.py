"""What must be true of a life when everything has come to rest, whoever was killed in it."""

import re
from collections import Counter

from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, SIGNING_SECRET
from sandbox.heroku.fixtures import OFFICE, SPACE
from tests.crash.kill_target import Doomed
from tests.crash.scenarios import RANGE, Way

TOLD = {"card.approval", "card.requester", "notification.decided"}
"""What every request has posted."""

OF_GRANTS = {"notification.in_force", "notification.ending", "notification.ended"}

ASKED = [("request", "", "pending"), ("request", "pending", "approved")]

GRANTED = [
    ("grant", "applying", "in_force"),
    ("grant", "in_force", "ending"),
    ("grant", "ending", "ended"),
]


async def all_hold(world: Doomed, way: Way, number: int, request: int) -> None:
    """Raises an assertion that says which one does not."""
    await decided_once(world, request)
    await recorded_once(world, way, request)
    opened_once(world, way, number)
    nothing_is_left_open(world, way)
    await nothing_is_under_way(world)
    await everything_is_told(world, way, request)
    await the_chain_verifies(world)
    logs_are_clean(world)


async def decided_once(world: Doomed, request: int) -> None:
    """One approval, one thing that came of it."""
    votes = f"SELECT count(*) FROM decisions WHERE request_id = {request}"
    made = f"SELECT (SELECT count(*) FROM grants WHERE request_id = {request})" + (
        f" + (SELECT count(*) FROM operations WHERE request_id = {request})"
    )
    assert await world.query(f"SELECT state FROM requests WHERE id = {request}") == [("approved",)]
    assert await world.query(votes) == [(1,)], "decisions"
    assert await world.query(made) == [(1,)], "grants and changes"


async def recorded_once(world: Doomed, way: Way, request: int) -> None:
    """Each change of state has one line, in the order in which they can happen."""
    lines = await world.query(
        f"SELECT subject, before, after FROM audit WHERE request_id = {request} ORDER BY id"
    )
    assert lines[:2] == ASKED, lines
    if not way.once:
        assert lines[2][:2] == ("grant", ""), lines
        assert lines[-3:] == GRANTED, lines
    assert [line for line, times in Counter(lines).items() if times > 1 and line[0] == "grant"] == [], lines


def opened_once(world: Doomed, way: Way, number: int) -> None:
    """Heroku has done it once; what it was asked for and did not hear does not count."""
    body = way.body(number)
    if not body:
        # One was there before the first life, and each life has made one.
        assert way.there(world, number) == number + 2, "certificates"
        return
    done = [
        entry.line()
        for entry in world.environment.heroku.request_log
        if 200 <= entry.status < 300
        and re.search(way.made, f"{entry.method} {entry.path}")
        and body in str(entry.body)
    ]
    # A space's list is written whole: a write merged with others' repeats what stands.
    assert 1 <= len(done) <= (3 if way is RANGE else 1), done


def nothing_is_left_open(world: Doomed, way: Way) -> None:
    """Heroku has what others made, and nothing of ours."""
    assert world.ours() == []
    assert OFFICE in world.rules(), "somebody else's rule was touched"
    assert [rule.source for rule in world.environment.heroku.ruleset(SPACE).rules] == [OFFICE]


async def nothing_is_under_way(world: Doomed) -> None:
    """Nothing needs for the outcome of a try, and nothing is believed to be at Heroku.

    A try of which nothing was ever seen stays known for hours, so that what comes of it late is found.
    """
    for left in (
        "mtls_rule_intents WHERE NOT resolved AND ambiguous_until > now()",
        "mtls_rules WHERE absent_at IS NULL",
        "trusted_ranges WHERE absent_at IS NULL",
        "grants WHERE state NOT IN ('ended')",
        "operations WHERE state = 'doing'",
    ):
        assert await world.query(f"SELECT count(*) FROM {left}") == [(0,)], left


async def everything_is_told(world: Doomed, way: Way, request: int) -> None:
    """Each post stands in Slack, once at least, where the store says."""
    rows = await world.query(f"SELECT id, kind, channel, ts FROM outbox WHERE request_id = {request}")
    kinds = {kind for _, kind, _, _ in rows}
    assert TOLD | (set() if way.once else OF_GRANTS) <= kinds, kinds
    for post, kind, channel, ts in rows:
        standing = copies(world, post, channel)
        assert ts in standing, f"{kind} is not in Slack"


def copies(world: Doomed, post: int, channel: str) -> list[str]:
    """Timestamps of a post's messages in a channel."""
    return [
        message.ts
        for message in world.environment.slack.workspace.messages.get(channel, ())
        if message.metadata and message.metadata["event_payload"] == {"post": post}
    ]


async def the_chain_verifies(world: Doomed) -> None:
    """Every line of the audit trail is sealed, and every seal holds."""
    async with world.environment.app.store.transaction() as tx:
        verdict = await tx.audit.verify()
    assert (verdict.broken, verdict.unsealed) == (None, ())


def logs_are_clean(world: Doomed) -> None:
    """Nothing secret is in any log, and nothing that nobody has thought of."""
    for role in world.roles.values():
        printed = role.log.read_text()
        for secret in (BOT_TOKEN, HEROKU_TOKEN, SIGNING_SECRET, "/respond/", "BEGIN PRIVATE KEY"):
            assert secret not in printed, f"a secret is in {role.log.name}"
        assert "Traceback" not in printed, printed[printed.index("Traceback") :][:3000]

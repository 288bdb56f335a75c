"""Scenarios: one request from submission to its end, by people who repeat what got no answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sandbox.heroku.fixtures import DATABASE, SPACE
from tests.crash.kill_target import KillTarget, present

HOURS = 8
"""Requested duration."""

JUST_AFTER = timedelta(seconds=1)
"""How far business time is moved beyond a warning or an end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One kind of request, run again and again.

    Attributes:
        name: in the table of results.
        line: the command of the n-th run.
        count_at_heroku: how often Heroku has what was requested in the n-th run.
        made: calls that create it, as ``METHOD /path``, a regular expression.
        body: part of the body of the creating call in the n-th run; empty if it has none.
        ticket: it may wait for an answer of Heroku's support.
        once: it is a one-time operation without an end.
    """

    name: str
    line: Callable[[int], str]
    count_at_heroku: Callable[[KillTarget, int], int]
    made: str
    body: Callable[[int], str]
    ticket: bool = False
    once: bool = False


def _address(number: int) -> str:
    return f"203.0.{113 + number // 250}.{number % 250 + 1}"


def _account(number: int) -> str:
    return f"{123456000000 + number}"


def _rules(world: KillTarget, number: int) -> int:
    return world.rules().count(f"{_address(number)}/32")


def _ranges(world: KillTarget, number: int) -> int:
    listed = [rule.source for rule in world.environment.heroku.ruleset(SPACE).rules]
    return listed.count(f"{_address(number)}/32")


def _accounts(world: KillTarget, number: int) -> int:
    link = world.environment.heroku.privatelink(DATABASE, now=present())
    return sum(_account(number) in each.arn for each in link.accounts.values()) if link else 0


def _certificates(world: KillTarget, number: int) -> int:
    """All that the runs have made: a certificate does not tell whose it is."""
    listed = world.environment.heroku.certificates(DATABASE, now=present())
    return len([each for each in listed if each.status == "ready"])


RULE = Scenario(
    name="mTLS address",
    line=lambda n: f"/pgaccess mtls add {_address(n)} to billing for {HOURS}h because of the crash test",
    count_at_heroku=_rules,
    made=r"^POST .*/ip-rules$",
    body=lambda n: f"{_address(n)}/32",
)
RANGE = Scenario(
    name="trusted range",
    line=lambda n: f"/pgaccess trusted add {_address(n)} to {SPACE} for {HOURS}h because of the crash test",
    count_at_heroku=_ranges,
    made=r"^PUT .*/inbound-ruleset$",
    body=lambda n: f"{_address(n)}/32",
    ticket=True,
)
LINK = Scenario(
    name="PrivateLink account",
    line=lambda n: (
        f"/pgaccess privatelink open billing account {_account(n)} for {HOURS}h because of the crash test"
    ),
    count_at_heroku=_accounts,
    made=r"^(POST|PUT) /private-link/",
    body=_account,
)

CERTIFICATE = Scenario(
    name="client certificate",
    line=lambda n: f"/pgaccess mtls certificate new on billing because crash test {n}",
    count_at_heroku=_certificates,
    made=r"^POST .*/certificates$",
    body=lambda _: "",
    once=True,
)


async def run(world: KillTarget, scenario: Scenario, number: int) -> int:
    """Makes one run; returns the number of its request."""
    request = await world.insist(scenario.line(number))
    await world.insist_on(request, "lead", "request.approve")
    if scenario.once:
        await _finish(world, request)
        await quiet(world)
        return request
    if scenario.ticket:
        await _confirm_support(world, request)
    await _reach(world, request, "in_force")
    assert scenario.count_at_heroku(world, number) == 1, (
        "in force is reported, and Heroku does not have it exactly once"
    )
    await _move_time_to(world, request, "warn_at")
    await _message_sent(world, request, "notification.ending")
    await _move_time_to(world, request, "ends_at")
    await _reach(world, request, "ended")
    assert scenario.count_at_heroku(world, number) == 0, "it has ended, and Heroku still has it"
    await quiet(world)
    return request


async def quiet(world: KillTarget) -> None:
    """Waits until all processes run, everything is sent and sealed, and nothing is under way."""

    async def still() -> bool:
        rows = await world.query(
            "SELECT (SELECT count(*) FROM outbox WHERE sent_version < version)"
            " + (SELECT count(*) FROM audit WHERE seal IS NULL)"
            " + (SELECT count(*) FROM reconcile_queue"
            "    WHERE generation > reconciled_generation OR lease IS NOT NULL)"
        )
        return bool(rows == [(0,)])

    await world.recovered()
    await world.until(still)


async def _confirm_support(world: KillTarget, request: int) -> None:
    """Confirms that Heroku's support has answered, if the request waits for that."""
    waiting = f"SELECT state FROM grants WHERE request_id = {request}"

    async def decided() -> bool:
        return bool(await world.query(waiting))

    await world.until(decided)
    while await world.query(waiting) == [("waiting",)]:
        await world.until(world.replies)
        await world.environment.people.clicks(
            "lead", channel="#approvals", ts=world.replies()[-1]["ts"], action_id="space.support_done"
        )


async def _finish(world: KillTarget, request: int) -> None:
    """Waits for the operation; after a failure a person presses Retry."""
    state = f"SELECT state FROM operations WHERE request_id = {request}"

    async def settled() -> bool:
        return bool(await world.query(state) in ([("done",)], [("failed",)]))

    await world.until(settled)
    while await world.query(state) != [("done",)]:
        await _message_sent(world, request, "notification.not_done")
        await world.press_own("engineer", "grant.retry")
        await world.until(settled)


async def _reach(world: KillTarget, request: int, state: str) -> None:
    async def reached() -> bool:
        return bool(
            await world.query(f"SELECT 1 FROM grants WHERE request_id = {request} AND state = '{state}'")
        )

    await world.until(reached)


async def _message_sent(world: KillTarget, request: int, kind: str) -> None:
    async def said() -> bool:
        rows = f"SELECT 1 FROM outbox WHERE request_id = {request} AND kind = '{kind}' AND ts IS NOT NULL"
        return bool(await world.query(rows))

    await world.until(said)


async def _move_time_to(world: KillTarget, request: int, column: str) -> None:
    """Moves business time to just after a moment of the grant."""
    ((moment,),) = await world.query(f"SELECT {column} FROM grants WHERE request_id = {request}")
    await world.at(moment + JUST_AFTER)

"""Lives of what people ask for, from the first word to the last, lived by people who do not give up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sandbox.heroku.fixtures import DATABASE, SPACE
from tests.crash.kill_target import Doomed, present

HOURS = 8
"""How long access is asked for."""

JUST_AFTER = timedelta(seconds=1)
"""How far time is moved beyond a warning or an end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One kind of life.

    Attributes:
        name: in the table of results.
        line: what is typed, for the n-th life.
        there: how many times Heroku has what was asked for in the n-th life.
        made: calls that open it, as ``METHOD /path``, a regular expression.
        body: what stands in the body of the call that opens it for the n-th life; empty if it has none.
        ticket: whether it may wait for the word of Heroku's support.
        once: it happens once and has no end.
    """

    name: str
    line: Callable[[int], str]
    there: Callable[[Doomed, int], int]
    made: str
    body: Callable[[int], str]
    ticket: bool = False
    once: bool = False


def _address(number: int) -> str:
    return f"203.0.{113 + number // 250}.{number % 250 + 1}"


def _account(number: int) -> str:
    return f"{123456000000 + number}"


def _rules(world: Doomed, number: int) -> int:
    return world.rules().count(f"{_address(number)}/32")


def _ranges(world: Doomed, number: int) -> int:
    listed = [rule.source for rule in world.environment.heroku.ruleset(SPACE).rules]
    return listed.count(f"{_address(number)}/32")


def _accounts(world: Doomed, number: int) -> int:
    link = world.environment.heroku.privatelink(DATABASE, now=present())
    return sum(_account(number) in each.arn for each in link.accounts.values()) if link else 0


def _certificates(world: Doomed, number: int) -> int:
    """All that our lives have made: a certificate does not say for whom it is."""
    listed = world.environment.heroku.certificates(DATABASE, now=present())
    return len([each for each in listed if each.status == "ready"])


RULE = Way(
    name="mTLS address",
    line=lambda n: f"/pgaccess mtls add {_address(n)} to billing for {HOURS}h because of the crash test",
    there=_rules,
    made=r"^POST .*/ip-rules$",
    body=lambda n: f"{_address(n)}/32",
)
RANGE = Way(
    name="trusted range",
    line=lambda n: f"/pgaccess trusted add {_address(n)} to {SPACE} for {HOURS}h because of the crash test",
    there=_ranges,
    made=r"^PUT .*/inbound-ruleset$",
    body=lambda n: f"{_address(n)}/32",
    ticket=True,
)
LINK = Way(
    name="PrivateLink account",
    line=lambda n: (
        f"/pgaccess privatelink open billing account {_account(n)} for {HOURS}h because of the crash test"
    ),
    there=_accounts,
    made=r"^(POST|PUT) /private-link/",
    body=_account,
)

CERTIFICATE = Way(
    name="client certificate",
    line=lambda n: f"/pgaccess mtls certificate new on billing because crash test {n}",
    there=_certificates,
    made=r"^POST .*/certificates$",
    body=lambda _: "",
    once=True,
)


async def live(world: Doomed, way: Way, number: int) -> int:
    """Lives one life; the number of its request."""
    request = await world.insist(way.line(number))
    await world.insist_on(request, "lead", "request.approve")
    if way.once:
        await _done(world, request)
        await quiet(world)
        return request
    if way.ticket:
        await _supported(world, request)
    await _reaches(world, request, "in_force")
    assert way.there(world, number) == 1, "in force is said, and Heroku has it not once"
    await _at(world, request, "warn_at")
    await _said(world, request, "notification.ending")
    await _at(world, request, "ends_at")
    await _reaches(world, request, "ended")
    assert way.there(world, number) == 0, "it has ended, and Heroku still has it"
    await quiet(world)
    return request


async def quiet(world: Doomed) -> None:
    """Waits until everybody is there, everything is told and sealed, and nothing is being done."""

    async def still() -> bool:
        rows = await world.query(
            "SELECT (SELECT count(*) FROM outbox WHERE sent_version < version)"
            " + (SELECT count(*) FROM audit WHERE seal IS NULL)"
            " + (SELECT count(*) FROM reconcile_queue WHERE generation > reconciled_generation OR lease IS NOT NULL)"
        )
        return bool(rows == [(0,)])

    await world.recovered()
    await world.until(still)


async def _supported(world: Doomed, request: int) -> None:
    """An admin says that Heroku's support has answered, if that is what the request waits for."""
    waiting = f"SELECT state FROM grants WHERE request_id = {request}"

    async def decided() -> bool:
        return bool(await world.query(waiting))

    await world.until(decided)
    while await world.query(waiting) == [("waiting",)]:
        await world.until(world.replies)
        await world.environment.people.clicks(
            "lead", channel="#approvals", ts=world.replies()[-1]["ts"], action_id="space.support_done"
        )


async def _done(world: Doomed, request: int) -> None:
    """It is done; where nobody can know what became of a try, somebody looks and presses Retry."""
    state = f"SELECT state FROM operations WHERE request_id = {request}"

    async def settled() -> bool:
        return bool(await world.query(state) in ([("done",)], [("failed",)]))

    await world.until(settled)
    while await world.query(state) != [("done",)]:
        await _said(world, request, "notification.not_done")
        await world.press_own("engineer", "grant.retry")
        await world.until(settled)


async def _reaches(world: Doomed, request: int, state: str) -> None:
    async def reached() -> bool:
        return bool(
            await world.query(f"SELECT 1 FROM grants WHERE request_id = {request} AND state = '{state}'")
        )

    await world.until(reached)


async def _said(world: Doomed, request: int, kind: str) -> None:
    async def said() -> bool:
        rows = f"SELECT 1 FROM outbox WHERE request_id = {request} AND kind = '{kind}' AND ts IS NOT NULL"
        return bool(await world.query(rows))

    await world.until(said)


async def _at(world: Doomed, request: int, column: str) -> None:
    """Moves business time to just after a moment of the grant."""
    ((moment,),) = await world.query(f"SELECT {column} FROM grants WHERE request_id = {request}")
    await world.at(moment + JUST_AFTER)

"""What the weather does to calls, with a real connection to cut.

Why each kind: a client cannot tell a change that was not made from one whose answer was lost, so it is tried
against both; between client and API stand routers with error pages of their own.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from sandbox.heroku import PlayedHeroku
from sandbox.heroku.door import app
from sandbox.heroku.faults import (
    Fault,
    cut_before,
    html_body,
    lost_answer,
    slow,
    slow_answer,
    status,
    truncated_body,
)
from sandbox.serving import listening, serving
from tests.unit.played_heroku.conftest import ACCEPT, BEARER, CIDR, RULES, Clock

DATABASE = "postgresql-curved-12345"
ADDING = rf"POST {RULES}$"


@pytest.fixture
async def far(heroku: PlayedHeroku, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    """A client at a real socket."""
    headers = {**ACCEPT, **BEARER}
    async with (
        listening() as (socket, url),
        serving(app(heroku, now=clock), socket),
        httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client,
    ):
        yield client


@pytest.fixture(params=["at a socket", "in this process"])
def client(
    request: pytest.FixtureRequest, far: httpx.AsyncClient, api: httpx.AsyncClient
) -> httpx.AsyncClient:
    """Both kinds of client: they see the same."""
    return far if request.param == "at a socket" else api


def rules(heroku: PlayedHeroku, clock: Clock) -> int:
    return len(heroku.rules(DATABASE, now=clock.now))


@pytest.mark.parametrize(("fault", "made"), [(lost_answer(), 2), (truncated_body(), 2), (cut_before(), 1)])
async def test_a_cut_connection_is_a_protocol_error_whether_or_not_the_change_was_made(
    heroku: PlayedHeroku, clock: Clock, client: httpx.AsyncClient, fault: Fault, made: int
) -> None:
    heroku.fault(fault, on=ADDING)

    with pytest.raises(httpx.RemoteProtocolError):
        await client.post(RULES, json={"cidr": CIDR})

    assert rules(heroku, clock) == made
    assert (await client.get(RULES)).status_code == 200


async def test_a_truncated_answer_has_begun_before_it_is_cut(
    heroku: PlayedHeroku, far: httpx.AsyncClient
) -> None:
    heroku.fault(truncated_body())

    async with far.stream("GET", RULES) as answer:
        with pytest.raises(httpx.RemoteProtocolError):
            await answer.aread()

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("code", "id"),
    [
        (401, "unauthorized"),
        (403, "forbidden"),
        (423, "confirmation_required"),
        (429, "rate_limit"),
        (500, "internal_server_error"),
        (503, "server_error"),
    ],
)
async def test_an_error_of_herokus_changes_nothing(
    heroku: PlayedHeroku, api: httpx.AsyncClient, clock: Clock, code: int, id: str
) -> None:
    # API reference 4.3: each status has its id.
    heroku.fault(status(code), on=ADDING)

    answer = await api.post(RULES, json={"cidr": CIDR})

    assert (answer.status_code, answer.json()["id"]) == (code, id)
    assert answer.headers["Request-Id"]
    assert rules(heroku, clock) == 1


@pytest.mark.parametrize("code", [404, 503])
async def test_an_error_page_is_not_json_and_changes_nothing(
    heroku: PlayedHeroku, api: httpx.AsyncClient, clock: Clock, code: int
) -> None:
    heroku.fault(html_body(code), on=ADDING)

    answer = await api.post(RULES, json={"cidr": CIDR})

    assert (answer.status_code, answer.headers["Content-Type"]) == (code, "text/html")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert rules(heroku, clock) == 1


@pytest.mark.parametrize(("fault", "meanwhile"), [(slow(0.3), 1), (slow_answer(0.3), 2)])
async def test_a_slow_call_is_late_before_or_after_its_change(
    heroku: PlayedHeroku, far: httpx.AsyncClient, clock: Clock, fault: Fault, meanwhile: int
) -> None:
    heroku.fault(fault, on=ADDING)
    begun = time.monotonic()
    call = asyncio.create_task(far.post(RULES, json={"cidr": CIDR}))
    await asyncio.sleep(0.15)

    seen = rules(heroku, clock)
    answer = await call

    assert seen == meanwhile
    assert answer.status_code == 201
    assert time.monotonic() - begun >= 0.3
    assert rules(heroku, clock) == 2


async def test_a_slow_change_is_made_although_its_client_has_given_up(
    heroku: PlayedHeroku, clock: Clock, client: httpx.AsyncClient
) -> None:
    heroku.fault(slow(0.2), on=ADDING)

    with pytest.raises((TimeoutError, httpx.TimeoutException)):
        async with asyncio.timeout(0.1):
            await client.post(RULES, json={"cidr": CIDR})

    assert rules(heroku, clock) == 1
    await asyncio.sleep(0.3)
    assert rules(heroku, clock) == 2


async def test_a_fault_hits_the_calls_it_is_meant_for_as_often_as_it_was_asked(
    heroku: PlayedHeroku, api: httpx.AsyncClient
) -> None:
    heroku.fault(status(500), on="POST .*/ip-rules$", times=2)

    assert (await api.get(RULES)).status_code == 200
    codes = [(await api.post(RULES, json={"cidr": CIDR})).status_code for _ in range(3)]

    assert codes == [500, 500, 201]


async def test_lasting_faults_end_when_they_are_cleared_all_or_by_name(
    heroku: PlayedHeroku, api: httpx.AsyncClient
) -> None:
    heroku.fault(status(503), on="/account", times=None, name="storm")
    heroku.fault(status(500), on="/apps", times=None)

    async def codes() -> tuple[int, int]:
        return (await api.get("/account")).status_code, (await api.get("/apps")).status_code

    assert [await codes() for _ in range(2)] == [(503, 500)] * 2
    heroku.clear_faults("storm")
    assert await codes() == (200, 500)
    heroku.clear_faults()
    assert await codes() == (200, 200)


@pytest.mark.parametrize(("kind", "setting"), [(status, 200), (status, 1000), (slow, -1), (slow_answer, -1)])
def test_a_fault_that_cannot_happen_is_refused(kind: Callable[[int], Fault], setting: int) -> None:
    with pytest.raises(ValueError, match=r"status|arrives"):
        kind(setting)


def test_a_fault_happens_once_at_least(heroku: PlayedHeroku) -> None:
    with pytest.raises(ValueError, match="once"):
        heroku.fault(lost_answer(), times=0)

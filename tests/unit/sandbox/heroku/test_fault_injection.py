"""What the outages does to calls, with a real connection to cut.

Why each kind: a client cannot tell a change that was not made from one whose answer was lost, so it is tried
against both; between client and API stand routers with error pages of their own.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from sandbox.heroku import HerokuEmulator
from sandbox.heroku.fault_injection import (
    Fault,
    cut_before,
    dripping,
    html_body,
    lost_answer,
    odd_entry,
    rate_limited,
    slow,
    slow_answer,
    status,
    truncated_body,
    two_factor,
    warned,
    wrong_host,
)
from sandbox.heroku.odd_entries import FORMS
from sandbox.heroku.server import app
from sandbox.http_server import listening, serving
from tests.unit.sandbox.heroku.conftest import ACCEPT, BEARER, CIDR, RULES, Clock

DATABASE = "postgresql-curved-12345"
ADDING = rf"POST {RULES}$"


@pytest.fixture
async def far(heroku: HerokuEmulator, clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
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


def rules(heroku: HerokuEmulator, clock: Clock) -> int:
    return len(heroku.rules(DATABASE, now=clock.now))


@pytest.mark.parametrize(("fault", "made"), [(lost_answer(), 2), (truncated_body(), 2), (cut_before(), 1)])
async def test_a_cut_connection_is_a_protocol_error_whether_or_not_the_change_was_made(
    heroku: HerokuEmulator, clock: Clock, client: httpx.AsyncClient, fault: Fault, made: int
) -> None:
    heroku.fault(fault, on=ADDING)

    with pytest.raises(httpx.RemoteProtocolError):
        await client.post(RULES, json={"cidr": CIDR})

    assert rules(heroku, clock) == made
    assert (await client.get(RULES)).status_code == 200


async def test_a_truncated_answer_has_begun_before_it_is_cut(
    heroku: HerokuEmulator, far: httpx.AsyncClient
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
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock, code: int, id: str
) -> None:
    # Platform API reference: each status has its id.
    heroku.fault(status(code), on=ADDING)

    answer = await api.post(RULES, json={"cidr": CIDR})

    assert (answer.status_code, answer.json()["id"]) == (code, id)
    assert answer.headers["Request-Id"]
    assert rules(heroku, clock) == 1


@pytest.mark.parametrize(
    ("code", "id"),
    [
        (400, "confirmation_required"),
        (403, "suspended"),
        (422, "verification_needed"),
        (422, "multiple_matches"),
    ],
)
async def test_a_status_has_other_ids_too(
    heroku: HerokuEmulator, api: httpx.AsyncClient, code: int, id: str
) -> None:
    # Platform API reference: some statuses have several ids.
    heroku.fault(status(code, id))

    assert (await api.get("/account")).json()["id"] == id
    with pytest.raises(ValueError, match="rate_limit"):
        status(code, "rate_limit")


async def test_a_second_factor_is_wanted_until_one_comes(
    heroku: HerokuEmulator, api: httpx.AsyncClient
) -> None:
    # The official CLI: 403 `two_factor`, then the same request with `Heroku-Two-Factor-Code`.
    heroku.fault(two_factor(), on="PUT .*/inbound-ruleset", times=None)
    path = "/spaces/acme-private/inbound-ruleset"
    body: dict[str, list[object]] = {"rules": []}

    refused = await api.put(path, json=body)
    taken = await api.put(path, json=body, headers={"Heroku-Two-Factor-Code": "123456"})

    assert (refused.status_code, refused.json()["id"]) == (403, "two_factor")
    assert taken.status_code == 201
    assert len(heroku.rulesets("acme-private")) == 3
    assert (await api.put(path, json=body)).status_code == 403


@pytest.mark.parametrize(("seconds", "header"), [(None, None), (9, "9")])
async def test_a_used_up_rate_can_be_said(
    heroku: HerokuEmulator, api: httpx.AsyncClient, seconds: int | None, header: str | None
) -> None:
    heroku.fault(rate_limited(seconds))

    answer = await api.get(RULES)

    assert (answer.status_code, answer.json()["id"]) == (429, "rate_limit")
    assert answer.headers["RateLimit-Remaining"] == "0"
    assert answer.headers.get("Retry-After") == header


async def test_a_wrong_host_knows_nothing_and_says_so_in_a_page(
    heroku: HerokuEmulator, api: httpx.AsyncClient
) -> None:
    heroku.fault(wrong_host())

    answer = await api.get(RULES)

    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html")


async def test_a_warning_comes_with_the_work_done(heroku: HerokuEmulator, api: httpx.AsyncClient) -> None:
    # Platform API reference: the header `Warning-Message`.
    heroku.fault(warned("This will go away."))

    answer = await api.get(RULES)

    assert (answer.status_code, answer.headers["Warning-Message"]) == (200, "This will go away.")


async def test_a_dripping_answer_comes_in_pieces_and_is_whole_in_the_end(
    heroku: HerokuEmulator, far: httpx.AsyncClient
) -> None:
    plain = (await far.get("/account")).content
    heroku.fault(dripping(0.4))
    begun = time.monotonic()

    async with far.stream("GET", "/account", timeout=15) as answer:
        pieces = [piece async for piece in answer.aiter_raw()]

    assert time.monotonic() - begun >= 0.3
    assert len(pieces) > 5
    assert b"".join(pieces) == plain


async def test_a_304_at_a_socket_has_no_body(far: httpx.AsyncClient) -> None:
    tag = (await far.get("/spaces")).headers["ETag"]

    answers = [await far.get("/spaces", headers={"If-None-Match": tag}) for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(304, b"")] * 2


@pytest.mark.parametrize("code", [404, 503])
async def test_an_error_page_is_not_json_and_changes_nothing(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock, code: int
) -> None:
    heroku.fault(html_body(code), on=ADDING)

    answer = await api.post(RULES, json={"cidr": CIDR})

    assert (answer.status_code, answer.headers["Content-Type"]) == (code, "text/html")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert rules(heroku, clock) == 1


@pytest.mark.parametrize(("fault", "meanwhile"), [(slow(0.3), 1), (slow_answer(0.3), 2)])
async def test_a_slow_call_is_late_before_or_after_its_change(
    heroku: HerokuEmulator, far: httpx.AsyncClient, clock: Clock, fault: Fault, meanwhile: int
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
    heroku: HerokuEmulator, clock: Clock, client: httpx.AsyncClient
) -> None:
    heroku.fault(slow(0.2), on=ADDING)

    with pytest.raises((TimeoutError, httpx.TimeoutException)):
        async with asyncio.timeout(0.1):
            await client.post(RULES, json={"cidr": CIDR})

    assert rules(heroku, clock) == 1
    await asyncio.sleep(0.3)
    assert rules(heroku, clock) == 2


async def test_a_fault_hits_the_calls_it_is_meant_for_as_often_as_it_was_asked(
    heroku: HerokuEmulator, api: httpx.AsyncClient
) -> None:
    heroku.fault(status(500), on="POST .*/ip-rules$", times=2)

    assert (await api.get(RULES)).status_code == 200
    codes = [(await api.post(RULES, json={"cidr": CIDR})).status_code for _ in range(3)]

    assert codes == [500, 500, 201]


async def test_lasting_faults_end_when_they_are_cleared_all_or_by_name(
    heroku: HerokuEmulator, api: httpx.AsyncClient
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


@pytest.mark.parametrize(
    ("kind", "setting"), [(status, 200), (status, 1000), (slow, -1), (slow_answer, -1), (dripping, -1)]
)
def test_a_fault_that_cannot_happen_is_refused(kind: Callable[[int], Fault], setting: int) -> None:
    with pytest.raises(ValueError, match=r"status|delay"):
        kind(setting)


def test_a_fault_happens_once_at_least(heroku: HerokuEmulator) -> None:
    with pytest.raises(ValueError, match="once"):
        heroku.fault(lost_answer(), times=0)


@pytest.mark.parametrize("form", FORMS)
async def test_a_list_begins_with_an_odd_entry_and_goes_on_as_it_was(
    heroku: HerokuEmulator, clock: Clock, client: httpx.AsyncClient, form: str
) -> None:
    heroku.add_rule_externally(DATABASE, "192.0.2.1/32", now=clock.now)
    before = (await client.get(RULES)).json()
    heroku.fault(odd_entry(form), on=rf"GET {RULES}$")
    first, *others = (await client.get(RULES)).json()
    assert first != before[0]
    assert others == before[1:] != []
    assert (await client.get(RULES)).json() == before, "it happens once"


def test_a_form_that_is_not_known_is_an_error() -> None:
    with pytest.raises(ValueError, match="no id"):
        odd_entry("upside down")

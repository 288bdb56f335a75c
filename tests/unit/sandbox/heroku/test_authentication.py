"""What every call must bring, and what every answer has.

Facts: Heroku Platform API reference ("Clients", "Errors", "Rate limits"); what the official CLI sends.
"""

import base64
from datetime import UTC, datetime

import httpx
import pytest

from sandbox.heroku import Behavior, HerokuEmulator, Request, default_world
from tests.unit.sandbox.heroku.conftest import ACCEPT, BEARER, RULES, TLS, TOKEN, Clock


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize("path", ["/account", TLS])
@pytest.mark.parametrize("credentials", [BEARER, basic("", TOKEN)])
async def test_both_apis_take_the_token_as_bearer_and_as_the_password_of_nobody(
    anonymous: httpx.AsyncClient, path: str, credentials: dict[str, str]
) -> None:
    # herokux and official CLI: Basic with an empty user, Bearer; both APIs are seen with both.
    assert (await anonymous.get(path, headers={**ACCEPT, **credentials})).status_code == 200


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"Authorization": "Bearer undefined"},
        {"Authorization": "Bearer"},
        {"Authorization": TOKEN},
        {"Authorization": "Basic !"},
        {"Authorization": "Basic " + base64.b64encode(TOKEN.encode()).decode()},
        basic("", "undefined"),
        basic("somebody", TOKEN),
    ],
)
async def test_every_other_credential_is_unauthorized(
    anonymous: httpx.AsyncClient, credentials: dict[str, str]
) -> None:
    # Platform API reference: 401 `unauthorized`; a CLI without a token sends "Bearer undefined".
    answer = await anonymous.get("/account", headers={**ACCEPT, **credentials})

    assert answer.status_code == 401
    assert answer.json()["id"] == "unauthorized"
    assert answer.json()["message"]


@pytest.mark.parametrize("token", ["", "undefined"])
def test_what_broken_clients_send_cannot_be_the_token(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        HerokuEmulator(token=token)


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/vnd.heroku+json"])
async def test_a_request_without_a_version_is_told_so_under_the_key_error(
    anonymous: httpx.AsyncClient, accept: str
) -> None:
    # Strider-CD/strider, 2018: 400 `missing_version`, whose words are in `error` and not in `message`.
    answer = await anonymous.get("/account", headers={"Accept": accept, **BEARER})

    assert answer.status_code == 400
    assert answer.json().keys() == {"id", "error"}
    assert answer.json()["id"] == "missing_version"


async def test_another_version_is_not_acceptable(anonymous: httpx.AsyncClient) -> None:
    # Platform API reference: 406 `not_acceptable`.
    accept = "application/vnd.heroku+json; version=2"
    answer = await anonymous.get("/account", headers={"Accept": accept, **BEARER})

    assert (answer.status_code, answer.json()["id"]) == (406, "not_acceptable")


@pytest.mark.parametrize("version", ["3", "3.sdk", "3.fir", "3.webhooks"])
async def test_the_variants_of_version_three_that_the_cli_asks_for_are_taken(
    anonymous: httpx.AsyncClient, version: str
) -> None:
    # Official CLI, 11.10.0: Accept `version=3.sdk`, `3.fir`, `3.webhooks`, and the header `Accept-Expansion`.
    headers = {"Accept": f"application/vnd.heroku+json; version={version}", "Accept-Expansion": "region"}

    assert (await anonymous.get("/spaces", headers={**headers, **BEARER})).status_code == 200


async def test_every_answer_has_a_request_id_of_its_own(
    api: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    # Platform API reference: the server returns `Request-Id`.
    answers = [await api.get("/account"), await api.get("/nowhere"), await anonymous.get("/account")]

    assert len({answer.headers["Request-Id"] for answer in answers}) == 3


async def test_a_growing_list_of_request_ids_is_taken(api: httpx.AsyncClient) -> None:
    # Official CLI, 11.10.0: it sends a comma list of its own and the server's ids, cut at 7 kB.
    ids = ",".join(f"6f1c0000-0000-4000-8000-{number:012}" for number in range(190))

    answer = await api.get("/account", headers={"Request-Id": ids})

    assert answer.status_code == 200
    assert "," not in answer.headers["Request-Id"]


@pytest.mark.parametrize("behavior", [Behavior(), Behavior(etags=False)])
async def test_what_has_not_changed_need_not_be_sent_again(
    heroku: HerokuEmulator, api: httpx.AsyncClient, behavior: Behavior
) -> None:
    # Platform API reference, "Caching": `ETag` and 304 for GET; no official client asks.
    first = await api.get("/spaces")
    if not behavior.etags:
        assert "ETag" not in first.headers
        return
    again = await api.get("/spaces", headers={"If-None-Match": f'W/"other", {first.headers["ETag"]}'})
    heroku.add_space("new")
    changed = await api.get("/spaces", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["RateLimit-Remaining"] == "4498"
    assert (changed.status_code, len(changed.json())) == (200, 2)
    assert "ETag" not in (await api.get(RULES)).headers


@pytest.mark.parametrize("behavior", [Behavior(pool=0), Behavior(pool=0, retry_after=7)])
async def test_a_refusal_for_the_rate_may_say_when_to_come_back(
    api: httpx.AsyncClient, behavior: Behavior
) -> None:
    # Platform API reference, "Rate limits": no `Retry-After` is documented.
    refused = await api.get("/spaces")

    assert refused.status_code == 429
    wait = refused.headers.get("Retry-After")
    assert wait == (None if behavior.retry_after is None else "7")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("GET", "/account/"),
        ("GET", "/apps//addons"),
        ("POST", "/apps"),
        ("PATCH", f"{RULES}/6f1c0000-0000-4000-8000-000000000000"),
        ("PUT", RULES),
        ("GET", "/private-link/v0/databases/postgresql-curved-12345"),
        ("DELETE", "/spaces/acme-private/inbound-ruleset"),
        ("PATCH", "/spaces/acme-private/inbound-ruleset"),
    ],
)
async def test_what_does_not_exist_is_not_found_in_json(
    api: httpx.AsyncClient, method: str, path: str
) -> None:
    # herokux: there is no update of a rule; Platform API reference: 404 `not_found`.
    answer = await api.request(method, path)

    assert answer.status_code == 404
    assert answer.json()["id"] == "not_found"


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[]", b'"text"'])
async def test_a_body_that_is_no_json_object_is_a_bad_request(api: httpx.AsyncClient, body: bytes) -> None:
    # Platform API reference: 400 `bad_request`.
    answer = await api.post(RULES, content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["id"]) == (400, "bad_request")


async def test_the_pool_holds_4500_calls_and_every_answer_says_what_is_left(
    api: httpx.AsyncClient,
) -> None:
    # Platform API reference: a pool of 4,500 tokens, `RateLimit-Remaining` on each response.
    assert (await api.get("/account")).headers["RateLimit-Remaining"] == "4499"
    assert (await api.get("/nowhere")).headers["RateLimit-Remaining"] == "4498"
    assert (await api.get(RULES)).headers["RateLimit-Remaining"] == "4497"


async def test_asking_for_the_rate_limit_is_free(api: httpx.AsyncClient) -> None:
    # heroku/platform-api, 2026-02: `GET /account/rate-limits` is not counted.
    await api.get("/account")
    await api.get("/account/rate-limits")

    assert (await api.get("/account/rate-limits")).json() == {"remaining": 4499}


@pytest.mark.parametrize("behavior", [Behavior(pool=2)])
async def test_an_empty_pool_refuses_and_fills_by_75_a_minute(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    # Platform API reference: 429 `rate_limit`; about 75 tokens a minute, one in 0.8 seconds.
    await api.get("/account")
    await api.get("/account")

    refused = await api.post(RULES, json={"cidr": "203.0.113.4/32"})

    assert (refused.status_code, refused.json()["id"]) == (429, "rate_limit")
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert len(heroku.rules("postgresql-curved-12345", now=clock.now)) == 1
    assert (await api.get("/account/rate-limits")).json() == {"remaining": 0}
    clock.wait(0.8)
    assert (await api.get("/account")).status_code == 200
    clock.wait(3600)
    assert (await api.get("/account/rate-limits")).json() == {"remaining": 2}


@pytest.mark.parametrize("behavior", [Behavior(data_api_counts=False)])
async def test_the_data_api_may_be_free_and_then_says_nothing_of_the_pool(api: httpx.AsyncClient) -> None:
    # Nobody recorded whether it counts, hence a switch.
    answer = await api.get(RULES)

    assert "RateLimit-Remaining" not in answer.headers
    assert (await api.get("/account/rate-limits")).json() == {"remaining": 4500}


def test_the_same_seed_gives_the_same_answers() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    request = Request(method="GET", path="/apps", headers={"accept": ACCEPT["Accept"]})
    first, again, other = (
        default_world(token=TOKEN, seed=seed).answer(request, now=now) for seed in (1, 1, 2)
    )

    assert first == again
    assert first != other

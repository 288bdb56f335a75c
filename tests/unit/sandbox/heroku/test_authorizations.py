"""Tokens and what they may do.

Facts: the Platform API's hyper-schema (heroku/platform-api, 2026-02); the official CLI (11.9.0), whose tests
make an authorization without a scope and get ``global``; scopes by the CLI's list of them, their meaning
inferred from their names.
"""

from typing import Any

import httpx
import pytest

from sandbox.heroku import Behavior
from tests.unit.sandbox.heroku.conftest import RULES, TOKEN, Clock

PATH = "/oauth/authorizations"


async def made(api: httpx.AsyncClient, **given: object) -> dict[str, Any]:
    answer = await api.post(PATH, json=given)
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


def bearer(authorization: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {authorization['access_token']['token']}"}


async def test_a_new_authorization_has_a_token_that_works_and_no_end(api: httpx.AsyncClient) -> None:
    found = await made(api, description="pgaccess")

    assert found["scope"] == ["global"]
    assert found["access_token"].keys() == {"id", "token", "expires_in"}
    assert found["access_token"]["expires_in"] is None
    assert found["access_token"]["token"].startswith("HRKU-")
    assert {"refresh_token", "grant", "description"} <= found.keys()
    assert (await api.get("/spaces", headers=bearer(found))).status_code == 200
    assert [each["description"] for each in (await api.get(PATH)).json()].count("pgaccess") == 1
    assert (await api.get(f"{PATH}/{found['id']}")).json() == found


async def test_a_token_ends_when_it_was_said_to(api: httpx.AsyncClient, clock: Clock) -> None:
    found = await made(api, expires_in=60)

    clock.wait(59)
    assert (await api.get("/spaces", headers=bearer(found))).status_code == 200
    clock.wait(1)
    assert (await api.get("/spaces", headers=bearer(found))).json()["id"] == "unauthorized"


async def test_a_fresh_token_makes_the_old_one_useless(api: httpx.AsyncClient) -> None:
    [first] = (await api.get(PATH)).json()
    assert first["access_token"]["token"] == TOKEN

    fresh = (await api.post(f"{PATH}/{first['id']}/actions/regenerate-tokens")).json()

    assert fresh["id"] == first["id"]
    assert (await api.get("/spaces")).status_code == 401
    assert (await api.get("/spaces", headers=bearer(fresh))).status_code == 200


async def test_a_revoked_token_is_useless(api: httpx.AsyncClient) -> None:
    found = await made(api)
    await api.delete(f"{PATH}/{found['id']}")

    assert (await api.get("/spaces", headers=bearer(found))).status_code == 401
    assert (await api.get(f"{PATH}/{found['id']}")).json()["id"] == "not_found"
    assert (await api.get(f"{PATH}/nonsense")).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        {"scope": "global"},
        {"scope": []},
        {"scope": ["everything"]},
        {"expires_in": 0},
        {"expires_in": "soon"},
        {"expires_in": True},
        {"description": 7},
    ],
)
async def test_nonsense_makes_no_authorization(api: httpx.AsyncClient, given: dict[str, object]) -> None:
    assert (await api.post(PATH, json=given)).json()["id"] == "invalid_params"
    assert len((await api.get(PATH)).json()) == 1


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("global", {"account", "spaces", "ruleset", "config", "set config", "oauth"}),
        ("identity", {"account"}),
        ("read", {"account", "spaces"}),
        ("read-protected", {"account", "spaces", "config"}),
        ("write", {"account", "spaces", "ruleset"}),
        ("write-protected", {"account", "spaces", "ruleset", "config", "set config"}),
    ],
)
async def test_a_scope_allows_what_its_name_says(
    api: httpx.AsyncClient, scope: str, allowed: set[str]
) -> None:
    headers = bearer(await made(api, scope=[scope]))
    ruleset = {"rules": [{"action": "allow", "source": "192.0.2.0/24"}]}
    answers = {
        "account": await api.get("/account", headers=headers),
        "spaces": await api.get("/spaces", headers=headers),
        "ruleset": await api.put("/spaces/acme-private/inbound-ruleset", json=ruleset, headers=headers),
        "config": await api.get("/apps/billing/config-vars", headers=headers),
        "set config": await api.patch("/apps/billing/config-vars", json={"A": "b"}, headers=headers),
        "oauth": await api.get(PATH, headers=headers),
    }

    assert {name for name, answer in answers.items() if answer.is_success} == allowed
    assert {answer.json()["id"] for answer in answers.values() if answer.is_error} <= {"forbidden"}


@pytest.mark.parametrize(
    ("behavior", "status"), [(Behavior(), 403), (Behavior(data_scopes=("global", "write-protected")), 200)]
)
async def test_which_scope_the_data_api_takes_is_a_switch(api: httpx.AsyncClient, status: int) -> None:
    headers = bearer(await made(api, scope=["write-protected"]))

    assert (await api.get(RULES, headers=headers)).status_code == status
    assert (await api.get(RULES)).status_code == 200

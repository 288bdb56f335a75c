"""The official CLI's request sequences, replayed as raw HTTP at a port of the emulated Heroku.

Fact: what ``heroku@11.10.0`` sent for each command when it was run against a local server, and what its own
tests and code read from the answers. Both APIs are at one port: the CLI takes scheme and port of the Data
API's address from the Platform API's.
"""

import base64
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.heroku import Behavior, HerokuEmulator, default_world
from sandbox.heroku.fault_injection import html_body, status
from sandbox.heroku.server import app
from sandbox.http_server import listening, serving

TOKEN = "HRKU-emulated"
DATABASE = "postgresql-curved-12345"
RULESET = "/spaces/acme-private/inbound-ruleset"
ADDED = "192.0.2.0/24"


class Cli:
    """One process of the official CLI, as the server sees it.

    It says who it is, asks for a variant of version 3, and sends along every request id that it knows:
    its own, and those of the answers so far.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._ids = [str(uuid.uuid4())]

    async def platform(
        self, method: str, path: str, body: Any = None, *, version: str = "3", **more: str
    ) -> httpx.Response:
        """Calls the Platform API."""
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        return await self._call(method, path, body, version, {"Authorization": f"Bearer {TOKEN}", **headers})

    async def data(self, method: str, path: str, *, scheme: str) -> httpx.Response:
        """Calls the Data API: `pg:info` signs with Bearer, `pg:credentials` with Basic."""
        basic = base64.b64encode(f":{TOKEN}".encode()).decode()
        signed = {"Bearer": f"Bearer {TOKEN}", "Basic": f"Basic {basic}"}[scheme]
        return await self._call(method, path, None, "3", {"Authorization": signed})

    async def _call(
        self, method: str, path: str, body: Any, version: str, headers: dict[str, str]
    ) -> httpx.Response:
        said = {
            "Accept": f"application/vnd.heroku+json; version={version}",
            "User-Agent": "heroku-cli/11.10.0 linux-x64 node-v22.0.0",
            "Request-Id": ",".join(self._ids),
            **headers,
        }
        answer = await self._http.request(method, path, json=body, headers=said)
        self._ids.append(answer.headers["Request-Id"])
        return answer


@pytest.fixture
def behavior() -> Behavior:
    return Behavior()


@pytest.fixture
def heroku(behavior: Behavior) -> HerokuEmulator:
    return default_world(token=TOKEN, behavior=behavior)


@pytest.fixture
async def cli(heroku: HerokuEmulator) -> AsyncIterator[Cli]:
    async with (
        listening() as (socket, url),
        serving(app(heroku), socket),
        httpx.AsyncClient(base_url=url, trust_env=False) as http,
    ):
        yield Cli(http)


def calls(heroku: HerokuEmulator) -> list[tuple[str, str, int]]:
    return [(entry.method, entry.path, entry.status) for entry in heroku.request_log]


async def test_trusted_ips_reads_a_spaces_rules(cli: Cli) -> None:
    found = (await cli.platform("GET", RULESET)).json()

    assert {"created_by", "rules"} <= found.keys()
    assert all(rule.keys() == {"action", "source"} for rule in found["rules"])


@pytest.mark.parametrize(
    ("behavior", "applied"),
    [(Behavior(), True), (Behavior(applied="false"), False), (Behavior(applied="absent"), None)],
)
async def test_trusted_ips_add_puts_the_whole_object_and_reads_whether_it_is_applied(
    heroku: HerokuEmulator, cli: Cli, applied: bool | None
) -> None:
    # `true`, `false` and nothing at all are told apart by the CLI.
    whole = (await cli.platform("GET", RULESET)).json()
    whole["rules"].append({"action": "allow", "source": ADDED})
    put = await cli.platform("PUT", RULESET, whole)
    found = (await cli.platform("GET", RULESET)).json()

    assert put.is_success
    assert found["rules"] == whole["rules"]
    assert found.get("applied") is applied
    assert [status for _, _, status in calls(heroku)] == [200, 201, 200]


async def test_trusted_ips_add_of_the_same_again_finds_it_without_a_put(cli: Cli) -> None:
    # The CLI compares the source as it was typed, and refuses by itself.
    whole = (await cli.platform("GET", RULESET)).json()
    await cli.platform("PUT", RULESET, whole | {"rules": [{"action": "allow", "source": ADDED}]})

    again = (await cli.platform("GET", RULESET)).json()

    assert [rule["source"] for rule in again["rules"]] == [ADDED]


async def test_trusted_ips_remove_puts_the_rest_down_to_an_empty_list(cli: Cli) -> None:
    whole = (await cli.platform("GET", RULESET)).json()
    put = await cli.platform("PUT", RULESET, whole | {"rules": []})
    found = (await cli.platform("GET", RULESET)).json()

    assert put.is_success
    assert (found["rules"], found["id"] == whole["id"]) == ([], False)


async def test_spaces_info_reads_the_space_with_its_region_and_then_its_outbound_addresses(
    cli: Cli,
) -> None:
    space = (
        await cli.platform("GET", "/spaces/acme-private", version="3.fir", accept_expansion="region")
    ).json()
    nat = (await cli.platform("GET", "/spaces/acme-private/nat")).json()

    assert space["state"] == "allocated"  # only then does the CLI ask for the addresses
    assert {"name", "cidr", "data_cidr", "team", "shield", "created_at", "generation"} <= space.keys()
    assert {"name", "description", "private_capable"} <= space["region"].keys()
    assert nat["state"] == "enabled"
    assert all(isinstance(source, str) for source in nat["sources"])


async def test_addons_info_resolves_the_name_and_reads_the_attachments(cli: Cli) -> None:
    [addon] = (
        await cli.platform(
            "POST",
            "/actions/addons/resolve",
            {"addon": "DATABASE", "app": "billing"},
            version="3.sdk",
            accept_expansion="addon_service,plan",
        )
    ).json()
    attachments = (await cli.platform("GET", f"/addons/{addon['id']}/addon-attachments")).json()

    assert (addon["name"], addon["state"], addon["app"]["name"]) == (DATABASE, "provisioned", "billing")
    assert "human_name" in addon["plan"]
    assert "human_name" in addon["addon_service"]
    assert [(each["name"], each["app"]["name"]) for each in attachments] == [("DATABASE", "billing")]


async def test_pg_credentials_goes_from_the_attachment_to_the_data_api_by_id(cli: Cli) -> None:
    [attachment] = (
        await cli.platform(
            "POST",
            "/actions/addon-attachments/resolve",
            {"addon_attachment": "DATABASE", "app": "billing"},
            accept_inclusion="addon:plan,config_vars",
        )
    ).json()
    addon = attachment["addon"]
    credentials = (
        await cli.data("GET", f"/postgres/v0/databases/{addon['id']}/credentials", scheme="Basic")
    ).json()
    attachments = (await cli.platform("GET", f"/addons/{addon['id']}/addon-attachments")).json()

    assert addon["plan"]["name"] == "heroku-postgresql:private-4"
    assert (attachment["namespace"], attachment["config_vars"]) == (None, ["DATABASE_URL"])
    [default] = credentials
    assert (default["name"], default["state"]) == ("default", "active")
    assert {"user", "password", "state"} <= default["credentials"][0].keys()
    assert [each["namespace"] for each in attachments] == [None]


async def test_pg_info_reads_config_vars_attachments_and_the_data_apis_lines(cli: Cli) -> None:
    config = (await cli.platform("GET", "/apps/billing/config-vars")).json()
    attachments = (
        await cli.platform(
            "GET", "/apps/billing/addon-attachments", accept_inclusion="addon:plan,config_vars"
        )
    ).json()
    [addon] = [each["addon"] for each in attachments]
    found = (await cli.data("GET", f"/client/v11/databases/{addon['id']}", scheme="Bearer")).json()

    assert found["resource_url"] == config["DATABASE_URL"]
    assert all(line.keys() >= {"name", "values"} for line in found["info"])
    assert "Mutual TLS" in [line["name"] for line in found["info"]]


async def test_addons_of_an_app_reads_its_addons_and_every_attachment(cli: Cli) -> None:
    expansion = {"accept_expansion": "addon_service,plan"}
    addons = (await cli.platform("GET", "/apps/billing/addons", version="3.sdk", **expansion)).json()
    attachments = (await cli.platform("GET", "/addon-attachments", version="3.sdk")).json()

    assert [addon["name"] for addon in addons] == [DATABASE]
    assert {each["addon"]["name"] for each in attachments} >= {DATABASE}


async def test_a_list_in_parts_is_read_to_its_end(heroku: HerokuEmulator, cli: Cli) -> None:
    # The CLI goes on as long as there is a `Next-Range` and the body is an array.
    for number in range(450):
        heroku.add_app(f"app-{number:03}", space=None)
    found: list[str] = []
    wanted: dict[str, str] = {}
    while True:
        answer = await cli.platform("GET", "/apps", **wanted)
        found += [each["name"] for each in answer.json()]
        if "next-range" not in answer.headers:
            break
        assert answer.status_code == 206
        wanted = {"range": answer.headers["next-range"]}

    assert len(found) == len(set(found)) == 452


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/spaces/nowhere", None),
        ("PUT", RULESET, {"rules": [{"action": "allow", "source": "nonsense"}]}),
    ],
)
async def test_an_error_has_what_the_cli_prints(cli: Cli, method: str, path: str, body: object) -> None:
    # It prints `message` and "Error ID: <id>".
    error = (await cli.platform(method, path, body)).json()

    assert {"id", "message"} <= error.keys()


@pytest.mark.parametrize("code", [429, 500])
async def test_a_429_or_500_is_said_once_and_changes_nothing(
    heroku: HerokuEmulator, cli: Cli, code: int
) -> None:
    # The CLI repeats neither.
    heroku.fault(status(code), on="PUT")

    answer = await cli.platform("PUT", RULESET, {"rules": []})

    assert {"id", "message"} <= answer.json().keys()
    assert len(heroku.ruleset("acme-private").rules) == 1


async def test_an_error_that_is_not_json_is_a_page_to_print(heroku: HerokuEmulator, cli: Cli) -> None:
    heroku.fault(html_body(), on="GET")

    assert (await cli.platform("GET", RULESET)).text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("credentials", ["Bearer undefined", "Basic OnVuZGVmaW5lZA=="])
async def test_a_cli_that_nobody_logged_in_is_unauthorized(cli: Cli, credentials: str) -> None:
    answer = await cli.platform("GET", RULESET, Authorization=credentials)

    assert (answer.status_code, answer.json()["id"]) == (401, "unauthorized")

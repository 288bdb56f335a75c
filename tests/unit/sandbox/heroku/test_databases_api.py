"""What the Data API tells of a database as such. Facts: the official CLI (11.10.0); herokux (c822fb4)."""

from urllib.parse import urlsplit

import httpx
import pytest

from tests.unit.sandbox.heroku.conftest import TLS, Clock

DATABASE = "postgresql-curved-12345"


async def info(api: httpx.AsyncClient, key: str) -> dict[str, list[str]]:
    lines = (await api.get(f"/client/v11/databases/{key}")).json()["info"]
    return {line["name"]: line["values"] for line in lines}


async def test_a_databases_lines_say_whether_it_has_mutual_tls(api: httpx.AsyncClient, clock: Clock) -> None:
    # herokux: an entry named `Mutual TLS`, besides Plan, Status, HA Status, PG Version, Region and others.
    lines = await info(api, DATABASE)

    assert lines["Plan"] == ["Private 4"]
    assert lines["Mutual TLS"] == ["Enabled"]
    assert {"Status", "HA Status", "PG Version", "Fork/Follow", "Region"} <= lines.keys()
    await api.delete(TLS)
    assert (await info(api, DATABASE))["Mutual TLS"] == ["Disabled"]
    clock.wait(60)
    assert (await info(api, DATABASE))["Mutual TLS"] == ["Disabled"]


async def test_the_default_credential_is_that_of_the_config_var(api: httpx.AsyncClient) -> None:
    # The official CLI's tests: uuid, name, state, database, host, port, and logins.
    addon = (await api.get(f"/addons/{DATABASE}")).json()
    url = (await api.get("/apps/billing/config-vars")).json()["DATABASE_URL"]

    [found] = (await api.get(f"/postgres/v0/databases/{addon['id']}/credentials")).json()

    assert found.keys() == {"uuid", "name", "state", "database", "host", "port", "credentials"}
    [login] = found["credentials"]
    assert (found["name"], found["state"], login["state"]) == ("default", "active", "active")
    told = (
        f"postgres://{login['user']}:{login['password']}@{found['host']}:{found['port']}/{found['database']}"
    )
    assert told == url
    assert (await api.get(f"/client/v11/databases/{addon['id']}")).json()["resource_url"] == url
    assert urlsplit(url).hostname == found["host"]


@pytest.mark.parametrize("path", ["/client/v11/databases/none", "/postgres/v0/databases/none/credentials"])
async def test_a_database_that_is_not_there_is_not_found(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.get(path)).json()["id"] == "not_found"

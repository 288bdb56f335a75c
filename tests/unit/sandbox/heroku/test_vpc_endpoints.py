"""A customer connects from their VPC.

Facts: heroku/heroku-privatelink-example (c98382a, 2025-07) for config vars and ports; Heroku Dev Center,
heroku-postgres-via-privatelink, 2026-06: the VPC is in the database's region; the official plugin's tests
(2.0.1) for the shape of a connection.
"""

from urllib.parse import urlsplit

import httpx
import pytest

from sandbox.heroku import Behavior, HerokuEmulator, Refused, TransitionTimes, default_world
from sandbox.heroku.model.privatelink import Connection
from tests.unit.sandbox.heroku.conftest import TOKEN, Clock
from tests.unit.sandbox.heroku.test_privatelink import DATABASE, FIRST, LINK, ROOT, SECOND

CONFIG = "/apps/billing/config-vars"


@pytest.fixture
def heroku(heroku: HerokuEmulator, clock: Clock) -> HerokuEmulator:
    """The default world with a PrivateLink endpoint whose account has been active for long."""
    heroku.create_privatelink_externally(DATABASE, [FIRST], now=clock.now)
    clock.wait(400)
    return heroku


def connect(
    heroku: HerokuEmulator, clock: Clock, *, account: str = FIRST, region: str = "us-east-1"
) -> Connection:
    return heroku.create_vpc_endpoint(DATABASE, account=account, region=region, now=clock.now)


async def shown(api: httpx.AsyncClient) -> list[dict[str, str]]:
    found: list[dict[str, str]] = (await api.get(LINK)).json()["connections"]
    return found


@pytest.mark.parametrize("behavior", [Behavior(), Behavior(connection_waiting="PendingAcceptance")])
async def test_a_vpc_endpoint_is_seen_as_a_connection_and_is_available_after_a_while(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock, behavior: Behavior
) -> None:
    # The plugin's fixture says Available; other words are unrecorded.
    made = connect(heroku, clock)
    [waiting] = await shown(api)
    clock.wait(10)
    [available] = await shown(api)

    assert waiting.pop("status") == behavior.connection_waiting
    assert available.pop("status") == "Available"
    assert waiting == available
    assert available == {"endpoint_id": made.endpoint_id, "hostname": made.hostname, "owner_arn": ROOT}


async def test_config_vars_of_the_app_tell_its_url_later(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    # heroku-privatelink-example, variables.tf: <attachment>_ENDPOINT_<id in capitals>_URL and _PGBOUNCER_URL.
    before = (await api.get(CONFIG)).json()
    made = connect(heroku, clock)
    clock.wait(509)
    assert (await api.get(CONFIG)).json() == before
    clock.wait(1)
    after = (await api.get(CONFIG)).json()

    stem = f"DATABASE_ENDPOINT_{made.endpoint_id.removeprefix('vpce-').upper()}"
    assert after.keys() - before.keys() == {f"{stem}_URL", f"{stem}_PGBOUNCER_URL"}
    usual, direct, pool = (
        urlsplit(after[name]) for name in ("DATABASE_URL", f"{stem}_URL", f"{stem}_PGBOUNCER_URL")
    )
    assert (direct.hostname, direct.port, pool.hostname, pool.port) == (
        made.hostname,
        5432,
        made.hostname,
        5433,
    )
    for url in (direct, pool):
        assert (url.username, url.password, url.path) == (usual.username, usual.password, usual.path)


async def test_each_attachment_has_such_config_vars_and_nobody_may_set_them(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    heroku.attach(DATABASE, app="website", name="REPORTS")
    made = connect(heroku, clock)
    clock.wait(510)
    name = f"REPORTS_ENDPOINT_{made.config_word}_URL"

    assert name in (await api.get("/apps/website/config-vars")).json()
    assert (await api.patch("/apps/website/config-vars", json={name: None})).status_code == 422


@pytest.mark.parametrize(
    ("account", "region"),
    [(SECOND, "us-east-1"), (FIRST, "eu-west-1"), (f"{SECOND}:user/etl", "us-east-1")],
)
def test_only_allowed_accounts_in_the_same_region_connect(
    heroku: HerokuEmulator, clock: Clock, account: str, region: str
) -> None:
    with pytest.raises(Refused, match="does not exist"):
        connect(heroku, clock, account=account, region=region)


def test_an_allowed_account_stands_for_its_users_and_a_user_for_nobody_else(
    heroku: HerokuEmulator, clock: Clock
) -> None:
    # Amazon, PrivateLink guide, "Configure an endpoint service": root includes all principals in the account.
    heroku.add_account_externally(DATABASE, f"{SECOND}:user/etl", now=clock.now)
    clock.wait(400)

    assert connect(heroku, clock, account=f"{FIRST}:user/abc").owner_arn == ROOT
    assert connect(heroku, clock, account=f"{SECOND}:user/etl")
    with pytest.raises(Refused):
        connect(heroku, clock, account=SECOND)


def test_an_account_connects_once_it_is_active(heroku: HerokuEmulator, clock: Clock) -> None:
    # An account may take 5 to 30 minutes to work (Heroku Dev Center).
    heroku.add_account_externally(DATABASE, SECOND, now=clock.now)
    clock.wait(399)
    with pytest.raises(Refused):
        connect(heroku, clock, account=SECOND)
    clock.wait(1)

    assert connect(heroku, clock, account=SECOND)


def test_amazon_knows_the_service_a_little_after_it_is_operational(clock: Clock) -> None:
    # herokux documentation: for about 30 s Amazon may not see it.
    heroku = default_world(token=TOKEN, times=TransitionTimes(link=200, admit=0, publish=30))
    heroku.create_privatelink_externally(DATABASE, [FIRST], now=clock.now)
    clock.wait(229)
    with pytest.raises(Refused):
        connect(heroku, clock)
    clock.wait(1)

    assert connect(heroku, clock)


@pytest.mark.parametrize(
    ("behavior", "left"), [(Behavior(), 1), (Behavior(removed_account="cut"), 0)], ids=["left", "cut"]
)
async def test_a_connection_outlives_its_account_or_not(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock, left: int
) -> None:
    # Amazon, PrivateLink guide: removing permissions leaves connections; Heroku's part nobody told.
    connect(heroku, clock)
    heroku.remove_account_externally(DATABASE, FIRST, now=clock.now)

    assert len(await shown(api)) == left
    with pytest.raises(Refused):
        connect(heroku, clock)


async def test_a_deleted_vpc_endpoint_takes_its_config_vars_along(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    before = (await api.get(CONFIG)).json()
    made = connect(heroku, clock)
    clock.wait(510)
    heroku.delete_vpc_endpoint(DATABASE, made.endpoint_id, now=clock.now)

    assert await shown(api) == []
    assert (await api.get(CONFIG)).json() == before
    with pytest.raises(Refused, match="VPC endpoint"):
        heroku.delete_vpc_endpoint(DATABASE, made.endpoint_id, now=clock.now)


async def test_destroying_privatelink_cuts_what_is_connected(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    before = (await api.get(CONFIG)).json()
    connect(heroku, clock)
    clock.wait(510)
    heroku.destroy_privatelink_externally(DATABASE, now=clock.now)

    assert await shown(api) == []
    assert (await api.get(CONFIG)).json() == before
    with pytest.raises(Refused):
        connect(heroku, clock)

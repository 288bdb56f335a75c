"""What other people do to spaces and add-ons.

Fact: Platform API reference: things are found by id or name; the id stays, the name may change.
"""

import httpx
import pytest

from sandbox.heroku import Behavior, HerokuEmulator
from tests.unit.sandbox.heroku.conftest import RULES

DATABASE = "postgresql-curved-12345"


async def test_a_renamed_addon_keeps_its_id_its_rules_and_its_url(
    heroku: HerokuEmulator, api: httpx.AsyncClient
) -> None:
    before, rules = (await api.get(f"/addons/{DATABASE}")).json(), (await api.get(RULES)).json()
    url = (await api.get("/apps/billing/config-vars")).json()

    heroku.rename_database(DATABASE, "orders-db")

    assert (await api.get(f"/addons/{before['id']}")).json() == before | {"name": "orders-db"}
    assert (await api.get("/postgres/v0/databases/orders-db/tls-endpoint/ip-rules")).json() == rules
    assert (await api.get("/apps/billing/config-vars")).json() == url
    for path in (f"/addons/{DATABASE}", RULES):
        assert (await api.get(path)).json()["id"] == "not_found"


@pytest.mark.parametrize(
    ("behavior", "id"), [(Behavior(), "not_found"), (Behavior(deleted_addon=410), "gone")]
)
async def test_a_deleted_addon_is_gone_and_its_name_comes_back_with_another_id(
    heroku: HerokuEmulator, api: httpx.AsyncClient, behavior: Behavior, id: str
) -> None:
    before = (await api.get(f"/addons/{DATABASE}")).json()

    heroku.delete_database(DATABASE)
    gone = [await api.get(f"/addons/{key}") for key in (before["id"], DATABASE)]
    listed = (await api.get("/addons")).json()
    heroku.add_database(DATABASE, app="billing", plan="heroku-postgresql:private-4")

    seen = [(answer.status_code, answer.json()["id"], answer.json()["resource"]) for answer in gone]
    assert seen == [(behavior.deleted_addon, id, "add-on")] * 2
    assert DATABASE not in [addon["name"] for addon in listed]
    assert (await api.get(f"/addons/{DATABASE}")).json()["id"] != before["id"]
    assert (await api.get(f"/addons/{before['id']}")).status_code == behavior.deleted_addon


async def test_an_addon_may_be_under_way(heroku: HerokuEmulator, api: httpx.AsyncClient) -> None:
    # heroku/platform-api: provisioning, provisioned, deprovisioned.
    heroku.set_database(DATABASE, state="provisioning")

    assert (await api.get(f"/addons/{DATABASE}")).json()["state"] == "provisioning"


async def test_a_renamed_space_keeps_its_id_its_apps_and_its_ranges(
    heroku: HerokuEmulator, api: httpx.AsyncClient
) -> None:
    before = (await api.get("/spaces/acme-private")).json()
    ruleset = (await api.get("/spaces/acme-private/inbound-ruleset")).json()

    heroku.rename_space("acme-private", "acme-core")

    assert (await api.get(f"/spaces/{before['id']}")).json() == before | {"name": "acme-core"}
    space = (await api.get("/apps/billing")).json()["space"]
    assert (space["id"], space["name"]) == (before["id"], "acme-core")
    assert (await api.get("/spaces/acme-core/inbound-ruleset")).json()["id"] == ruleset["id"]


def test_no_two_things_have_one_name(heroku: HerokuEmulator) -> None:
    heroku.add_space("other")

    with pytest.raises(ValueError, match="other"):
        heroku.rename_space("acme-private", "other")
    with pytest.raises(ValueError, match="DATABASE"):
        heroku.attach(DATABASE, app="billing", name="DATABASE")


async def test_a_space_and_its_outbound_addresses_can_be_under_way(
    heroku: HerokuEmulator, api: httpx.AsyncClient
) -> None:
    # heroku/platform-api: allocating, allocated, deleting; NAT disabled, updating, enabled.
    ready = (await api.get("/spaces/acme-private/nat")).json()
    heroku.set_space("acme-private", state="allocating", nat="updating")
    waiting = (await api.get("/spaces/acme-private/nat")).json()

    assert ready.keys() == {"sources", "state", "created_at", "updated_at"}
    assert (ready["state"], len(ready["sources"])) == ("enabled", 3)
    assert (waiting["state"], waiting["sources"]) == ("updating", [])
    assert (await api.get("/spaces/acme-private")).json()["state"] == "allocating"

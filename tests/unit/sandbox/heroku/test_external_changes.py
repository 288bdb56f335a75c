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


async def test_a_renamed_app_keeps_its_id_its_add_ons_and_its_attachments(
    heroku: HerokuEmulator, api: httpx.AsyncClient
) -> None:
    before = (await api.get("/apps/billing")).json()
    attachment = (await api.get("/apps/billing/addon-attachments")).json()[0]["id"]
    vars_before = (await api.get("/apps/billing/config-vars")).json()

    heroku.rename_app("billing", "invoices")

    assert (await api.get(f"/apps/{before['id']}")).json() == before | {"name": "invoices"}
    assert (await api.get(f"/addons/{DATABASE}")).json()["app"] == {"id": before["id"], "name": "invoices"}
    assert (await api.get("/apps/invoices/addon-attachments")).json()[0]["id"] == attachment
    assert (await api.get("/apps/invoices/config-vars")).json() == vars_before
    assert (await api.get("/apps/billing")).json()["id"] == "not_found"


async def test_an_app_under_an_old_name_is_another_app(
    heroku: HerokuEmulator, api: httpx.AsyncClient
) -> None:
    before = (await api.get("/apps/billing")).json()["id"]
    heroku.rename_app("billing", "invoices")
    heroku.add_app("billing", space=None)
    assert (await api.get("/apps/billing")).json()["id"] != before


async def test_swapped_names_are_of_the_other_add_on(heroku: HerokuEmulator, api: httpx.AsyncClient) -> None:
    heroku.add_beside(DATABASE, "postgresql-new-1")
    ids = [(await api.get(f"/addons/{name}")).json()["id"] for name in (DATABASE, "postgresql-new-1")]

    heroku.swap_names(DATABASE, "postgresql-new-1")

    swapped = [(await api.get(f"/addons/{name}")).json()["id"] for name in ("postgresql-new-1", DATABASE)]
    assert swapped == ids


async def test_a_follower_is_attached_by_a_color_and_a_promoted_one_is_the_primary(
    heroku: HerokuEmulator, api: httpx.AsyncClient
) -> None:
    async def config_vars(addon: str) -> list[str]:
        found: list[str] = (await api.get(f"/addons/{addon}")).json()["config_vars"]
        return found

    heroku.add_beside(DATABASE, "postgresql-new-1")
    (color,) = await config_vars("postgresql-new-1")
    assert color.startswith("HEROKU_POSTGRESQL_")
    url = (await api.get("/apps/billing/config-vars")).json()[color]

    heroku.promote("postgresql-new-1")

    assert await config_vars("postgresql-new-1") == [color, "DATABASE_URL"]
    (left,) = await config_vars(DATABASE)
    assert left.startswith("HEROKU_POSTGRESQL_")
    assert left != color
    assert (await api.get("/apps/billing/config-vars")).json()["DATABASE_URL"] == url
    heroku.promote("postgresql-new-1")
    assert await config_vars("postgresql-new-1") == [color, "DATABASE_URL"]


async def test_an_add_on_of_a_name_that_is_there_cannot_be_made(heroku: HerokuEmulator) -> None:
    with pytest.raises(ValueError, match="exists already"):
        heroku.add_beside(DATABASE, DATABASE)

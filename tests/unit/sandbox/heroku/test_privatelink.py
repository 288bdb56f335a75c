"""PrivateLink at Heroku: made, changed, destroyed.

Facts: heroku/heroku-data-privatelink-cli (2.0.1, 2026-08), called "the plugin" here, and herokux (c822fb4,
2025-08), ``api/postgres/privatelink.go``.
"""

import re

import httpx
import pytest

from sandbox.heroku import Behavior, HerokuEmulator
from tests.unit.sandbox.heroku.conftest import Clock

DATABASE = "postgresql-curved-12345"
LINK = f"/private-link/v0/databases/{DATABASE}"
ACCOUNTS = f"{LINK}/allowed_accounts"
OLD_ACCOUNTS = f"{LINK}/whitelisted_accounts"
FIRST, SECOND = "123456789012", "210987654321"
ROOT, SECOND_ROOT = f"arn:aws:iam::{FIRST}:root", f"arn:aws:iam::{SECOND}:root"


def body(*accounts: str) -> dict[str, list[str]]:
    return {"allowed_accounts": list(accounts)}


async def arns(api: httpx.AsyncClient) -> list[str]:
    return [account["arn"] for account in (await api.get(LINK)).json()["allowed_accounts"]]


@pytest.mark.parametrize("behavior", [Behavior(), Behavior(link_created=200)])
async def test_one_is_made_provisioning_without_a_service_and_is_operational_after_a_while(
    api: httpx.AsyncClient, clock: Clock, behavior: Behavior
) -> None:
    # The plugin, create.ts and wait.ts; the code is unrecorded, its tests play a 200.
    made = await api.post(LINK, json=body(FIRST))

    assert made.status_code == behavior.link_created
    assert made.json()["status"] == "Provisioning"
    assert "service_name" not in made.json()
    clock.wait(199)
    assert (await api.get(LINK)).json()["status"] == "Provisioning"
    clock.wait(1)
    operational = (await api.get(LINK)).json()
    assert operational["status"] == "Operational"
    assert re.fullmatch(
        r"com\.amazonaws\.vpce\.us-east-1\.vpce-svc-0[0-9a-f]{16}", operational["service_name"]
    )


async def test_app_and_addon_are_objects_unlike_those_of_mtls(
    heroku: HerokuEmulator, api: httpx.AsyncClient
) -> None:
    # The plugin's fixtures and herokux, privatelink.go.
    link = (await api.post(LINK, json=body(FIRST))).json()

    assert link.keys() == {"app", "addon", "status", "allowed_accounts", "connections"}
    uuid = (await api.get(f"/addons/{DATABASE}")).json()["id"]
    assert (link["app"], link["addon"]) == ({"name": "billing"}, {"name": DATABASE, "uuid": uuid})
    assert link["connections"] == []


@pytest.mark.parametrize(
    ("behavior", "shown"),
    [(Behavior(), None), (Behavior(service_name_early="empty"), "")],
    ids=["absent", "empty"],
)
async def test_while_it_is_being_made_its_service_is_absent_or_empty(
    api: httpx.AsyncClient, shown: str | None
) -> None:
    # The plugin prints "Provisioning" for both.
    assert (await api.post(LINK, json=body(FIRST))).json().get("service_name") == shown


async def test_name_and_uuid_both_find_it(api: httpx.AsyncClient) -> None:
    # The plugin sends the name, herokux the UUID.
    uuid = (await api.get(f"/addons/{DATABASE}")).json()["id"]
    await api.post(f"/private-link/v0/databases/{uuid}", json=body(FIRST))

    assert (await api.get(LINK)).json() == (await api.get(f"/private-link/v0/databases/{uuid}")).json()


@pytest.mark.parametrize(
    ("method", "path"), [("GET", LINK), ("DELETE", LINK), ("PUT", ACCOUNTS), ("PATCH", ACCOUNTS)]
)
async def test_without_one_there_is_nothing(api: httpx.AsyncClient, method: str, path: str) -> None:
    # herokux, PrivatelinkDeleteStateRefreshFunc: 404 is how it is not there.
    answer = await api.request(method, path, json=body(FIRST))

    assert (answer.status_code, answer.json()["id"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("given", "arn"),
    [
        (FIRST, ROOT),
        (f"{FIRST}:root", ROOT),
        (f"{FIRST}:user/abc", f"arn:aws:iam::{FIRST}:user/abc"),
        (f"arn:aws:iam::{FIRST}:role/etl/writer", f"arn:aws:iam::{FIRST}:role/etl/writer"),
    ],
)
async def test_every_spelling_of_an_account_comes_back_as_its_arn(
    api: httpx.AsyncClient, given: str, arn: str
) -> None:
    # The plugin's README: three spellings; a full ARN may hold a comma, so there are no comma lists.
    [account] = (await api.post(LINK, json=body(given))).json()["allowed_accounts"]

    assert account == {"account_id": FIRST, "arn": arn, "status": "Provisioning"}


@pytest.mark.parametrize(
    "given",
    [
        "12345",
        "1234567890123",
        f"{FIRST}:group/abc",
        f"{FIRST}:user/",
        f"{FIRST},{SECOND}",
        f"arn:aws:iam::{FIRST}",
        "*",
        "１２３４５６７８９０１２",
        7,
    ],
)
async def test_what_is_no_account_is_refused(api: httpx.AsyncClient, given: object) -> None:
    answer = await api.post(LINK, json={"allowed_accounts": [given]})

    assert (answer.status_code, answer.json()["id"]) == (422, "invalid_params")
    assert (await api.get(LINK)).status_code == 404


@pytest.mark.parametrize("given", [{}, {"allowed_accounts": FIRST}])
async def test_accounts_must_be_a_list(api: httpx.AsyncClient, given: dict[str, object]) -> None:
    assert (await api.post(LINK, json=given)).status_code == 422


@pytest.mark.parametrize("behavior", [Behavior(), Behavior(no_accounts=400)])
async def test_it_begins_with_one_account_at_least_and_may_lose_them_all_later(
    api: httpx.AsyncClient, behavior: Behavior
) -> None:
    # herokux, issue 29; the refusal's code is unrecorded.
    assert (await api.post(LINK, json=body())).status_code == behavior.no_accounts
    await api.post(LINK, json=body(FIRST))
    emptied = await api.patch(ACCOUNTS, json=body(FIRST))

    assert emptied.json()["allowed_accounts"] == []
    assert (await api.get(LINK)).status_code == 200


@pytest.mark.parametrize("behavior", [Behavior(), Behavior(accounts_changed=200)])
async def test_put_adds_what_it_names_and_replaces_nothing(
    api: httpx.AsyncClient, behavior: Behavior
) -> None:
    # The plugin, access/add.ts: only the accounts to add; the code is unrecorded.
    await api.post(LINK, json=body(FIRST))
    added = await api.put(ACCOUNTS, json=body(SECOND))

    assert added.status_code == behavior.accounts_changed
    assert await arns(api) == [ROOT, SECOND_ROOT]


@pytest.mark.parametrize("behavior", [Behavior(), Behavior(accounts_changed=200)])
async def test_adding_an_account_that_is_there_is_202_and_changes_nothing(api: httpx.AsyncClient) -> None:
    # herokux, privatelink.go; other spellings mean the same account.
    await api.post(LINK, json=body(FIRST))
    again = await api.put(ACCOUNTS, json=body(f"{FIRST}:root", ROOT))

    assert again.status_code == 202
    assert await arns(api) == [ROOT]


@pytest.mark.parametrize("behavior", [Behavior(), Behavior(accounts_changed=200)])
async def test_patch_removes_what_it_names(api: httpx.AsyncClient, behavior: Behavior) -> None:
    # The plugin, access/remove.ts: only the accounts to remove.
    await api.post(LINK, json=body(FIRST, SECOND))
    removed = await api.patch(ACCOUNTS, json=body(ROOT))

    assert removed.status_code == behavior.accounts_changed
    assert await arns(api) == [SECOND_ROOT]


@pytest.mark.parametrize(
    ("behavior", "left"), [(Behavior(), [SECOND_ROOT]), (Behavior(absent_account=404), [ROOT, SECOND_ROOT])]
)
async def test_removing_an_account_that_is_not_there_changes_nothing_or_refuses_the_list(
    api: httpx.AsyncClient, behavior: Behavior, left: list[str]
) -> None:
    # Nobody recorded it, hence a switch.
    await api.post(LINK, json=body(FIRST, SECOND))
    absent = await api.patch(ACCOUNTS, json=body("999999999999"))
    await api.patch(ACCOUNTS, json=body("999999999999", FIRST))

    assert absent.status_code == behavior.absent_account
    assert await arns(api) == left


async def test_an_account_is_provisioning_until_it_is_active(api: httpx.AsyncClient, clock: Clock) -> None:
    # herokux, types.go; an account is of no use before the endpoint is.
    await api.post(LINK, json=body(FIRST))
    clock.wait(399)
    await api.put(ACCOUNTS, json=body(SECOND))

    async def statuses() -> list[str]:
        return [account["status"] for account in (await api.get(LINK)).json()["allowed_accounts"]]

    assert await statuses() == ["Provisioning", "Provisioning"]
    clock.wait(1)
    assert await statuses() == ["Active", "Provisioning"]
    clock.wait(399)
    assert await statuses() == ["Active", "Active"]


@pytest.mark.parametrize(
    ("behavior", "early"), [(Behavior(), 202), (Behavior(accounts_while_provisioning="refuse"), 422)]
)
@pytest.mark.parametrize(("method", "account"), [("PUT", SECOND), ("PATCH", FIRST)])
async def test_accounts_may_change_while_it_is_being_made_or_not(
    api: httpx.AsyncClient, clock: Clock, early: int, method: str, account: str
) -> None:
    # Nobody recorded it, hence a switch.
    await api.post(LINK, json=body(FIRST))
    first = await api.request(method, ACCOUNTS, json=body(account))
    clock.wait(200)
    later = await api.request(method, ACCOUNTS, json=body(account))

    assert (first.status_code, later.status_code) == (early, 202)


@pytest.mark.parametrize(
    ("behavior", "refused"),
    [
        (Behavior(), 202),
        (Behavior(most_accounts=2), 422),
        (Behavior(most_accounts=2, too_many_accounts=409), 409),
    ],
)
async def test_there_is_a_largest_number_of_accounts_or_none(api: httpx.AsyncClient, refused: int) -> None:
    # Nobody recorded one, hence a switch.
    assert (await api.post(LINK, json=body(FIRST, SECOND))).status_code == 201
    assert (await api.put(ACCOUNTS, json=body(FIRST))).status_code == 202

    assert (await api.put(ACCOUNTS, json=body("333333333333"))).status_code == refused


@pytest.mark.parametrize("behavior", [Behavior(), Behavior(link_already=409)])
async def test_a_database_has_one_at_most(api: httpx.AsyncClient, behavior: Behavior) -> None:
    # The path has no id of an endpoint; the code is unrecorded.
    await api.post(LINK, json=body(FIRST))

    assert (await api.post(LINK, json=body(SECOND))).status_code == behavior.link_already
    assert await arns(api) == [ROOT]


@pytest.mark.parametrize("behavior", [Behavior(), Behavior(link_deleted=200, unsupported=400)])
async def test_destroying_says_deprovisioned_at_once_and_for_a_while_before_the_404(
    api: httpx.AsyncClient, clock: Clock, behavior: Behavior
) -> None:
    # herokux, PrivatelinkDeleteStateRefreshFunc; the code is unrecorded.
    await api.post(LINK, json=body(FIRST))
    clock.wait(200)
    gone = await api.delete(LINK)

    assert (gone.status_code, gone.json()["status"]) == (behavior.link_deleted, "Deprovisioned")
    clock.wait(49)
    assert (await api.get(LINK)).json()["status"] == "Deprovisioned"
    assert (await api.delete(LINK)).status_code == behavior.link_deleted
    assert (await api.put(ACCOUNTS, json=body(SECOND))).status_code == 422
    assert (await api.post(LINK, json=body(FIRST))).status_code == behavior.link_already
    clock.wait(1)
    assert (await api.get(LINK)).status_code == 404
    assert (await api.post(LINK, json=body(SECOND))).status_code == behavior.link_created
    assert await arns(api) == [SECOND_ROOT]


@pytest.mark.parametrize("behavior", [Behavior(), Behavior(unsupported=403)])
@pytest.mark.parametrize(
    ("plan", "has_it"),
    [("private-0", True), ("shield-0", True), ("standard-0", False), ("advanced-shield-1", False)],
)
async def test_only_private_and_shield_plans_have_it(
    heroku: HerokuEmulator, api: httpx.AsyncClient, behavior: Behavior, plan: str, has_it: bool
) -> None:
    # Heroku Dev Center, heroku-postgres-via-privatelink, 2026-06; the code is unrecorded.
    heroku.add_database("new-1", app="billing", plan=f"heroku-postgresql:{plan}", config_vars=())
    made = await api.post("/private-link/v0/databases/new-1", json=body(FIRST))

    assert made.status_code == (behavior.link_created if has_it else behavior.unsupported)


@pytest.mark.parametrize(
    ("behavior", "keys"),
    [(Behavior(), {"account_id", "arn", "status"}), (Behavior(account_ids=False), {"arn", "status"})],
)
async def test_an_account_has_its_number_or_not(api: httpx.AsyncClient, keys: set[str]) -> None:
    # herokux reads it, the plugin's type does not have it.
    [account] = (await api.post(LINK, json=body(FIRST))).json()["allowed_accounts"]

    assert account.keys() == keys


@pytest.mark.parametrize("behavior", [Behavior(legacy_accounts=True)])
async def test_the_old_names_may_still_be_there(api: httpx.AsyncClient) -> None:
    # The plugin's history (7720c98) and herokux, privatelink.go: path and field until 2020, both fields then.
    link = (await api.post(LINK, json={"whitelisted_accounts": [FIRST]})).json()
    assert link["whitelisted_accounts"] == link["allowed_accounts"] != []
    await api.put(OLD_ACCOUNTS, json={"whitelisted_accounts": [SECOND]})
    await api.patch(OLD_ACCOUNTS, json={"whitelisted_accounts": [FIRST]})

    assert await arns(api) == [SECOND_ROOT]


async def test_the_old_names_are_gone_by_default(api: httpx.AsyncClient) -> None:
    assert (await api.post(LINK, json={"whitelisted_accounts": [FIRST]})).status_code == 422
    link = (await api.post(LINK, json=body(FIRST))).json()

    assert "whitelisted_accounts" not in link
    assert (await api.put(OLD_ACCOUNTS, json=body(SECOND))).status_code == 404


@pytest.mark.parametrize(("behavior", "status"), [(Behavior(), 200), (Behavior(data_bearer=False), 401)])
async def test_basic_is_taken_and_bearer_perhaps(api: httpx.AsyncClient, status: int) -> None:
    # All clients send Basic to these two; the official CLI sends Bearer to /client/v11 of the same host.
    await api.post(LINK, json=body(FIRST), auth=("", "HRKU-emulated"))
    mtls = f"/postgres/v0/databases/{DATABASE}/tls-endpoint"

    for path in (LINK, mtls, f"{mtls}/certificates"):
        assert (await api.get(path, auth=("", "HRKU-emulated"))).status_code == 200
        assert (await api.get(path)).status_code == status
    assert (await api.get(f"/client/v11/databases/{DATABASE}")).status_code == 200

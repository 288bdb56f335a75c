"""Spaces, apps and add-ons. Facts: the Platform API's hyper-schema (heroku/platform-api, 2026-02)."""

import httpx
import pytest

from sandbox.heroku import HerokuEmulator

DATABASE = "postgresql-curved-12345"


async def test_a_space_has_what_the_schema_says_and_is_found_by_name_and_id(api: httpx.AsyncClient) -> None:
    [listed] = (await api.get("/spaces")).json()

    assert listed.keys() == {
        "id",
        "name",
        "shield",
        "state",
        "region",
        "team",
        "organization",
        "cidr",
        "data_cidr",
        "generation",
        "created_at",
        "updated_at",
    }
    assert (listed["name"], listed["shield"], listed["state"]) == ("acme-private", False, "allocated")
    assert listed["region"]["name"] == "virginia"
    assert listed["created_at"] == "2026-01-05T10:00:00Z"
    for key in (listed["id"], "acme-private"):
        assert (await api.get(f"/spaces/{key}")).json() == listed


async def test_an_app_says_whether_it_is_in_a_space_and_whether_that_is_shield(
    heroku: HerokuEmulator, api: httpx.AsyncClient
) -> None:
    # heroku/platform-api, 2026-02: `space` is null or {id, name, shield}.
    shield = heroku.add_space("acme-shield", region="frankfurt", shield=True)
    heroku.add_app("vault", space="acme-shield")

    spaces = {app["name"]: app["space"] for app in (await api.get("/apps")).json()}

    assert spaces["website"] is None
    assert spaces["vault"] == {"id": str(shield.id), "name": "acme-shield", "shield": True}
    assert spaces["billing"]["shield"] is False


async def test_an_addon_names_its_plan_service_and_app(api: httpx.AsyncClient) -> None:
    # Official CLI, 11.9.0: plans are called `heroku-postgresql:private-4`.
    listed = {addon["name"]: addon for addon in (await api.get("/addons")).json()}
    addon = listed[DATABASE]

    assert addon["plan"]["name"] == "heroku-postgresql:private-4"
    assert addon["addon_service"]["name"] == "heroku-postgresql"
    assert addon["app"]["name"] == "billing"
    assert (addon["state"], addon["config_vars"]) == ("provisioned", ["DATABASE_URL"])
    for key in (addon["id"], DATABASE):
        assert (await api.get(f"/addons/{key}")).json() == addon
    assert (await api.get("/apps/billing/addons")).json() == [addon]


async def test_config_vars_are_one_flat_object_with_the_databases_url(api: httpx.AsyncClient) -> None:
    # heroku/platform-api: `GET /apps/{…}/config-vars`; mTLS has no URL of its own.
    found = (await api.get("/apps/billing/config-vars")).json()

    assert found.keys() == {"DATABASE_URL"}
    assert found["DATABASE_URL"].startswith("postgres://")


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"addon": DATABASE}, [DATABASE]),
        ({"addon": "DATABASE", "app": "billing"}, [DATABASE]),
        ({"addon": "DATABASE", "app": "billing", "addon_service": "heroku-redis"}, []),
        ({"addon": DATABASE, "app": "website"}, []),
        ({"addon": "postgresql-unknown-1"}, []),
        (
            {"addon": "DATABASE", "addon_service": "heroku-postgresql"},
            [DATABASE, "postgresql-graceful-54321", "postgresql-shallow-67890"],
        ),
    ],
)
async def test_an_addon_is_resolved_to_none_one_or_several(
    api: httpx.AsyncClient, given: dict[str, str], names: list[str]
) -> None:
    # heroku/platform-api, 2026-02: an array and 200, empty when not found; attachment names are taken too.
    answer = await api.post("/actions/addons/resolve", json=given)

    assert answer.status_code == 200
    assert [addon["name"] for addon in answer.json()] == names


@pytest.mark.parametrize("given", [{}, {"addon": 7}, {"addon": DATABASE, "app": 7}])
async def test_resolving_nothing_is_refused(api: httpx.AsyncClient, given: dict[str, object]) -> None:
    answer = await api.post("/actions/addons/resolve", json=given)

    assert (answer.status_code, answer.json()["id"]) == (422, "invalid_params")


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/spaces/nowhere", "space"),
        ("/apps/nothing", "app"),
        ("/apps/nothing/addons", "app"),
        ("/apps/nothing/config-vars", "app"),
        ("/addons/6f1c0000-0000-4000-8000-000000000000", "add-on"),
        ("/addons/a%2Fb", "add-on"),
    ],
)
async def test_what_is_not_there_is_said_by_kind(api: httpx.AsyncClient, path: str, resource: str) -> None:
    # Platform API reference: `resource` on some 404s.
    answer = await api.get(path)

    assert answer.status_code == 404
    assert (answer.json()["id"], answer.json()["resource"]) == ("not_found", resource)


async def test_the_account_has_an_address(api: httpx.AsyncClient) -> None:
    assert (await api.get("/account")).json()["email"] == "operations@example.com"


def test_a_name_is_taken_once(heroku: HerokuEmulator) -> None:
    with pytest.raises(ValueError, match="billing"):
        heroku.add_app("billing", space=None)


def test_a_plan_without_mtls_cannot_have_had_it(heroku: HerokuEmulator) -> None:
    with pytest.raises(ValueError, match="standard-0"):
        heroku.add_database(
            "x", app="website", plan="heroku-postgresql:standard-0", tls_endpoint="Operational"
        )


async def test_an_attachment_lends_an_addon_to_another_app_under_another_name(
    heroku: HerokuEmulator, api: httpx.AsyncClient
) -> None:
    # heroku/platform-api: {id, name, addon, app, namespace}; null is the default credential.
    heroku.attach(DATABASE, app="website", name="REPORTS", namespace="credential:reader")

    own, lent = (await api.get(f"/addons/{DATABASE}/addon-attachments")).json()

    assert (own["name"], own["app"]["name"], own["namespace"]) == ("DATABASE", "billing", None)
    assert (lent["name"], lent["app"]["name"], lent["namespace"]) == (
        "REPORTS",
        "website",
        "credential:reader",
    )
    assert lent["addon"]["name"] == DATABASE
    assert lent["addon"]["app"]["name"] == "billing"
    assert lent in (await api.get("/addon-attachments")).json()
    assert lent in (await api.get("/apps/website/addon-attachments")).json()
    assert (await api.get(f"/addon-attachments/{lent['id']}")).json() == lent
    assert "REPORTS_URL" in (await api.get("/apps/website/config-vars")).json()
    assert (await api.get("/addon-attachments/NOTHING")).json()["resource"] == "attachment"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"addon_attachment": "DATABASE", "app": "billing"}, ["billing"]),
        ({"addon_attachment": DATABASE, "app": "billing"}, ["billing"]),
        ({"addon_attachment": "DATABASE"}, ["billing", "ledger", "website"]),
        ({"addon_attachment": "DATABASE", "app": "billing", "addon_service": "heroku-redis"}, []),
        ({"addon_attachment": "NOTHING", "app": "billing"}, []),
    ],
)
async def test_an_attachment_is_resolved_to_none_one_or_several(
    api: httpx.AsyncClient, given: dict[str, str], found: list[str]
) -> None:
    answer = await api.post("/actions/addon-attachments/resolve", json=given)

    assert answer.status_code == 200
    assert [each["app"]["name"] for each in answer.json()] == found


async def test_an_attachment_tells_plan_and_config_vars_only_when_asked(api: httpx.AsyncClient) -> None:
    # The official CLI: `Accept-Inclusion: addon:plan,config_vars`.
    given = {"addon_attachment": "DATABASE", "app": "billing"}
    path = "/actions/addon-attachments/resolve"

    [plain] = (await api.post(path, json=given)).json()
    [full] = (await api.post(path, json=given, headers={"Accept-Inclusion": "addon:plan,config_vars"})).json()

    assert "config_vars" not in plain
    assert "plan" not in plain["addon"]
    assert full["config_vars"] == ["DATABASE_URL"]
    assert full["addon"]["plan"]["name"] == "heroku-postgresql:private-4"


async def test_an_attachment_that_is_not_named_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post("/actions/addon-attachments/resolve", json={"app": "billing"})

    assert (answer.status_code, answer.json()["id"]) == (422, "invalid_params")


async def test_config_vars_are_set_and_a_null_takes_one_away(api: httpx.AsyncClient) -> None:
    path = "/apps/billing/config-vars"
    url = (await api.get(path)).json()["DATABASE_URL"]

    await api.patch(path, json={"A": "1", "B": "2"})
    found = await api.patch(path, json={"A": None, "C": "3"})

    assert found.status_code == 200
    assert found.json() == (await api.get(path)).json() == {"B": "2", "C": "3", "DATABASE_URL": url}


@pytest.mark.parametrize("given", [{"A": 1}, {"A": "1", "DATABASE_URL": "postgres://"}])
async def test_a_config_var_that_cannot_be_changes_nothing(
    api: httpx.AsyncClient, given: dict[str, object]
) -> None:
    path = "/apps/billing/config-vars"
    before = (await api.get(path)).json()

    answer = await api.patch(path, json=given)

    assert (answer.status_code, answer.json()["id"]) == (422, "invalid_params")
    assert (await api.get(path)).json() == before


async def test_references_are_expanded_when_asked(api: httpx.AsyncClient) -> None:
    # The official CLI: `Accept-Expansion: addon_service,plan`, or `region`.
    space = (await api.get("/spaces/acme-private", headers={"Accept-Expansion": "region"})).json()
    addon = (await api.get(f"/addons/{DATABASE}", headers={"Accept-Expansion": "addon_service,plan"})).json()

    assert space["region"] == (await api.get("/regions/virginia")).json()
    assert addon["plan"] == (await api.get("/plans/heroku-postgresql:private-4")).json()
    assert addon["addon_service"] == (await api.get("/addon-services/heroku-postgresql")).json()


async def test_the_regions_of_spaces_are_private_capable(api: httpx.AsyncClient) -> None:
    # Dev Center, private-spaces, 2024-10: ten regions.
    found = {region["name"]: region for region in (await api.get("/regions")).json()}

    capable = {name for name, region in found.items() if region["private_capable"]}
    assert capable == {
        "dublin",
        "frankfurt",
        "london",
        "montreal",
        "mumbai",
        "oregon",
        "singapore",
        "sydney",
        "tokyo",
        "virginia",
    }
    assert found.keys() - capable == {"us", "eu"}
    assert found["virginia"]["provider"] == {"name": "amazon-web-services", "region": "us-east-1"}
    assert (await api.get("/regions/atlantis")).json()["resource"] == "region"


@pytest.mark.parametrize(
    ("name", "inside", "compliance"),
    [("standard-0", False, None), ("private-4", True, None), ("shield-0", True, ["HIPAA", "PCI"])],
)
async def test_a_plan_says_where_it_can_be_installed(
    api: httpx.AsyncClient, name: str, inside: bool, compliance: list[str] | None
) -> None:
    plan = (await api.get(f"/plans/heroku-postgresql:{name}")).json()

    assert plan["installable_inside_private_network"] is inside
    assert plan["installable_outside_private_network"] is not inside
    assert plan["compliance"] == compliance
    assert plan in (await api.get("/addon-services/heroku-postgresql/plans")).json()


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        ("/plans/heroku-postgresql:gigantic", "plan"),
        ("/addon-services/heroku-nothing/plans", "addon-service"),
        ("/spaces/nowhere/nat", "space"),
        ("/addons/none/addon-attachments", "add-on"),
    ],
)
async def test_what_heroku_does_not_have_is_not_found(
    api: httpx.AsyncClient, path: str, resource: str
) -> None:
    answer = await api.get(path)

    assert (answer.status_code, answer.json()["resource"]) == (404, resource)

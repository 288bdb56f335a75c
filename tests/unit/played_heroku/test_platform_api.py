"""Spaces, apps and add-ons. Facts: the Platform API's hyper-schema (heroku/platform-api, 2026-02)."""

import httpx
import pytest

from sandbox.heroku import PlayedHeroku

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
    heroku: PlayedHeroku, api: httpx.AsyncClient
) -> None:
    # API reference 4.2: `space` is null or {id, name, shield}.
    shield = heroku.add_space("acme-shield", region="frankfurt", shield=True)
    heroku.add_app("vault", space="acme-shield")

    spaces = {app["name"]: app["space"] for app in (await api.get("/apps")).json()}

    assert spaces["website"] is None
    assert spaces["vault"] == {"id": str(shield.id), "name": "acme-shield", "shield": True}
    assert spaces["billing"]["shield"] is False


async def test_an_addon_names_its_plan_service_and_app(api: httpx.AsyncClient) -> None:
    # API reference 4.2: plans are called `heroku-postgresql:private-4`.
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
    # API reference 4.2: `GET /apps/{…}/config-vars`; 1.7: mTLS has no URL of its own.
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
    # API reference 4.2: an array and 200, empty when not found; attachment names are taken too.
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
    # API reference 4.3: `resource` on some 404s.
    answer = await api.get(path)

    assert answer.status_code == 404
    assert (answer.json()["id"], answer.json()["resource"]) == ("not_found", resource)


async def test_the_account_has_an_address(api: httpx.AsyncClient) -> None:
    assert (await api.get("/account")).json()["email"] == "operations@example.com"


def test_a_name_is_taken_once(heroku: PlayedHeroku) -> None:
    with pytest.raises(ValueError, match="billing"):
        heroku.add_app("billing", space=None)


def test_a_plan_without_mtls_cannot_have_had_it(heroku: PlayedHeroku) -> None:
    with pytest.raises(ValueError, match="standard-0"):
        heroku.add_database(
            "x", app="website", plan="heroku-postgresql:standard-0", tls_endpoint="Operational"
        )

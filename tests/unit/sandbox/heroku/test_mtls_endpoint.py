"""mTLS enabled and disabled. Facts: the Terraform provider herokux (2025-08) and its samples (2020-09)."""

import httpx
import pytest
from cryptography import x509

from sandbox.heroku import Behavior, HerokuEmulator
from tests.unit.sandbox.heroku.conftest import RULES, TLS, Clock

NEVER_500 = Behavior(provisioning_errors=0)
PRIVATE = "/postgres/v0/databases/postgresql-quiet-1/tls-endpoint"


@pytest.fixture
def heroku(heroku: HerokuEmulator) -> HerokuEmulator:
    """The default world with one more private database, whose mTLS is off."""
    heroku.add_database(
        "postgresql-quiet-1", app="billing", plan="heroku-postgresql:private-0", config_vars=()
    )
    return heroku


async def test_an_operational_endpoint_names_app_and_addon_and_brings_its_authority(
    api: httpx.AsyncClient,
) -> None:
    # API reference 1.3: `app` and `addon` are plain names; the authority is there once Operational.
    endpoint = (await api.get(TLS)).json()

    assert endpoint.keys() == {
        "app",
        "addon",
        "status",
        "enabled_by",
        "certificate_authority_chain",
        "active_ip_rules",
    }
    assert (endpoint["app"], endpoint["addon"]) == ("billing", "postgresql-curved-12345")
    assert (endpoint["status"], endpoint["enabled_by"]) == ("Operational", "operations@example.com")
    assert [rule["cidr"] for rule in endpoint["active_ip_rules"]] == ["198.51.100.0/24"]
    authority = x509.load_pem_x509_certificate(endpoint["certificate_authority_chain"].encode())
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PRIVATE),
        ("DELETE", PRIVATE),
        ("GET", f"{PRIVATE}/ip-rules"),
        ("POST", f"{PRIVATE}/ip-rules"),
        ("GET", f"{PRIVATE}/ip-rules/6f1c0000-0000-4000-8000-000000000000"),
    ],
)
async def test_where_mtls_is_not_enabled_there_is_nothing(
    api: httpx.AsyncClient, method: str, path: str
) -> None:
    # API reference 1.2: GET answers 404 when mTLS is not enabled; 1.5: adding a rule is refused.
    body = {"cidr": "203.0.113.4/32"} if method == "POST" else None
    answer = await api.request(method, path, json=body)

    assert (answer.status_code, answer.json()["id"]) == (404, "not_found")


@pytest.mark.parametrize("behavior", [NEVER_500])
@pytest.mark.parametrize("body", [None, {}])
async def test_enabling_provisions_and_is_operational_after_a_while(
    api: httpx.AsyncClient, clock: Clock, body: dict[str, object] | None
) -> None:
    # API reference 1.2 and 1.4: POST is 201, Provisioning, then Operational; no authority while Provisioning.
    enabled = await api.post(PRIVATE, json=body)

    assert enabled.status_code == 201
    assert enabled.json()["status"] == "Provisioning"
    assert "certificate_authority_chain" not in enabled.json()
    clock.wait(299)
    assert (await api.get(PRIVATE)).json()["status"] == "Provisioning"
    assert (await api.get(f"{PRIVATE}/ip-rules")).json() == []
    clock.wait(1)
    assert (await api.get(PRIVATE)).json()["status"] == "Operational"


@pytest.mark.parametrize(
    ("behavior", "lowest", "highest"),
    [(NEVER_500, 0, 0), (Behavior(provisioning_errors=1), 40, 40), (Behavior(), 1, 39)],
)
async def test_a_provisioning_endpoint_answers_500_never_at_times_or_always(
    api: httpx.AsyncClient, clock: Clock, lowest: int, highest: int
) -> None:
    # API reference 1.4: GET during provisioning sometimes answers 500.
    await api.post(PRIVATE)

    answers = [await api.get(PRIVATE) for _ in range(40)]

    failed = [answer for answer in answers if answer.status_code == 500]
    assert lowest <= len(failed) <= highest
    assert all(answer.json()["id"] == "internal_server_error" for answer in failed)
    clock.wait(300)
    assert (await api.get(PRIVATE)).status_code == 200


@pytest.mark.parametrize(("behavior", "status"), [(NEVER_500, 404), (Behavior(off=422), 422)])
async def test_a_rule_waits_until_mtls_is_operational(
    api: httpx.AsyncClient, clock: Clock, status: int
) -> None:
    # API reference 1.5: adding a rule before mTLS is enabled is refused; with which code nobody recorded.
    await api.post(PRIVATE)
    early = await api.post(f"{PRIVATE}/ip-rules", json={"cidr": "203.0.113.4/32"})
    clock.wait(300)
    later = await api.post(f"{PRIVATE}/ip-rules", json={"cidr": "203.0.113.4/32"})

    assert (early.status_code, later.status_code) == (status, 201)


async def test_disabling_takes_a_while_and_ends_in_a_404(api: httpx.AsyncClient, clock: Clock) -> None:
    # API reference 1.2 and 1.4: DELETE is 202, Deprovisioning; its end is a 404 on GET, not a status.
    disabled = await api.delete(TLS)

    assert disabled.status_code == 202
    assert disabled.json()["status"] == "Deprovisioning"
    clock.wait(30)
    assert (await api.delete(TLS)).status_code == 202
    clock.wait(29)
    assert (await api.get(TLS)).json()["status"] == "Deprovisioning"
    assert (await api.post(RULES, json={"cidr": "203.0.113.4/32"})).status_code == 404
    clock.wait(1)
    assert (await api.get(TLS)).status_code == 404
    assert (await api.get(RULES)).status_code == 404


@pytest.mark.parametrize("behavior", [NEVER_500])
async def test_mtls_enabled_anew_has_no_old_rules(api: httpx.AsyncClient, clock: Clock) -> None:
    await api.delete(TLS)
    clock.wait(60)
    await api.post(TLS)
    clock.wait(300)

    assert (await api.get(RULES)).json() == []


@pytest.mark.parametrize(("behavior", "status"), [(Behavior(), 422), (Behavior(enabled_already=409), 409)])
async def test_enabling_twice_is_refused(api: httpx.AsyncClient, status: int) -> None:
    # Nobody recorded the code, hence a switch.
    assert (await api.post(TLS)).status_code == status


@pytest.mark.parametrize(
    ("plan", "status"),
    [
        ("heroku-postgresql:private-4", 201),
        ("heroku-postgresql:shield-0", 201),
        ("heroku-postgresql:standard-0", 422),
        ("heroku-postgresql:advanced-private-1", 422),
    ],
)
async def test_only_private_and_shield_plans_have_mtls(
    heroku: HerokuEmulator, api: httpx.AsyncClient, plan: str, status: int
) -> None:
    # API reference 1.8: only private and shield plans; not on Heroku Postgres Advanced.
    heroku.add_database("postgresql-new-1", app="billing", plan=plan, config_vars=())

    assert (await api.post("/postgres/v0/databases/postgresql-new-1/tls-endpoint")).status_code == status


@pytest.mark.parametrize(("behavior", "status"), [(Behavior(), 200), (Behavior(uuid_in_path=False), 404)])
async def test_the_data_api_takes_the_name_and_unless_switched_off_the_uuid(
    api: httpx.AsyncClient, status: int
) -> None:
    # API reference 1.1: one source writes "name or UUID", another insists on the name.
    uuid = (await api.get("/addons/postgresql-curved-12345")).json()["id"]

    assert (await api.get(TLS)).status_code == 200
    assert (await api.get(f"/postgres/v0/databases/{uuid}/tls-endpoint")).status_code == status
    assert (await api.get("/postgres/v0/databases/postgresql-none-1/tls-endpoint")).status_code == 404

"""What others do to a database's mTLS and PrivateLink, in process and through the door below /_emulator."""

import httpx
import pytest

from sandbox.heroku import HerokuEmulator
from tests.unit.sandbox.heroku.conftest import Clock
from tests.unit.sandbox.heroku.test_privatelink import DATABASE, FIRST, LINK, ROOT, SECOND, SECOND_ROOT


async def did(anonymous: httpx.AsyncClient, path: str, **given: object) -> httpx.Response:
    return await anonymous.post(f"/_emulator/{path}", json={"database": DATABASE, **given})


async def test_certificates_come_and_go_by_hand_without_showing_a_key(
    heroku: HerokuEmulator, anonymous: httpx.AsyncClient, clock: Clock
) -> None:
    made = await did(anonymous, "certificates/create")
    lasting = await did(anonymous, "certificates/create", expires_at="2027-01-01T10:00:00+00:00")
    clock.wait(120)
    gone = await did(anonymous, "certificates/delete", certificate=made.json()["id"])

    assert made.json().keys() == {"id", "name", "status", "expires_at"}
    assert (made.json()["status"], made.json()["expires_at"]) == ("pending", None)
    assert lasting.json()["expires_at"] == "2027-01-01T10:00:00+00:00"
    assert gone.json()["status"] == "disabling"
    assert [each.status for each in heroku.certificates(DATABASE, now=clock.now)] == [
        "ready",
        "disabling",
        "ready",
    ]
    assert (await anonymous.get("/_emulator/requests")).json() == []
    assert "PRIVATE KEY" not in (await anonymous.get("/_emulator/state")).text


async def test_mtls_is_disabled_and_enabled_externally(
    heroku: HerokuEmulator, anonymous: httpx.AsyncClient, clock: Clock
) -> None:
    assert (await did(anonymous, "mtls/disable")).json() == {"ok": True}
    clock.wait(60)
    assert heroku.certificates(DATABASE, now=clock.now) == []
    assert (await did(anonymous, "mtls/enable")).json() == {"ok": True}
    clock.wait(420)

    assert [each.status for each in heroku.certificates(DATABASE, now=clock.now)] == ["ready"]
    assert (await did(anonymous, "mtls/enable")).status_code == 422


async def test_privatelink_is_made_changed_connected_and_destroyed_externally(
    heroku: HerokuEmulator, anonymous: httpx.AsyncClient, api: httpx.AsyncClient, clock: Clock
) -> None:
    made = (await did(anonymous, "privatelink/create", accounts=[FIRST])).json()
    added = (await did(anonymous, "accounts/add", account=SECOND)).json()
    clock.wait(400)
    connected = (await did(anonymous, "vpc-endpoints/create", account=FIRST)).json()
    removed = (await did(anonymous, "accounts/remove", account=FIRST)).json()

    assert (made["status"], made["service_name"]) == ("Provisioning", None)
    assert made["accounts"] == [{"arn": ROOT, "status": "Provisioning"}]
    assert [account["arn"] for account in added["accounts"]] == [ROOT, SECOND_ROOT]
    assert removed["accounts"] == [{"arn": SECOND_ROOT, "status": "Active"}]
    assert [each["endpoint_id"] for each in removed["connections"]] == [connected["endpoint_id"]]
    ended = await did(anonymous, "vpc-endpoints/delete", endpoint_id=connected["endpoint_id"])
    assert ended.json() == {"ok": True}
    assert (await did(anonymous, "privatelink/destroy")).json()["status"] == "Deprovisioned"
    assert (await api.get(LINK)).json()["status"] == "Deprovisioned"


@pytest.mark.parametrize(
    ("path", "given", "status"),
    [
        ("certificates/create", {"database": "none"}, 404),
        ("certificates/create", {"expires_at": "soon"}, 422),
        ("certificates/create", {"expires_at": "2027-01-01T10:00:00"}, 422),
        ("certificates/delete", {"certificate": "nonsense"}, 404),
        ("certificates/delete", {}, 422),
        ("privatelink/create", {"accounts": "all"}, 422),
        ("privatelink/create", {"accounts": ["me"]}, 422),
        ("privatelink/destroy", {}, 404),
        ("accounts/add", {"account": FIRST}, 404),
        ("vpc-endpoints/create", {"account": FIRST}, 404),
        ("vpc-endpoints/delete", {"endpoint_id": "vpce-0"}, 404),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(
    anonymous: httpx.AsyncClient, path: str, given: dict[str, object], status: int
) -> None:
    answer = await did(anonymous, path, **given)

    assert answer.status_code == status
    assert answer.json()["message"]


async def test_the_snapshot_shows_certificates_and_privatelink_of_each_database(
    heroku: HerokuEmulator, clock: Clock
) -> None:
    heroku.create_privatelink_externally(DATABASE, [FIRST], now=clock.now)
    clock.wait(400)
    made = heroku.create_vpc_endpoint(DATABASE, account=FIRST, now=clock.now)
    clock.wait(510)
    billing, ledger, _ = heroku.snapshot(now=clock.now)["databases"]

    [certificate] = billing["certificates"]
    assert certificate.keys() == {"id", "name", "status", "expires_at"}
    assert billing["privatelink"].pop("service_name").startswith("com.amazonaws.vpce.us-east-1.")
    assert billing["privatelink"] == {
        "status": "Operational",
        "accounts": [{"arn": ROOT, "status": "Active"}],
        "connections": [
            {
                "endpoint_id": made.endpoint_id,
                "hostname": made.hostname,
                "owner_arn": ROOT,
                "status": "Available",
                "announced": True,
            }
        ],
    }
    assert ledger["privatelink"] is None


@pytest.mark.parametrize("seconds", [200, 230, 400, 410, 910])
def test_the_version_rises_with_each_moment_that_changes_what_is_seen(
    heroku: HerokuEmulator, clock: Clock, seconds: int
) -> None:
    # Operational, known to Amazon, an account active, a connection available, its config vars there.
    start = clock.now
    heroku.create_privatelink_externally(DATABASE, [FIRST], now=start)
    clock.wait(400)
    heroku.create_vpc_endpoint(DATABASE, account=FIRST, now=clock.now)
    clock.now = start
    clock.wait(seconds - 1)
    before = heroku.version_at(clock.now)
    clock.wait(1)

    assert heroku.version_at(clock.now) == before + 1

"""What can be seen from outside the API: the snapshot, the version that rises, the journal."""

from datetime import timedelta

import httpx
import pytest

from sandbox.heroku import HerokuEmulator, TransitionTimes, default_world
from sandbox.heroku.fault_injection import lost_answer
from tests.unit.sandbox.heroku.conftest import CIDR, RULES, TLS, TOKEN, Clock

DATABASE = "postgresql-curved-12345"


async def test_the_snapshot_shows_spaces_databases_and_the_latest_calls(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    await api.get("/account")
    seen = heroku.snapshot(now=clock.now)

    [space] = seen["spaces"]
    assert (space["name"], space["region"], space["shield"]) == ("acme-private", "virginia", False)
    assert (space["generation"], space["state"], space["data_services"]) == ("cedar", "allocated", True)
    billing, ledger, website = seen["databases"]
    assert (billing["name"], billing["app"], billing["space"]) == (DATABASE, "billing", "acme-private")
    assert (billing["plan"], billing["tls_endpoint"]) == ("heroku-postgresql:private-4", "Operational")
    [rule] = billing["rules"]
    assert rule.keys() == {"id", "cidr", "description", "status", "created_at"}
    assert (rule["cidr"], rule["description"], rule["status"]) == ("198.51.100.0/24", "office", "Authorized")
    assert (ledger["plan"], ledger["tls_endpoint"]) == ("heroku-postgresql:private-0", "Operational")
    assert (website["space"], website["tls_endpoint"], website["rules"]) == (None, None, [])
    assert seen["calls"] == [
        {"at": clock.now.isoformat(), "method": "GET", "path": "/account", "status": 200}
    ]


def test_the_snapshot_shows_a_spaces_ranges_what_holds_and_what_was_there_before(
    heroku: HerokuEmulator, clock: Clock
) -> None:
    heroku.leave_unapplied("acme-private")
    heroku.put_ruleset_externally("acme-private", [CIDR], by="lead@example.com", now=clock.now)
    [space] = heroku.snapshot(now=clock.now)["spaces"]

    office = [{"action": "allow", "source": "198.51.100.0/24"}]
    assert space["ruleset"].pop("id")
    assert space["ruleset"] == {
        "created_at": clock.now.isoformat(),
        "created_by": "lead@example.com",
        "applied": False,
        "rules": [{"action": "allow", "source": CIDR}],
    }
    assert space["in_force"] == office
    assert [each["rules"] for each in space["history"]] == [
        office,
        [{"action": "allow", "source": "0.0.0.0/0"}],
    ]
    for number in range(9):
        heroku.put_ruleset_externally("acme-private", [f"192.0.2.{number}/32"], now=clock.now)
    [space] = heroku.snapshot(now=clock.now)["spaces"]
    assert [each["rules"][0]["source"] for each in space["history"]] == [
        f"192.0.2.{number}/32" for number in (7, 6, 5, 4, 3)
    ]


async def test_the_snapshot_shows_thirty_calls_at_most_newest_last(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    for number in range(31):
        await api.get(f"/apps/{number}")

    paths = [call["path"] for call in heroku.snapshot(now=clock.now)["calls"]]

    assert (len(paths), paths[0], paths[-1]) == (30, "/apps/1", "/apps/30")


async def test_the_version_rises_with_calls_with_others_and_with_time(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    versions = [heroku.version_at(clock.now)]
    await api.get("/account")
    versions.append(heroku.version_at(clock.now))
    rule = heroku.add_rule_externally(DATABASE, CIDR, now=clock.now)
    versions.append(heroku.version_at(clock.now))
    clock.wait(600)
    versions.append(heroku.version_at(clock.now))
    heroku.delete_rule_externally(DATABASE, rule.id, now=clock.now)
    versions.append(heroku.version_at(clock.now))

    assert versions == sorted(set(versions))
    assert heroku.version_at(clock.now + timedelta(days=1)) == versions[-1]


async def test_the_end_of_mtls_is_seen_in_snapshot_and_version(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    await api.delete(TLS)
    before, during = heroku.version_at(clock.now), heroku.snapshot(now=clock.now)["databases"][0]
    clock.wait(60)
    after = heroku.snapshot(now=clock.now)["databases"][0]

    assert (during["tls_endpoint"], after["tls_endpoint"], after["rules"]) == ("Deprovisioning", None, [])
    assert heroku.version_at(clock.now) > before


def test_the_version_without_a_time_follows_real_seconds() -> None:
    heroku = HerokuEmulator(token=TOKEN)
    before = heroku.version
    heroku.add_space("acme-private")

    assert heroku.version > before


async def test_the_journal_has_every_call_and_what_writes_brought(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    heroku.fault(lost_answer(), on="POST .*203", times=1)
    heroku.fault(lost_answer(), on="DELETE")
    await api.get(RULES)
    await api.post(RULES, json={"cidr": CIDR})
    await api.post(RULES, content=b"{")
    with pytest.raises(httpx.RemoteProtocolError):
        await api.delete(TLS)

    seen = [(entry.method, entry.path, entry.status, entry.body) for entry in heroku.request_log]

    assert seen == [
        ("GET", RULES, 200, None),
        ("POST", RULES, 201, {"cidr": CIDR}),
        ("POST", RULES, 400, "{"),
        ("DELETE", TLS, 0, {}),
    ]
    assert {entry.at for entry in heroku.request_log} == {clock.now}
    assert TOKEN not in repr(list(heroku.request_log))


@pytest.mark.parametrize("databases", [0, 3])
def test_the_default_world_has_one_or_two_private_databases(databases: int) -> None:
    with pytest.raises(ValueError, match="1 to 2"):
        default_world(token=TOKEN, databases=databases)


def test_a_world_made_again_has_the_same_ids_of_lasting_things() -> None:
    # A bot that remembers its databases meets them again after the emulated Heroku was restarted.
    first, again = (default_world(token=TOKEN, seed=seed) for seed in (1, 2))

    assert first.add_app("new", space="acme-private").id == again.add_app("new", space="acme-private").id


def test_a_duration_cannot_be_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        TransitionTimes.of(-1)

"""IP rules. Facts: the Terraform provider herokux (2025-08), its documentation and its samples (2020-09)."""

from datetime import timedelta

import httpx
import pytest

from sandbox.heroku import Behavior, HerokuEmulator, Refused
from tests.unit.sandbox.heroku.conftest import CIDR, RULES, TLS, Clock

DATABASE = "postgresql-curved-12345"


async def added(api: httpx.AsyncClient, cidr: str = CIDR) -> str:
    """Add a rule and return its id."""
    answer = await api.post(RULES, json={"cidr": cidr})
    assert answer.status_code == 201
    return str(answer.json()["id"])


async def test_a_rule_is_authorizing_and_after_a_while_authorized(
    api: httpx.AsyncClient, clock: Clock
) -> None:
    # API reference 1.3 and 1.4: Authorizing, then Authorized; only then it is among the active ones.
    answer = await api.post(RULES, json={"cidr": CIDR, "description": "ETL worker"})
    rule = answer.json()

    assert answer.status_code == 201
    assert rule.keys() == {"id", "cidr", "description", "status", "created_at", "updated_at"}
    assert (rule["cidr"], rule["description"], rule["status"]) == (CIDR, "ETL worker", "Authorizing")
    assert (await api.get(f"{RULES}/{rule['id']}")).json() == rule
    clock.wait(599)
    assert (await api.get(RULES)).json()[1]["status"] == "Authorizing"
    assert len((await api.get(TLS)).json()["active_ip_rules"]) == 1
    clock.wait(1)
    found = (await api.get(f"{RULES}/{rule['id']}")).json()
    assert found["status"] == "Authorized"
    assert (await api.get(TLS)).json()["active_ip_rules"][1] == found


@pytest.mark.parametrize(
    ("behavior", "created", "updated"),
    [
        (Behavior(dates="offset"), "2026-11-24 09:00:00 +0000", "2026-11-24 09:10:00 +0000"),
        (Behavior(dates="utc"), "2026-11-24 09:00:00 UTC", "2026-11-24 09:10:00 UTC"),
        (Behavior(dates="rfc3339"), "2026-11-24T09:00:00.000+00:00", "2026-11-24T09:10:00.000+00:00"),
    ],
)
async def test_times_follow_the_given_time_in_three_spellings(
    api: httpx.AsyncClient, clock: Clock, created: str, updated: str
) -> None:
    # API reference 1.5: timestamps are not stable; a client must read all three.
    id = await added(api)
    clock.wait(3600)

    rule = (await api.get(f"{RULES}/{id}")).json()

    assert (rule["created_at"], rule["updated_at"]) == (created, updated)


async def test_a_description_may_be_left_out_and_is_then_empty(api: httpx.AsyncClient) -> None:
    # API reference 1.2 and 1.3: optional, may be empty.
    assert (await api.post(RULES, json={"cidr": CIDR})).json()["description"] == ""


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"cidr": None},
        {"cidr": 7},
        {"cidr": "203.0.113.4"},
        {"cidr": "203.0.113.4/33"},
        {"cidr": "203.0.113.999/32"},
        {"cidr": "203.0.113.4/24"},
        {"cidr": "203.0.113.0/255.255.255.0"},
        {"cidr": " 203.0.113.4/32"},
        {"cidr": "203.0.113.4/32\n"},
        {"cidr": "2001:db8::/32"},
        {"cidr": CIDR, "description": 7},
    ],
)
async def test_what_is_no_network_is_refused_and_changes_nothing(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock, given: dict[str, object]
) -> None:
    # API reference 1.3: an IPv4 CIDR string; 4.3: 422 `invalid_params`.
    answer = await api.post(RULES, json=given)

    assert (answer.status_code, answer.json()["id"]) == (422, "invalid_params")
    assert len(heroku.rules(DATABASE, now=clock.now)) == 1


@pytest.mark.parametrize(("behavior", "status"), [(Behavior(), 422), (Behavior(full=409), 409)])
async def test_the_61st_rule_is_refused(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock, status: int
) -> None:
    # API reference 1.5: a hard limit of 60 a database; the code is not recorded.
    for number in range(59):
        await added(api, f"203.0.113.{number}/32")

    assert (await api.post(RULES, json={"cidr": "192.0.2.1/32"})).status_code == status
    assert len(heroku.rules(DATABASE, now=clock.now)) == 60
    assert len((await api.get(RULES)).json()) == 60


@pytest.mark.parametrize(
    ("behavior", "status", "count"), [(Behavior(), 201, 3), (Behavior(duplicates="refuse"), 422, 2)]
)
async def test_the_same_network_twice_is_two_rules_or_refused(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock, status: int, count: int
) -> None:
    # API reference 1.5: what Heroku does is unknown, hence a switch.
    await added(api)

    assert (await api.post(RULES, json={"cidr": CIDR})).status_code == status
    assert len(heroku.rules(DATABASE, now=clock.now)) == count


@pytest.mark.parametrize(
    ("behavior", "status"), [(Behavior(), 202), (Behavior(deleted=200), 200), (Behavior(deleted=204), 204)]
)
async def test_a_deleted_rule_is_absent_at_once(api: httpx.AsyncClient, status: int) -> None:
    # API reference 1.2 and 1.4: DELETE is some 2xx, then GET is 404.
    id = await added(api)

    deleted = await api.delete(f"{RULES}/{id}")

    assert deleted.status_code == status
    assert (deleted.content == b"") is (status == 204)
    assert (await api.get(f"{RULES}/{id}")).status_code == 404
    assert (await api.delete(f"{RULES}/{id}")).status_code == 404
    assert [rule["cidr"] for rule in (await api.get(RULES)).json()] == ["198.51.100.0/24"]


@pytest.mark.parametrize("key", ["6f1c0000-0000-4000-8000-000000000000", "nonsense", "%7B%7D"])
async def test_an_unknown_rule_is_not_found(api: httpx.AsyncClient, key: str) -> None:
    answer = await api.get(f"{RULES}/{key}")

    assert (answer.status_code, answer.json()["id"]) == (404, "not_found")


@pytest.mark.parametrize("behavior", [Behavior(readd_error_seconds=30)])
async def test_the_same_network_soon_after_its_removal_is_an_unexplained_error(
    api: httpx.AsyncClient, clock: Clock
) -> None:
    # API reference 1.5: delete, then add again soon after may give a server error; for how long nobody knows.
    await api.delete(f"{RULES}/{await added(api)}")

    clock.wait(29)
    soon = await api.post(RULES, json={"cidr": CIDR})
    other = await api.post(RULES, json={"cidr": "203.0.113.5/32"})
    clock.wait(1)
    later = await api.post(RULES, json={"cidr": CIDR})

    assert (soon.status_code, soon.json()["id"]) == (500, "internal_server_error")
    assert (other.status_code, later.status_code) == (201, 201)


async def test_the_same_network_can_be_added_again_at_once_unless_switched(api: httpx.AsyncClient) -> None:
    await api.delete(f"{RULES}/{await added(api)}")

    assert (await api.post(RULES, json={"cidr": CIDR})).status_code == 201


async def test_somebody_elses_changes_are_seen_through_the_api(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    [office] = heroku.rules(DATABASE, now=clock.now)
    heroku.delete_rule_externally(DATABASE, office.id, now=clock.now)
    mine = heroku.add_rule_externally(DATABASE, CIDR, "by hand", now=clock.now)

    [seen] = (await api.get(RULES)).json()

    assert (seen["id"], seen["description"], seen["status"]) == (str(mine.id), "by hand", "Authorizing")
    assert heroku.rules(DATABASE, now=clock.now + timedelta(seconds=600))[0].status == "Authorized"


def test_somebody_else_is_held_to_the_same_rules(heroku: HerokuEmulator, clock: Clock) -> None:
    with pytest.raises(Refused) as refused:
        heroku.add_rule_externally(DATABASE, "203.0.113.4/24", now=clock.now)

    assert refused.value.status == 422

"""The door below /_emulator, for tests of other processes on this machine."""

import httpx
import pytest

from sandbox.heroku import HerokuEmulator
from sandbox.heroku.server import app
from tests.unit.sandbox.heroku.conftest import CIDR, RULES, Clock

DATABASE = "postgresql-curved-12345"


async def test_the_state_is_the_snapshot_with_its_version(
    heroku: HerokuEmulator, anonymous: httpx.AsyncClient, clock: Clock
) -> None:
    seen = (await anonymous.get("/_emulator/state")).json()

    assert seen == {**heroku.snapshot(now=clock.now), "version": heroku.version_at(clock.now)}


async def test_rules_come_and_go_by_hand_and_are_no_calls(
    heroku: HerokuEmulator, anonymous: httpx.AsyncClient, clock: Clock
) -> None:
    given = {"database": DATABASE, "cidr": CIDR, "description": "by hand"}
    added = (await anonymous.post("/_emulator/rules/add", json=given)).json()
    [office, mine] = heroku.rules(DATABASE, now=clock.now)

    assert (added["id"], added["status"]) == (str(mine.id), "Authorizing")
    gone = await anonymous.post(
        "/_emulator/rules/delete", json={"database": DATABASE, "rule": str(office.id)}
    )
    assert gone.status_code == 200
    assert [rule.id for rule in heroku.rules(DATABASE, now=clock.now)] == [mine.id]
    assert (await anonymous.get("/_emulator/requests")).json() == []


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({"kind": "status", "code": 503, "on": "GET .*/ip-rules"}, [503, 200]),
        ({"kind": "html_body", "times": 2}, [503, 503]),
        ({"kind": "status", "code": 429, "times": None, "name": "storm"}, [429, 429]),
        ({"kind": "slow_answer", "seconds": 0.01}, [200, 200]),
        ({"kind": "dripping", "seconds": 0.01}, [200, 200]),
        ({"kind": "status", "code": 403, "id": "suspended"}, [403, 200]),
        ({"kind": "two_factor"}, [403, 200]),
        ({"kind": "rate_limited"}, [429, 200]),
        ({"kind": "wrong_host"}, [404, 200]),
        ({"kind": "warned", "text": "soon"}, [200, 200]),
        ({"kind": "slow", "seconds": 0.01}, [200, 200]),
    ],
)
async def test_faults_are_set_and_cleared(
    anonymous: httpx.AsyncClient, api: httpx.AsyncClient, given: dict[str, object], codes: list[int]
) -> None:
    assert (await anonymous.post("/_emulator/faults", json=given)).json() == {"ok": True}
    assert [(await api.get(RULES)).status_code for _ in codes] == codes
    assert (await anonymous.delete("/_emulator/faults")).json() == {"ok": True}
    assert (await api.get(RULES)).status_code == 200


async def test_ranges_are_put_by_hand_and_may_be_stored_only(
    heroku: HerokuEmulator, anonymous: httpx.AsyncClient
) -> None:
    await anonymous.post("/_emulator/rulesets/unapplied", json={"space": "acme-private"})
    given = {"space": "acme-private", "rules": [CIDR], "by": "lead@example.com"}

    put = (await anonymous.post("/_emulator/rulesets/put", json=given)).json()

    assert (put["id"], put["created_by"]) == (str(heroku.ruleset("acme-private").id), "lead@example.com")
    assert (put["applied"], put["rules"]) == (False, [{"action": "allow", "source": CIDR}])


async def test_addons_are_renamed_and_destroyed_externally(
    anonymous: httpx.AsyncClient, api: httpx.AsyncClient
) -> None:
    await anonymous.post("/_emulator/addons/rename", json={"database": DATABASE, "name": "orders-db"})
    assert (await api.get("/addons/orders-db")).status_code == 200

    await anonymous.post("/_emulator/addons/delete", json={"database": "orders-db"})
    assert (await api.get("/addons/orders-db")).status_code == 404


async def test_apps_and_spaces_are_renamed_and_a_follower_is_promoted(
    anonymous: httpx.AsyncClient, api: httpx.AsyncClient
) -> None:
    await anonymous.post("/_emulator/apps/rename", json={"app": "billing", "name": "invoices"})
    await anonymous.post("/_emulator/spaces/rename", json={"space": "acme-private", "name": "acme-secure"})
    await anonymous.post("/_emulator/addons/beside", json={"database": DATABASE, "name": "orders-db"})
    promoted = (await anonymous.post("/_emulator/addons/promote", json={"database": "orders-db"})).json()

    app = (await api.get("/apps/invoices")).json()
    assert app["space"]["name"] == "acme-secure"
    assert promoted["config_vars"][-1] == "DATABASE_URL"
    assert (await api.get("/addons/orders-db")).json()["app"]["name"] == "invoices"


@pytest.mark.parametrize("kind", ["lost_answer", "truncated_body", "cut_before"])
async def test_cuts_are_set_too(anonymous: httpx.AsyncClient, api: httpx.AsyncClient, kind: str) -> None:
    await anonymous.post("/_emulator/faults", json={"kind": kind})

    with pytest.raises(httpx.RemoteProtocolError):
        await api.get(RULES)


async def test_the_journal_tells_calls_with_their_bodies(
    anonymous: httpx.AsyncClient, api: httpx.AsyncClient
) -> None:
    await api.post(RULES, json={"cidr": CIDR})

    [entry] = (await anonymous.get("/_emulator/requests")).json()

    assert (entry["method"], entry["path"], entry["status"]) == ("POST", RULES, 201)
    assert entry["body"] == {"cidr": CIDR}


@pytest.mark.parametrize(
    ("path", "given", "status"),
    [
        ("/_emulator/rules/add", {"database": "none", "cidr": CIDR}, 404),
        ("/_emulator/rules/add", {"database": DATABASE, "cidr": "nonsense"}, 422),
        ("/_emulator/rules/add", {"database": DATABASE}, 422),
        ("/_emulator/rules/delete", {"database": DATABASE, "rule": "nonsense"}, 404),
        ("/_emulator/rulesets/put", {"space": "nowhere", "rules": [CIDR]}, 404),
        ("/_emulator/rulesets/put", {"space": "acme-private", "rules": ["nonsense"]}, 422),
        ("/_emulator/rulesets/put", {"space": "acme-private", "rules": None}, 422),
        ("/_emulator/addons/rename", {"database": DATABASE, "name": "postgresql-graceful-54321"}, 422),
        ("/_emulator/addons/rename", {"database": DATABASE, "name": 7}, 422),
        ("/_emulator/addons/delete", {"database": "none"}, 404),
        ("/_emulator/addons/beside", {"database": DATABASE, "name": DATABASE}, 422),
        ("/_emulator/addons/promote", {"database": "none"}, 404),
        ("/_emulator/apps/rename", {"app": "billing", "name": "website"}, 422),
        ("/_emulator/spaces/rename", {"space": "nowhere", "name": "acme-secure"}, 404),
        ("/_emulator/rulesets/unapplied", {"space": "acme-private", "puts": "many"}, 422),
        ("/_emulator/rulesets/unapplied", {"space": "acme-private", "puts": -1}, 422),
        ("/_emulator/faults", {"kind": "status", "code": 403, "id": "rain"}, 422),
        ("/_emulator/faults", {"kind": "rain"}, 422),
        ("/_emulator/faults", {"kind": "slow"}, 422),
        ("/_emulator/faults", {"kind": "slow", "seconds": "long"}, 422),
        ("/_emulator/faults", {"kind": "status", "code": 200}, 422),
        ("/_emulator/faults", {"kind": "status", "code": 500, "on": "("}, 422),
        ("/_emulator/faults", {"kind": "lost_answer", "times": 0}, 422),
        ("/_emulator/faults", ["kind"], 400),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(
    anonymous: httpx.AsyncClient, path: str, given: object, status: int
) -> None:
    answer = await anonymous.post(path, json=given)

    assert answer.status_code == status
    assert answer.json()["message"]


@pytest.mark.parametrize(("kind", "body"), [("text/plain", b"{}"), ("application/json", b"{")])
async def test_a_form_of_some_web_page_or_broken_json_is_refused(
    anonymous: httpx.AsyncClient, kind: str, body: bytes
) -> None:
    answer = await anonymous.post("/_emulator/faults", content=body, headers={"Content-Type": kind})

    assert answer.status_code == 400


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", 200), ("::1", 200), ("203.0.113.9", 403)])
async def test_only_this_machine_may_look(
    heroku: HerokuEmulator, clock: Clock, host: str, status: int
) -> None:
    transport = httpx.ASGITransport(app(heroku, now=clock), client=(host, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://heroku.test") as client:
        assert (await client.get("/_emulator/requests")).status_code == status
        assert (await client.post("/_emulator/faults", json={"kind": "lost_answer"})).status_code == status


async def test_a_switch_is_turned_for_whoever_calls_next(
    heroku: HerokuEmulator, anonymous: httpx.AsyncClient, api: httpx.AsyncClient
) -> None:
    added = (await api.post(RULES, json={"cidr": CIDR})).status_code
    shown = (await anonymous.post("/_emulator/behavior", json={"deleted": 204, "pool": 9})).json()

    assert (added, shown["deleted"], heroku.behavior.deleted) == (201, 204, 204)
    [rule] = [one for one in (await api.get(RULES)).json() if one["cidr"] == CIDR]
    deleted = await api.delete(f"{RULES}/{rule['id']}")
    assert (deleted.status_code, deleted.headers["RateLimit-Remaining"]) == (204, "7")
    assert (await anonymous.post("/_emulator/behavior", json={"delted": 204})).status_code == 422

"""Trusted IP ranges of a space.

Facts: the Platform API's hyper-schema (heroku/platform-api, 2026-02) for paths and shapes; the official CLI
(11.9.0) for ``applied`` and for what it puts back; Heroku Dev Center, private-spaces-trusted-ip-ranges,
2026-03, for limits. What nobody recorded is a switch, tried in at least two settings.
"""

from typing import Any

import httpx
import pytest

from sandbox.heroku import Behavior, HerokuEmulator, Refused, TransitionTimes, default_world
from tests.unit.sandbox.heroku.conftest import TOKEN, Clock

SPACE = "acme-private"
PATH = f"/spaces/{SPACE}/inbound-ruleset"
HISTORY = f"/spaces/{SPACE}/inbound-rulesets"
OFFICE = "198.51.100.0/24"
MINE = "203.0.113.4/32"


def allowed(*sources: str) -> dict[str, Any]:
    return {"rules": [{"action": "allow", "source": source} for source in sources]}


def sources(ruleset: dict[str, Any]) -> list[str]:
    return [rule["source"] for rule in ruleset["rules"]]


async def test_a_ruleset_has_what_the_schema_says_and_whether_it_is_applied(api: httpx.AsyncClient) -> None:
    space = (await api.get(f"/spaces/{SPACE}")).json()

    found = (await api.get(PATH)).json()

    assert found.keys() == {"id", "space", "created_at", "created_by", "rules", "applied"}
    assert found["space"] == {"id": space["id"], "name": SPACE}
    assert found["rules"] == [{"action": "allow", "source": OFFICE}]
    assert (found["created_at"], found["created_by"]) == ("2026-01-05T10:00:00Z", "network@example.com")
    assert (await api.get(f"/spaces/{space['id']}/inbound-ruleset")).json() == found


async def test_a_put_replaces_the_whole_list_by_a_new_ruleset_of_the_accounts(
    api: httpx.AsyncClient, clock: Clock
) -> None:
    before = (await api.get(PATH)).json()

    made = await api.put(PATH, json=allowed(MINE))

    assert made.status_code == 201
    assert (await api.get(PATH)).json() == made.json()
    assert sources(made.json()) == [MINE]
    assert made.json()["id"] != before["id"]
    assert made.json()["created_by"] == "operations@example.com"
    assert made.json()["created_at"] == f"{clock.now:%Y-%m-%dT%H:%M:%SZ}"


async def test_the_whole_object_may_be_put_back_and_only_its_rules_count(api: httpx.AsyncClient) -> None:
    # The official CLI adds to the object it got, and puts all of it.
    whole = (await api.get(PATH)).json()
    whole["rules"].append({"action": "deny", "source": MINE})

    made = (await api.put(PATH, json=whole | {"created_by": "forged@example.com", "applied": False})).json()

    assert made["rules"] == whole["rules"]
    assert made["id"] != whole["id"]
    assert (made["created_by"], made["applied"]) == ("operations@example.com", True)


async def test_an_empty_list_is_accepted_and_lets_nobody_in(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    # The official CLI: an empty list blocks all inbound web requests.
    assert (await api.put(PATH, json=allowed())).json()["rules"] == []
    assert heroku.ranges_in_force(SPACE, now=clock.now) == ()


async def test_a_new_space_lets_everybody_in(heroku: HerokuEmulator, api: httpx.AsyncClient) -> None:
    heroku.add_space("new")

    assert sources((await api.get("/spaces/new/inbound-ruleset")).json()) == ["0.0.0.0/0"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rules": None},
        {"rules": {"action": "allow", "source": MINE}},
        {"rules": [MINE]},
        {"rules": [{"source": MINE}]},
        {"rules": [{"action": "drop", "source": MINE}]},
        {"rules": [{"action": ["allow"], "source": MINE}]},
        {"rules": [{"action": "allow"}]},
        {"rules": [{"action": "allow", "source": 7}]},
        allowed("203.0.113.4"),
        allowed("203.0.113.4/33"),
        allowed("203.0.113.256/32"),
        allowed("::/0"),
        allowed("203.0.113.0/255.255.255.0"),
        allowed(" 203.0.113.4/32"),
        allowed(MINE, "nonsense"),
    ],
)
async def test_what_does_not_fit_the_schema_is_refused_and_changes_nothing(
    heroku: HerokuEmulator, api: httpx.AsyncClient, body: object
) -> None:
    # heroku/platform-api: an action is allow or deny, a source dotted IPv4 with /0 to /32.
    before = heroku.rulesets(SPACE)

    answer = await api.put(PATH, json=body)

    assert (answer.status_code, answer.json()["id"]) == (422, "invalid_params")
    assert heroku.rulesets(SPACE) == before


@pytest.mark.parametrize(
    ("behavior", "id"), [(Behavior(), "invalid_params"), (Behavior(ranges_full=400), "bad_request")]
)
async def test_a_space_has_twenty_ranges_at_most(api: httpx.AsyncClient, behavior: Behavior, id: str) -> None:
    many = [f"203.0.113.{number}/32" for number in range(21)]

    assert (await api.put(PATH, json=allowed(*many[:20]))).status_code == 201
    refused = await api.put(PATH, json=allowed(*many))

    assert (refused.status_code, refused.json()["id"]) == (behavior.ranges_full, id)
    assert len((await api.get(PATH)).json()["rules"]) == 20


@pytest.mark.parametrize("behavior", [Behavior(), Behavior(ruleset_created=200)])
async def test_the_status_of_a_put_is_a_switch(api: httpx.AsyncClient, behavior: Behavior) -> None:
    assert (await api.put(PATH, json=allowed(MINE))).status_code == behavior.ruleset_created


@pytest.mark.parametrize(
    ("behavior", "status"), [(Behavior(), 201), (Behavior(duplicate_ranges="refuse"), 422)]
)
async def test_a_source_that_comes_twice_is_kept_or_refused(api: httpx.AsyncClient, status: int) -> None:
    assert (await api.put(PATH, json=allowed(MINE, OFFICE, MINE))).status_code == status


@pytest.mark.parametrize(
    ("behavior", "kept"),
    [
        (Behavior(), ["127.0.0.1/20"]),
        (Behavior(host_bits="masked"), ["127.0.0.0/20"]),
        (Behavior(host_bits="refused"), [OFFICE]),
    ],
)
async def test_host_bits_are_kept_masked_or_refused(api: httpx.AsyncClient, kept: list[str]) -> None:
    # The official CLI's tests contain 127.0.0.1/20.
    await api.put(PATH, json=allowed("127.0.0.1/20"))

    assert sources((await api.get(PATH)).json()) == kept


@pytest.mark.parametrize(("behavior", "says"), [(Behavior(), True), (Behavior(applied="absent"), False)])
async def test_a_ruleset_may_not_say_whether_it_is_applied(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock, says: bool
) -> None:
    made = (await api.put(PATH, json=allowed(MINE))).json()

    assert ("applied" in made, "applied" in (await api.get(PATH)).json()) == (says, says)
    assert [each.source for each in heroku.ranges_in_force(SPACE, now=clock.now)] == [MINE]


@pytest.mark.parametrize("behavior", [Behavior(applied="false")])
async def test_where_rulesets_are_stored_only_putting_again_brings_them_into_force(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    # The official CLI: not applied; update the list to trigger it.
    [office] = heroku.ranges_in_force(SPACE, now=clock.now)
    stored = (await api.put(PATH, json=allowed(MINE))).json()

    assert (stored["applied"], heroku.ranges_in_force(SPACE, now=clock.now)) == (False, (office,))
    triggered = (await api.put(PATH, json=stored)).json()
    assert (triggered["applied"], sources(triggered)) == (True, [MINE])
    assert [each.source for each in heroku.ranges_in_force(SPACE, now=clock.now)] == [MINE]


async def test_some_rulesets_can_be_left_stored_only_externally(
    heroku: HerokuEmulator, api: httpx.AsyncClient
) -> None:
    heroku.leave_unapplied(SPACE, puts=2)

    applied = [(await api.put(PATH, json=allowed(MINE))).json()["applied"] for _ in range(3)]

    assert applied == [False, False, True]


async def test_a_ruleset_may_take_time_to_come_into_force(clock: Clock) -> None:
    heroku = default_world(token=TOKEN, times=TransitionTimes(apply=60))
    made = heroku.put_ruleset_externally(SPACE, [MINE], now=clock.now)
    version = heroku.version_at(clock.now)

    assert not made.applied(clock.now)
    assert [each.source for each in heroku.ranges_in_force(SPACE, now=clock.now)] == [OFFICE]
    clock.wait(60)
    assert made.applied(clock.now)
    assert heroku.version_at(clock.now) > version


@pytest.mark.parametrize("behavior", [Behavior(), Behavior(history_order="oldest")])
async def test_the_history_has_every_ruleset_with_who_put_it(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock, behavior: Behavior
) -> None:
    # heroku/platform-api: every ruleset of a space; that this is a history is inferred, its order unknown.
    heroku.put_ruleset_externally(SPACE, [MINE], by="lead@example.com", now=clock.now)
    current = (await api.put(PATH, json=allowed(MINE, OFFICE))).json()

    found = (await api.get(HISTORY)).json()

    newest = found if behavior.history_order == "newest" else found[::-1]
    assert newest[0] == current
    assert [each["created_by"] for each in newest] == [
        "operations@example.com",
        "lead@example.com",
        "network@example.com",
        "heroku@example.com",
    ]
    for each in found:
        assert (await api.get(f"{HISTORY}/{each['id']}")).json() == each


async def test_a_ruleset_that_never_was_is_not_found(api: httpx.AsyncClient) -> None:
    for key in ("6f1c0000-0000-4000-8000-000000000000", "nonsense"):
        answer = await api.get(f"{HISTORY}/{key}")
        assert (answer.status_code, answer.json()["id"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("behavior", "status", "length"),
    [
        (Behavior(history="current"), 200, 1),
        (Behavior(history="empty"), 200, 0),
        (Behavior(history="missing"), 404, None),
        (Behavior(history="error"), 500, None),
    ],
)
async def test_a_history_may_be_short_or_not_answer_at_all(
    api: httpx.AsyncClient, status: int, length: int | None
) -> None:
    answer = await api.get(HISTORY)

    assert answer.status_code == status
    assert (len(answer.json()) if status == 200 else None) == length
    assert (await api.get(PATH)).status_code == 200


async def test_a_long_history_comes_in_parts_in_its_own_order(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    for number in range(8):
        heroku.put_ruleset_externally(SPACE, [f"203.0.113.{number}/32"], now=clock.now)
    wanted: str | None = "id ..; max=4"
    found: list[str] = []
    while wanted:
        answer = await api.get(HISTORY, headers={"Range": wanted})
        found += [each["id"] for each in answer.json()]
        wanted = answer.headers.get("Next-Range")

    assert found == [str(each.id) for each in reversed(heroku.rulesets(SPACE))]
    backwards = await api.get(HISTORY, headers={"Range": "id ..; order=desc"})
    assert [each["id"] for each in backwards.json()] == found[::-1]
    one = await api.get(HISTORY, headers={"Range": f"id {found[3]}..{found[4]}"})
    assert [each["id"] for each in one.json()] == found[3:5]
    assert (await api.get(HISTORY, headers={"Range": "id nowhere.."})).status_code == 416


@pytest.mark.parametrize("behavior", [Behavior(), Behavior(fir_ruleset=403)])
async def test_a_fir_space_has_a_fixed_list_with_all_of_ipv6_too(
    heroku: HerokuEmulator, api: httpx.AsyncClient, behavior: Behavior
) -> None:
    # Dev Center, 2024-12: customisable in Cedar spaces only.
    heroku.add_space("acme-fir", generation="fir")
    path = "/spaces/acme-fir/inbound-ruleset"

    assert sources((await api.get(path)).json()) == ["0.0.0.0/0", "::/0"]
    assert (await api.put(path, json=allowed(MINE))).status_code == behavior.fir_ruleset
    assert len(heroku.rulesets("acme-fir")) == 1


async def test_a_shield_space_has_a_ruleset_and_no_ranges_for_data_services(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    # That the feature does not exist in Shield comes from one secondary source.
    heroku.add_space("acme-shield", shield=True)

    assert (await api.put("/spaces/acme-shield/inbound-ruleset", json=allowed(MINE))).status_code == 201
    with pytest.raises(ValueError, match="Shield"):
        heroku.trust_for_data_services("acme-shield")
    assert heroku.data_ranges_in_force("acme-shield", now=clock.now) == ()


async def test_ranges_reach_data_services_only_where_support_enabled_it(
    heroku: HerokuEmulator, clock: Clock
) -> None:
    # The same list; there is no field and no endpoint for it in the schema.
    heroku.add_space("plain")

    assert heroku.data_ranges_in_force("plain", now=clock.now) == ()
    assert heroku.data_ranges_in_force(SPACE, now=clock.now) == heroku.ranges_in_force(SPACE, now=clock.now)
    heroku.trust_for_data_services(SPACE, on=False)
    assert heroku.data_ranges_in_force(SPACE, now=clock.now) == ()


@pytest.mark.parametrize(("behavior", "status"), [(Behavior(), 201), (Behavior(team_admin=False), 403)])
async def test_only_an_admin_of_the_team_may_put_and_everybody_may_look(
    api: httpx.AsyncClient, status: int
) -> None:
    assert (await api.put(PATH, json=allowed(MINE))).status_code == status
    assert (await api.get(PATH)).status_code == 200


async def test_two_writers_without_a_precondition_lose_an_update(
    heroku: HerokuEmulator, api: httpx.AsyncClient, clock: Clock
) -> None:
    # The official CLI sends no precondition, and there is none: the last to write wins.
    mine = (await api.get(PATH)).json()
    heroku.put_ruleset_externally(SPACE, [OFFICE, "192.0.2.0/24"], by="lead@example.com", now=clock.now)
    mine["rules"].append({"action": "allow", "source": MINE})

    await api.put(PATH, json=mine, headers={"If-Match": '"anything"'})

    assert sources((await api.get(PATH)).json()) == [OFFICE, MINE]
    lost = heroku.rulesets(SPACE)[-2]
    assert (lost.created_by, len(lost.rules)) == ("lead@example.com", 2)


def test_what_is_put_by_hand_is_refused_like_a_call(heroku: HerokuEmulator, clock: Clock) -> None:
    made = heroku.put_ruleset_externally(SPACE, [{"action": "deny", "source": MINE}], now=clock.now)

    assert (made.rules[0].action, made.created_by) == ("deny", "somebody@example.com")
    with pytest.raises(Refused):
        heroku.put_ruleset_externally(SPACE, ["nonsense"], now=clock.now)
    with pytest.raises(Refused):
        heroku.put_ruleset_externally("nowhere", [MINE], now=clock.now)
    assert heroku.ruleset(SPACE) == made

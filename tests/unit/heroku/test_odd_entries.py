"""Lists of Heroku with odd entries: no other entry is lost, and what is listed somehow is not absent."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Network
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.domain.outside.text import UNREADABLE
from bot.domain.target import Database, Space
from bot.domain.trusted_ips.ruleset import RulesetRule
from bot.errors import HerokuAmbiguousError
from bot.heroku.client import HerokuClient
from tests.unit.factories import database
from tests.unit.random_payloads import ANYTHING, MORE

SPACE_ID, MANY = UUID(int=900), 10_000
BILLING = database()


def named(number: int, name: str) -> dict[str, Any]:
    return {"id": str(UUID(int=number)), "name": name}


def ip_rule(number: int) -> dict[str, Any]:
    cidr = f"198.51.{number // 256 % 256}.{number % 256}/32"
    return {"id": str(UUID(int=number)), "cidr": cidr, "description": "vendor", "status": "Authorized"}


def certificate(number: int) -> dict[str, Any]:
    return {**named(number, f"u{number}.example"), "status": "ready", "expires_at": "2027-01-05 10:00:00 UTC"}


def account(number: int) -> dict[str, Any]:
    return {"arn": f"arn:aws:iam::{number:012}:root", "status": "Active", "id": f"{number:012}"}


def connection(number: int) -> dict[str, Any]:
    owner = "arn:aws:iam::123456789012:root"
    return {"endpoint_id": f"vpce-{number}", "hostname": "h", "owner_arn": owner, "status": "Available"}


def ruleset_line(number: int) -> dict[str, Any]:
    return {"action": "allow", "source": f"198.51.{number // 256 % 256}.{number % 256}/32"}


def addon(number: int) -> dict[str, Any]:
    app, plan = named(1_000_000 + number, f"app-{number}"), named(2, "heroku-postgresql:private-4")
    return {
        **named(number, f"postgresql-{number}"),
        "app": app,
        "plan": plan,
        "addon_service": named(3, "heroku-postgresql"),
        "config_vars": ["DATABASE_URL"],
    }


def app(number: int) -> dict[str, Any]:
    space = {**named(SPACE_ID.int, "acme"), "shield": False}
    return {**named(1_000_000 + number, f"app-{number}"), "space": space, "region": named(4, "virginia")}


def space(number: int) -> dict[str, Any]:
    return {
        **named(number, f"space-{number}"),
        "state": "allocated",
        "shield": False,
        "region": named(4, "virginia"),
        "generation": named(5, "cedar"),
    }


Lists = dict[str, list[Any]]
Call = Callable[[HerokuClient], Awaitable[Any]]


def ask(lists: Lists, call: Call) -> Any:
    """What the client makes of these lists, by the last part of a call's path."""

    def answer(request: httpx.Request) -> httpx.Response:
        part = request.url.path.rpartition("/")[2]
        body: Any = lists.get(part, [])
        if "private-link" in request.url.path:
            body = {
                "addon": {"uuid": None},
                "status": "Operational",
                "allowed_accounts": lists.get("accounts", []),
                "connections": lists.get("connections", []),
            }
        elif part == "inbound-ruleset":
            body = {"id": str(UUID(int=1)), "rules": lists["rules"], "applied": True}
        elif part == "inbound-rulesets":
            body = [
                {"id": str(UUID(int=1)), "rules": lists["rules"], "applied": True},
                *lists.get("older", []),
            ]
        return httpx.Response(200, content=json.dumps(body).encode())

    async def asked() -> Any:
        client = HerokuClient(
            token="t",
            platform_url="http://heroku.test",
            data_url="http://heroku.test",
            transport=httpx.MockTransport(answer),
        )
        try:
            return await call(client)
        finally:
            await client.close()

    return asyncio.run(asked())


def ids_of(found: Any) -> set[Any]:
    return {each.id for each in found}


Shape = tuple[str, Callable[[int], Any], Callable[[Lists], set[Any]], Callable[[int], Any]]

SHAPES: dict[str, Shape] = {
    "IP rules": (
        "ip-rules",
        ip_rule,
        lambda lists: ids_of(ask(lists, lambda it: it.rules(BILLING))),
        lambda number: UUID(int=number),
    ),
    "certificates": (
        "certificates",
        certificate,
        lambda lists: ids_of(ask(lists, lambda it: it.certificates(BILLING))),
        lambda number: UUID(int=number),
    ),
    "accounts": (
        "accounts",
        account,
        lambda lists: {each.arn for each in ask(lists, lambda it: it.privatelink(BILLING)).accounts},
        lambda number: f"arn:aws:iam::{number:012}:root",
    ),
    "connections": (
        "connections",
        connection,
        lambda lists: {each.endpoint for each in ask(lists, lambda it: it.privatelink(BILLING)).connections},
        lambda number: f"vpce-{number}",
    ),
    "trusted ranges": (
        "rules",
        ruleset_line,
        lambda lists: set(ask(lists, lambda it: it.ruleset(SPACE_ID)).rules),
        lambda number: RulesetRule("allow", ruleset_line(number)["source"]),
    ),
    "history": (
        "rules",
        ruleset_line,
        lambda lists: set(ask(lists, lambda it: it.rulesets(SPACE_ID))[0].rules),
        lambda number: RulesetRule("allow", ruleset_line(number)["source"]),
    ),
    "add-ons": (
        "addons",
        addon,
        lambda lists: ids_of(ask({**lists, "apps": [app(n) for n in (1, 3)]}, lambda it: it.databases())),
        lambda number: UUID(int=number),
    ),
    "apps": (
        "apps",
        app,
        lambda lists: ids_of(ask({**lists, "addons": [addon(n) for n in (1, 3)]}, lambda it: it.databases())),
        lambda number: UUID(int=number),
    ),
    "spaces": (
        "spaces",
        space,
        lambda lists: ids_of(ask(lists, lambda it: it.spaces())),
        lambda number: UUID(int=number),
    ),
}

ODD = st.one_of(ANYTHING, st.sampled_from(["\ud800", "a\udfffb", "a\x00b", "*", "123456789012", "Pondering"]))


@st.composite
def odd_entries(draw: st.DrawFn, kind: str) -> Any:
    """An entry with one field missing, null, of another type or with an unknown word; or no object at all."""
    entry = SHAPES[kind][1](2)
    if draw(st.integers(0, 9)) == 0:
        return draw(ODD)
    field = draw(st.sampled_from(sorted(entry)))
    if draw(st.booleans()):
        del entry[field]
    else:
        entry[field] = draw(ODD)
    return entry


@pytest.mark.parametrize("kind", SHAPES)
@settings(max_examples=40 * MORE, deadline=None)
@given(data=st.data())
def test_an_odd_entry_hides_no_other_one(kind: str, data: st.DataObject) -> None:
    name, make, read, key = SHAPES[kind]
    odd = data.draw(odd_entries(kind))
    assert {key(1), key(3)} <= read({name: [make(1), odd, make(3)]})


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("odd", [None, "", 7, [], {}, {"id": None}, {"id": "rule-7"}, {"status": []}])
def test_what_is_no_entry_at_all_hides_no_other_one(kind: str, odd: Any) -> None:
    name, make, read, key = SHAPES[kind]
    assert {key(1), key(3)} <= read({name: [odd, make(1), odd, make(3)]})


@pytest.mark.parametrize("kind", ["IP rules", "certificates", "accounts", "trusted ranges", "spaces"])
def test_ten_thousand_entries_of_which_half_are_odd_are_read(kind: str) -> None:
    name, make, read, key = SHAPES[kind]
    with capture_logs() as lines:
        found = read({name: [make(number) if number % 2 else {"odd": 1} for number in range(1, MANY)]})
    assert {key(number) for number in range(1, MANY, 2)} <= found
    assert [line["unread"] for line in lines if line["event"] == "heroku.entries_unread"] == [MANY // 2 - 1]


# --- IP rules --------------------------------------------------------------------------------------


def rules(*entries: Any) -> Any:
    return ask({"ip-rules": list(entries)}, lambda it: it.rules(BILLING))


def test_an_odd_rule_is_kept_as_far_as_it_can_be_read() -> None:
    (rule,) = rules({**ip_rule(1), "status": None, "description": "caf\ud800\x00"})
    assert (rule.id, rule.network) == (UUID(int=1), IPv4Network("198.51.0.1/32"))
    assert (rule.status, rule.description, rule.id_read) == (UNREADABLE, "caf?", True)


@pytest.mark.parametrize("odd", [None, {}, {"id": "rule-7"}, {"id": 7, "cidr": 7}])
def test_a_rule_without_an_id_has_the_same_made_up_one_each_time(odd: Any) -> None:
    twice = rules(odd, ip_rule(1), odd)
    assert ids_of(twice) == ids_of(rules(odd, odd, ip_rule(1)))
    assert [rule.id_read for rule in twice] == [True, False, False]
    assert len(ids_of(twice)) == 3


def test_no_word_of_an_odd_entry_is_logged() -> None:
    with capture_logs() as lines:
        rules({**ip_rule(1), "status": None, "description": "hush-hush"})
    assert "hush" not in str(lines)
    assert lines[0]["unread"] == 1


@pytest.mark.parametrize("body", [b"{}", b"null", b'"x"', b"[" * 100_000, b"", b"[1,"])
def test_what_is_no_list_is_an_error_and_no_empty_list(body: bytes) -> None:
    async def asked() -> None:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
        base = "http://heroku.test"
        client = HerokuClient(token="t", platform_url=base, data_url=base, transport=transport)
        for call in (client.rules, client.certificates, client.privatelink):
            with pytest.raises(HerokuAmbiguousError):
                await call(BILLING)
        with pytest.raises(HerokuAmbiguousError):
            await client.ruleset(SPACE_ID)
        await client.close()

    asyncio.run(asked())


def test_bytes_that_are_no_utf_8_and_numbers_without_end_spoil_their_entry_only() -> None:
    good = json.dumps(ip_rule(1)).encode()
    body = b'[{"id": "\xff"}, {"cidr": ' + b"9" * 5000 + b'}, {"cidr": NaN}, ' + good + b"]"

    async def asked() -> Any:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
        base = "http://heroku.test"
        client = HerokuClient(token="t", platform_url=base, data_url=base, transport=transport)
        try:
            return await client.rules(BILLING)
        finally:
            await client.close()

    assert UUID(int=1) in ids_of(asyncio.run(asked()))


# --- PrivateLink -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["Active", "Available"])
def test_an_account_that_may_connect_is_called_active_or_available(status: str) -> None:
    state = ask({"accounts": [{**account(1), "status": status}]}, lambda it: it.privatelink(BILLING))
    assert [each.may_connect for each in state.accounts] == [True]


@pytest.mark.parametrize("status", ["Provisioning", "Pondering", None, 7, "available"])
def test_any_other_word_of_an_account_is_not_yet(status: Any) -> None:
    state = ask({"accounts": [{**account(1), "status": status}]}, lambda it: it.privatelink(BILLING))
    assert [each.may_connect for each in state.accounts] == [False]


@pytest.mark.parametrize(
    ("listed", "arn"),
    [
        ("123456789012", "arn:aws:iam::123456789012:root"),
        ("123456789012:user/etl", "arn:aws:iam::123456789012:user/etl"),
        ("1234-5678-9012", "arn:aws:iam::123456789012:root"),
        ("*", "*"),
        ("nobody", "nobody"),
        ("arn:aws:iam::1:role/x", "arn:aws:iam::1:role/x"),
        (None, UNREADABLE),
    ],
)
def test_a_mere_number_is_the_account_of_that_number(listed: Any, arn: str) -> None:
    state = ask({"accounts": [{**account(1), "arn": listed}]}, lambda it: it.privatelink(BILLING))
    assert [each.arn for each in state.accounts] == [arn]


# --- trusted ranges --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [None, 7, {}, {"source": "203.0.113.4/32"}, {"action": None, "source": "x\ud800"}, {"action": ["allow"]}],
)
def test_a_line_that_cannot_be_read_is_written_back_as_it_was(line: Any) -> None:
    sent: list[bytes] = []

    async def asked() -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            sent.append(request.content)
            body = {"id": str(UUID(int=1)), "rules": [line, ruleset_line(1)]}
            return httpx.Response(200, content=json.dumps(body).encode())

        base, transport = "http://heroku.test", httpx.MockTransport(answer)
        client = HerokuClient(token="t", platform_url=base, data_url=base, transport=transport)
        ruleset = await client.ruleset(SPACE_ID)
        await client.put_ruleset(SPACE_ID, ruleset.rules)
        await client.close()

    asyncio.run(asked())
    assert json.loads(sent[-1]) == {"rules": [line, ruleset_line(1)]}


@pytest.mark.parametrize(("applied", "read"), [(True, True), (False, False), (None, None), ("soon", False)])
def test_an_unknown_word_for_applied_is_not_yet(applied: Any, read: bool | None) -> None:
    older = [{"id": str(UUID(int=2)), "rules": [], "applied": applied}, {"id": None, "rules": None}]
    found = ask({"rules": [], "older": older}, lambda it: it.rulesets(SPACE_ID))
    assert [each.applied for each in found] == [True, read, None]
    assert [each.readable for each in found] == [True, True, False]


# --- databases and spaces --------------------------------------------------------------------------


def known_database(number: int) -> Database:
    (found,) = ask({"addons": [addon(number)], "apps": [app(number)]}, lambda it: it.databases())
    assert isinstance(found, Database)
    return found


def known_space(number: int) -> Space:
    (found,) = ask({"spaces": [space(number)]}, lambda it: it.spaces())
    assert isinstance(found, Space)
    return found


@pytest.mark.parametrize(
    ("addons", "apps"),
    [
        ([{**addon(2), "name": None}], [app(2)]),
        ([{**addon(2), "app": "app-2"}], [app(2)]),
        ([{**addon(2), "plan": {}}], [app(2)]),
        ([{**addon(2), "id": 7}], [app(2)]),
        ([None], []),
        ([addon(2)], [{**app(2), "space": "acme"}]),
        ([addon(2)], [{**app(2), "name": []}]),
        ([addon(2)], ["app-2"]),
    ],
)
def test_a_known_database_whose_entry_is_odd_is_not_absent(addons: list[Any], apps: list[Any]) -> None:
    known, lists = known_database(2), {"addons": [addon(1), *addons], "apps": [app(1), *apps]}
    assert ask(lists, lambda it: it.databases([known])) == (known_database(1), known)


def test_a_known_database_that_a_clear_list_lacks_is_absent() -> None:
    lists = {"addons": [addon(1), {"id": str(UUID(int=8))}], "apps": [app(1)]}
    known = known_database(2)
    assert ask(lists, lambda it: it.databases([known])) == (known_database(1),)


@pytest.mark.parametrize(
    "odd", [{**space(2), "state": None}, {**space(2), "state": "resizing"}, {**space(2), "region": 7}, None]
)
def test_a_known_space_whose_entry_is_odd_is_not_absent(odd: Any) -> None:
    known = known_space(2)
    assert ask({"spaces": [space(1), odd]}, lambda it: it.spaces([known])) == (known_space(1), known)


@pytest.mark.parametrize("gone", [[], [{**space(2), "state": "deleting"}]])
def test_a_known_space_that_is_given_up_is_absent(gone: list[Any]) -> None:
    known = known_space(2)
    found = ask({"spaces": [space(1), *gone]}, lambda it: it.spaces([known]))
    assert found == (known_space(1),)


@pytest.mark.parametrize(
    ("generation", "read"),
    [
        (named(5, "fir"), "fir"),
        ("fir", "fir"),
        ("Fir", "fir"),
        ({"name": "fir"}, "fir"),
        (None, "cedar"),
        (7, "cedar"),
        ({"id": 7}, "cedar"),
    ],
)
def test_a_generation_is_an_object_or_a_word(generation: Any, read: str) -> None:
    (found,) = ask({"spaces": [{**space(1), "generation": generation}]}, lambda it: it.spaces())
    assert found.generation == read

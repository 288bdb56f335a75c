"""Reconciling beside entries that cannot be read: ends go on, and none is said that is not proven."""

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sandbox.heroku.behavior import Behavior, TransitionTimes
from sandbox.heroku.fixtures import default_world
from sandbox.heroku.server import app as heroku_server
from storage.transaction import PostgresStore
from tests.flow.reconciler.harness import TOKEN, Harness, heroku_client
from tests.flow.reconciler.mtls_harness import REMOVE, MtlsHarness
from tests.flow.reconciler.privatelink_harness import PrivateLinkHarness
from tests.flow.reconciler.trusted_ips_harness import TrustedIpsHarness

Edit = Callable[[Any], Any]
H = TypeVar("H", bound=Harness)


class Edited(httpx.AsyncBaseTransport):
    """Carries our calls, and changes what a GET of some path is answered.

    Attributes:
        edits: by the end of a path, what becomes of the parsed answer.
        used: ends of paths for which that has happened.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.edits: dict[str, Edit] = {}
        self.used: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        body = await response.aread()
        end = next((end for end in self.edits if request.url.path.endswith(end)), None)
        if request.method == "GET" and end is not None and response.status_code == 200:
            body = json.dumps(self.edits[end](json.loads(body))).encode()
            self.used.add(end)
        kept = {name: value for name, value in response.headers.items() if name != "content-length"}
        return httpx.Response(response.status_code, headers=kept, content=body)


@contextlib.asynccontextmanager
async def emulated(
    made: type[H], store: PostgresStore, engine: AsyncEngine
) -> AsyncIterator[tuple[H, dict[str, Edit]]]:
    times, behavior = TransitionTimes.of(0), Behavior(provisioning_errors=0)
    heroku = default_world(token=TOKEN, times=times, behavior=behavior)
    edited = Edited(httpx.ASGITransport(heroku_server(heroku)))
    async with heroku_client(heroku, edited) as client:
        harness = made(store=store, engine=engine, heroku=heroku, client=client)
        await harness.begin()
        yield harness, edited.edits
        assert edited.used >= set(edited.edits), "an answer was not what the test is about"


def beside(*odd: Any) -> Edit:
    """Odd entries are listed besides."""
    return lambda entries: [*odd, *entries]


def with_ours(**changed: Any) -> Edit:
    """Fields of the rules that pgaccess made are otherwise."""

    def edit(rules: Any) -> Any:
        return [
            {**rule, **changed} if str(rule["description"]).startswith("pgaccess/") else rule
            for rule in rules
        ]

    return edit


@pytest.mark.parametrize(
    "odd",
    [
        {"id": str(UUID(int=9)), "cidr": "192.0.2.1/32", "status": None, "description": ""},
        {"id": str(UUID(int=9)), "cidr": "192.0.2.1/32", "status": "Authorized", "description": "\ud800"},
        {"id": "rule-7", "cidr": "192.0.2.1/32", "status": "Authorized", "description": ""},
        {"id": str(UUID(int=9)), "cidr": None, "status": "Pondering"},
    ],
)
async def test_an_odd_rule_of_somebody_else_keeps_no_grant_from_opening_and_ending(
    store: PostgresStore, engine: AsyncEngine, odd: Any
) -> None:
    async with emulated(MtlsHarness, store, engine) as (harness, edits):
        edits["/ip-rules"] = beside(odd)
        grant = await harness.open()
        assert "notification.rule_unmanaged" in await harness.messages()
        await harness.end(grant)
        await harness.reconcile(2)
        assert (await harness.state(grant), harness.owned()) == ("ended", [])


@pytest.mark.parametrize("odd", [None, {}, {"id": None, "cidr": "203.0.113.4/32"}])
async def test_an_end_beside_a_rule_that_may_be_ours_is_carried_out_and_not_said(
    store: PostgresStore, engine: AsyncEngine, odd: Any
) -> None:
    async with emulated(MtlsHarness, store, engine) as (harness, edits):
        grant = await harness.open()
        edits["/ip-rules"] = lambda rules: [odd, *(rule for rule in rules if "pgaccess/" not in str(rule))]
        await harness.reconcile(2)
        assert await harness.state(grant) == "in_force"
        await harness.end(grant)
        await harness.reconcile(3)
        assert (await harness.state(grant), harness.owned()) == ("ending", [])
        edits.clear()
        await harness.reconcile()
        assert await harness.state(grant) == "ended"


@pytest.mark.parametrize("changed", [{"status": None}, {"cidr": None}, {"cidr": 7, "status": "Pondering"}])
async def test_our_own_rule_that_is_odd_is_there_and_is_removed(
    store: PostgresStore, engine: AsyncEngine, changed: dict[str, Any]
) -> None:
    async with emulated(MtlsHarness, store, engine) as (harness, edits):
        grant = await harness.open()
        edits["/ip-rules"] = with_ours(**changed)
        await harness.reconcile(2)
        assert await harness.state(grant) == "in_force"
        await harness.end(grant)
        await harness.reconcile()
        assert (await harness.state(grant), len(harness.calls(REMOVE))) == ("ending", 1)
        await harness.reconcile()
        assert (await harness.state(grant), harness.owned()) == ("ended", [])


async def test_a_certificate_that_may_be_listed_without_its_id_is_not_gone(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(MtlsHarness, store, engine) as (harness, edits):
        _, known = await harness.issue()
        await harness.age_certificates()
        edits["/certificates"] = lambda _: [{"name": "x"}]
        await harness.reconcile()
        kept = {each.id: each for each in await harness.inventory()}
        assert (kept[known.id].owner, kept[known.id].expires_at) == (known.owner, known.expires_at)


@pytest.mark.parametrize(
    "odd", [{"arn": "*", "status": "Active"}, {"arn": "123456789012"}, {"status": "Odd"}]
)
async def test_an_odd_account_keeps_no_grant_from_opening(
    store: PostgresStore, engine: AsyncEngine, odd: Any
) -> None:
    async with emulated(PrivateLinkHarness, store, engine) as (harness, edits):

        def edit(link: Any) -> Any:
            accounts = [{**each, "status": "Available"} for each in link["allowed_accounts"]]
            return {**link, "allowed_accounts": [odd, 7, *accounts], "connections": None, "addon": "x"}

        edits[f"/private-link/v0/databases/{harness.target.id}"] = edit
        grant = await harness.approve()
        await harness.reconcile(3)
        assert await harness.state(grant) == "in_force"


async def test_an_end_beside_an_account_without_a_name_is_said_once_the_list_is_clear(
    store: PostgresStore, engine: AsyncEngine
) -> None:
    async with emulated(PrivateLinkHarness, store, engine) as (harness, edits):
        grant = await harness.open()
        edits[f"/private-link/v0/databases/{harness.target.id}"] = lambda link: {
            **link,
            "allowed_accounts": [{}, *link["allowed_accounts"]],
        }
        await harness.end(grant)
        await harness.reconcile(2)
        assert (await harness.state(grant), harness.accounts()) == ("ending", [])
        edits.clear()
        await harness.reconcile()
        assert await harness.state(grant) == "ended"


@pytest.mark.parametrize("odd", [None, {"action": "allow"}, {"source": "192.0.2.1/32", "action": 7}])
async def test_beside_an_odd_line_ranges_are_written_and_the_line_with_them(
    store: PostgresStore, engine: AsyncEngine, odd: Any
) -> None:
    async with emulated(TrustedIpsHarness, store, engine) as (harness, edits):
        edits["/inbound-ruleset"] = lambda list_now: {**list_now, "rules": [*list_now["rules"], odd]}
        await harness.approve()
        await harness.reconcile()
        (write,) = [each for each in harness.heroku.request_log if each.method == "PUT"]
        assert odd in write.body["rules"]

"""No secret is left anywhere: the real processes through a whole life, then every place is searched."""

import inspect
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, SIGNING_SECRET
from sandbox.free_port import free_port
from sandbox.heroku import fault_injection
from sandbox.heroku.fixtures import DATABASE, SECOND_DATABASE
from sandbox.slack import fault_injection as slack_faults
from tests.acceptance.populated_deployment import PopulatedDeployment, populated_deployment
from tests.acceptance.secret_search import Found, body_lines, search, spellings
from tests.flow.actions import heroku_emulator
from tests.flow.download_browser import (
    OTHER,
    Link,
    links,
    opened,
    password_in,
    pressed,
    unpacked_bytes,
)

ONE = r"GET .*/certificates/"
"""The one call to Heroku whose answer has a key in it."""

KEY = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "\n".join(["Ab1+" * 16, "Cd2/" * 16, "Ef3="])
    + "\n-----END PRIVATE KEY-----\n"
)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[PopulatedDeployment]:
    heroku = heroku_emulator(databases=2)
    heroku.disable_mtls_externally(SECOND_DATABASE, now=datetime.now(UTC))
    async with populated_deployment(database_url, heroku, tmp_path) as world:
        await world.settle()
        yield world


@pytest.mark.timeout(240)
async def test_after_a_whole_life_no_secret_is_anywhere(world: PopulatedDeployment) -> None:
    await _opened_and_failed(world)
    handed_out = [
        await _handed_out(world, number) for number in (await _issued(world), await _enabled(world))
    ]
    await _rotated_and_tested(world)
    await _linked(world)
    secrets = await _secrets(world, handed_out)
    await _only_in_the_owners_direct_messages(world, secrets)

    found = search(await world.everywhere(), secrets)
    assert [each for each in found if not _is_the_message_itself(world, each)] == []
    # What was searched was there: a search of empty places finds nothing either.
    assert len(secrets) > 20
    assert {place[0] for place in await world.everywhere()} == {
        "store",
        "log",
        "slack",
        "heroku",
        "shown",
        "page",
    }
    assert all(text for place, text in world.logs().items() if place[1] == "web.log")

    await _nothing_planted_is_missed(world, secrets)


async def _opened_and_failed(world: PopulatedDeployment) -> None:
    """An address is allowed, with answers lost on the way; another is denied; a third is typed wrong."""
    heroku, slack = world.environment.heroku, world.environment.slack
    heroku.fault(fault_injection.lost_answer(), on=r"POST .*/ip-rules")
    heroku.fault(fault_injection.status(500), on=r"GET .*/ip-rules")
    slack.fault("chat.update", slack_faults.server_error(503))
    await world.ask_and_open("/pgaccess mtls add 203.0.113.4 to billing because migration check")
    await world.ask("/pgaccess mtls add 203.0.113.9 to billing because another check")
    slack.fault("response_url", slack_faults.server_error(500))
    await world.press("lead", "request.deny")
    await world.type("engineer", "/pgaccess mtls add 10.0.0.1 to billing")
    await world.type("engineer", "/pgaccess status billing")


async def _issued(world: PopulatedDeployment) -> int:
    """A certificate is asked for, approved and made, with an answer lost on the way."""
    world.environment.heroku.fault(fault_injection.status(500), on=r"GET .*/certificates$")
    await world.ask("/pgaccess mtls certificate new on billing because nightly export")
    return await _approved(world)


async def _enabled(world: PopulatedDeployment) -> int:
    """mTLS is enabled on the other database, which brings its first certificate."""
    await world.ask("/pgaccess mtls enable ledger because nightly export")
    return await _approved(world)


async def _approved(world: PopulatedDeployment) -> int:
    """Has the newest request approved, and waits until its certificate is there."""
    ((number,),) = await world.query("SELECT max(id) FROM requests")
    assert (await world.approve()).ok
    ready = f"SELECT count(*) FROM certificates WHERE request_id = {number} AND status = 'ready'"

    async def made() -> bool:
        return bool(await world.query(ready) == [(1,)])

    await _soon(world, made)
    return int(number)


async def _soon(world: PopulatedDeployment, seen: Callable[[], object]) -> None:
    """Waits for something: jobs without changes are observed every minute, here at once."""

    async def observed() -> object:
        await world.query("UPDATE reconcile_queue SET due_at = now() WHERE lease IS NULL")
        found = seen()
        return await found if inspect.isawaitable(found) else found

    await world.until(observed)


async def _rotated_and_tested(world: PopulatedDeployment) -> None:
    """A certificate is rotated, and the bot connects with the new one: in vain, for nobody answers there."""
    world.environment.heroku.serve_at(DATABASE, f"127.0.0.1:{free_port()}")
    ((old,),) = await world.query("SELECT min(request_id) FROM certificates WHERE request_id > 0")
    await world.ask(f"/pgaccess mtls certificate rotate {old}")
    number = await _approved(world)
    await world.until(lambda: world.told("engineer", f"is ready (#{number})"))
    world.environment.heroku.fault(fault_injection.status(500), on=r"GET .*/config-vars")
    await _tested(world, number, comes="did not return the certificate")
    world.environment.heroku.clear_faults()
    await _tested(world, number, comes="the database did not answer")


async def _tested(world: PopulatedDeployment, number: int, *, comes: str) -> None:
    assert (await world.press_own("engineer", "certificate.test", f"is ready (#{number})")).ok
    await _soon(world, lambda: world.told("engineer", comes))


async def _linked(world: PopulatedDeployment) -> None:
    """PrivateLink is opened and used, which makes config vars that hold the password once more."""
    account = "123456789012"
    await world.ask(f"/pgaccess privatelink open billing account {account} for 8h because nightly export")
    assert (await world.approve()).ok
    await _soon(world, lambda: world.told("engineer", "may connect to billing"))
    await world.connects(account)
    await _soon(world, lambda: world.told("engineer", "_ENDPOINT_"))


async def _handed_out(world: PopulatedDeployment, number: int) -> tuple[dict[str, str], list[Link]]:
    """The secrets in a zip, after everything that can go wrong with its links, and those links."""
    used: list[Link] = []

    async def link() -> Link:
        before = len(links(world))
        await world.type("engineer", f"/pgaccess mtls certificate get {number}")
        await world.until(lambda: len(links(world)) >= min(before, 1))
        used.append(Link.newest(world))
        return used[-1]

    async def press(at: Link, status: int, *, secret: str | None = None) -> None:
        answer = await pressed(at, secret=secret)
        assert answer.status_code == status, answer.text
        world.pages.append(answer.text)

    burnt = await link()
    for _ in range(5):
        await press(burnt, 404, secret=OTHER)
    await press(burnt, 410)
    expired = await link()
    await world.query("UPDATE download_links SET expires_at = made_at WHERE state = 'open'")
    await press(expired, 410)
    replaced, right = await link(), await link()
    await press(replaced, 410)
    await press(Link(f"{world.environment.bot_url}/c/{UUID(int=1)}", right.secret), 404)
    world.pages.append((await opened(right)).text)
    for fault in (
        fault_injection.status(500),
        fault_injection.status(403),
        fault_injection.lost_answer(),
        fault_injection.cut_before(),
    ):
        world.environment.heroku.fault(fault, on=ONE)
        await press(right, 503)
        world.environment.heroku.clear_faults()
    # Not among the pages that are searched: this is the one that shows it.
    password = password_in((await opened(right)).text)
    files = unpacked_bytes(await pressed(right, password=password))
    await press(right, 410)
    assert pkcs12.load_pkcs12(files["postgresql.p12"], password.encode()).key is not None
    assert "BEGIN" in files["postgresql.key"].decode()
    secrets = {
        "private key": files["postgresql.key"].decode(),
        "private key in DER": files["postgresql.pk8"].hex(),
        "key store": files["postgresql.p12"].hex(),
        "key store's password": password,
    }
    return secrets, used


async def _secrets(
    world: PopulatedDeployment, handed_out: list[tuple[dict[str, str], list[Link]]]
) -> dict[str, str]:
    """Everything that must be nowhere, by what a failing test may call it."""
    secrets = {"bot token": BOT_TOKEN, "signing secret": SIGNING_SECRET, "Heroku token": HEROKU_TOKEN}
    for database in (DATABASE, SECOND_DATABASE):
        password = urlsplit(world.environment.heroku.connection(database)).password
        assert password is not None
        secrets[f"password of {database}"] = password
    for number, (found, used) in enumerate(handed_out):
        secrets |= {f"{name} {number}": secret for name, secret in found.items()}
        secrets |= {f"link {number}.{place}": link.secret for place, link in enumerate(used)}
    secrets |= {f"response_url {place}": url for place, url in enumerate(world.response_urls())}
    return secrets


async def _only_in_the_owners_direct_messages(world: PopulatedDeployment, secrets: dict[str, str]) -> None:
    """Each link was sent once, to its owner alone, and is gone from there once it is over."""
    await world.until(lambda: links(world) == [])
    direct = await world.query("SELECT DISTINCT channel FROM outbox WHERE kind = 'card.requester'")
    for name, secret in secrets.items():
        if name.startswith("link "):
            (entry,) = [each for each in world.environment.slack.request_log if secret in each.sent]
            assert entry.name == "chat.postMessage"
            assert [(json.loads(entry.sent)["channel"],)] == direct


def _is_the_message_itself(world: PopulatedDeployment, found: Found) -> bool:
    """The one place where a link's secret belongs: the call that posts it to its owner."""
    kind, what = found.place
    return found.secret.startswith("link ") and kind == "slack" and what.endswith("call chat.postMessage")


async def _nothing_planted_is_missed(world: PopulatedDeployment, secrets: dict[str, str]) -> None:
    """The search is one that can fail: what is put into each kind of place is found there."""
    line = body_lines(secrets["private key 0"])[1]
    await world.query(f"UPDATE requests SET reason = 'because {line}' WHERE id = 1")
    await world.query(f"UPDATE download_links SET digest = '{line}'::text::bytea WHERE request_id > 0")
    await _post(world, f"look: {line}")
    for log in world._folder.glob("worker.log"):
        with log.open("a") as text:
            text.write(f"KeyError: '{line}'\n")
    world.pages.append(f"<p>{line}</p>")
    found = {each.place for each in search(await world.everywhere(), {"key": secrets["private key 0"]})}
    assert {("store", "requests"), ("store", "download_links"), ("log", "worker.log")} <= found
    assert {"slack", "shown", "page"} <= {kind for kind, _ in found}


async def _post(world: PopulatedDeployment, text: str) -> None:
    async with httpx.AsyncClient(
        base_url=world.environment.slack.base_url,
        headers={"Authorization": f"Bearer {BOT_TOKEN}"},
        trust_env=False,
    ) as slack:
        answer: dict[str, Any] = (
            await slack.post("/api/chat.postMessage", json={"channel": "C0APPROVALS", "text": text})
        ).json()
    assert answer["ok"], answer


# --- the search itself -------------------------------------------------------------------------------


@pytest.mark.parametrize("spelt", sorted(spellings("pa/ss+wörd-Xy9_q7")))
def test_a_secret_is_found_in_each_of_its_spellings(spelt: str) -> None:
    place = ("log", "web.log")
    assert search({place: f"before {spelt} after"}, {"password": "pa/ss+wörd-Xy9_q7"}) == [
        Found(place, "password")
    ]


@pytest.mark.parametrize("line", body_lines(KEY))
def test_one_line_of_a_key_is_enough(line: str) -> None:
    assert len(search({("log", "web.log"): f"{line[:64]}"}, {"key": KEY})) == 1


def test_what_every_key_has_is_no_secret() -> None:
    armour = {("page", "1"): "-----BEGIN PRIVATE KEY----- Ef3="}
    assert search(armour, {"key": KEY}) == []


def test_a_secret_in_a_bytea_is_found(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT t::text FROM (SELECT %s::bytea) AS t", [b"hush-hush-hush"]
        ).fetchone()
    assert row is not None
    assert len(search({("store", "t"): row[0]}, {"secret": "hush-hush-hush"})) == 1

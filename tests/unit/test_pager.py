"""Pages reach PagerDuty and signed webhooks, are repeated in bounded time, and give no secret away."""

import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

import bot.pager
from bot.domain.outside.page_address import PageAddress
from bot.domain.outside.redaction import REDACTED, Redactor
from bot.domain.watch.condition import Severity
from bot.errors import PagerError
from bot.pager import HttpPager, sign
from bot.ports import Page, PageAction
from sandbox.http_server import listening, serving
from sandbox.pager import ROUTING_KEY, WEBHOOK_KEY, PagerEmulator, signature_error
from tests.unit.factories import NOW

SECRET = "HRKU-geheim-4711"


def page(action: PageAction = PageAction.TRIGGER, summary: str = "The store cannot be read.") -> Page:
    return Page(
        action=action,
        key="pgaccess/acme/store",
        summary=summary,
        severity=Severity.CRITICAL,
        component="store",
        at=NOW,
        details={"items": ["Postgres does not answer"], "since": "2026-03-01T12:00:00+00:00"},
    )


@pytest.fixture(autouse=True)
def _short_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.pager, "GAPS", (timedelta(milliseconds=1),))


@contextlib.asynccontextmanager
async def sending(app: Starlette, path: str, key: str) -> AsyncIterator[HttpPager]:
    """A pager whose other end is an application on loopback."""
    async with listening() as (socket, url), serving(app, socket):
        address = PageAddress(url=f"{url}{path}", key=key)
        redactor = Redactor((SECRET, *address.secrets))
        async with HttpPager(address, source="pgaccess acme", redactor=redactor) as pager:
            yield pager


async def test_pagerduty_takes_a_trigger_and_its_resolve() -> None:
    emulator = PagerEmulator()
    async with sending(emulator.app(), "/v2/enqueue", ROUTING_KEY) as pager:
        await pager.send(page())
        assert emulator.open == {"pgaccess/acme/store": "The store cannot be read."}
        await pager.send(page(PageAction.RESOLVE))
    assert (emulator.open, emulator.refused) == ({}, [])
    trigger, resolve = emulator.events
    assert trigger["payload"] == {
        "summary": "The store cannot be read.",
        "source": "pgaccess acme",
        "severity": "critical",
        "timestamp": NOW.isoformat(),
        "component": "store",
        "group": "pgaccess",
        "class": "store",
        "custom_details": {
            "items": ["Postgres does not answer"],
            "since": "2026-03-01T12:00:00+00:00",
        },
    }
    assert resolve == {
        "routing_key": ROUTING_KEY,
        "event_action": "resolve",
        "dedup_key": "pgaccess/acme/store",
    }


@pytest.mark.parametrize("summary", ["x" * 1024, "x" * 1025, "請" * 5000])
async def test_a_summary_fits_pagerduty(summary: str) -> None:
    emulator = PagerEmulator()
    async with sending(emulator.app(), "/v2/enqueue", ROUTING_KEY) as pager:
        await pager.send(page(summary=summary))
    assert emulator.refused == []
    assert emulator.events[0]["payload"]["summary"].startswith(summary[:1023])


async def test_a_webhook_is_signed_over_its_time_and_its_body() -> None:
    emulator = PagerEmulator()
    async with sending(emulator.app(), "/hooks/pager", WEBHOOK_KEY) as pager:
        await pager.send(page())
        await pager.send(page(PageAction.RESOLVE))
    assert emulator.refused == []
    assert [(event["action"], event["key"]) for event in emulator.events] == [
        ("trigger", "pgaccess/acme/store"),
        ("resolve", "pgaccess/acme/store"),
    ]
    assert emulator.events[0]["id"] != emulator.events[1]["id"]


async def test_another_key_is_noticed_by_the_receiver_and_not_repeated() -> None:
    emulator = PagerEmulator()
    async with sending(emulator.app(), "/hooks/pager", "another-key-of-16") as pager:
        with pytest.raises(PagerError, match="answered 401"):
            await pager.send(page())
    assert emulator.refused == ["the signature is wrong"]


def test_a_signature_is_what_any_receiver_can_compute() -> None:
    body = json.dumps({"key": "値"}).encode()
    expected = hmac.new(b"key", b"1700000000." + body, hashlib.sha256).hexdigest()
    assert sign("key", timestamp=1_700_000_000, body=body) == f"v1={expected}"


@pytest.mark.parametrize(
    ("timestamp", "signature", "wrong"),
    [
        ("1700000000", "", "the timestamp is too old"),
        ("", "", "the timestamp is too old"),
        ("soon", "", "the timestamp is too old"),
    ],
)
def test_the_receiver_refuses_what_is_old(timestamp: str, signature: str, wrong: str) -> None:
    assert signature_error(b"", timestamp=timestamp, signature=signature, key="k") == wrong


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("path", ["/v2/enqueue", "/hooks/pager"])
async def test_what_may_succeed_later_is_sent_again(status: int, path: str) -> None:
    # A server that asks for no wait of its own: at least a second passes after a 429.
    emulator = PagerEmulator(failures=[status], headers={"Retry-After": "0"})
    key = ROUTING_KEY if path == "/v2/enqueue" else WEBHOOK_KEY
    async with sending(emulator.app(), path, key) as pager:
        await pager.send(page())
    assert len(emulator.events) == 1


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_what_is_refused_for_good_is_not_sent_again(status: int) -> None:
    emulator = PagerEmulator(failures=[status])
    async with sending(emulator.app(), "/v2/enqueue", ROUTING_KEY) as pager:
        with pytest.raises(PagerError, match=rf"^127\.0\.0\.1 answered {status}$"):
            await pager.send(page())
    assert (emulator.events, emulator.failures) == ([], [])


async def test_a_page_that_is_never_taken_ends_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.pager, "IN_ALL", timedelta(milliseconds=300))
    emulator = PagerEmulator(failures=[503] * 10_000)
    async with sending(emulator.app(), "/v2/enqueue", ROUTING_KEY) as pager:
        with pytest.raises(PagerError, match="answered 503"):
            await pager.send(page())
    assert len(emulator.failures) < 10_000 - 2


async def test_nobody_listening_ends_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.pager, "IN_ALL", timedelta(milliseconds=300))
    address = PageAddress(url="http://127.0.0.1:9/hooks/pager", key=WEBHOOK_KEY)
    async with HttpPager(address, source="s", redactor=Redactor()) as pager:
        with pytest.raises(PagerError, match=r"^127\.0\.0\.1 cannot be reached \(ConnectError\)$"):
            await pager.send(page())


@pytest.mark.parametrize("status", [302, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    received: list[str] = []

    async def elsewhere(request: Request) -> Response:
        received.append(str(request.url))
        return Response(status_code=202)

    async def move(_: Request) -> Response:
        return RedirectResponse("/elsewhere", status_code=status)

    app = Starlette(
        routes=[
            Route("/hooks/pager", move, methods=["POST"]),
            Route("/elsewhere", elsewhere, methods=["GET", "POST"]),
        ]
    )
    async with sending(app, "/hooks/pager", WEBHOOK_KEY) as pager:
        with pytest.raises(PagerError, match="redirects are not followed"):
            await pager.send(page())
    assert received == []


@pytest.mark.parametrize("path", ["/v2/enqueue", "/hooks/pager"])
async def test_no_secret_leaves_with_a_page(path: str) -> None:
    emulator = PagerEmulator()
    key = ROUTING_KEY if path == "/v2/enqueue" else WEBHOOK_KEY
    async with sending(emulator.app(), path, key) as pager:
        await pager.send(page(summary=f"a description says {SECRET} and {key}"))
    (event,) = emulator.events
    said = event.get("payload", event)["summary"]
    assert said == f"a description says {REDACTED} and {REDACTED}"


async def test_what_a_receiver_answers_is_shown_in_short_and_without_secrets() -> None:
    async def refuse(_: Request) -> Response:
        return Response(f"no: {SECRET} {WEBHOOK_KEY} {'x' * 100_000}", status_code=400)

    app = Starlette(routes=[Route("/hooks/{token}", refuse, methods=["POST"])])
    async with sending(app, "/hooks/T0KEN-geheim-0815", WEBHOOK_KEY) as pager:
        with pytest.raises(PagerError) as refused:
            await pager.send(page())
    assert str(refused.value).startswith(f"127.0.0.1 answered 400 no: {REDACTED} {REDACTED} xxx")
    assert len(str(refused.value)) < 300
    assert "geheim" not in f"{refused.value!r} {refused.value.__cause__!r} {refused.value.__context__!r}"


def test_settings_of_the_pager_show_no_secret() -> None:
    address = PageAddress(url="https://hooks.example.org/T0KEN-geheim-0815?key=geheim", key=SECRET)
    assert "geheim" not in repr(address)
    assert (address.host, address.is_pagerduty) == ("hooks.example.org", False)
    assert Redactor(address.secrets).text("at T0KEN-geheim-0815") == f"at {REDACTED}"

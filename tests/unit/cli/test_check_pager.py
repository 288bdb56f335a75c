"""``pgaccess check`` and the pager's settings: a dry look, and a page only where that is asked for."""

import contextlib
from collections.abc import AsyncIterator, Mapping

import pytest

from bot.cli.check import CheckStatus, check_installation
from sandbox.http_server import listening, serving
from sandbox.pager import ROUTING_KEY, WEBHOOK_KEY, PagerEmulator


async def lines(environ: Mapping[str, str], *, page: bool = False) -> list[tuple[CheckStatus, str, str]]:
    """Lines about the pager, and problems of settings that name it; nothing else is set."""
    found = [line async for line in check_installation(environ, page=page)]
    return [
        (line.verdict, line.topic, line.message)
        for line in found
        if line.topic == "pager" or "PGACCESS_PAGE" in line.message
    ]


@contextlib.asynccontextmanager
async def receiving(emulator: PagerEmulator) -> AsyncIterator[str]:
    async with listening() as (socket, url), serving(emulator.app(), socket):
        yield url


async def test_without_a_pager_nothing_is_said_of_it_unless_a_page_is_asked_for() -> None:
    assert await lines({}) == []
    ((verdict, _, message),) = await lines({}, page=True)
    assert verdict is CheckStatus.PROBLEM
    assert message == "PGACCESS_PAGE_URL is not set: there is no pager to send to"


@pytest.mark.parametrize(
    ("path", "key", "what"),
    [
        ("/v2/enqueue", ROUTING_KEY, "PagerDuty's Events API v2 at 127.0.0.1"),
        ("/hooks/pager", WEBHOOK_KEY, "signed webhooks at 127.0.0.1"),
    ],
)
async def test_where_pages_go_is_said_and_a_page_is_sent_and_resolved_only_if_asked_for(
    path: str, key: str, what: str
) -> None:
    emulator = PagerEmulator()
    async with receiving(emulator) as url:
        environ = {"PGACCESS_PAGE_URL": f"{url}{path}", "PGACCESS_PAGE_KEY": key}
        assert await lines(environ) == [
            (CheckStatus.NOTE, "pager", f"{what}; `pgaccess check --page` sends a page and resolves it")
        ]
        assert emulator.events == []
        assert await lines(environ, page=True) == [
            (CheckStatus.OK, "pager", f"{what}: it took a page, and that it is over")
        ]
    assert (len(emulator.events), emulator.open, emulator.refused) == (2, {}, [])


async def test_a_page_that_is_refused_is_a_problem() -> None:
    emulator = PagerEmulator()
    async with receiving(emulator) as url:
        key = "another-key-of-many-characters"
        environ = {"PGACCESS_PAGE_URL": f"{url}/hooks/pager", "PGACCESS_PAGE_KEY": key}
        ((verdict, _, message),) = await lines(environ, page=True)
    assert verdict is CheckStatus.PROBLEM
    assert "the page was not taken: 127.0.0.1 answered 401 the signature is wrong" in message
    assert key not in message


async def test_a_key_that_is_no_integration_key_is_noticed_without_a_page() -> None:
    environ = {
        "PGACCESS_PAGE_URL": "https://events.pagerduty.com/v2/enqueue",
        "PGACCESS_PAGE_KEY": "an-api-token-of-pagerduty",
    }
    ((verdict, _, message),) = await lines(environ)
    assert verdict is CheckStatus.PROBLEM
    assert "is no integration key, which has 32 characters" in message


async def test_wrong_settings_of_the_pager_are_named_once() -> None:
    ((verdict, topic, message),) = await lines({"PGACCESS_PAGE_URL": "https://hooks.example.org/"}, page=True)
    assert (verdict, topic) == (CheckStatus.PROBLEM, "settings")
    assert message.startswith("PGACCESS_PAGE_KEY has to have at least 16 characters")

"""Somebody types ``me``, opens the page, and asks for the address that their browser comes from."""

import re

import httpx
from starlette.applications import Starlette

from handlers.web.address_page import AddressPage
from tests.flow.actions import Acts

LINK = re.compile(r"<http://127\.0\.0\.1:[0-9]+(/ip/[0-9a-f-]{36})#([A-Za-z0-9_-]{43})\|")
TYPED = "/pgaccess mtls add me to billing for 2h because migration check"


def browser(acts: Acts, *, hops: int, peer: str) -> httpx.AsyncClient:
    """A browser that the page sees at an address, behind as many proxies as are believed."""
    checks = acts.environment.app.services.address_checks
    served = Starlette(routes=AddressPage(checks=checks, hops=hops, language="en").routes())
    transport = httpx.ASGITransport(app=served, client=(peer, 51234))
    return httpx.AsyncClient(transport=transport, base_url="https://pgaccess.example.com")


async def test_one_click_asks_for_the_address_that_the_page_shows(acts: Acts) -> None:
    await acts.settle()
    typed = await acts.type("engineer", TYPED)
    path, secret = LINK.findall(str(typed))[0]
    assert acts.cards() == []
    headers = {"X-Forwarded-For": "198.51.100.66, 203.0.113.9", "Accept-Language": "en"}
    async with browser(acts, hops=1, peer="10.0.0.7") as client:
        shown = await client.get(path, headers=headers)
        assert "203.0.113.9" in shown.text
        assert "198.51.100.66" not in shown.text
        assert secret not in shown.text
        assert await acts.states() == []

        done = await client.post(path, data={"secret": secret}, headers=headers)
        assert (done.status_code, "Request #1" in done.text) == (200, True), done.text
        again = await client.post(path, data={"secret": secret}, headers=headers)
        assert again.status_code == 410
    await acts.until(acts.cards)
    assert "203.0.113.9" in acts.card()
    assert (await acts.approve()).ok
    await acts.until(lambda: acts.told("engineer", "can reach"))
    assert "203.0.113.9/32" in acts.rules()


async def test_a_forged_header_is_not_believed_where_there_is_no_proxy(acts: Acts) -> None:
    await acts.settle()
    path, secret = LINK.findall(str(await acts.type("engineer", TYPED)))[0]
    # The process itself, which is reached on this machine: an address that no rule can allow.
    address = str(acts.environment.app.settings.public_url) + path
    async with httpx.AsyncClient(trust_env=False) as client:
        headers = {"X-Forwarded-For": "203.0.113.9", "Accept-Language": "ja"}
        for answer in (
            await client.get(address, headers=headers),
            await client.post(address, headers=headers, data={"secret": secret}),
        ):
            assert answer.status_code == 422
            assert "127.0.0.1" in answer.text
            assert "203.0.113.9" not in answer.text.replace("203.0.113.4", "")
    assert await acts.states() == []

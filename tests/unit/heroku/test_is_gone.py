"""Only Heroku's own words about the very thing that was asked for prove that it does not exist."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest

from bot.domain.target import Space, Target
from bot.errors import HerokuError
from bot.heroku.client import HerokuClient
from tests.unit import factories

DATABASE = factories.database()
SPACE = Space(id=UUID(int=77), name="acme", region="virginia", shield=False)


def said(status: int, body: Any) -> httpx.Response:
    return httpx.Response(status, json=body)


def refused(message: str, *, status: int = 404, id: str = "not_found") -> httpx.Response:
    return said(status, {"id": id, "message": message})


async def asked(target: Target, answer: httpx.Response) -> bool:
    seen: list[str] = []

    def answered(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return answer

    client = HerokuClient(
        token="hidden",
        platform_url="https://platform.test",
        data_url="https://data.test",
        transport=httpx.MockTransport(answered),
    )
    try:
        return await client.is_gone(target)
    finally:
        await client.close()
        kind = "spaces" if isinstance(target, Space) else "addons"
        assert seen == [f"/{kind}/{target.id}"]


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        (DATABASE, refused("Couldn't find that add-on.")),
        (DATABASE, refused("Couldn't find that add on.")),
        (DATABASE, refused("Couldn’t find that add-on")),
        (DATABASE, refused("That add-on was deleted.", status=410, id="gone")),
        (SPACE, refused("Couldn't find that space.")),
        (SPACE, refused("Gone.", status=410, id="gone")),
    ],
)
async def test_words_about_the_thing_itself_prove_it(target: Target, answer: httpx.Response) -> None:
    assert await asked(target, answer)


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        (DATABASE, refused("Couldn't find that app.")),
        (DATABASE, refused("Couldn't find that add-on attachment.")),
        (DATABASE, refused("Couldn't find that space.")),
        (DATABASE, refused("Not found.")),
        (DATABASE, refused("Couldn't find that add-on.", id="other")),
        (DATABASE, refused("Couldn't find that add-on.", status=403, id="forbidden")),
        (DATABASE, refused("Couldn't find that add-on.", status=503, id="not_found")),
        (DATABASE, refused("Gone.", status=410, id="")),
        (SPACE, refused("Couldn't find that add-on.")),
        (SPACE, refused("Couldn't find that app.")),
        (SPACE, httpx.Response(404, text="<html>Couldn't find that space.</html>")),
        (SPACE, refused("You do not have access to the space.", status=403, id="forbidden")),
        (SPACE, said(200, {"id": str(UUID(int=78)), "name": "other"})),
        (DATABASE, said(200, {"message": "Couldn't find that add-on."})),
        (DATABASE, refused("Rate limit reached.", status=429, id="rate_limit")),
    ],
)
async def test_everything_else_is_unknown(target: Target, answer: httpx.Response) -> None:
    with pytest.raises(HerokuError):
        await asked(target, answer)


@pytest.mark.parametrize("target", [DATABASE, SPACE])
async def test_what_is_there_is_not_gone(target: Target) -> None:
    renamed = replace(target, name="another")
    assert not await asked(target, said(200, {"id": str(renamed.id), "name": renamed.name}))

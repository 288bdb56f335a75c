"""Databases at the Data API: by id, by name where the id is not taken, and never guessed."""

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.errors import (
    HerokuAmbiguousError,
    HerokuNotFoundError,
    HerokuUnauthorizedError,
    HerokuUnknownAddonError,
)
from bot.heroku.client import HerokuClient
from tests.unit.factories import database

BILLING = database()
BY_ID, BY_NAME = f"/databases/{BILLING.id}", f"/databases/{BILLING.name}"
UNKNOWN = httpx.Response(404, json={"id": "not_found", "message": "Couldn't find that add-on."})
OFF = httpx.Response(404, json={"id": "not_found", "message": "mTLS is not enabled."})
DENIED = httpx.Response(403, json={"id": "forbidden", "message": "You do not have access."})
BROKEN = httpx.Response(500)
EMPTY = httpx.Response(200, json=[])


class Heroku:
    """Answers by where a database is asked for."""

    def __init__(self) -> None:
        self.by_id, self.by_name, self.info = EMPTY, EMPTY, httpx.Response(200, json={"info": []})
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if request.url.path.startswith("/client/v11"):
            return self.info
        return self.by_id if BY_ID in request.url.path else self.by_name


@pytest.fixture
def heroku() -> Heroku:
    return Heroku()


@pytest.fixture
async def client(heroku: Heroku) -> AsyncIterator[HerokuClient]:
    base, transport = "http://heroku.test", httpx.MockTransport(heroku)
    client = HerokuClient(token="t", platform_url=base, data_url=base, transport=transport)
    yield client
    await client.close()


async def test_a_database_is_asked_for_by_its_id_alone(heroku: Heroku, client: HerokuClient) -> None:
    await client.rules(BILLING)
    assert all(BY_ID in call for call in heroku.asked)
    assert not client.addressed_by_name(BILLING)


async def test_where_the_id_is_not_taken_the_name_is_asked_and_remembered(
    heroku: Heroku, client: HerokuClient
) -> None:
    heroku.by_id = UNKNOWN
    await client.rules(BILLING)
    await client.rules(BILLING)
    assert [BY_NAME in call for call in heroku.asked] == [False, True, True]
    assert client.addressed_by_name(BILLING)


async def test_what_lacks_mtls_under_its_name_is_known_by_it(heroku: Heroku, client: HerokuClient) -> None:
    heroku.by_id, heroku.by_name = UNKNOWN, OFF
    with pytest.raises(HerokuNotFoundError):
        await client.endpoint_status(BILLING)
    assert client.addressed_by_name(BILLING)


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (UNKNOWN, HerokuUnknownAddonError),
        (DENIED, HerokuUnauthorizedError),
        (BROKEN, HerokuAmbiguousError),
    ],
    ids=["unknown there too", "denied", "broken"],
)
async def test_what_says_nothing_of_the_add_on_changes_no_address(
    heroku: Heroku, client: HerokuClient, answer: httpx.Response, raised: type[Exception]
) -> None:
    heroku.by_id, heroku.by_name = UNKNOWN, answer
    with pytest.raises(raised):
        await client.rules(BILLING)
    assert not client.addressed_by_name(BILLING)


async def test_a_name_that_is_known_no_more_leads_back_to_the_id(
    heroku: Heroku, client: HerokuClient
) -> None:
    heroku.by_id = UNKNOWN
    await client.rules(BILLING)
    heroku.by_id, heroku.by_name = EMPTY, UNKNOWN
    await client.rules(BILLING)
    assert not client.addressed_by_name(BILLING)


async def test_a_change_is_tried_at_one_address_only(heroku: Heroku, client: HerokuClient) -> None:
    heroku.by_id = UNKNOWN
    with pytest.raises(HerokuUnknownAddonError):
        await client.enable_endpoint(BILLING)
    assert len(heroku.asked) == 1
    assert BY_ID in heroku.asked[0]


@pytest.mark.parametrize("answer", [UNKNOWN, OFF], ids=["in Heroku's words", "in other words"])
async def test_an_add_on_that_is_not_shown_is_unknown_in_whatever_words(
    heroku: Heroku, client: HerokuClient, answer: httpx.Response
) -> None:
    heroku.info = answer
    with pytest.raises(HerokuUnknownAddonError):
        await client.require_known(BILLING)


async def test_an_add_on_that_is_shown_is_known(heroku: Heroku, client: HerokuClient) -> None:
    await client.require_known(BILLING)
    assert heroku.asked == [f"GET /client/v11{BY_ID}"]

"""The watch's Heroku has nothing that changes anything, and sends nothing but GET."""

import inspect

import httpx
import pytest

from bot.domain.outside.redaction import Redactor
from bot.heroku.client import HerokuClient
from bot.heroku.reader import HerokuReader
from tests.unit.factories import NETWORK, database

BILLING = database()


def test_a_reader_has_no_method_that_changes_anything() -> None:
    public = {name for name, _ in inspect.getmembers(HerokuReader, inspect.isfunction) if name[0] != "_"}
    assert public == {"databases", "spaces", "rules", "close"}


async def test_what_would_change_something_is_not_sent_even_past_the_reader() -> None:
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        return httpx.Response(200, json=[])

    base, transport = "http://heroku.test", httpx.MockTransport(answer)
    client = HerokuClient(token="t", platform_url=base, data_url=base, transport=transport, reads_only=True)
    try:
        assert await client.rules(BILLING) == ()
        with pytest.raises(RuntimeError, match="would change something at Heroku"):
            await client.add_rule(BILLING, network=NETWORK, description="")
        with pytest.raises(RuntimeError, match="would change something at Heroku"):
            await client.remove_rule(BILLING, BILLING.id)
        with pytest.raises(RuntimeError, match="would change something at Heroku"):
            await client.let_accounts_in(BILLING, ["arn:aws:iam::123456789012:root"])
        with pytest.raises(RuntimeError, match="would change something at Heroku"):
            await client.remove_accounts(BILLING, ["arn:aws:iam::123456789012:root"])
    finally:
        await client.close()
    assert sent == ["GET"]


async def test_the_readers_own_client_is_one_that_only_reads() -> None:
    reader = HerokuReader(
        token="t", platform_url="http://127.0.0.1:9", data_url="http://127.0.0.1:9", redactor=Redactor()
    )
    try:
        with pytest.raises(RuntimeError, match="would change something at Heroku"):
            await reader._client.add_rule(BILLING, network=NETWORK, description="")
    finally:
        await reader.close()

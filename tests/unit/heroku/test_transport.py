"""How one call to Heroku ends, whatever is answered."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from bot.errors import HerokuBusyError, HerokuError, HerokuRateLimitedError, HerokuRefusedError
from bot.heroku.client import HerokuClient
from tests.unit.factories import database

BILLING = database()


def refused(answer: Callable[[httpx.Request], httpx.Response]) -> HerokuError:
    """How reading a list ends with an answer that it cannot use."""

    async def asked() -> HerokuError:
        base, transport = "http://heroku.test", httpx.MockTransport(answer)
        client = HerokuClient(token="t", platform_url=base, data_url=base, transport=transport)
        try:
            with pytest.raises(HerokuError) as error:
                await client.rules(BILLING)
            return error.value
        finally:
            await client.close()

    return asyncio.run(asked())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("20", 20), ("0", 1), ("-5", 1), ("1e9", 300), ("soon", 300), ("", 30), (None, None)],
)
def test_a_rate_limit_says_how_long_to_wait_within_reason(header: str | None, seconds: int | None) -> None:
    headers = {} if header is None else {"Retry-After": header}
    error = refused(lambda _: httpx.Response(429, headers=headers, json={"id": "rate_limit"}))
    assert isinstance(error, HerokuRateLimitedError)
    wait = error.retry_after
    assert (None if wait is None else wait.total_seconds()) == seconds


PASSING = [
    "database is in the middle of a version upgrade. Please wait until it is complete.",
    "The database is being upgraded.",
    "This add-on is still being provisioned",
    "A maintenance is in progress",
    "Temporarily unavailable",
    "Conflicting change; try again later",
    "The endpoint is not yet ready",
]
DEFINITE = [
    "Invalid CIDR. Fix it and try again.",
    "is currently not supported on this plan",
    "The list of rules is full",
    "Couldn't find that plan",
    "CIDR is already taken",
    "",
]


@pytest.mark.parametrize("status", [400, 409, 422, 423])
@pytest.mark.parametrize("message", PASSING)
def test_a_rejection_that_passes_by_itself_is_no_definite_one(status: int, message: str) -> None:
    body = {"id": "unprocessable_entity", "message": message}
    assert isinstance(refused(lambda _: httpx.Response(status, json=body)), HerokuBusyError)


@pytest.mark.parametrize("status", [400, 409, 410, 422])
@pytest.mark.parametrize("message", DEFINITE)
def test_every_other_rejection_is_definite(status: int, message: str) -> None:
    body = {"id": "unprocessable_entity", "message": message}
    assert isinstance(refused(lambda _: httpx.Response(status, json=body)), HerokuRefusedError)

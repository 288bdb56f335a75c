"""How one call to Heroku ends, whatever is answered."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from bot.errors import HerokuError, HerokuRateLimitedError
from bot.heroku.client import HerokuClient

NAME = "postgresql-a"


def refused(answer: Callable[[httpx.Request], httpx.Response]) -> HerokuError:
    """How reading a list ends with an answer that it cannot use."""

    async def asked() -> HerokuError:
        base, transport = "http://heroku.test", httpx.MockTransport(answer)
        client = HerokuClient(token="t", platform_url=base, data_url=base, transport=transport)
        try:
            with pytest.raises(HerokuError) as error:
                await client.rules(NAME)
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

"""Whatever Heroku, or something between it and us, answers: a value, or an error of a known family."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Network
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.trusted_ips.ruleset import RulesetRule
from bot.errors import HerokuError
from bot.heroku.client import HerokuClient
from sandbox.environment import HEROKU_TOKEN
from sandbox.heroku.fixtures import DATABASE, SPACE
from sandbox.heroku.http_types import Request
from tests.flow.actions import heroku_emulator
from tests.unit.factories import database
from tests.unit.random_payloads import ANYTHING, MORE, spoilt

ID = UUID(int=7)
BILLING = database()
ACCOUNT = "arn:aws:iam::123456789012:root"

CALLS: list[Callable[[HerokuClient], Awaitable[Any]]] = [
    lambda heroku: heroku.databases(),
    lambda heroku: heroku.spaces(),
    lambda heroku: heroku.ruleset(ID),
    lambda heroku: heroku.rulesets(ID),
    lambda heroku: heroku.put_ruleset(ID, [RulesetRule("allow", "203.0.113.4/32")]),
    lambda heroku: heroku.database_name(ID),
    lambda heroku: heroku.endpoint_status(BILLING),
    lambda heroku: heroku.rules(BILLING),
    lambda heroku: heroku.certificates(BILLING),
    lambda heroku: heroku.credential(BILLING, ID),
    lambda heroku: heroku.authority(BILLING),
    lambda heroku: heroku.create_certificate(BILLING),
    lambda heroku: heroku.add_rule(BILLING, network=IPv4Network("203.0.113.4/32"), description="d"),
    lambda heroku: heroku.privatelink(BILLING),
    lambda heroku: heroku.open_privatelink(BILLING, [ACCOUNT]),
    lambda heroku: heroku.let_accounts_in(BILLING, [ACCOUNT]),
    lambda heroku: heroku.config_var_names("billing"),
]
"""Every call whose answer is read."""


class Echo:
    """A client that is answered what a test says."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._answer = httpx.Response(200)
        self._client = HerokuClient(
            token="t",
            platform_url="http://heroku.test",
            data_url="http://heroku.test",
            transport=httpx.MockTransport(lambda _: self._answer),
        )

    def read(self, call: Callable[[HerokuClient], Awaitable[Any]], answer: httpx.Response) -> Any:
        """What the client makes of an answer; None when it says that it cannot use it."""
        self._answer = answer

        async def made() -> Any:
            return await call(self._client)

        try:
            return self._runner.run(made())
        except HerokuError:
            return None

    def close(self) -> None:
        self._runner.run(self._client.close())
        self._runner.close()


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    echo = Echo()
    yield echo
    echo.close()


def _true_answers() -> list[Any]:
    """What the emulated Heroku answers to the calls that the reconciler makes."""
    heroku, now = heroku_emulator(), datetime.now(UTC)
    paths = (
        "/addons",
        "/apps",
        "/spaces",
        f"/spaces/{SPACE}/inbound-ruleset",
        f"/spaces/{SPACE}/inbound-rulesets",
        f"/postgres/v0/databases/{DATABASE}/tls-endpoint",
        f"/postgres/v0/databases/{DATABASE}/tls-endpoint/ip-rules",
        f"/postgres/v0/databases/{DATABASE}/tls-endpoint/certificates",
    )
    headers = {
        "accept": "application/vnd.heroku+json; version=3",
        "authorization": f"Bearer {HEROKU_TOKEN}",
    }
    basic = {**headers, "authorization": f"Basic {b64encode(f':{HEROKU_TOKEN}'.encode()).decode()}"}
    answers = [
        heroku.answer(
            Request(method="GET", path=path, headers=basic if path.startswith("/postgres") else headers),
            now=now,
        )
        for path in paths
    ]
    assert [answer.status for answer in answers if answer.status >= 300] == []
    return [answer.json() for answer in answers]


TRUE = _true_answers()

STATUS = st.sampled_from(
    [200, 200, 200, 201, 202, 204, 206, 301, 400, 401, 403, 404, 409, 422, 429, 500, 503]
)
HEADERS = st.dictionaries(
    st.sampled_from(["Next-Range", "RateLimit-Remaining", "Retry-After", "Content-Type"]),
    st.sampled_from(["", "0", "-1", "9" * 40, "id ..; max=1000", "application/json", "text/html"]),
    max_size=2,
)
DEEP = b"[" * 100_000


@settings(max_examples=150 * MORE, deadline=None)
@given(
    call=st.sampled_from(CALLS),
    body=st.one_of(
        st.sampled_from(TRUE).flatmap(lambda true: spoilt(true)).map(lambda body: json.dumps(body).encode()),
        ANYTHING.map(lambda body: json.dumps(body).encode()),
        st.binary(max_size=100),
    ),
    status=STATUS,
    headers=HEADERS,
)
@example(call=CALLS[0], body=DEEP, status=200, headers={})
@example(call=CALLS[0], body=DEEP, status=422, headers={})
@example(call=CALLS[7], body=DEEP, status=404, headers={})
@example(call=CALLS[9], body=DEEP, status=200, headers={})
@example(call=CALLS[16], body=DEEP, status=200, headers={})
@example(call=CALLS[16], body=b'{"' + b"\\ud800" + b'": "x"}', status=200, headers={})
@example(call=CALLS[7], body=b"\xff\xfe", status=404, headers={})
def test_every_answer_is_a_value_or_an_error_that_is_known(
    echo: Echo,
    call: Callable[[HerokuClient], Awaitable[Any]],
    body: bytes,
    status: int,
    headers: dict[str, str],
) -> None:
    echo.read(call, httpx.Response(status, content=body, headers=headers))

"""A database as Heroku has it at this moment: its name, its app and its config var."""

from typing import Any

import httpx
import pytest

from bot.errors import HerokuAmbiguousError, HerokuError
from bot.heroku.client import HerokuClient
from tests.unit import factories

STORED = factories.database()


async def read(status: int, body: Any) -> Any:
    transport = httpx.MockTransport(lambda _request: httpx.Response(status, json=body))
    base = "https://heroku.test"
    client = HerokuClient(token="hidden", platform_url=base, data_url=base, transport=transport)
    try:
        return await client.current(STORED)
    finally:
        await client.close()


def addon(*config_vars: str) -> dict[str, Any]:
    return {
        "id": str(STORED.id),
        "name": "postgresql-renamed",
        "app": {"id": str(STORED.id), "name": "invoices"},
        "plan": {"id": str(STORED.id), "name": STORED.plan},
        "config_vars": list(config_vars),
    }


@pytest.mark.parametrize(
    ("config_vars", "expected"),
    [
        (("HEROKU_POSTGRESQL_PINK_URL",), "HEROKU_POSTGRESQL_PINK_URL"),
        (("HEROKU_POSTGRESQL_PINK_URL", "DATABASE_URL"), "DATABASE_URL"),
        ((), ""),
    ],
)
async def test_it_is_what_the_add_on_lists_now(config_vars: tuple[str, ...], expected: str) -> None:
    found = await read(200, addon(*config_vars))
    assert (found.name, found.app, found.config_var) == ("postgresql-renamed", "invoices", expected)
    assert (found.id, found.space, found.label) == (STORED.id, STORED.space, "invoices")


async def test_what_cannot_be_read_is_no_database() -> None:
    with pytest.raises(HerokuAmbiguousError):
        await read(200, {"id": str(STORED.id)})
    with pytest.raises(HerokuError):
        await read(404, {"id": "not_found", "message": "Couldn't find that add-on."})

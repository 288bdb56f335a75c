"""``pgaccess audit who`` on a store that cannot be read."""

from datetime import UTC, datetime

import pytest

from bot.cli.access_report import who
from bot.errors import MisconfiguredError, NotMigratedError
from sandbox.postgres import PrivatePostgres

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


async def test_a_store_out_of_reach_is_named_without_its_password() -> None:
    url = "postgresql://bot:hunter2-hunter2@127.0.0.1:1/pgaccess"
    with pytest.raises(MisconfiguredError, match=r"cannot connect; check host, user and password") as found:
        await who("billing", None, {"DATABASE_URL": url}, now=NOW)
    assert "hunter2" not in str(found.value)


async def test_a_store_without_a_schema_is_to_be_migrated(postgres: PrivatePostgres) -> None:
    with pytest.raises(NotMigratedError, match=r"run `pgaccess migrate`"):
        await who("billing", None, {"DATABASE_URL": postgres.url()}, now=NOW)

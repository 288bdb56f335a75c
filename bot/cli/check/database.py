"""Checks that the database is reachable, new enough and migrated."""

from typing import Final

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.cli.check.report import CheckResult, ReportLine, failed, ok, problem
from storage.engine import engine_for, parse_url

TOPIC: Final = "database"

OLDEST_SUPPORTED: Final = 140000
"""Postgres 14 as ``server_version_num``: the oldest version that the tests run on."""

MIGRATE: Final = "run `pgaccess migrate`"


async def check_database(url: str) -> CheckResult[None]:
    """Connect as the bot does, and compare the schema's revision with the newest of this version.

    Raises:
        MisconfiguredError: The URL is not a Postgres URL.
    """
    address = parse_url(url)
    engine = engine_for(url)
    try:
        async with engine.connect() as connection:
            version = int((await connection.exec_driver_sql("SHOW server_version_num")).scalar_one())
            # Alembic reads through a synchronous connection only.
            revisions = await connection.run_sync(_revisions)
    except SQLAlchemyError:
        # Its message repeats the URL, in which a password may be in the wrong place.
        where = f"{address.host or 'a local socket'}, database {address.database or 'without a name'}"
        return failed(TOPIC, f"{where}: cannot connect; check host, user and password in DATABASE_URL")
    finally:
        await engine.dispose()
    if version < OLDEST_SUPPORTED:
        return failed(TOPIC, f"Postgres {version // 10000} is too old; 14 or newer is needed")
    return CheckResult(lines=[_compare_revisions(revisions, f"Postgres {version // 10000}")])


def _revisions(connection: Connection) -> tuple[str, ...]:
    return tuple(MigrationContext.configure(connection).get_current_heads())


def _compare_revisions(revisions: tuple[str, ...], server: str) -> ReportLine:
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    scripts = ScriptDirectory.from_config(config)
    newest, known = scripts.get_current_head(), {script.revision for script in scripts.walk_revisions()}
    if revisions == (newest,):
        return ok(TOPIC, f"{server}, migrated to revision {newest}")
    if not revisions:
        return problem(TOPIC, f"{server} has no pgaccess schema yet: {MIGRATE}")
    at = ", ".join(revisions)
    # A newer version has migrated it: migrating again with this one cannot help.
    if not known.issuperset(revisions):
        return problem(TOPIC, f"schema revision {at} is unknown to this version: run a newer pgaccess")
    return problem(TOPIC, f"schema revision {at} is outdated, {newest} is needed: {MIGRATE}")

"""Checks that the database is reachable, new enough and migrated."""

from collections.abc import Mapping
from typing import Final

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.cli.check.report import CheckResult, ReportLine, failed, ok, problem
from bot.config import CONNECTIONS
from storage.engine import cannot_connect, engine_for, no_connection_free, none_free, parse_url

TOPIC: Final = "database"

OLDEST_SUPPORTED: Final = 140000
"""Postgres 14 as ``server_version_num``: the oldest version that the tests run on."""

CONNECTIONS_TOPIC: Final = "database connections"

FORMATION: Final = 2
"""Processes of the smallest installation that has no single one: ``web`` and ``worker`` (``Procfile``)."""

FEWER: Final = "stop a process that is not needed, or set PGACCESS_DB_CONNECTIONS lower"

_LIMITS: Final = """
    SELECT (SELECT rolconnlimit FROM pg_roles WHERE rolname = session_user) AS role,
        (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS database,
        current_setting('max_connections')::int
            - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0) AS server"""
"""Limits to connections; ``reserved_connections`` exists from Postgres 16 on (manual, "Connections and
Authentication")."""

MIGRATE: Final = "run `pgaccess migrate`"


async def check_database(url: str, *, connections: int = CONNECTIONS) -> CheckResult[None]:
    """Connect as the bot does, compare the schema's revision with the newest, and count connections.

    Args:
        url: Of the database.
        connections: The most that each process of the bot opens.

    Raises:
        MisconfiguredError: The URL is not a Postgres URL.
    """
    address = parse_url(url)
    engine = engine_for(url)
    try:
        async with engine.connect() as connection:
            version = int((await connection.exec_driver_sql("SHOW server_version_num")).scalar_one())
            limits = dict((await connection.exec_driver_sql(_LIMITS)).mappings().one())
            # Alembic reads through a synchronous connection only.
            revisions = await connection.run_sync(_revisions)
    except SQLAlchemyError as error:
        if no_connection_free(error):
            return failed(TOPIC, f"{none_free(error)}: {FEWER}, now {connections}")
        # Its message repeats the URL, in which a password may be in the wrong place.
        return failed(TOPIC, cannot_connect(address))
    finally:
        await engine.dispose()
    if version < OLDEST_SUPPORTED:
        return failed(TOPIC, f"Postgres {version // 10000} is too old; 14 or newer is needed")
    schema = _compare_revisions(revisions, f"Postgres {version // 10000}")
    return CheckResult(lines=[schema, compare_connections(limits, connections)])


def compare_connections(limits: Mapping[str, int], each: int) -> ReportLine:
    """Compare what the processes may open with what the server allows.

    Args:
        limits: By what sets it: ``role``, ``database``, ``server``; -1 is no limit.
        each: The most that each process of the bot opens.
    """
    by, limit = min(((by, most) for by, most in limits.items() if most >= 0), key=lambda pair: pair[1])
    # A release is one more, while the old processes are still running.
    processes = (limit - 1) // each
    allowed = f"the {by} allows {limit}, each process opens up to {each}"
    if processes < FORMATION:
        return problem(
            CONNECTIONS_TOPIC, f"{allowed}: too many for `web`, `worker` and a release at once; {FEWER}"
        )
    return ok(CONNECTIONS_TOPIC, f"{allowed}: room for {processes} processes and a release")


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

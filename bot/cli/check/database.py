"""Is the database there, new enough and migrated?"""

from typing import Final

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.cli.check.report import Line, Looked, bad, good
from storage.engine import engine_for, parse_url

TOPIC: Final = "database"

OLDEST: Final = 140000
"""Postgres 14, in the form of ``server_version_num``: what the tests run on, and newer."""

MIGRATE: Final = "run `pgaccess migrate`"


async def look(url: str) -> Looked[None]:
    """Connects as the bot does, and compares the schema's revision with the newest that this version knows.

    Raises:
        MisconfiguredError: the address is none.
    """
    address = parse_url(url)
    engine = engine_for(url)
    try:
        async with engine.connect() as connection:
            version = int((await connection.exec_driver_sql("SHOW server_version_num")).scalar_one())
            revisions = await connection.run_sync(_revisions)
    except SQLAlchemyError:
        # Its sentence repeats what it tried, which may be a password in the wrong place.
        where = f"{address.host or 'a local socket'}, database {address.database or 'of no name'}"
        return Looked(
            lines=[
                bad(TOPIC, f"{where}: out of reach, or it refuses the user or the password in DATABASE_URL")
            ]
        )
    finally:
        await engine.dispose()
    if version < OLDEST:
        return Looked(lines=[bad(TOPIC, f"it is Postgres {version // 10000}; 14 or newer is needed")])
    return Looked(lines=[_compared(revisions, f"Postgres {version // 10000}")])


def _revisions(connection: Connection) -> tuple[str, ...]:
    return tuple(MigrationContext.configure(connection).get_current_heads())


def _compared(revisions: tuple[str, ...], server: str) -> Line:
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    scripts = ScriptDirectory.from_config(config)
    newest, known = scripts.get_current_head(), {one.revision for one in scripts.walk_revisions()}
    if revisions == (newest,):
        return good(TOPIC, f"{server}, migrated to revision {newest}")
    if not revisions:
        return bad(TOPIC, f"{server} is there, but nothing is in it yet: {MIGRATE}")
    at = ", ".join(revisions)
    if not known.issuperset(revisions):
        return bad(TOPIC, f"it is at revision {at}, which this version does not know: run a newer version")
    return bad(TOPIC, f"it is at revision {at}, and this version needs {newest}: {MIGRATE}")

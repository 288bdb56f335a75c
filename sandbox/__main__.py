"""``python -m sandbox``: Slack and Heroku played on this machine, with the real bot between them."""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Sequence
from typing import Final

from bot.logs import configure
from sandbox.heroku.world import default_world
from sandbox.postgres import NoPostgresError, private_postgres
from sandbox.stage import HEROKU_TOKEN, staged
from storage.migrate import migrate

PORT: Final = 8000
"""Where the page is, unless told otherwise."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Plays until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help=f"of the page; {PORT} by default, 0 picks one")
    parser.add_argument("--databases", type=int, default=1, help="how many databases Heroku has (1 or 2)")
    chosen = parser.parse_args(arguments)
    configure()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_play(chosen.port, chosen.databases))
    except (NoPostgresError, OSError) as error:
        sys.stderr.write(f"The demo cannot start: {error}\n")
        return 2
    return 0


async def _play(port: int, databases: int) -> None:
    with private_postgres() as postgres:
        migrate(postgres.url())
        heroku = default_world(token=HEROKU_TOKEN, databases=databases)
        async with staged(postgres.url(), heroku, port=port) as stage:
            sys.stdout.write(
                f"\n  pgaccess is running, with Slack and Heroku played on this machine.\n"
                f"  Open {stage.slack.base_url} and type /pgaccess mtls add 203.0.113.4\n"
                f"  Ctrl-C ends it; nothing is kept.\n\n"
            )
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(main())

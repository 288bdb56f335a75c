"""``python -m sandbox``: Slack and Heroku played on this machine, with the real bot between them.

``python -m sandbox play`` lists the scenarios, ``python -m sandbox play NAME`` plays one.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Final

from bot.log_config import configure
from sandbox.environment import HEROKU_TOKEN, environments
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE, MOST, default_world
from sandbox.postgres import NoPostgresError, private_postgres
from sandbox.scenario_runner import listed, play
from sandbox.scenarios import schema
from sandbox.scenarios.schema import ScenarioError
from sandbox.tls_gateway import raised
from storage.migrate import migrate

PORT: Final = 8000
"""Where the page is, unless told otherwise."""

VISITOR: Final = "203.0.113.4"
"""Where somebody comes from who tries the real server: the address of the guide's example."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Plays until interrupted, or until the scenario is over.

    Returns:
        The exit status: 1 when a scenario did not go as it is written, 2 when nothing could be played.
    """
    chosen = _parser().parse_args(arguments)
    # Ended by another program, it ends as by Ctrl-C: no server of its own is left behind.
    # A shell that starts it in the background has it ignore Ctrl-C, and it would outlive whoever ends it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        with contextlib.suppress(KeyboardInterrupt):
            if chosen.what == "play":
                return _scenario(chosen.name, port=chosen.port, stay=chosen.stay)
            configure()
            asyncio.run(_demo(chosen.port, chosen.databases, chosen.gateway))
    except (NoPostgresError, OSError) as error:
        sys.stderr.write(f"The demo cannot start: {error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    help_port = f"of the page; {PORT} by default, 0 picks one"
    parser.add_argument("--port", type=int, default=PORT, help=help_port)
    parser.add_argument(
        "--databases", type=int, default=1, help=f"how many databases Heroku has (1 to {MOST})"
    )
    parser.add_argument(
        "--tls-gateway",
        metavar="ADDRESS",
        nargs="?",
        const=VISITOR,
        help="put a real Postgres with TLS behind billing's database, and come to it from this address; "
        f"{VISITOR} by default",
    )
    what = parser.add_subparsers(dest="what", metavar="play")
    playing = what.add_parser("play", help="play a scenario; without a name, list them")
    playing.add_argument("name", nargs="?", help="of the scenario")
    playing.add_argument("--stay", action="store_true", help="slowly, and leave the page open afterwards")
    # Left out, it must not undo what stood before "play".
    playing.add_argument("--port", type=int, default=argparse.SUPPRESS, help=help_port)
    return parser


def _scenario(name: str | None, *, port: int, stay: bool) -> int:
    if name is None:
        sys.stdout.write(listed())
        return 0
    try:
        scenario = schema.load(name)
    except ScenarioError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    configure()
    # Who does not stay needs no page, and should not have to look for a port that is free.
    return 0 if asyncio.run(play(scenario, port=port if stay else 0, stay=stay)) else 1


async def _demo(port: int, databases: int, visitor: str | None) -> None:
    with private_postgres() as postgres:
        migrate(postgres.url())
        heroku = default_world(token=HEROKU_TOKEN, databases=databases)
        # Without the wall there is nothing that a certificate could be tested on.
        coming = environments(postgres.url(), heroku, port=port, probes=visitor is not None)
        async with coming as environment, _walled(heroku, visitor) as told:
            # Who posts faster than Slack allows should see it here.
            environment.slack.switch(limits=True)
            sys.stdout.write(
                f"\n  pgaccess is running, with Slack and Heroku played on this machine.\n"
                f"  Open {environment.slack.base_url} and type /pgaccess mtls add 203.0.113.4\n"
                f"{told}  Ctrl-C ends it; nothing is kept.\n\n"
            )
            sys.stdout.flush()
            await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def _walled(heroku: HerokuEmulator, visitor: str | None) -> AsyncIterator[str]:
    """Puts a wall up for a visitor from an address, if there is one; says where it is."""
    if visitor is None:
        yield ""
        return
    async with raised(heroku, DATABASE) as gateway:
        gateway.comes_from(visitor)
        url = heroku.connection(DATABASE)
        yield f"  A real Postgres answers for billing, and you come from {visitor}:\n  {url}\n"


if __name__ == "__main__":
    sys.exit(main())

"""``python -m sandbox``: emulated Slack and Heroku on this machine, with the real bot between them.

``python -m sandbox scenario`` lists the scenarios, ``python -m sandbox scenario NAME`` runs one.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Final

from bot.log_config import configure
from sandbox.environment import HEROKU_TOKEN, start_environment
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE, MAX_DATABASES, default_world
from sandbox.postgres import NoPostgresError, private_postgres
from sandbox.scenario_runner import list_scenarios, run_scenario
from sandbox.scenarios import schema
from sandbox.scenarios.schema import ScenarioError
from sandbox.tls_gateway import start_gateway
from storage.migrate import migrate

PORT: Final = 8000
"""Default port of the page."""

VISITOR: Final = "203.0.113.4"
"""Default source address of clients of the TLS gateway: the one of the guide's example."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo until interrupted, or one scenario.

    Returns:
        The exit status: 1 when a scenario failed, 2 when the demo or the scenario could not start.
    """
    chosen = _parser().parse_args(arguments)
    # SIGTERM ends it like Ctrl-C, so that its Postgres does not stay behind. A shell that starts it in the
    # background makes it ignore SIGINT, so the handler is set again.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        with contextlib.suppress(KeyboardInterrupt):
            if chosen.command == "scenario":
                return _run_scenario(chosen.name, port=chosen.port, stay=chosen.stay)
            configure()
            asyncio.run(_demo(chosen.port, chosen.databases, chosen.tls_gateway))
    except (NoPostgresError, OSError) as error:
        sys.stderr.write(f"The demo cannot start: {error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    help_port = f"port of the page; {PORT} by default, 0 picks a free one"
    parser.add_argument("--port", type=int, default=PORT, help=help_port)
    parser.add_argument(
        "--databases", type=int, default=1, help=f"number of databases at Heroku (1 to {MAX_DATABASES})"
    )
    parser.add_argument(
        "--tls-gateway",
        metavar="ADDRESS",
        nargs="?",
        const=VISITOR,
        help="serve billing with a real Postgres behind a TLS gateway, and connect from this source "
        f"address; {VISITOR} by default",
    )
    commands = parser.add_subparsers(dest="command", metavar="scenario")
    scenario = commands.add_parser("scenario", help="run a scenario; without a name, list them")
    scenario.add_argument("name", nargs="?", help="name of the scenario")
    scenario.add_argument(
        "--stay", action="store_true", help="run slowly, and leave the page open afterwards"
    )
    # A default here would overwrite a --port that stands before "scenario".
    scenario.add_argument("--port", type=int, default=argparse.SUPPRESS, help=help_port)
    return parser


def _run_scenario(name: str | None, *, port: int, stay: bool) -> int:
    if name is None:
        sys.stdout.write(list_scenarios())
        return 0
    try:
        scenario = schema.load(name)
    except ScenarioError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    configure()
    # Without --stay nobody opens the page, so any free port will do.
    return 0 if asyncio.run(run_scenario(scenario, port=port if stay else 0, stay=stay)) else 1


async def _demo(port: int, databases: int, visitor: str | None) -> None:
    with private_postgres() as postgres:
        migrate(postgres.url())
        heroku = default_world(token=HEROKU_TOKEN, databases=databases)
        # Without the gateway there is no server on which a certificate could be tested.
        starting = start_environment(postgres.url(), heroku, port=port, probes=visitor is not None)
        async with starting as environment, _gateway(heroku, visitor) as connection_hint:
            # The demo should show it when the bot posts faster than Slack allows.
            environment.slack.set_behavior(limits=True)
            sys.stdout.write(
                f"\n  pgaccess is running, with simulated Slack and Heroku on this machine.\n"
                f"  Open {environment.slack.base_url} and type /pgaccess mtls add 203.0.113.4\n"
                f"{connection_hint}  Press Ctrl-C to stop; nothing is saved.\n\n"
            )
            sys.stdout.flush()
            await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def _gateway(heroku: HerokuEmulator, visitor: str | None) -> AsyncIterator[str]:
    """Start a TLS gateway if there is a visitor's address; yield what the demo prints about it."""
    if visitor is None:
        yield ""
        return
    async with start_gateway(heroku, DATABASE) as gateway:
        gateway.set_source(visitor)
        url = heroku.connection(DATABASE)
        yield f"  billing is a real Postgres behind a TLS gateway; you connect from {visitor}:\n  {url}\n"


if __name__ == "__main__":
    sys.exit(main())

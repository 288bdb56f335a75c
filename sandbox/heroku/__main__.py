"""``python -m sandbox.heroku --port N``: an emulated Heroku, one port for both its APIs."""

import argparse
import asyncio
import contextlib
import os
import secrets
import socket
import sys
from collections.abc import Sequence

import uvicorn

from sandbox.heroku.behavior import TransitionTimes
from sandbox.heroku.emulator import NO_TOKENS, HerokuEmulator
from sandbox.heroku.fixtures import MAX_DATABASES, default_world
from sandbox.heroku.server import app

NEEDED = "HEROKU_API_KEY"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return 2 when the token is missing."""
    chosen = _parser().parse_args(arguments)
    token = os.environ.get(NEEDED, "")
    if token in NO_TOKENS:
        sys.stderr.write(f"The emulated Heroku needs {NEEDED} to be set.\n")
        return 2
    # Ids must not repeat after a restart: a client may still remember rules of the previous run.
    seed = secrets.randbits(64)
    heroku = default_world(token=token, databases=chosen.databases, times=chosen.times, seed=seed)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(heroku, chosen.port))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.heroku", description="An emulated Heroku.")
    parser.add_argument("--port", type=int, default=0, help="port; 0 picks a free one")
    parser.add_argument("--databases", type=int, default=1, choices=range(1, MAX_DATABASES + 1))
    parser.add_argument(
        "--transition-seconds",
        dest="times",
        type=_times,
        default=TransitionTimes(),
        metavar="SECONDS",
        help="duration of every transition",
    )
    return parser


def _times(text: str) -> TransitionTimes:
    return TransitionTimes.of(float(text))


async def _serve(heroku: HerokuEmulator, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as listening:
        server = uvicorn.Server(uvicorn.Config(app(heroku), log_level="warning", lifespan="off"))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        sys.stdout.write(f"The emulated Heroku answers at {url}\n")
        sys.stdout.flush()
        await server.serve(sockets=[listening])


if __name__ == "__main__":
    sys.exit(main())

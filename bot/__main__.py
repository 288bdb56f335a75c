"""The command line: ``pgaccess web | worker | run | migrate``, the same as ``python -m bot …``."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from bot.errors import PgaccessError

USAGE: Final = 2
"""Exit status when a setting, an argument or the policy is wrong."""

Served = Callable[[], Coroutine[Any, Any, None]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status.

    What an operator has to mend is one sentence on standard error, never a traceback.
    """
    parser = argparse.ArgumentParser(
        prog="pgaccess", description="External access to Heroku Postgres, through Slack."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, explained) in _COMMANDS.items():
        commands.add_parser(name, help=explained, description=explained)
    chosen = parser.parse_args(arguments).command
    try:
        _COMMANDS[chosen][0]()
    except PgaccessError as error:
        print(f"pgaccess: {error}", file=sys.stderr)
        return USAGE
    return 0


def _migrate() -> None:
    # Alembic is a quarter of a second and 10 MiB that no other command needs.
    from bot.config import database_url
    from storage.migrate import migrate

    migrate(database_url())


def _web() -> None:
    asyncio.run(_serve(web=True, worker=False))


def _worker() -> None:
    asyncio.run(_serve(web=False, worker=True))


def _run() -> None:
    asyncio.run(_serve(web=True, worker=True))


_COMMANDS: Final[dict[str, tuple[Callable[[], None], str]]] = {
    "web": (_web, "serve Slack and browsers"),
    "worker": (_worker, "keep Heroku and Slack in step with the store"),
    "run": (_run, "both in one process"),
    "migrate": (_migrate, "bring the database to the current schema"),
}


async def _serve(*, web: bool, worker: bool) -> None:
    """Serves until SIGTERM or SIGINT, then finishes what was begun."""
    import uvicorn

    from bot.config import read_settings
    from bot.logs import configure
    from bot.policy_file import parse_policy
    from bot.wiring import open_house

    settings = read_settings()
    policy = parse_policy(settings.policy_text, source=settings.policy_source)
    configure()
    async with contextlib.AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(settings, policy))
        stopping = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stopping.set)
        if worker:
            await stack.enter_async_context(house.working())
        if not web:
            await stopping.wait()
            return
        config = uvicorn.Config(
            await house.web(),
            host="0.0.0.0",
            port=settings.port,
            log_config=None,
            access_log=False,
            lifespan="off",
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
        waiting.cancel()


if __name__ == "__main__":
    sys.exit(main())

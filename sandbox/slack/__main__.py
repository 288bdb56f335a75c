"""``python -m sandbox.slack --port N --bot URL``: an emulated Slack workspace, with a page."""

import argparse
import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import uvicorn

from sandbox.http_server import server_config
from sandbox.slack.delivery_transport import over
from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.server import app
from sandbox.slack.users.simulated_users import People
from sandbox.slack.web_api.errors import Behavior

NEEDED = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET")
PAGE = Path(__file__).parent.parent / "page"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return 2 when a setting is missing."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.slack", description="An emulated Slack workspace."
    )
    parser.add_argument("--port", type=int, default=0, help="port; 0 picks a free one")
    parser.add_argument("--bot", required=True, metavar="URL", help="base URL of the bot")
    parser.add_argument("--limits", action="store_true", help="enforce Slack's rate limits")
    chosen = parser.parse_args(arguments)
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        sys.stderr.write(f"The emulated Slack needs {' and '.join(missing)} to be set.\n")
        return 2
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(chosen.port, chosen.bot, limits=chosen.limits))
    return 0


async def _serve(port: int, bot_url: str, *, limits: bool) -> None:
    slack = SlackEmulator(
        bot_token=os.environ["SLACK_BOT_TOKEN"].partition(",")[0],
        signing_secret=os.environ["SLACK_SIGNING_SECRET"].partition(",")[0],
        app_token=os.environ.get("SLACK_APP_TOKEN") or None,
        behavior=Behavior(limits=limits),
    )
    with socket.create_server(("127.0.0.1", port)) as listening:
        slack.base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        # The timeout is longer than the three seconds that People gives the bot.
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            people = People(slack, deliver=over(client), bot_url=bot_url)
            application = app(slack, people, page=PAGE if PAGE.is_dir() else None)
            server = uvicorn.Server(server_config(application))
            sys.stdout.write(f"The emulated Slack answers at {slack.base_url}\n")
            sys.stdout.flush()
            await server.serve(sockets=[listening])


if __name__ == "__main__":
    sys.exit(main())

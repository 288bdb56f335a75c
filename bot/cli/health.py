"""The health check of a container: asks the process on this machine whether it is alive, without curl."""

import argparse
import http.client
import sys
from collections.abc import Sequence
from typing import Final

from bot.config import port
from bot.errors import MisconfiguredError

TIMEOUT_S: Final = 3.0
"""Seconds to answer; less than the 5 after which the image's ``HEALTHCHECK`` counts as failed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Asks ``/healthz`` and prints the answer; returns 0 if the process is alive, else 1.

    Args:
        arguments: of the command line; the process's own unless given.
    """
    parser = argparse.ArgumentParser(prog="python -m bot.cli.health", description=__doc__)
    parser.add_argument("--port", type=int, help="where it serves; what PORT says by default")
    chosen = parser.parse_args(arguments)
    try:
        said = _ask(port() if chosen.port is None else chosen.port)
    except (OSError, http.client.HTTPException, MisconfiguredError) as error:
        print(f"no answer: {error}", file=sys.stderr)
        return 1
    print(said)
    return 0


def _ask(port: int) -> str:
    """Returns the answer of ``/healthz``; raises ``HTTPException`` for any status but 200."""
    # Not urllib.request: it would ask a proxy that the environment names.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        said = answer.read(200).decode(errors="replace").strip()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise http.client.HTTPException(f"{answer.status} {said}")
    return said


if __name__ == "__main__":
    sys.exit(main())

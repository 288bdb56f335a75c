"""Ports of this machine for servers that cannot pick one themselves."""

import contextlib
import secrets
import socket

HOST = "127.0.0.1"

RANGE = range(10_000, 32_768)
"""Below the ports that Linux and macOS hand out by themselves: to outgoing connections, and for port 0."""


def free_port() -> int:
    """Return a port that was free a moment ago.

    It may be taken before the caller's server listens, and again while that server is restarted: so it is one
    that no other process is given by chance.

    Raises:
        OSError: A hundred ports were taken.
    """
    for _ in range(100):
        port = secrets.choice(RANGE)
        with contextlib.suppress(OSError), socket.create_server((HOST, port)):
            return port
    raise OSError("no free port was found")

"""Requests that begin and never end, from a client that holds its connections open."""

import contextlib
import resource
import select
import socket
import time
from collections.abc import Iterator
from typing import Final

STAMPED: Final = (
    b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"X-Slack-Request-Timestamp: %d\r\nX-Slack-Signature: v0=0\r\n"
)
FORM: Final = (
    b"POST /c/6b1f0c1e-0000-4000-8000-000000000000 HTTP/1.1\r\nHost: bot\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
)


def in_the_headers() -> list[bytes]:
    """Requests whose headers never end; the first sends nothing at all."""
    return [b"", b"\r\n", b"POS", b"GET /c/1 HTTP/1.1\r\nHost: b", STAMPED % time.time(), FORM]


def in_the_body() -> list[bytes]:
    """Requests whose body never ends, of a length that is known or not."""
    stamped = STAMPED % time.time()
    return [
        stamped + b"Content-Length: 100\r\n\r\ncommand=",
        stamped + b"Transfer-Encoding: chunked\r\n\r\n8\r\ncommand=\r\n",
        FORM + b"Content-Length: 50\r\n\r\nsecret=",
        FORM + b"Transfer-Encoding: chunked\r\n\r\n7\r\nsecret=\r\n",
        b"POST /readyz HTTP/1.1\r\nHost: bot\r\nContent-Length: 9\r\n\r\nx",
    ]


@contextlib.contextmanager
def connections(port: int, texts: list[bytes], count: int) -> Iterator[list[socket.socket]]:
    """Opens so many connections, and sends each of the texts on as many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * count)), hard))
    opened: list[socket.socket] = []
    try:
        for number in range(count):
            connection = socket.create_connection(("127.0.0.1", port), timeout=10)
            opened.append(connection)
            connection.sendall(texts[number % len(texts)])
        yield opened
    finally:
        for connection in opened:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def still_open(connections: list[socket.socket]) -> list[socket.socket]:
    """The connections that the other side has not closed."""
    return [each for each in connections if not _closed(each)]


def _closed(connection: socket.socket) -> bool:
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN | select.POLLRDHUP)
    return any(events & (select.POLLRDHUP | select.POLLHUP | select.POLLERR) for _, events in waiting.poll(0))

"""Connecting with a certificate: what libpq says becomes one word, and nothing is left behind."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.mtls.connection_test import ConnectionResult
from bot.heroku.connection_test import PostgresConnectionTest, read
from bot.ports import Credential, Login

BEFORE = 'connection to server at "203.0.113.9", port 5432 failed: '
PEM = "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n"
CREDENTIAL = Credential(chain=PEM, key=PEM)


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        (
            'FATAL:  no pg_hba.conf entry for host "203.0.113.9", user "u", database "d"',
            ConnectionResult.NOT_LET_IN,
        ),
        (
            'FATAL:  pg_hba.conf rejects connection for host "203.0.113.9", user "u"',
            ConnectionResult.NOT_LET_IN,
        ),
        ("server did not request an SSL certificate", ConnectionResult.NOT_ASKED),
        ("server accepted connection without a valid SSL certificate", ConnectionResult.NOT_ASKED),
        ("SSL error: ssl/tls alert certificate revoked", ConnectionResult.NOT_ACCEPTED),
        ("SSL error: sslv3 alert certificate expired", ConnectionResult.NOT_ACCEPTED),
        ("SSL error: ssl/tls alert bad certificate", ConnectionResult.NOT_ACCEPTED),
        ("SSL error: tlsv1 alert unknown ca", ConnectionResult.NOT_ACCEPTED),
        ("FATAL:  connection requires a valid client certificate", ConnectionResult.NOT_ACCEPTED),
        ('FATAL:  certificate authentication failed for user "u"', ConnectionResult.NOT_ACCEPTED),
        ("Connection refused\n\tIs the server running on that host?", ConnectionResult.UNREACHABLE),
        ("timeout expired", ConnectionResult.UNREACHABLE),
        ("Connection timed out", ConnectionResult.UNREACHABLE),
        ("Network is unreachable", ConnectionResult.UNREACHABLE),
        ("No route to host", ConnectionResult.UNREACHABLE),
        (
            "failed to resolve host 'db.example.org': [Errno -2] Name or service not known",
            ConnectionResult.UNREACHABLE,
        ),
        ('FATAL:  password authentication failed for user "u"', ConnectionResult.OTHER),
        ("SSL error: certificate verify failed", ConnectionResult.OTHER),
        ("could not load private key file: key values mismatch", ConnectionResult.OTHER),
        ("", ConnectionResult.OTHER),
    ],
)
def test_what_libpq_says_becomes_one_word(sentence: str, found: ConnectionResult) -> None:
    assert read(BEFORE + sentence) is found


def at(port: int) -> Login:
    return Login(host="127.0.0.1", port=port, user="u1", password="hush", base="d1")


def left_open() -> set[str]:
    """What this process has open in memory."""
    links = (Path("/proc/self/fd") / name for name in os.listdir("/proc/self/fd"))
    return {name for each in links if each.is_symlink() and "memfd:ssl" in (name := os.readlink(each))}


@pytest.fixture
async def silent() -> AsyncIterator[int]:
    """A port that takes connections and never says a word."""
    over = asyncio.Event()

    async def wait(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with await asyncio.start_server(wait, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        over.set()


async def test_a_server_that_says_nothing_is_unreachable_in_time(silent: int) -> None:
    began = time.monotonic()
    found = await PostgresConnectionTest(patience=timedelta(milliseconds=200)).connect(
        at(silent), CREDENTIAL, root=PEM
    )
    assert found is ConnectionResult.UNREACHABLE
    assert time.monotonic() - began < 5
    assert left_open() == set()


async def test_a_port_where_nobody_is_is_unreachable() -> None:
    async with await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
    assert (
        await PostgresConnectionTest().connect(at(port), CREDENTIAL, root=PEM) is ConnectionResult.UNREACHABLE
    )
    assert left_open() == set()


async def test_what_libpq_cannot_be_given_is_a_word_and_no_disaster() -> None:
    login = Login(host="127.0.0.1", port=1, user="u1", password="hu\ud800sh", base="d1")
    assert await PostgresConnectionTest().connect(login, CREDENTIAL, root=PEM) is ConnectionResult.OTHER
    assert left_open() == set()

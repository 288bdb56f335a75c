"""Somebody with a shell, three files and the line that the bot sent: what a person does to get in."""

import asyncio
import contextlib
import io
import os
import re
import subprocess
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from sandbox.environment import HEROKU_TOKEN
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.server import app as heroku_server
from sandbox.postgres import NoPostgresError, find_tls_binaries
from sandbox.tls_gateway import TlsGateway

REQUIRE = "PGACCESS_REQUIRE_TLS_GATEWAY"
"""Set to 1 where a missing server with TLS is a failure and no reason to skip: in CI."""

LINE = (
    "PGSSLMODE=verify-ca PGSSLCERT=postgresql.crt PGSSLKEY=postgresql.key PGSSLROOTCERT=root.crt "
    'psql "$(heroku config:get DATABASE_URL -a billing)"'
)
"""The bot's line, for those whom it has not told one."""

ASKS = "SELECT 1, ssl, client_serial FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
"""One row of a real answer, and proof that TLS and this client's certificate brought it here."""

HEROKU_COMMAND = """#!/bin/sh
# Stands for the official command line: tells a config var, and nothing that it was not asked for.
test "$*" = "config:get DATABASE_URL -a billing" && cat "$(dirname "$0")/url"
"""


@dataclass(frozen=True)
class Said:
    """What one attempt to connect came to."""

    status: int
    words: str

    @property
    def let_in(self) -> bool:
        return self.status == 0


class Visitor:
    """A person's shell.

    Args:
        heroku: where config vars and certificates come from.
        folder: an empty one of their own.
    """

    def __init__(self, heroku: HerokuEmulator, folder: Path) -> None:
        self._heroku = heroku
        self.folder = folder
        self._bin = folder / "bin"
        self._bin.mkdir()
        command = self._bin / "heroku"
        command.write_text(HEROKU_COMMAND)
        command.chmod(0o755)

    async def follows(self, link: str) -> None:
        """Opens a link from Slack, presses the page's button, and unpacks what comes, modes and all."""
        address, _, secret = link.partition("#")
        async with httpx.AsyncClient(trust_env=False, timeout=30) as browser:
            (await browser.get(address)).raise_for_status()
            answer = await browser.post(address, data={"secret": secret})
        self._unpack(answer.raise_for_status().content)

    async def download(self, database: str, certificate: str) -> None:
        """Fetches a certificate's three files past the bot, named as Heroku's own download names them."""
        tls = f"/postgres/v0/databases/{database}/tls-endpoint"
        bundle = await self._api(f"{tls}/certificates/{certificate}")
        root = (await self._api(tls))["certificate_authority_chain"]
        self.keep(root=root, crt=bundle["certificate_with_chain"], key=bundle["private_key"])

    def keep(self, *, root: str, crt: str, key: str) -> None:
        for name, text in (("root.crt", root), ("postgresql.crt", crt), ("postgresql.key", key)):
            (self.folder / name).write_text(text)
        (self.folder / "postgresql.key").chmod(0o600)

    async def pastes(self, line: str) -> Said:
        """Runs the bot's own line, with a question behind it, as it stands."""
        url = (await self._api("/apps/billing/config-vars"))["DATABASE_URL"]
        (self._bin / "url").write_text(url)
        return await asyncio.to_thread(self._run, f'{line} -XAtc "{ASKS}"')

    def _unpack(self, content: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            for entry in bundle.infolist():
                Path(bundle.extract(entry, self.folder)).chmod(entry.external_attr >> 16)

    def _run(self, line: str) -> Said:
        path = f"{self._bin}:{find_tls_binaries()}:{os.environ['PATH']}"
        settings = {"PATH": path, "HOME": str(self.folder), "LC_ALL": "C", "PGCONNECT_TIMEOUT": "10"}
        shell = ["/bin/sh", "-c", line]
        ran = subprocess.run(
            shell, cwd=self.folder, env=settings, capture_output=True, text=True, timeout=30, check=False
        )
        return Said(ran.returncode, (ran.stdout + ran.stderr).strip())

    async def _api(self, path: str) -> dict[str, str]:
        headers = {"Accept": "application/vnd.heroku+json; version=3"}
        transport = httpx.ASGITransport(heroku_server(self._heroku))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://heroku.test", auth=("", HEROKU_TOKEN), headers=headers
        ) as api:
            answer = await api.get(path)
        found: dict[str, str] = answer.raise_for_status().json()
        return found


@contextlib.asynccontextmanager
async def raised_or_skipped(heroku: HerokuEmulator, database: str) -> AsyncIterator[TlsGateway]:
    """A wall, or a reason why this machine has none."""
    try:
        gateway = TlsGateway(heroku, database)
    except NoPostgresError as error:
        if os.environ.get(REQUIRE) == "1":
            raise
        pytest.skip(str(error))
    async with gateway.open():
        yield gateway


def line_in(message: str) -> str:
    """The line between the fences of a message, as a person copies it."""
    [line] = re.findall(r"```(.+?)```", message)
    return str(line).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")

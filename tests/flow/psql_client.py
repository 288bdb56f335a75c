"""A psql client with a certificate's files, which runs the command that the bot sent."""

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
from tests.flow.download_browser import password_in

REQUIRE = "PGACCESS_REQUIRE_TLS_GATEWAY"
"""Set to 1 where a missing server with TLS is a failure instead of a skip: in CI."""

LINE = (
    "PGSSLMODE=verify-ca PGSSLCERT=postgresql.crt PGSSLKEY=postgresql.key PGSSLROOTCERT=root.crt "
    'psql "$(heroku config:get DATABASE_URL -a billing)"'
)
"""The bot's command, for a client that was not sent one."""

ASKS = "SELECT 1, ssl, client_serial FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
"""A query whose one row proves that TLS and this client's certificate were used."""

HEROKU_COMMAND = """#!/bin/sh
# Stands in for the Heroku CLI: prints one config var.
test "$*" = "config:get DATABASE_URL -a billing" && cat "$(dirname "$0")/url"
"""


@dataclass(frozen=True)
class Said:
    """The result of one connection attempt."""

    status: int
    words: str

    @property
    def allowed(self) -> bool:
        return self.status == 0


class Visitor:
    """A user's shell.

    Args:
        heroku: where config vars and certificates come from.
        folder: an empty one of their own.

    Attributes:
        store_password: password of the ``.p12``, as the page of the download showed it.
    """

    def __init__(self, heroku: HerokuEmulator, folder: Path) -> None:
        self._heroku = heroku
        self.folder = folder
        self.store_password = ""
        self._bin = folder / "bin"
        self._bin.mkdir()
        command = self._bin / "heroku"
        command.write_text(HEROKU_COMMAND)
        command.chmod(0o755)

    async def follows(self, link: str) -> None:
        """Opens a download link, presses the page's button, and unpacks the zip with its file modes."""
        address, _, secret = link.partition("#")
        async with httpx.AsyncClient(trust_env=False, timeout=30) as browser:
            self.store_password = password_in((await browser.get(address)).raise_for_status().text)
            form = {"secret": secret, "p12_password": self.store_password}
            answer = await browser.post(address, data=form)
        self._unpack(answer.raise_for_status().content)

    async def download(self, database: str, certificate: str) -> None:
        """Fetches a certificate's three files from Heroku directly, named as Heroku names them."""
        tls = f"/postgres/v0/databases/{database}/tls-endpoint"
        bundle = await self._api(f"{tls}/certificates/{certificate}")
        root = (await self._api(tls))["certificate_authority_chain"]
        self.keep(root=root, crt=bundle["certificate_with_chain"], key=bundle["private_key"])

    def keep(self, *, root: str, crt: str, key: str) -> None:
        for name, text in (("root.crt", root), ("postgresql.crt", crt), ("postgresql.key", key)):
            (self.folder / name).write_text(text)
        (self.folder / "postgresql.key").chmod(0o600)

    async def pastes(self, line: str) -> Said:
        """Runs the bot's command unchanged, with a query appended."""
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
    """Starts a TLS gateway, or skips the test where this machine has no suitable server."""
    try:
        gateway = TlsGateway(heroku, database)
    except NoPostgresError as error:
        if os.environ.get(REQUIRE) == "1":
            raise
        pytest.skip(str(error))
    async with gateway.open():
        yield gateway


def line_in(message: str) -> str:
    """Returns the command in a message's code block, as a person copies it."""
    [line] = re.findall(r"```(.+?)```", message)
    return str(line).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")

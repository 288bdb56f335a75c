"""The image does the main job as it is documented: read-only, not as root, and gone soon after SIGTERM."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from sandbox.free_port import free_port
from sandbox.postgres import PrivatePostgres
from tests.acceptance.processes import Machine, until
from tests.container.conftest import REVISION
from tests.container.engine import Engine, run_options
from tests.summary import CONTAINERS

STOP: Final = 12.0
"""Seconds from SIGTERM to the exit, as of the processes without a container."""

READY: Final = 60.0
"""Seconds that web may take from the start to ``/readyz``; two or three are usual."""

ADDED: Final = 200_000_000
"""Bytes that pgaccess and its dependencies may add to the base; 128 MB are usual."""

LOOK: Final = """
import importlib.util, os, sys
assert importlib.util.find_spec("pip") is None
assert sorted(os.listdir("/app")) == ["bot", "handlers", "storage"], os.listdir("/app")
assert os.getuid() == os.getgid() == 10001
for folder in ("/app", "/opt/pgaccess", "/etc"):
    try:
        open(os.path.join(folder, "written"), "w")
    except OSError:
        continue
    sys.exit(folder + " can be written to")
open("/tmp/written", "w").close()
print("as it should be")
"""

Record = Callable[[str, object], None]

pytestmark = pytest.mark.timeout(420)


class Containers:
    """Containers of one image beside the emulators of a machine, each with the machine's settings."""

    def __init__(self, engine: Engine, image: str, machine: Machine) -> None:
        self._engine, self._image, self._machine = engine, image, machine
        self._names: list[str] = []

    def run(self, *command: str, **settings: str) -> tuple[int, str]:
        """Runs a command to its end; returns its status and what it printed."""
        done = self._engine.run("run", "--rm", *self._options(settings), self._image, *command, seconds=120)
        return done.returncode, done.stdout + done.stderr

    def start(self, *command: str) -> str:
        """Starts a process in the background and returns its container's name."""
        name = f"{self._image}-{command[0]}"
        self._names.append(name)
        self._engine.said("run", "--detach", "--name", name, *self._options({}), self._image, *command)
        return name

    def healthy(self, name: str, *more: str) -> bool:
        """What the health check of the image says in a running container."""
        asked = self._engine.run("exec", name, "python", "-m", "bot.cli.health", *more)
        return asked.returncode == 0

    def stop(self, name: str) -> float:
        """Stops a container as a platform does; returns the seconds that it took to exit with 0."""
        begun = time.monotonic()
        self._engine.said("stop", "--time", "30", name, seconds=60)
        took = time.monotonic() - begun
        state = self._engine.inspect(name)["State"]
        assert state["ExitCode"] == 0, (state, self.logs(name))
        return took

    def logs(self, name: str) -> str:
        done = self._engine.run("logs", name)
        return done.stdout + done.stderr

    def running(self, name: str) -> bool:
        return bool(self._engine.inspect(name)["State"]["Running"])

    def close(self) -> None:
        for name in self._names:
            self._engine.run("rm", "--force", name)

    def _options(self, settings: dict[str, str]) -> list[str]:
        given = {**self._machine.settings, **settings}
        return [*run_options(), *(word for name in given for word in ("--env", f"{name}={given[name]}"))]


@pytest.fixture
def world() -> Iterator[Machine]:
    """An empty Postgres and the emulators, at loopback addresses of this machine."""
    at = free_port()
    server = PrivatePostgres(listens=("127.0.0.1", at))
    with contextlib.closing(server), tempfile.TemporaryDirectory() as folder:
        server.start()
        machine = Machine(f"postgresql://pgaccess@127.0.0.1:{at}/postgres", Path(folder))
        with contextlib.closing(machine):
            machine.start_world()
            yield machine


@pytest.fixture
def containers(engine: Engine, started: None, image: str, world: Machine) -> Iterator[Containers]:
    with contextlib.closing(Containers(engine, image, world)) as running:
        yield running


def test_the_image_says_how_it_is_run_and_what_it_was_made_of(
    engine: Engine, image: str, base: str, record_property: Record
) -> None:
    if engine.name == "buildah":
        pytest.skip("buildah tells of an image in a form of its own")
    known = engine.inspect(image)
    told = known["Config"]
    assert told["User"] == "10001:10001"
    assert told["Entrypoint"] == ["python", "-m", "bot"]
    assert told["Cmd"] == ["run"]
    assert told["StopSignal"] in ("SIGTERM", "15")
    # Podman tells of it beside the rest.
    assert {**known, **told}["Healthcheck"]["Test"] == ["CMD", "python", "-m", "bot.cli.health"]
    assert told["Labels"]["org.opencontainers.image.revision"] == REVISION
    added = known["Size"] - engine.inspect(base)["Size"]
    assert added < ADDED
    record_property(
        CONTAINERS, f"{engine.name}: image {known['Size'] / 1e6:.0f} MB, {added / 1e6:.0f} of them ours"
    )


def test_what_runs_can_write_to_tmp_only_and_has_no_pip(engine: Engine, started: None, image: str) -> None:
    looked = ["run", "--rm", *run_options(), "--entrypoint", "python", image, "-c", LOOK]
    assert engine.said(*looked) == "as it should be"


def test_web_and_worker_do_the_main_job_in_containers_and_stop_in_time(
    containers: Containers, world: Machine, record_property: Record
) -> None:
    begun = time.monotonic()
    status, printed = containers.run("release")
    assert status == 0, printed
    released = time.monotonic() - begun

    begun = time.monotonic()
    health_port = str(free_port())
    web, worker = containers.start("web"), containers.start("worker", "--health-port", health_port)

    def answers(path: str) -> bool:
        assert containers.running(web), containers.logs(web)
        with contextlib.suppress(httpx.TransportError):
            return world.client.get(world.bot + path).status_code == 200
        return False

    until(lambda: answers("/readyz"), seconds=READY)
    ready = time.monotonic() - begun
    until(lambda: containers.healthy(worker, "--port", health_port), seconds=READY)
    assert containers.healthy(web)
    assert not containers.healthy(web, "--port", str(free_port()))

    world.type("U0ENGINEER", "/pgaccess mtls add 203.0.113.4 for 1h because of a container")
    assert world.approve()["ok"]
    until(lambda: "203.0.113.4/32" in world.rules(), seconds=READY)
    until(lambda: world.told("U0ENGINEER", "can reach"), seconds=READY)

    status, printed = containers.run("check")
    assert status == 0, printed
    stopped = {name: containers.stop(name) for name in (web, worker)}
    assert max(stopped.values()) < STOP
    for name in (web, worker):
        assert "Traceback" not in containers.logs(name)
    record_property(
        CONTAINERS,
        f"release {released:.1f} s; start to /readyz {ready:.1f} s; "
        f"SIGTERM to exit {stopped[web]:.1f} s (web), {stopped[worker]:.1f} s (worker)",
    )


def test_a_policy_with_an_error_stops_the_release_in_one_sentence(containers: Containers) -> None:
    status, printed = containers.run("release", PGACCESS_POLICY_TOML="approvals_channel = 1")
    assert status != 0
    assert "approvals_channel" in printed
    assert "Traceback" not in printed

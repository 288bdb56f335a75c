"""compose.yaml as it stands: Postgres, the migration, then web and worker, healthy and stopped in time."""

import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from sandbox.free_port import free_port
from tests.acceptance.processes import until
from tests.container.engine import PULLED_S, ROOT, Engine, NotHereError

HEALTHY: Final = 90.0
"""Seconds to the first health check, which comes after 15, and some more tries."""

pytestmark = pytest.mark.timeout(420)


@pytest.fixture
def compose(engine: Engine, started: None, image: str, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Runs a command of Docker Compose on a copy with this image, a free port and settings of its own."""
    if engine.name != "docker":
        pytest.skip(
            f"compose.yaml is not started: its conditions need Docker Compose, and this is {engine.name}"
        )
    if engine.run("compose", "version").returncode != 0:
        pytest.skip("compose.yaml is not started: this Docker has no Compose")
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    try:
        engine.need_image(read["services"]["postgres"]["image"])
    except NotHereError as error:
        pytest.skip(f"compose.yaml is not started: {error}")
    for service in read["services"].values():
        if service["image"] == "pgaccess":
            service["image"] = image
            del service["build"]
    read["services"]["web"]["ports"] = [f"127.0.0.1:{free_port()}:3000"]
    (tmp_path / "compose.yaml").write_text(yaml.safe_dump(read), encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    (tmp_path / ".env").write_text(re.sub(r"^([A-Z_]+)=$", r"\1=invented", example, flags=re.M), "utf-8")
    shutil.copy(ROOT / "pgaccess.example.toml", tmp_path / "pgaccess.toml")

    def run(*arguments: str) -> str:
        project = ("compose", "--project-directory", str(tmp_path), "--project-name", image)
        return engine.said(*project, *arguments, seconds=PULLED_S)

    yield run
    run("down", "--volumes", "--timeout", "1")


def test_compose_brings_everything_up_in_order_and_stops_it(
    engine: Engine, compose: Callable[..., str]
) -> None:
    # It comes back once Postgres is healthy, the migration has succeeded, and web and worker are started.
    compose("up", "--detach")

    def state(service: str) -> dict[str, Any]:
        found: dict[str, Any] = engine.inspect(compose("ps", "--all", "--quiet", service))["State"]
        return found

    def healthy(service: str) -> bool:
        return bool(state(service)["Health"]["Status"] == "healthy")

    assert state("migrate")["ExitCode"] == 0
    for service in ("web", "worker"):
        until(partial(healthy, service), seconds=HEALTHY)
    compose("stop")
    for service in ("web", "worker", "postgres"):
        assert state(service)["ExitCode"] == 0, compose("logs", service)

"""A worker's health port, and what the real processes write to standard output."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from sandbox.free_port import free_port
from tests.acceptance.processes import SECRETS, Machine, machine, until

TOKEN: Final = "metrics-acceptance-5b7"
BEARER: Final = {"Authorization": f"Bearer {TOKEN}"}


class Worker:
    """A worker with a health port, whose two outputs are kept apart."""

    def __init__(self, running: Machine, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._output = folder / "worker.out"
        environ = {**running._environ, "PGACCESS_METRICS_TOKEN": TOKEN}
        with self._output.open("wb") as output, (folder / "worker.err").open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "worker", "--health-port", str(port)],
                env=environ,
                stdout=output,
                stderr=errors,
            )

    def events(self) -> list[dict[str, Any]]:
        whole, _, _ = self._output.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", headers=headers, trust_env=False)

    def answers(self) -> bool:
        try:
            return self.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture
def running(empty_database_url: str) -> Iterator[Machine]:
    """The emulators and web; the worker is the test's own."""
    with machine(empty_database_url) as started:
        started.start_world()
        assert started.run("bot", "release") == 0
        started.start("web", "bot", "web", PGACCESS_METRICS_TOKEN=TOKEN)
        yield started


@pytest.mark.timeout(120)
def test_a_workers_health_port_tells_of_the_main_job_and_its_output_has_events_alone(
    running: Machine, tmp_path: Path
) -> None:
    worker = Worker(running, tmp_path)
    try:
        until(worker.answers)
        until(running._ready)
        running.type("U0ENGINEER", "/pgaccess mtls add 203.0.113.4")
        running.approve()
        until(lambda: running.told("U0ENGINEER", "can reach billing"))
        running.type("U0ENGINEER", "/pgaccess done 1")
        until(lambda: running.told("U0ENGINEER", "#1 has ended"))
        until(lambda: [each for each in worker.events() if each.get("after") == "ended"])

        assert worker.get("/healthz").text == "alive\n"
        assert worker.get("/metrics").status_code == 401
        assert worker.get("/slack/events").status_code == 404
        of_worker = worker.get("/metrics", BEARER).text
        of_web = running.client.get(f"{running.bot}/metrics", headers=BEARER).text
        for text, process in ((of_worker, "worker"), (of_web, "web")):
            assert f'pgaccess_build_info{{process="{process}",version="0.1.0"}} 1.0' in text
            assert 'pgaccess_grants{method="mtls",state="ended"} 1.0' in text
        # The loops, and their calls to Heroku, are the worker's alone.
        assert 'pgaccess_loop_age_seconds{loop="reconciler"}' in of_worker
        assert "pgaccess_loop_age_seconds{" not in of_web
        assert 'pgaccess_heroku_calls_total{kind="ip-rules",method="DELETE",status="2' in of_worker
    finally:
        worker.process.terminate()
    assert worker.process.wait(timeout=20) == 0

    events = worker.events()
    assert {each["event"] for each in events} == {"audit.line", "heroku.change"}
    assert [each["seal"] for each in events if each["event"] == "audit.line"] == [1, 2, 3, 4, 5, 6]
    assert [each["change"] for each in events if each["event"] == "heroku.change"] == [
        "ip_rule.add",
        "ip_rule.remove",
    ]
    for secret in (*SECRETS.values(), TOKEN):
        assert not any(secret in path.read_text() for path in tmp_path.iterdir())

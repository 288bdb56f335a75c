"""The real processes on this machine: two emulators, ``web`` and ``worker``, over HTTP only."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

import httpx

from sandbox.free_port import free_port

T = TypeVar("T")

POLICY = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"

[[rules]]
name = "everything"
approvers = ["U0LEAD", "U0LEAD2"]
"""
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-acceptance-7c1",
    "SLACK_SIGNING_SECRET": "signing-acceptance-4f2",
    "HEROKU_API_KEY": "HRKU-acceptance-9d3",
}
START = 20.0
"""Seconds that a process may take to be there; one or two are usual."""


class Process:
    """One process and what it prints."""

    def __init__(
        self, *arguments: str, environ: dict[str, str], log: IO[bytes], code: Path | None = None
    ) -> None:
        self.log = log
        self._process = subprocess.Popen(
            [sys.executable, "-m", *arguments], env=environ, stdout=log, stderr=subprocess.STDOUT, cwd=code
        )

    def kill(self) -> None:
        """``kill -9``: nothing of it runs any more."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Asks it to stop, as a platform does, and returns its exit status."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=START)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def printed(self) -> str:
        return Path(self.log.name).read_text()


class Machine:
    """Everything that runs, each in a process of its own."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self._folder = folder
        self._started: list[Process] = []
        self.processes: dict[str, Process] = {}
        self.code: Path | None = None
        """Folder of the code that is started; None: the one that is tested."""
        self._environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            **SECRETS,
            "DATABASE_URL": database_url,
            "PGACCESS_POLICY_TOML": POLICY,
            "PORT": str(free_port()),
        }
        self.bot = f"http://127.0.0.1:{self._environ['PORT']}"
        self.client = httpx.Client(timeout=10, trust_env=False)

    @property
    def settings(self) -> dict[str, str]:
        """The bot's settings alone, for a process that has the rest of its environment from elsewhere."""
        return {name: said for name, said in self._environ.items() if name not in ("PATH", "HOME")}

    def start(self, name: str, *arguments: str, **settings: str) -> Process:
        """Starts a process from the project's folder, as the README does; settings are only its own."""
        log = (self._folder / f"{name}-{len(self._started)}.log").open("wb")
        process = Process(*arguments, environ={**self._environ, **settings}, log=log, code=self.code)
        self._started.append(process)
        self.processes[name] = process
        return process

    def start_world(self, *, times: str = "0.3") -> None:
        """Starts the emulators, and tells the bot's settings where they are."""
        heroku = self.start("heroku", "sandbox.heroku", "--port", "0", "--transition-seconds", times)
        slack = self.start("slack", "sandbox.slack", "--port", "0", "--bot", self.bot)
        self.heroku, self.slack = _address(heroku), _address(slack)
        self._environ["HEROKU_API_URL"] = self._environ["HEROKU_DATA_API_URL"] = self.heroku
        self._environ["SLACK_API_URL"] = f"{self.slack}/api/"

    def start_bot(self) -> None:
        """Does what a platform does: the release phase, then web and worker."""
        assert self.run("bot", "release") == 0
        self.start("web", "bot", "web")
        self.start("worker", "bot", "worker")
        until(self._ready)

    def run(self, *arguments: str, **settings: str) -> int:
        """Runs a command to its end; settings are only its own."""
        process = self.start("-".join(arguments), *arguments, **settings)
        return process._process.wait(timeout=START)

    def _ready(self) -> bool:
        # Whoever answers at its port, it is not this one if it has ended.
        web = self.processes["web"]
        assert web.running, web.printed()
        with contextlib.suppress(httpx.TransportError):
            if self.client.get(f"{self.bot}/readyz").status_code != 200:
                return False
            request_log = self.client.get(f"{self.heroku}/_emulator/requests").json()
            return any(call["path"].endswith("/ip-rules") for call in request_log)
        return False

    # --- what people do and see ------------------------------------------------------------------

    def act(self, what: str, **given: object) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.post(f"{self.slack}/_emulator/{what}", json=given).json()
        return answer

    def type(self, person: str, text: str) -> dict[str, Any]:
        return self.act("command", **{"as": person}, channel="C0GENERAL", text=text)

    def approve(self, person: str = "U0LEAD") -> dict[str, Any]:
        """Presses the button of the newest card, once there is one."""
        until(lambda: [m for m in self.messages("C0APPROVALS") if not m["ephemeral"]])
        card = [m for m in self.messages("C0APPROVALS") if not m["ephemeral"]][-1]
        (buttons,) = [block for block in card["blocks"] if block["type"] == "actions"]
        given = {"as": person, "channel": "C0APPROVALS", "ts": card["ts"]}
        return self.act("click", **given, block_id=buttons["block_id"], action_id="request.approve")

    def state(self, person: str) -> dict[str, Any]:
        answer = self.client.get(f"{self.slack}/_emulator/state", params={"as": person, "since": -1})
        state: dict[str, Any] = answer.json()
        return state

    def messages(self, channel: str, person: str = "U0LEAD") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.state(person)["messages"].get(channel, [])
        return found

    def told(self, person: str, what: str) -> list[str]:
        """Direct messages in which something is said."""
        state = self.state(person)
        direct = [channel["id"] for channel in state["channels"] if channel["is_im"]]
        texts = [m["text"] for channel in direct for m in state["messages"].get(channel, [])]
        return [text for text in texts if what in text]

    def rules(self) -> list[str]:
        state = self.client.get(f"{self.heroku}/_emulator/state").json()
        return [rule["cidr"] for rule in state["databases"][0]["rules"]]

    def fault(self, **given: object) -> None:
        assert self.client.post(f"{self.heroku}/_emulator/faults", json=given).status_code == 200

    def printed(self) -> str:
        """Everything that every process of the bot has printed."""
        return "\n".join(path.read_text() for path in self._folder.iterdir() if path.suffix == ".log")

    def close(self) -> None:
        for process in self._started:
            if process.running:
                process.kill()
            process.log.close()
        self.client.close()


@contextlib.contextmanager
def machine(database_url: str) -> Iterator[Machine]:
    """A machine with nothing running on it yet."""
    with tempfile.TemporaryDirectory() as folder:
        running = Machine(database_url, Path(folder))
        try:
            yield running
        finally:
            running.close()


def until(seen: Callable[[], T], *, seconds: float = START) -> T:
    """Waits until something is seen, and returns it."""
    deadline = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < deadline, "never seen"
        time.sleep(0.05)
    return found


def _address(process: Process) -> str:
    address: str = until(lambda: re.findall(r"answers at (\S+)", process.printed()))[0]
    return address

"""Finds what builds and starts containers on this machine, and runs it with a bound on its time."""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]

BASE: Final = "PGACCESS_CONTAINER_BASE"
"""Environment variable: the base image, where the one of the Dockerfile cannot be pulled."""

BUILD_OPTIONS: Final = "PGACCESS_CONTAINER_BUILD_OPTIONS"
"""Environment variable: more options of ``build``, for a machine that needs them."""

RUN_OPTIONS: Final = "PGACCESS_CONTAINER_RUN_OPTIONS"
"""Environment variable: more options of ``run``."""

ASKED_S: Final = 30.0
"""Seconds that an answer about an image or a container may take; a second is usual."""

PULLED_S: Final = 120.0
"""Seconds to pull the base image, some 50 MB, before it counts as not reachable."""

BUILT_S: Final = 300.0
"""Seconds to build: 40 where the wheels are near."""

NO_NETWORK: Final = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "Temporary failure in name resolution",
)
"""What pip prints where the build reaches no package index, which says nothing about the Dockerfile."""


class NotHereError(Exception):
    """This machine cannot do it, which says nothing about the image; the message says why."""


@dataclass(frozen=True)
class Engine:
    """A program that builds images; Docker and Podman start them, too.

    Args:
        name: ``docker``, ``podman`` or ``buildah``.
        program: its path.
    """

    name: str
    program: str

    @property
    def starts(self) -> bool:
        return self.name != "buildah"

    def run(self, *arguments: str, seconds: float = ASKED_S) -> subprocess.CompletedProcess[str]:
        """Runs one command of the program to its end, whatever its status.

        Raises:
            TimeoutExpired: it took longer than ``seconds``.
        """
        return subprocess.run(
            [self.program, *arguments], capture_output=True, text=True, check=False, timeout=seconds
        )

    def said(self, *arguments: str, seconds: float = ASKED_S) -> str:
        """Returns what a command printed; fails with its error where it did not succeed."""
        done = self.run(*arguments, seconds=seconds)
        assert done.returncode == 0, f"{self.name} {shlex.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def inspect(self, of: str) -> Mapping[str, Any]:
        """What the program knows of an image or a container."""
        (known,) = json.loads(self.said("inspect", of))
        assert isinstance(known, dict)
        return known

    def need_image(self, base: str) -> None:
        """Pulls an image unless it is there.

        Raises:
            NotHereError: it can be had from nowhere.
        """
        there = ("inspect", "--type", "image", base)
        if self.run(*there).returncode == 0:
            return
        try:
            pulled = self.run("pull", base, seconds=PULLED_S)
        except subprocess.TimeoutExpired:
            raise NotHereError(f"{self.name} did not get {base} in {PULLED_S:.0f} s") from None
        if pulled.returncode != 0:
            raise NotHereError(f"{self.name} cannot pull {base}: {_last_line(pulled.stderr)}")

    def build(self, folder: str, *, tag: str, arguments: Mapping[str, str]) -> None:
        """Builds the Dockerfile of a folder; fails with what was printed where it is broken.

        Raises:
            NotHereError: the build reached no package index.
        """
        options = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
        if self.name != "docker":
            # The other format has no health check. Without layers nothing but the image is left behind.
            options += ["--format", "docker", "--layers=false"]
        options += shlex.split(os.environ.get(BUILD_OPTIONS, ""))
        built = self.run("build", *options, "--tag", tag, folder, seconds=BUILT_S)
        printed = built.stdout + built.stderr
        if built.returncode != 0 and any(sign in printed for sign in NO_NETWORK):
            raise NotHereError(f"the build reaches no package index: {_last_line(built.stderr)}")
        assert built.returncode == 0, printed

    def need_start(self, image: str) -> None:
        """Starts a container that does nothing.

        Raises:
            NotHereError: no container can be started, as inside of most containers.
        """
        if not self.starts:
            raise NotHereError("buildah builds images and starts none")
        started = self.run("run", "--rm", *run_options(), "--entrypoint", "true", image)
        if started.returncode != 0:
            raise NotHereError(f"{self.name} starts no container here: {_last_line(started.stderr)}")


def run_options() -> Sequence[str]:
    """The options of each container: as compose.yaml has them, and on the network of this machine."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    (in_memory,) = compose["x-pgaccess"]["tmpfs"]
    hardened = ["--read-only", "--tmpfs", in_memory, "--cap-drop", "ALL"]
    # The tests ask it themselves, sooner; and Podman has nothing that would ask where systemd does not run.
    hardened += ["--security-opt", "no-new-privileges", "--no-healthcheck"]
    return [*hardened, "--network", "host", *shlex.split(os.environ.get(RUN_OPTIONS, ""))]


def find_engine() -> Engine:
    """Returns the first of Docker, Podman and Buildah that works.

    Raises:
        NotHereError: none does; the message says why for each.
    """
    reasons = []
    for name in ("docker", "podman", "buildah"):
        program = shutil.which(name)
        if program is None:
            reasons.append(f"{name} is not installed")
            continue
        engine = Engine(name, program)
        try:
            asked = engine.run("info")
        except subprocess.TimeoutExpired:
            reasons.append(f"{name} does not answer")
            continue
        # The client of Docker succeeds in some versions although it has reached no daemon.
        if asked.returncode == 0 and "Cannot connect" not in asked.stdout + asked.stderr:
            return engine
        reasons.append(f"{name}: {_last_line(asked.stderr)}")
    raise NotHereError("; ".join(reasons))


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "without a word"

"""Version of pgaccess, as it is installed or as its sources say."""

import tomllib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

UNKNOWN: Final = "unknown"
"""Stands for a version that neither the installation nor the sources tell."""


def own_version() -> str:
    """Reads the version; a platform that runs the sources has installed no package."""
    with suppress(PackageNotFoundError):
        return version("pgaccess")
    sources = Path(__file__).parents[2] / "pyproject.toml"
    with suppress(OSError, tomllib.TOMLDecodeError, KeyError):
        return str(tomllib.loads(sources.read_text(encoding="utf-8"))["project"]["version"])
    return UNKNOWN

"""Looks for secrets wherever something could have left them, in every spelling that gives them away."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

LONG_ENOUGH = 16
"""Characters of a key's line that no other text has by chance; each PEM line has 64."""

Place = tuple[str, str]
"""Which kind of place, and which one: ``("store", "outbox")``."""


@dataclass(frozen=True)
class Found:
    """A secret where it must not be; the secret's name, never itself: a failing test prints this."""

    place: Place
    secret: str


def search(places: Mapping[Place, str], secrets: Mapping[str, str]) -> list[Found]:
    """Every secret in every place.

    Args:
        places: what stands there, by where it is.
        secrets: by what they are called.
    """
    needles = {name: spellings(secret) for name, secret in secrets.items()}
    return [
        Found(place, name)
        for place, text in places.items()
        for name, spelt in needles.items()
        if any(needle in text for needle in spelt)
    ]


def spellings(secret: str) -> set[str]:
    """A secret as it would stand in text, JSON, an address, a ``bytea`` or Base64; each line of a key."""
    parts = body_lines(secret) if secret.startswith("-----BEGIN") else [secret]
    return {spelt for part in parts for spelt in _spellings(part)}


def body_lines(pem: str) -> list[str]:
    """The lines of a PEM text that are its own: a part of a key is enough to be a leak."""
    lines = [line for line in pem.splitlines() if not line.startswith("-----")]
    return [line for line in lines if len(line) >= LONG_ENOUGH]


def _spellings(secret: str) -> Iterable[str]:
    raw = secret.encode()
    yield secret
    yield json.dumps(secret)[1:-1]
    yield quote(secret, safe="")
    yield raw.hex()
    yield base64.b64encode(raw).decode().rstrip("=")
    yield base64.urlsafe_b64encode(raw).decode().rstrip("=")

"""API version, token and rate limit of a call, checked before anything else.

Facts: Heroku Platform API reference, 2026-11, "Clients", "Errors" and "Rate limits"; a missing version
answers with the key ``error`` (seen by Strider-CD/strider, 2018). Bearer is the Platform API's way, Basic
with an empty user the Data API's; both APIs are seen with both.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sandbox.heroku.http_types import Refused, Request
from sandbox.heroku.model.authorizations import Authorization, Authorizations

_MEDIA_TYPE: Final = re.compile(
    r"application/vnd\.heroku\+json\s*;[^,]*?\bversion\s*=\s*\"?([\w.-]+)", re.IGNORECASE
)
_VERSION_3: Final = re.compile(r"3(\.[\w-]+)*")
"""Version 3 and its variants: the official CLI asks for ``3.sdk``, ``3.fir`` and ``3.webhooks``."""

_VERSION_WANTED: Final = (
    "Please specify a version along with Heroku's media type: Accept: application/vnd.heroku+json; version=3."
)


def check_version(request: Request) -> None:
    """Raise `Refused` ``missing_version`` or ``not_acceptable`` unless the request accepts version 3."""
    versions = _MEDIA_TYPE.findall(request.headers.get("accept", ""))
    if not versions:
        raise Refused(400, _VERSION_WANTED, id="missing_version", key="error")
    if not any(_VERSION_3.fullmatch(version) for version in versions):
        raise Refused(406, _VERSION_WANTED)


def check_token(request: Request, known: Authorizations, now: datetime) -> Authorization:
    """Return the authorization of a Bearer or Basic token; raises `Refused` ``unauthorized``."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    read = _SCHEMES.get(scheme.lower())
    return known.by_token(read(value) if read else None, now)


def _password(value: str) -> str | None:
    """Return the password of Basic credentials with an empty user; None for anything else."""
    try:
        user, colon, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password if colon and not user else None


_SCHEMES: Final[Mapping[str, Callable[[str], str | None]]] = {"bearer": str.strip, "basic": _password}


class RequestTokens:
    """Token bucket of the account's rate limit.

    Args:
        size: Capacity.
        refill: Tokens that are refilled each minute, evenly.
    """

    def __init__(self, *, size: int, refill: float) -> None:
        self._size = size
        self._per_second = refill / 60
        self._left = float(size)
        self._updated_at: datetime | None = None

    def remaining(self, now: datetime) -> int:
        """Return the number of whole tokens left."""
        passed = (now - self._updated_at).total_seconds() if self._updated_at else 0.0
        # Never negative: a moment may lie before the last one.
        self._left = min(self._size, self._left + max(0.0, passed) * self._per_second)
        self._updated_at = now
        return int(self._left)

    def set_remaining(self, left: int | None, now: datetime) -> None:
        """Set the number of tokens, at most the capacity; None is the capacity."""
        self._left, self._updated_at = float(self._size if left is None else min(left, self._size)), now

    def take(self, now: datetime) -> None:
        """Take a token; raises `Refused` ``rate_limit`` if there is none."""
        if self.remaining(now) < 1:
            raise Refused(429, "Your account reached the API rate limit. Please wait a few minutes.")
        self._left -= 1

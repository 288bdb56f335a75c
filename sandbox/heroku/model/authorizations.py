"""Authorizations: tokens with scopes and expiry, and the check of a request against them.

Facts: the Platform API's hyper-schema (heroku/platform-api, 2026-02): an authorization has one access token
and scopes; it can be made, listed, given a fresh token, and revoked. The official CLI (11.10.0) names the
scopes; what each allows is inferred from its name, config vars being what is protected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sandbox.heroku.http_types import Refused, Request, missing
from sandbox.heroku.seeded_random import SeededRandom

SCOPES: Final = ("global", "identity", "read", "write", "read-protected", "write-protected")
"""Every scope."""

_READS: Final = ("GET", "HEAD")
_UNAUTHORIZED: Final = "Invalid credentials provided."


@dataclass(slots=True, kw_only=True)
class Authorization:
    """A token with its scopes.

    Attributes:
        expires_at: When it expires; None is never.
    """

    id: UUID
    token_id: UUID
    token: str
    scope: tuple[str, ...]
    description: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None


class Authorizations:
    """Every authorization of an account, oldest first.

    Args:
        seeded: Source of ids and tokens.
        first: The authorization that exists from the start.
    """

    def __init__(self, seeded: SeededRandom, first: Authorization) -> None:
        self._seeded = seeded
        self._all = {first.id: first}

    def all(self) -> list[Authorization]:
        """Return all, oldest first."""
        return list(self._all.values())

    def one(self, key: UUID | None) -> Authorization:
        """Return one by id; raises `Refused` ``not_found``."""
        if key is None or key not in self._all:
            raise missing("authorization")
        return self._all[key]

    def by_token(self, token: str | None, now: datetime) -> Authorization:
        """Return the authorization of a token; raises `Refused` ``unauthorized``."""
        for each in self._all.values():
            if each.token == token and (each.expires_at is None or now < each.expires_at):
                return each
        raise Refused(401, _UNAUTHORIZED)

    def make(
        self, *, scope: Sequence[str], description: str, expires_in: int | None, now: datetime
    ) -> Authorization:
        """Create an authorization with a new token.

        Args:
            scope: Its scopes.
            description: Description for people.
            expires_in: Seconds until it expires; None is never.
            now: The moment.
        """
        made = Authorization(
            id=self._seeded.uuid(),
            token_id=self._seeded.uuid(),
            token=self._token(),
            scope=tuple(scope),
            description=description,
            created_at=now,
            updated_at=now,
            expires_at=None if expires_in is None else now + timedelta(seconds=expires_in),
        )
        self._all[made.id] = made
        return made

    def regenerate(self, found: Authorization, now: datetime) -> Authorization:
        """Replace the token of an authorization; the old one is invalid at once."""
        found.token, found.token_id, found.updated_at = self._token(), self._seeded.uuid(), now
        return found

    def revoke(self, found: Authorization) -> Authorization:
        """Revoke an authorization and return it as it was."""
        return self._all.pop(found.id)

    def _token(self) -> str:
        return f"HRKU-{self._seeded.uuid()}"


def check_scope(request: Request, found: Authorization, data_scopes: Sequence[str]) -> None:
    """Raise `Refused` ``forbidden`` unless an authorization's scopes allow a request.

    Args:
        request: The request.
        found: The authorization of its token.
        data_scopes: Scopes that the Data API accepts.
    """
    allowed = data_scopes if request.of_data_api else _needed(request)
    if not set(allowed) & set(found.scope):
        raise Refused(403, f"The token's scope does not allow this: it needs one of {', '.join(allowed)}.")


def _needed(request: Request) -> Sequence[str]:
    """Return the scopes of which a call of the Platform API needs one."""
    read = request.method in _READS
    first = request.segments[0]
    if first == "oauth":
        return ("global",)
    if request.path == "/account" and read:
        return SCOPES
    protected = request.segments[-1] == "config-vars"
    scopes = ("global", "write-protected", "read-protected" if read else "", "" if protected else "write")
    return tuple(filter(None, (*scopes, "read" if read and not protected else "")))

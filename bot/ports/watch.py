"""Protocols of the watch: it reads the store and Heroku, and changes neither. And of a pager."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from bot.domain.mtls.observation import IpRule
from bot.domain.policy.stand_in import PolicyState
from bot.domain.target import Database, KnownAs, Space
from bot.domain.watch.condition import OpenGrant, Severity, Waiting


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreReading:
    """What the watch has read of the store, in one transaction.

    Attributes:
        installation: marker of the installation.
        grants: those that are not closed.
        adopted: ids of IP rules that stay without a grant.
        waiting: how long work that is due waits for a worker.
        unsealed: age of the oldest audit line without a seal, by Postgres' clock; None where there is none.
        databases: those that Heroku had when the bot read it last.
        known: what the policy knows each target by, by Heroku's UUID.
        policy: the state of the last policy that could be read; None before the first.
    """

    installation: str
    grants: tuple[OpenGrant, ...]
    adopted: frozenset[UUID]
    waiting: Waiting
    unsealed: timedelta | None
    databases: tuple[Database, ...]
    known: Mapping[UUID, KnownAs]
    policy: PolicyState | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainPlace:
    """A place in the chain of the audit trail: the number of a seal, and its digest."""

    seal: int
    digest: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainPart:
    """What verifying a part of the chain has shown.

    Attributes:
        verified: the last place up to which it is whole.
        broken: id of the first line that does not fit; None where all do.
        ended: whether the newest seal was reached.
    """

    verified: ChainPlace
    broken: int | None
    ended: bool


class WatchedStore(Protocol):
    """Reads of the store; each raises ``StoreUnavailableError`` while it cannot be read."""

    async def read(self) -> StoreReading:
        """Reads what the watch judges."""
        ...

    async def verify(self, after: ChainPlace, *, lines: int) -> ChainPart:
        """Verifies the lines that follow a place.

        Args:
            after: a place that was verified; seal 0 with the digest before the first line is the beginning.
            lines: at most.
        """
        ...

    async def holds(self, place: ChainPlace) -> bool:
        """Whether the chain has that digest at that place."""
        ...


class WatchedHeroku(Protocol):
    """Reads of Heroku; each raises ``HerokuError`` when it fails."""

    async def databases(self) -> tuple[Database, ...]:
        """Lists every Postgres in a Private or Shield Space that the token can see."""
        ...

    async def spaces(self) -> tuple[Space, ...]:
        """Lists every space that the token can see and that is ready for use."""
        ...

    async def rules(self, database: Database) -> tuple[IpRule, ...]:
        """Lists all IP rules of a database; ``HerokuNotFoundError``: mTLS is not enabled."""
        ...


class PageAction(StrEnum):
    """What a page asks of the pager, in the words of PagerDuty's Events API v2."""

    TRIGGER = "trigger"
    RESOLVE = "resolve"


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A message to whoever is on call.

    Attributes:
        action: begins or goes on with an incident, or ends it; ending one that is not there does nothing.
        key: of the incident: everything with the same key is about the same one.
        summary: what people read first, as plain text.
        severity: how urgent it is.
        component: which part it is about.
        at: business time.
        details: more, as plain text by name.
    """

    action: PageAction
    key: str
    summary: str
    severity: Severity
    component: str
    at: datetime
    details: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


class Pager(Protocol):
    """Where pages go."""

    async def send(self, page: Page) -> None:
        """Sends a page, repeatedly if it has to.

        Raises:
            PagerError: it was not taken; the text says why and holds no secret.
        """
        ...

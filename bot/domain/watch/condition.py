"""Conditions that the watch looks for, and the judgements that find them. Every time is an argument."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from bot.domain.method import Method
from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.rule_description import read_description
from bot.domain.subject import Network
from bot.domain.target import Database

LOOK_EVERY: Final = timedelta(minutes=1)
"""Pause from the beginning of one look of the watch to that of the next."""

LATE: Final = timedelta(minutes=5)
"""How long after an end access may still be there: the run that removes it and its read-back take seconds,
and a removal that Heroku did not take is repeated after a minute (``removal_patience``)."""

SILENT: Final = timedelta(minutes=3)
"""How long work that is due may wait for a worker. A working one takes it within seconds, also while Heroku
or Slack cannot be reached: then it tries, and sets the next time."""

UNSEALED: Final = timedelta(minutes=5)
"""How long an audit line may wait for its seal; a working scheduler seals every second."""

CALLS_AN_HOUR: Final = 600
"""Calls to Heroku that the watch makes at most: of the 4,500 of an account, which the bot may share."""


class Condition(StrEnum):
    """What is wrong; its sentences are below ``watch.``, its chapter in ``docs/operations/watch.md``."""

    STORE = "store"
    HEROKU = "heroku"
    WORKER = "worker"
    ENTRY = "entry"
    END = "end"
    CHAIN = "chain"
    UNSEALED = "unsealed"
    POLICY = "policy"


class Severity(StrEnum):
    """How urgent a condition is, in the words of PagerDuty's Events API v2."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


SEVERITIES: Final[Mapping[Condition, Severity]] = {
    # Access is open that nobody approved any more, or the evidence of it cannot be trusted.
    Condition.ENTRY: Severity.CRITICAL,
    Condition.END: Severity.CRITICAL,
    Condition.CHAIN: Severity.CRITICAL,
    # Nothing closes.
    Condition.STORE: Severity.CRITICAL,
    Condition.WORKER: Severity.CRITICAL,
    # The watch itself sees less than it should.
    Condition.HEROKU: Severity.ERROR,
    Condition.UNSEALED: Severity.ERROR,
    Condition.POLICY: Severity.WARNING,
}


class ItemKind(StrEnum):
    """How an item is worded: its sentence is below ``watch.item.``."""

    NAME = "name"
    ENTRY = "entry"
    GRANT = "grant"
    UNSET = "unset"
    UNREACHABLE = "unreachable"
    UNMIGRATED = "unmigrated"
    DENIED = "denied"
    REJECTED = "rejected"
    LISTS = "lists"
    RECONCILER = "reconciler"
    NOTIFIER = "notifier"
    SCHEDULER = "scheduler"
    BROKEN = "broken"
    REPLACED = "replaced"


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing that a condition is about.

    Attributes:
        kind: how it is worded.
        name: of what; empty where the kind says all.
        at: since when, where that is the same at every look.
    """

    kind: ItemKind
    name: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """What one look shows of one condition.

    Attributes:
        items: what it is about; none is "all is well".
        complete: whether everything was looked at. What was not seen then is not gone.
    """

    items: frozenset[Item]
    complete: bool = True


UNKNOWN: Final = Sighting(items=frozenset(), complete=False)
"""Nothing was looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenGrant:
    """A grant that is not closed, as far as the watch needs it.

    Attributes:
        request: number of its request.
        target: Heroku's UUID.
        label: what people call the target.
        networks: what it allows by mTLS; none by another method.
        ends_at: business time; None without an end.
    """

    request: int
    target: UUID
    label: str
    method: Method
    networks: tuple[Network, ...]
    ends_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """How long work that is due has been waiting for a worker, by Postgres' clock.

    Attributes:
        reconciler: the target's method that waits longest; None where nothing is due.
        notifier: likewise, of messages.
        scheduler: likewise, of periodic tasks; None where none is due.
        ever: whether a worker has ever run on this store.
    """

    reconciler: timedelta | None
    notifier: timedelta | None
    scheduler: timedelta | None
    ever: bool = True


def overdue_entries(
    rules: Mapping[UUID, Iterable[IpRule]],
    databases: Iterable[Database],
    *,
    installations: Collection[str],
    grants: Iterable[OpenGrant] = (),
    adopted: Collection[UUID] = (),
    now: datetime,
) -> frozenset[Item]:
    """Finds IP rules of ours that are past the hard end in their description, and that nothing else covers.

    Args:
        rules: by database; databases that could not be read are left out.
        databases: those, with their names.
        installations: markers of this installation; empty where none is known: then every one counts.
        grants: that are open. A description says what was approved when its rule was added: a later end of a
            grant of the same network counts, since a grant may have been extended, or have joined the rule.
        adopted: ids of rules that stay without a grant.
        now: business time of the reading.
    """
    ends: dict[tuple[UUID, Network], list[datetime | None]] = {}
    for grant in grants:
        for network in grant.networks:
            ends.setdefault((grant.target, network), []).append(grant.ends_at)
    found = set()
    for database in databases:
        for rule in rules.get(database.id, ()):
            described = read_description(rule.description)
            if described is None or (installations and described.installation not in installations):
                continue
            end = described.ends_at
            if end is None or not _is_late(end, now) or rule.id in adopted:
                continue
            covering = ends.get((database.id, rule.network), []) if isinstance(rule.network, Network) else []
            if any(each is None or not _is_late(each, now) for each in covering):
                continue
            # Latest end first.
            request = described.holders[0].request
            name = f"{rule.network} → {database.label} (#{request})"
            found.add(Item(kind=ItemKind.ENTRY, name=name, at=end))
    return frozenset(found)


def overdue_grants(grants: Iterable[OpenGrant], *, now: datetime) -> frozenset[Item]:
    """Finds grants whose end is past and that are not closed.

    Args:
        grants: that are open.
        now: business time.
    """
    return frozenset(
        Item(kind=ItemKind.GRANT, name=f"#{grant.request} ({grant.label})", at=grant.ends_at)
        for grant in grants
        if grant.ends_at is not None and _is_late(grant.ends_at, now)
    )


def silent_parts(waiting: Waiting) -> frozenset[Item]:
    """Finds the parts of a worker whose work is due and not done: proof that none works.

    A process may run and do nothing, so work that was taken is what proves it. Nothing being due proves
    nothing, but then nothing is late either.
    """
    parts = {
        ItemKind.RECONCILER: waiting.reconciler,
        ItemKind.NOTIFIER: waiting.notifier,
        ItemKind.SCHEDULER: waiting.scheduler,
    }
    silent = {kind for kind, wait in parts.items() if wait is not None and wait > SILENT}
    if not waiting.ever:
        silent.add(ItemKind.SCHEDULER)
    return frozenset(Item(kind=kind) for kind in silent)


def unsealed(oldest: timedelta | None) -> frozenset[Item]:
    """Finds whether audit lines wait for their seal for long.

    Args:
        oldest: age of the oldest line without a seal, by Postgres' clock; None where there is none.
    """
    late = oldest is not None and oldest > UNSEALED
    return frozenset({Item(kind=ItemKind.SCHEDULER)} if late else ())


def named(names: Iterable[str]) -> frozenset[Item]:
    """Items that are only names."""
    return frozenset(Item(kind=ItemKind.NAME, name=name) for name in names)


def heroku_pause(calls: int, *, every: timedelta, an_hour: int = CALLS_AN_HOUR) -> timedelta:
    """How long the next reading of Heroku waits, so that an hour has no more calls than it may.

    Args:
        calls: of one reading.
        every: the pause between two looks, which is the least.
        an_hour: calls that an hour may have.
    """
    return max(every, timedelta(hours=1) * calls / an_hour)


def in_order(items: Iterable[Item]) -> Iterator[Item]:
    """Items in an order that is always the same: the longest overdue first."""

    def key(item: Item) -> tuple[float, str, str]:
        return 0.0 if item.at is None else item.at.timestamp(), item.kind, item.name

    yield from sorted(items, key=key)


def _is_late(end: datetime, now: datetime) -> bool:
    # Not `end + LATE`: an end that somebody wrote into a description may be the last moment that there is.
    return end <= now - LATE

"""Requests with their grants and operations as an auditor reads them, one record for each, page by page."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Select, String, Text, any_, bindparam, case, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.repositories.evidence.terms import TERMS, WITH_GRANT
from storage.tables import audit, grants, operations, requests, slack_users, targets

PAGE: Final = 500
"""Requests that are read at once."""

Value = str | int | list[int] | list[str] | None
Record = Mapping[str, Value]
"""What is exported of one request, by column; see ``record_of``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which requests are exported: all, unless something narrows them.

    Attributes:
        since: those with something of them at this time or after: asked, decided, open, closed.
        before: those that were asked before this time.
        targets: Heroku's UUIDs; None for all.
        person: Slack id of the requester or the owner; empty for all.
    """

    since: datetime | None = None
    before: datetime | None = None
    targets: tuple[UUID, ...] | None = None
    person: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What is read of an audit line.

    Attributes:
        seal: None while it is not sealed.
        target_name: name of the day.
    """

    id: int
    seal: int | None
    at: datetime
    actor: str
    subject: str
    after: str
    target_name: str | None = None


COLUMNS: Final = (
    "request", "kind", "method", "state", "target", "target_id", "app", "space", "environment", "rule",
    "subject", "requester", "requester_name", "reason", "asked_at", "decision", "decided_by", "decided_at",
    "approved_by", "opened_at", "ends_at", "closed_at", "closed_by", "why", "duration_s", "extended_s",
    "extended_alone_s", "extends", "lines", "seals", "asker", "ticket",
)  # fmt: skip
"""Columns of an export; `docs/guides/audit.md` says what each means."""


def record_of(
    today: Mapping[str, Any], lines: Sequence[Line], *, name: str = "", extensions: Sequence[Line] = ()
) -> Record:
    """Builds the record of one request.

    Args:
        today: its terms as the rows have them.
        lines: about it, in their order.
        name: of the requester.
        extensions: lines about requests for more time for its grant, or to open that again.
    """
    grant, operation = today.get("grant") or {}, today.get("operation") or {}
    number = today["request"]
    extends = None
    if grant and grant["request"] != number:
        extends, grant = grant["request"], {}
    outcome = grant or operation
    decided = next((line for line in lines if _decides(line)), None)
    proof = sorted((*lines, *extensions), key=lambda line: line.id)
    duration = grant.get("duration_s") if grant else today.get("duration_s")
    return {
        "request": number,
        "kind": today["kind"],
        "method": today["method"],
        "state": outcome.get("state") or today["state"],
        "target": next((line.target_name for line in lines if line.target_name), today["target_name"]),
        "target_id": today["target"],
        "app": today.get("app"),
        "space": today.get("space"),
        "environment": today.get("environment"),
        "rule": today["rule"],
        "subject": outcome.get("subject") or today["subject"],
        "requester": today["requester"],
        "requester_name": name or None,
        "reason": today["reason"],
        "asked_at": _shortened(today["asked"]),
        "decision": None if decided is None else decided.after,
        "decided_by": None if decided is None else decided.actor,
        "decided_at": None if decided is None else _text(decided.at),
        "approved_by": list(dict.fromkeys(line.actor for line in lines if _approves(line))),
        "opened_at": _shortened(grant.get("in_force")),
        "ends_at": _shortened(grant.get("ends") or (None if grant else today.get("until"))),
        "closed_at": _shortened(outcome.get("closed")),
        "closed_by": _closer(lines, operation=bool(operation)),
        "why": outcome.get("why"),
        "duration_s": duration,
        "extended_s": _extended(today, grant),
        "extended_alone_s": grant.get("extended_s"),
        "extends": extends,
        "lines": [line.id for line in proof],
        "seals": [line.seal for line in proof if line.seal is not None],
        "asker": today.get("asker"),
        "ticket": today.get("ticket"),
    }


def _extended(today: Mapping[str, Any], grant: Mapping[str, Any]) -> int | None:
    """Seconds by which a grant is longer than what was approved at first; None without an end."""
    asked, duration = today.get("duration_s"), grant.get("duration_s")
    if asked is not None and duration is not None:
        return int(duration - asked)
    until, ends = today.get("until"), grant.get("ends")
    if until is None or ends is None:
        return None
    moved = datetime.fromisoformat(ends) - datetime.fromisoformat(until)
    return max(0, int(moved.total_seconds()))


def _decides(line: Line) -> bool:
    return line.subject == "request" and line.after.partition(",")[0] != "pending"


def _approves(line: Line) -> bool:
    # One of several approvals leaves the request pending, and the line counts it.
    return line.subject == "request" and (line.after == "approved" or line.after.startswith("pending, "))


def _closer(lines: Sequence[Line], *, operation: bool) -> str | None:
    """Who has ended a grant; of an operation, who has recorded its outcome."""
    ends = [line for line in lines if line.subject == "grant" and line.after in ("ending", "failed")]
    if operation:
        ends = [line for line in lines if line.after in ("done", "failed", "cancelled")]
    return ends[-1].actor if ends else None


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shortened(at: str | None) -> str | None:
    return None if at is None else f"{at[:19]}Z"


_AFTER: Final = bindparam("after_request", type_=BigInteger)
_IDS: Final = bindparam("ids", type_=ARRAY(BigInteger))
_FINISHED: Final = func.coalesce(
    grants.c.closed_at,
    operations.c.closed_at,
    case((grants.c.id.is_(None) & operations.c.id.is_(None), requests.c.decided_at)),
)
_RECORDS: Final = (
    select(requests.c.id, TERMS, func.coalesce(slack_users.c.name, ""))
    .select_from(WITH_GRANT.outerjoin(slack_users, slack_users.c.id == requests.c.requester))
    .where(requests.c.id == any_(_IDS))
    .order_by(requests.c.id)
)
_line = (
    audit.c.id,
    audit.c.seal,
    audit.c.at,
    audit.c.actor,
    audit.c.subject,
    audit.c.after,
    audit.c.terms["target_name"].astext,
)
_LINES: Final = (
    select(audit.c.request_id, *_line).where(audit.c.request_id == any_(_IDS)).order_by(audit.c.id)
)
_EXTENSIONS: Final = (
    select(grants.c.request_id, *_line)
    .select_from(
        audit.join(requests, requests.c.id == audit.c.request_id).join(
            grants, grants.c.id == requests.c.grant_id
        )
    )
    .where(grants.c.request_id == any_(_IDS))
    .order_by(audit.c.id)
)


def _chosen(wanted: Wanted) -> Select[Any]:
    own = requests.outerjoin(grants, grants.c.request_id == requests.c.id).outerjoin(
        operations, operations.c.request_id == requests.c.id
    )
    statement = select(requests.c.id).select_from(own).where(requests.c.id > _AFTER)
    if wanted.since is not None:
        statement = statement.where(or_(_FINISHED.is_(None), wanted.since <= _FINISHED))
    if wanted.before is not None:
        statement = statement.where(requests.c.asked_at < wanted.before)
    if wanted.targets is not None:
        statement = statement.where(requests.c.target_id.in_(wanted.targets))
    if wanted.person:
        statement = statement.where(
            or_(
                requests.c.requester == wanted.person,
                requests.c.asker == wanted.person,
                grants.c.owner == wanted.person,
            )
        )
    return statement.order_by(requests.c.id).limit(PAGE)


async def records(connection: AsyncConnection, wanted: Wanted) -> AsyncIterator[Record]:
    """Reads the records of requests in the order of their numbers, in flat memory.

    Args:
        connection: of a snapshot, so that all records are of one moment.
        wanted: which requests.
    """
    statement, after = _chosen(wanted), 0
    while ids := (await connection.execute(statement, {"after_request": after})).scalars().all():
        lines, extensions = [
            _by_request(await connection.execute(each, {"ids": ids})) for each in (_LINES, _EXTENSIONS)
        ]
        for number, today, name in await connection.execute(_RECORDS, {"ids": ids}):
            yield record_of(today, lines.get(number, ()), name=name, extensions=extensions.get(number, ()))
        after = ids[-1]


def _by_request(rows: Iterable[tuple[Any, ...]]) -> Mapping[int, Sequence[Line]]:
    found: dict[int, list[Line]] = {}
    for request, id, seal, at, actor, subject, after, target_name in rows:
        line = Line(
            id=id, seal=seal, at=at, actor=actor, subject=subject, after=after, target_name=target_name
        )
        found.setdefault(request, []).append(line)
    return found


async def targets_named(connection: AsyncConnection, name: str) -> Collection[UUID]:
    """Finds the targets that have, or had at first, a name: their own, their app's, an alias, or the UUID."""
    if not name:
        # A space has no app, and most targets no name beside their own: nothing is called by no name.
        return ()
    plain = [
        targets.c.name, targets.c.app, targets.c.shown_as, targets.c.listed_as, targets.c.known_name,
        targets.c.known_app, cast(targets.c.id, String),
    ]  # fmt: skip
    same = [func.lower(column) == name.lower() for column in plain]
    statement = select(targets.c.id).where(or_(*same, targets.c.entries.has_key(cast(name, Text))))
    return tuple((await connection.execute(statement)).scalars())

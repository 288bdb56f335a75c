"""Deletes what nobody needs any more, a few rows in one statement, each found by an index of its own.

What a row still says to somebody keeps it, however old it is: a message that can change, an entry that the
reconciler looks back at. `docs/operations/retention.md` has every table.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Select,
    Table,
    and_,
    cast,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.operation import OperationState
from bot.domain.retention import Expired
from bot.ports import MessageKind, Retention
from bot.ports.assertions import TOPICS, Topic
from storage.tables import (
    NAMED_LEAVER,
    PENDING,
    REMOVED,
    SHOWN,
    access_reviews,
    certificates,
    closings,
    download_links,
    grants,
    idempotency_keys,
    lost_channels,
    mtls_rule_intents,
    mtls_rules,
    observation_gaps,
    operations,
    outages,
    outbox,
    policy_state,
    privatelink_accounts,
    reconcile_queue,
    requests,
    slack_users,
    targets,
    trusted_ranges,
    unmanaged_entries,
)

_FINDINGS: Final = [kind for kind, topic in TOPICS.items() if topic is Topic.FINDING]
_PAST: Final = [kind for kind, topic in TOPICS.items() if topic is Topic.PAST]


def _text(condition: str) -> ColumnElement[bool]:
    """A condition as text, as the partial index has it."""
    return literal_column(f"({condition})", Boolean)


def _is_settled(request: ColumnElement[int] | Column[Any], now: datetime) -> ColumnElement[bool]:
    """Nothing about a request can change any more: it is decided, and what it led to is over for good."""
    grant = grants.alias("its_grant")
    over = or_(
        grant.c.state == GrantState.ENDED,
        # What has failed can be retried up to the end that was approved.
        and_(grant.c.state == GrantState.FAILED, func.coalesce(grant.c.ends_at < now, False)),
    )
    mine = requests.alias("its_request")
    concerned = or_(grant.c.request_id == mine.c.id, grant.c.id == mine.c.grant_id)
    unsettled = (
        select(literal(1))
        .select_from(mine)
        .where(
            mine.c.id == request,
            or_(
                literal_column(f"its_request.{PENDING}", Boolean),
                exists().where(concerned, not_(over)),
                exists().where(
                    operations.c.request_id == mine.c.id,
                    # What has failed can be retried at any time.
                    operations.c.state.in_((OperationState.DOING, OperationState.FAILED)),
                ),
                exists().where(certificates.c.request_id == mine.c.id, certificates.c.absent_at.is_(None)),
            ),
        )
    )
    return not_(unsettled.exists())


def _lists_nothing_open(now: datetime) -> ColumnElement[bool]:
    """A message names no finding that is still so, and no request that can still change."""
    listed = func.unnest(outbox.c.about).table_valued("name").render_derived("listed")
    number = func.substring(listed.c.name, r"^request ([0-9]+)$")
    still = or_(number.is_(None), not_(_is_settled(cast(number, BigInteger), now)))
    return or_(
        outbox.c.about.is_(None),
        outbox.c.settled_at.is_not(None),
        not_(select(literal(1)).select_from(listed).where(still).exists()),
    )


def _keeps_itself() -> Mapping[MessageKind, ColumnElement[bool]]:
    """When a message that is refreshed by its key, and is about no request, can change no more, by kind."""
    newest = select(func.max(access_reviews.c.id)).scalar_subquery()
    over = ~exists().where(outages.c.ended_at.is_(None))
    return {
        # A tab is published under one key for ever.
        MessageKind.HOME: false(),
        MessageKind.HEROKU_DENIED: over,
        MessageKind.HEROKU_TROUBLE: over,
        MessageKind.CHANNEL_LOST: ~exists().where(lost_channels.c.id.is_not(None)),
        MessageKind.POLICY_UNREADABLE: ~exists().where(policy_state.c.unreadable_since.is_not(None)),
        MessageKind.REPLACEMENT: ~exists().where(func.cardinality(targets.c.contested) > 0),
        MessageKind.CLOSING_LATE: ~exists().where(closings.c.closed_at.is_(None)),
        MessageKind.ACCESS_REVIEW: cast(outbox.c.params["review"].astext, BigInteger) < newest,
    }


def is_final(now: datetime) -> ColumnElement[bool]:
    """A message that Slack shows as it is, and that nothing can change any more.

    Args:
        now: business time.
    """
    known = _keeps_itself()
    itself = [or_(outbox.c.kind != kind, condition) for kind, condition in known.items()]
    # Of any other kind it is not known when it ends: it stays.
    endless = [kind for kind, topic in TOPICS.items() if topic is Topic.ITSELF and kind not in known]
    lists = or_(outbox.c.kind.in_([*_PAST, MessageKind.ACCESS_REVIEW]), _lists_nothing_open(now))
    return and_(
        _text(SHOWN),
        outbox.c.posting_since.is_(None),
        func.coalesce(outbox.c.lease_until < func.now(), True),
        or_(outbox.c.request_id.is_(None), _is_settled(outbox.c.request_id, now)),
        lists,
        or_(outbox.c.kind.not_in(_FINDINGS), outbox.c.settled_at.is_not(None)),
        or_(outbox.c.kind.not_in(endless), outbox.c.request_id.is_not(None)),
        *itself,
    )


Old = Callable[[datetime, timedelta], tuple[ColumnElement[bool], ...]]
"""What is old enough, by business time and by how long it is kept."""

Simple = tuple[Table, Column[Any], Column[Any], Old]
"""Table, key, the moment that its index is by, and what is old enough."""


def _removed(table: Table, key: Column[Any]) -> Simple:
    """Entries that were opened for a grant; of an adopted one no grant tells how long it was there."""
    absent = table.c.absent_at
    return table, key, absent, lambda _, keep: (_text(REMOVED), absent < func.now() - keep)


_SIMPLE: Final[Mapping[Expired, Simple]] = {
    Expired.IDEMPOTENCY_KEYS: (
        idempotency_keys,
        idempotency_keys.c.key,
        idempotency_keys.c.at,
        lambda _, keep: (idempotency_keys.c.at < func.now() - keep,),
    ),
    Expired.MTLS_RULES: _removed(mtls_rules, mtls_rules.c.rule_id),
    Expired.PRIVATELINK_ACCOUNTS: _removed(privatelink_accounts, privatelink_accounts.c.id),
    Expired.TRUSTED_RANGES: _removed(trusted_ranges, trusted_ranges.c.id),
    Expired.RULE_INTENTS: (
        mtls_rule_intents,
        mtls_rule_intents.c.id,
        mtls_rule_intents.c.at,
        lambda _, keep: (
            _text("resolved"),
            mtls_rule_intents.c.at < func.now() - keep,
            ~exists().where(mtls_rules.c.intent_id == mtls_rule_intents.c.id),
        ),
    ),
    Expired.DOWNLOAD_LINKS: (
        download_links,
        download_links.c.id,
        download_links.c.expires_at,
        lambda now, keep: (_text("state <> 'open'"), download_links.c.expires_at < now - keep),
    ),
    Expired.CLOSINGS: (
        closings,
        closings.c.id,
        closings.c.closed_at,
        lambda now, keep: (closings.c.closed_at < now - keep,),
    ),
    Expired.OUTAGES: (
        outages,
        outages.c.id,
        outages.c.ended_at,
        lambda now, keep: (
            outages.c.ended_at < now - keep,
            ~exists().where(
                reconcile_queue.c.outage_id == outages.c.id, reconcile_queue.c.outage_id.is_not(None)
            ),
        ),
    ),
    Expired.UNMANAGED_ENTRIES: (
        unmanaged_entries,
        unmanaged_entries.c.id,
        unmanaged_entries.c.absent_at,
        lambda now, keep: (unmanaged_entries.c.absent_at < now - keep,),
    ),
}
"""What is deleted by its age alone."""


class PostgresRetention(Retention):
    """One batch at a time."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @override
    async def delete(
        self, expired: Expired, *, keep: timedelta, now: datetime, after: str, limit: int
    ) -> str | None:
        match expired:
            case Expired.MESSAGES:
                return await self._messages(keep, now, after, limit)
            case Expired.LEAVERS:
                return await self._more(await self._mark_leavers(limit), limit)
            case Expired.NAMES:
                return await self._more(await self._forget_names(keep, limit), limit)
        table, key, moment, old = _SIMPLE[expired]
        found = _locked(select(key).where(*old(now, keep)).order_by(moment), limit)
        if expired is Expired.CLOSINGS:
            return await self._closings(found, limit)
        if expired is Expired.UNMANAGED_ENTRIES:
            return await self._unmanaged(found, limit)
        return await self._more(await self._delete(table, key, found), limit)

    async def _delete(self, table: Table, key: Column[Any], found: Select[Any]) -> int:
        """Deletes the rows that a query finds and locks; returns how many."""
        # By their keys, read before: as one statement, Postgres joins the two as it guesses that they are,
        # and read a large table as a whole for each batch while it had no statistics of it.
        keys = (await self._connection.execute(found)).scalars().all()
        if keys:
            await self._connection.execute(delete(table).where(key.in_(keys)))
        return len(keys)

    async def _more(self, done: int, limit: int) -> str | None:
        # Each batch begins where the last has ended, for its rows are gone.
        return "" if done >= limit else None

    async def _messages(self, keep: timedelta, now: datetime, after: str, limit: int) -> str | None:
        """Goes through all old messages once, and not again and again over those that stay."""
        order = (outbox.c.due_at, outbox.c.id)
        place: ColumnElement[bool] = true()
        if after:
            moment, number = after.split(" ")
            place = tuple_(*order) > tuple_(
                literal(datetime.fromisoformat(moment), outbox.c.due_at.type), literal(int(number))
            )
        old = select(*order).where(_text(SHOWN), outbox.c.due_at < func.now() - keep, place)
        rows = (await self._connection.execute(old.order_by(*order).limit(limit))).all()
        if not rows:
            return None
        first, last = rows[0], rows[-1]
        final = select(outbox.c.id).where(
            outbox.c.id.in_([row.id for row in rows]),
            # For the index on both, which by the numbers alone would be read as a whole.
            outbox.c.due_at.between(first.due_at, last.due_at),
            is_final(now),
        )
        await self._delete(outbox, outbox.c.id, _locked(final, limit))
        return f"{last.due_at.isoformat()} {last.id}" if len(rows) == limit else None

    async def _closings(self, found: Select[Any], limit: int) -> str | None:
        ids = (await self._connection.execute(found)).scalars().all()
        if ids:
            for table in (grants, operations):
                parts = update(table).where(table.c.closing_id.in_(ids), table.c.closing_id.is_not(None))
                await self._connection.execute(parts.values(closing_id=None))
            await self._connection.execute(delete(closings).where(closings.c.id.in_(ids)))
        return await self._more(len(ids), limit)

    async def _unmanaged(self, found: Select[Any], limit: int) -> str | None:
        """Deletes entries, and notes until when it can no longer be told which ones there were."""
        ids = (await self._connection.execute(found)).scalars().all()
        if ids:
            gone = (
                delete(unmanaged_entries)
                .where(unmanaged_entries.c.id.in_(ids))
                .returning(
                    unmanaged_entries.c.target_id, unmanaged_entries.c.method, unmanaged_entries.c.absent_at
                )
            )
            until: dict[tuple[Any, Any], datetime] = {}
            for target, method, absent_at in await self._connection.execute(gone):
                until[target, method] = max(until.get((target, method), absent_at), absent_at)
            for (target, method), moment in until.items():
                await self._note_unknown(target, method, moment)
        return await self._more(len(ids), limit)

    async def _note_unknown(self, target: UUID, method: Method, until: datetime) -> None:
        """Makes the time before the first observation of a list that is kept reach up to a moment."""
        gap = observation_gaps.c
        known = (gap.target_id == target, gap.method == method, gap.since.is_(None))
        longer = update(observation_gaps).where(*known).values(until=func.greatest(gap.until, until))
        if not (await self._connection.execute(longer)).rowcount:
            values = {"target_id": target, "method": method, "since": None, "until": until}
            await self._connection.execute(insert(observation_gaps).values(**values))

    async def _mark_leavers(self, limit: int) -> int:
        """Notes since when people are deactivated, as far as it is known; or that they are back."""
        otherwise = _text("deactivated <> (left_at IS NOT NULL)")
        found = _locked(select(slack_users.c.id).where(otherwise).order_by(slack_users.c.id), limit)
        left = {"left_at": func.now()}
        marked = await self._connection.execute(
            update(slack_users).where(slack_users.c.id.in_(found), slack_users.c.deactivated).values(left)
        )
        back = await self._connection.execute(
            update(slack_users)
            .where(slack_users.c.id.in_(found), ~slack_users.c.deactivated)
            .values(left_at=None)
        )
        return marked.rowcount + back.rowcount

    async def _forget_names(self, keep: timedelta, limit: int) -> int:
        old = (_text(NAMED_LEAVER), slack_users.c.left_at < func.now() - keep)
        found = _locked(select(slack_users.c.id).where(*old).order_by(slack_users.c.left_at), limit)
        forgotten = update(slack_users).where(slack_users.c.id.in_(found)).values(name="")
        return (await self._connection.execute(forgotten)).rowcount


def _locked(statement: Select[Any], limit: int) -> Select[Any]:
    """What is being changed at this moment is left to the next day."""
    return statement.limit(limit).with_for_update(skip_locked=True)

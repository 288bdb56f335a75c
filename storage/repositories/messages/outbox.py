"""The outbox: messages that Slack is to show, and the version of each that it is known to show."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, and_, case, delete, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.timings import Timings
from bot.ports import MessageKind, MessageRef, Notification, Outbox, OutboxMessage, WorkerName
from bot.ports.assertions import listed_request
from storage import leases
from storage.outdated_messages import ATTACH, REFRESH_FINDINGS, SETTLE, SUPERSEDE, in_order
from storage.tables import outbox
from storage.write_buffer import WriteBuffer

_BEHIND = outbox.c.sent_version < outbox.c.version
# After a rollback, rows of a later release are left to it: one that cannot be read would hold up all others.
_KNOWN_BEHIND = and_(_BEHIND, outbox.c.kind.in_(list(MessageKind)))
_CLAIM = leases.claiming(outbox, _KNOWN_BEHIND)


def message_of(row: RowMapping) -> OutboxMessage:
    """Reads a claimed message from a row of ``outbox``."""
    posted = row["channel"] is not None and row["ts"] is not None
    return OutboxMessage(
        id=row["id"],
        lease=row["lease"],
        kind=row["kind"],
        recipient=row["recipient"],
        request=row["request_id"],
        channel=row["channel"],
        place=MessageRef(channel=row["channel"], ts=row["ts"]) if posted else None,
        posting_since=row["posting_since"],
        version=row["version"],
        attempts=row["attempts"],
        params=row["params"],
        asserts=row["asserts"],
        settled_at=row["settled_at"],
        about=tuple(row["about"] or ()),
        shown=row["shown"],
    )


class PostgresOutbox(Outbox):
    """Messages by number."""

    def __init__(
        self, connection: AsyncConnection, buffer: WriteBuffer, touched: set[WorkerName], timings: Timings
    ) -> None:
        self._connection = connection
        self._buffer = buffer
        self._touched = touched
        self._timings = timings

    @override
    async def add(
        self,
        kind: MessageKind,
        *,
        to: str,
        key: str,
        request: int | None = None,
        params: Mapping[str, str] | None = None,
        asserts: str | None = None,
        about: Sequence[str] = (),
    ) -> None:
        added = Notification(
            kind=kind,
            to=to,
            key=key,
            request=request,
            params=params or {},
            asserts=asserts,
            about=tuple(about),
        )
        await self.add_all([added])

    @override
    async def add_all(self, notifications: Sequence[Notification]) -> None:
        rows = [
            {
                "kind": notification.kind,
                "recipient": notification.to,
                "key": notification.key,
                "request_id": notification.request,
                "params": dict(notification.params),
                "asserts": notification.asserts,
                "about": list(notification.about) or None,
            }
            for notification in notifications
        ]
        if rows:
            self._buffer.add_messages(rows)
            self._touched.add(WorkerName.NOTIFIER)

    @override
    async def add_cards(self, request: int, *, approvals: str, requester: str) -> None:
        approval, own = MessageKind.CARD_APPROVAL, MessageKind.CARD_REQUESTER
        await self.add_all(
            [
                Notification(kind=approval, to=approvals, key=f"approval:{request}", request=request),
                Notification(kind=own, to=requester, key=f"requester:{request}", request=request),
            ]
        )

    @override
    async def reserve(self, kind: MessageKind, *, to: str, key: str, request: int, again: timedelta) -> int:
        statement = (
            insert(outbox)
            .values(
                kind=kind,
                recipient=to,
                key=key,
                request_id=request,
                # As if it were being posted already: the web process may die before its call or after it.
                posting_since=func.now(),
                due_at=func.now() + again,
            )
            .returning(outbox.c.id)
        )
        self._touched.add(WorkerName.NOTIFIER)
        await self._buffer.flush_messages()
        number: int = (await self._connection.execute(statement)).scalar_one()
        return number

    @override
    async def confirm(self, number: int, place: MessageRef) -> None:
        not_found = (outbox.c.id == number) & outbox.c.ts.is_(None)
        found = {"channel": place.channel, "ts": place.ts, "posting_since": None}
        await self._connection.execute(update(outbox).where(not_found).values(**found))

    @override
    async def cancel(self, number: int) -> None:
        not_posted = (outbox.c.id == number) & outbox.c.ts.is_(None)
        await self._connection.execute(delete(outbox).where(not_posted))

    @override
    async def refresh_cards(self, request: int) -> None:
        await self.refresh_cards_of([request])

    @override
    async def refresh_cards_of(self, requests: Collection[int]) -> None:
        if requests:
            # The cards may be in the buffer of this very transaction.
            await self._buffer.flush_messages()
            self._buffer.mark_cards(requests)
            self._touched.add(WorkerName.NOTIFIER)

    @override
    async def requests_changed(self, requests: Collection[int]) -> None:
        if requests:
            self._buffer.mark_changed(requests)
            self._touched.add(WorkerName.NOTIFIER)

    @override
    async def settle(self, ended: Collection[str], *, at: datetime) -> None:
        if ended:
            await self._buffer.flush_messages()
            await self._connection.execute(SETTLE, {"ended": sorted(ended), "settled": at})
            self._touched.add(WorkerName.NOTIFIER)

    @override
    async def attach(self, findings: Collection[str], request: int) -> None:
        if findings:
            await self._buffer.flush_messages()
            named = {"named": sorted(findings), "attached": listed_request(request)}
            await self._connection.execute(ATTACH, named)
            self._touched.add(WorkerName.NOTIFIER)

    @override
    async def refresh_findings(self, findings: Collection[str]) -> None:
        if findings:
            await self._buffer.flush_messages()
            await self._connection.execute(REFRESH_FINDINGS, {"named": sorted(findings)})
            self._touched.add(WorkerName.NOTIFIER)

    @override
    async def supersede(self, finding: str, *, at: datetime) -> None:
        await self._buffer.flush_messages()
        await self._connection.execute(SUPERSEDE, {"ended": [finding], "settled": at})
        self._touched.add(WorkerName.NOTIFIER)

    @override
    async def refresh(self, key: str, *, params: Mapping[str, str] | None = None) -> bool:
        changed = {} if params is None else {"params": dict(params)}
        statement = (
            update(outbox)
            .where(outbox.c.key == key)
            .values(version=outbox.c.version + 1, due_at=func.now(), shown=None, **changed)
        )
        self._touched.add(WorkerName.NOTIFIER)
        await self._buffer.flush_messages()
        return (await self._connection.execute(statement)).rowcount > 0

    @override
    async def refresh_all(self, keys: Collection[str]) -> None:
        if keys:
            await self._buffer.flush_messages()
            self._buffer.mark_keys(keys)
            self._touched.add(WorkerName.NOTIFIER)

    @override
    async def refresh_number(self, number: int) -> None:
        again = update(outbox).where(outbox.c.id == number)
        await self._connection.execute(
            again.values(version=outbox.c.version + 1, due_at=func.now(), shown=None)
        )
        self._touched.add(WorkerName.NOTIFIER)

    @override
    async def lock(self, *, recipient: str, keys: Collection[str]) -> None:
        await self._buffer.flush_messages()
        meant = or_(and_(outbox.c.recipient == recipient, _BEHIND), outbox.c.key.in_(keys))
        await self._connection.execute(in_order(meant))

    @override
    async def hurry(self, recipient: str, *, but: int | None = None) -> None:
        waiting = and_(
            outbox.c.recipient == recipient, _BEHIND, true() if but is None else outbox.c.id != but
        )
        again = update(outbox).where(outbox.c.id.in_(in_order(waiting)))
        # By another version an attempt under way, which may fail yet, leaves the message due.
        await self._connection.execute(again.values(version=outbox.c.version + 1, due_at=func.now()))
        self._touched.add(WorkerName.NOTIFIER)

    @override
    async def undeliverable(self, message: OutboxMessage, *, place: MessageRef | None = None) -> None:
        where = {} if place is None else {"channel": place.channel, "ts": place.ts}
        await leases.write(
            self._connection,
            outbox,
            message.id,
            message.lease,
            # A later change makes it due again, and it is tried once more.
            sent_version=message.version,
            posting_since=None,
            attempts=0,
            lease=None,
            lease_until=None,
            **where,
        )

    @override
    async def message_ref(self, key: str) -> MessageRef | None:
        await self._buffer.flush_messages()
        statement = select(outbox.c.channel, outbox.c.ts).where(outbox.c.key == key, outbox.c.ts.is_not(None))
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else MessageRef(channel=row.channel, ts=row.ts)

    @override
    async def is_message_of(self, request: int, place: MessageRef) -> bool:
        posted = outbox.c.channel == place.channel, outbox.c.ts == place.ts
        statement = select(outbox.c.id).where(outbox.c.request_id == request, *posted)
        return (await self._connection.execute(statement.limit(1))).first() is not None

    @override
    async def claim(self) -> OutboxMessage | None:
        await self._buffer.flush_messages()
        row = await leases.claim(self._connection, _CLAIM, lease=self._timings.lease)
        return None if row is None else message_of(row)

    @override
    async def renew(self, message: OutboxMessage) -> None:
        await leases.write(
            self._connection,
            outbox,
            message.id,
            message.lease,
            lease_until=func.now() + self._timings.lease,
            # The answer to the call that follows may get lost.
            shown=None,
        )

    @override
    async def begin_post(self, message: OutboxMessage, *, channel: str) -> None:
        # The oldest unanswered attempt counts: the search for what it may have posted begins there.
        since = func.coalesce(outbox.c.posting_since, func.now())
        await leases.write(
            self._connection,
            outbox,
            message.id,
            message.lease,
            channel=channel,
            posting_since=since,
            lease_until=func.now() + self._timings.lease,
        )

    @override
    async def sent(self, message: OutboxMessage, place: MessageRef, *, shown: str | None = None) -> None:
        await leases.write(
            self._connection,
            outbox,
            message.id,
            message.lease,
            channel=place.channel,
            ts=place.ts,
            posting_since=None,
            # The version that was rendered, not the newest one: a change meanwhile keeps the message due.
            sent_version=message.version,
            # A refresh meanwhile is carried out in any case: it may be about what Slack no longer shows.
            shown=case((outbox.c.version == message.version, shown)),
            attempts=0,
            lease=None,
            lease_until=None,
        )
        self._touched.add(WorkerName.NOTIFIER)

    @override
    async def not_sent(self, message: OutboxMessage, *, gone: bool) -> None:
        where = {"ts": None} if gone else {}
        await leases.write(self._connection, outbox, message.id, message.lease, posting_since=None, **where)

    @override
    async def postpone(self, message: OutboxMessage, *, by: timedelta) -> None:
        unchanged = outbox.c.version == message.version
        await leases.write(
            self._connection,
            outbox,
            message.id,
            message.lease,
            due_at=case((unchanged, func.now() + by), else_=func.now()),
            attempts=outbox.c.attempts + 1,
            lease=None,
            lease_until=None,
        )
        self._touched.add(WorkerName.NOTIFIER)

    @override
    async def resend(self, message: OutboxMessage) -> None:
        # Without the lease, which is lost: a newer version makes the message due, whoever holds it by now.
        await self._connection.execute(
            update(outbox)
            .where(outbox.c.id == message.id)
            .values(version=outbox.c.version + 1, due_at=func.now(), shown=None)
        )
        self._touched.add(WorkerName.NOTIFIER)

    @override
    async def next_due(self) -> timedelta | None:
        await self._buffer.flush_messages()
        return await leases.next_due(self._connection, outbox, _KNOWN_BEHIND)

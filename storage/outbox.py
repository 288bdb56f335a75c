"""Cards and notices: what Slack is to show, and which version of it stands there."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import BigInteger, RowMapping, any_, bindparam, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.timings import Timings
from bot.ports import MessageKind, MessageRef, Notification, Outbox, OutboxMessage, WorkerName
from storage import leases
from storage.tables import outbox
from storage.write_buffer import WriteBuffer

_BEHIND = outbox.c.sent_version < outbox.c.version
_CLAIM = leases.claiming(outbox, _BEHIND)
_CARDS = [kind for kind in MessageKind if kind.is_card]

_REFRESH = (
    update(outbox)
    .where(
        outbox.c.request_id == any_(bindparam("requests", type_=ARRAY(BigInteger))), outbox.c.kind.in_(_CARDS)
    )
    .values(version=outbox.c.version + 1, due_at=func.now())
)


def post_of(row: RowMapping) -> OutboxMessage:
    """Reads a claimed post from a row of ``posts``."""
    standing = row["channel"] is not None and row["ts"] is not None
    return OutboxMessage(
        id=row["id"],
        lease=row["lease"],
        kind=row["kind"],
        recipient=row["recipient"],
        request=row["request_id"],
        channel=row["channel"],
        place=MessageRef(channel=row["channel"], ts=row["ts"]) if standing else None,
        posting_since=row["posting_since"],
        version=row["version"],
        attempts=row["attempts"],
        params=row["params"],
    )


class PostgresOutbox(Outbox):
    """Posts by number."""

    def __init__(
        self, connection: AsyncConnection, buffer: WriteBuffer, touched: set[WorkerName], timings: Timings
    ) -> None:
        self._connection = connection
        self._buffer = buffer
        self._touched = touched
        self._timings = timings

    @override
    async def tell(
        self,
        kind: MessageKind,
        *,
        to: str,
        key: str,
        request: int | None = None,
        params: Mapping[str, str] | None = None,
    ) -> None:
        await self.tell_all([Notification(kind=kind, to=to, key=key, request=request, params=params or {})])

    @override
    async def tell_all(self, notices: Sequence[Notification]) -> None:
        rows = [
            {
                "kind": notice.kind,
                "recipient": notice.to,
                "key": notice.key,
                "request_id": notice.request,
                "params": dict(notice.params),
            }
            for notice in notices
        ]
        if rows:
            self._buffer.posts(rows)
            self._touched.add(WorkerName.NOTIFIER)

    @override
    async def tell_cards(self, request: int, *, approvals: str, requester: str) -> None:
        approval, own = MessageKind.CARD_APPROVAL, MessageKind.CARD_REQUESTER
        await self.tell_all(
            [
                Notification(kind=approval, to=approvals, key=f"approval:{request}", request=request),
                Notification(kind=own, to=requester, key=f"requester:{request}", request=request),
            ]
        )

    @override
    async def announce(self, kind: MessageKind, *, to: str, key: str, request: int, again: timedelta) -> int:
        statement = (
            insert(outbox)
            .values(
                kind=kind,
                recipient=to,
                key=key,
                request_id=request,
                posting_since=func.now(),
                due_at=func.now() + again,
            )
            .returning(outbox.c.id)
        )
        self._touched.add(WorkerName.NOTIFIER)
        await self._buffer.write_posts()
        posted: int = (await self._connection.execute(statement)).scalar_one()
        return posted

    @override
    async def stands(self, number: int, place: MessageRef) -> None:
        unknown = (outbox.c.id == number) & outbox.c.ts.is_(None)
        standing = {"channel": place.channel, "ts": place.ts, "posting_since": None}
        await self._connection.execute(update(outbox).where(unknown).values(**standing))

    @override
    async def take_back(self, number: int) -> None:
        nowhere = (outbox.c.id == number) & outbox.c.ts.is_(None)
        await self._connection.execute(delete(outbox).where(nowhere))

    @override
    async def refresh_cards(self, request: int) -> None:
        await self.refresh_cards_of([request])

    @override
    async def refresh_cards_of(self, requests: Collection[int]) -> None:
        if requests:
            await self._buffer.write_posts()
            await self._connection.execute(_REFRESH, {"requests": sorted(requests)})
            self._touched.add(WorkerName.NOTIFIER)

    @override
    async def refresh(self, key: str, *, params: Mapping[str, str] | None = None) -> bool:
        said = {} if params is None else {"params": dict(params)}
        statement = (
            update(outbox)
            .where(outbox.c.key == key)
            .values(version=outbox.c.version + 1, due_at=func.now(), **said)
        )
        self._touched.add(WorkerName.NOTIFIER)
        await self._buffer.write_posts()
        return (await self._connection.execute(statement)).rowcount > 0

    @override
    async def place(self, key: str) -> MessageRef | None:
        await self._buffer.write_posts()
        statement = select(outbox.c.channel, outbox.c.ts).where(outbox.c.key == key, outbox.c.ts.is_not(None))
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else MessageRef(channel=row.channel, ts=row.ts)

    @override
    async def claim(self) -> OutboxMessage | None:
        await self._buffer.write_posts()
        row = await leases.claim(self._connection, _CLAIM, lease=self._timings.lease)
        return None if row is None else post_of(row)

    @override
    async def renew(self, post: OutboxMessage) -> None:
        await leases.write(
            self._connection, outbox, post.id, post.lease, lease_until=func.now() + self._timings.lease
        )

    @override
    async def posting(self, post: OutboxMessage, *, channel: str) -> None:
        since = func.coalesce(outbox.c.posting_since, func.now())
        await leases.write(
            self._connection,
            outbox,
            post.id,
            post.lease,
            channel=channel,
            posting_since=since,
            lease_until=func.now() + self._timings.lease,
        )

    @override
    async def shown(self, post: OutboxMessage, place: MessageRef) -> None:
        await leases.write(
            self._connection,
            outbox,
            post.id,
            post.lease,
            channel=place.channel,
            ts=place.ts,
            posting_since=None,
            sent_version=post.version,
            attempts=0,
            lease=None,
            lease_until=None,
        )
        self._touched.add(WorkerName.NOTIFIER)

    @override
    async def not_posted(self, post: OutboxMessage, *, gone: bool) -> None:
        where = {"ts": None} if gone else {}
        await leases.write(self._connection, outbox, post.id, post.lease, posting_since=None, **where)

    @override
    async def postpone(self, post: OutboxMessage, *, by: timedelta) -> None:
        unchanged = outbox.c.version == post.version
        await leases.write(
            self._connection,
            outbox,
            post.id,
            post.lease,
            due_at=case((unchanged, func.now() + by), else_=func.now()),
            attempts=outbox.c.attempts + 1,
            lease=None,
            lease_until=None,
        )
        self._touched.add(WorkerName.NOTIFIER)

    @override
    async def overtaken(self, post: OutboxMessage) -> None:
        await self._connection.execute(
            update(outbox)
            .where(outbox.c.id == post.id)
            .values(version=outbox.c.version + 1, due_at=func.now())
        )
        self._touched.add(WorkerName.NOTIFIER)

    @override
    async def next_due(self) -> timedelta | None:
        await self._buffer.write_posts()
        return await leases.next_due(self._connection, outbox, _BEHIND)

"""Cards and notices: what Slack is to show, and which version of it stands there."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import RowMapping, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.schedule import LEASE
from bot.ports import Loop, Place, Post, PostKind
from storage import leases
from storage.tables import posts

_BEHIND = posts.c.shown_version < posts.c.wanted_version
_CARDS = [kind for kind in PostKind if kind.is_card]


def post_of(row: RowMapping) -> Post:
    """Reads a claimed post from a row of ``posts``."""
    standing = row["channel"] is not None and row["ts"] is not None
    return Post(
        id=row["id"],
        lease=row["lease"],
        kind=row["kind"],
        recipient=row["recipient"],
        request=row["request_id"],
        channel=row["channel"],
        place=Place(channel=row["channel"], ts=row["ts"]) if standing else None,
        posting_since=row["posting_since"],
        version=row["wanted_version"],
        tries=row["tries"],
        params=row["params"],
    )


class PostgresPosts:
    """Posts by number."""

    def __init__(self, connection: AsyncConnection, touched: set[Loop]) -> None:
        self._connection = connection
        self._touched = touched

    async def tell(
        self,
        kind: PostKind,
        *,
        to: str,
        key: str,
        request: int | None = None,
        params: Mapping[str, str] | None = None,
    ) -> None:
        """Records a card or notice; a key is told once."""
        await self._connection.execute(
            insert(posts)
            .values(kind=kind, recipient=to, key=key, request_id=request, params=dict(params or {}))
            .on_conflict_do_nothing(index_elements=["key"])
        )
        self._touched.add(Loop.COURIER)

    async def refresh_cards(self, request: int) -> None:
        """Every card of the request has to be shown afresh, now: whatever held it up may be over."""
        await self._connection.execute(
            update(posts)
            .where(posts.c.request_id == request, posts.c.kind.in_(_CARDS))
            .values(wanted_version=posts.c.wanted_version + 1, due_at=func.now())
        )
        self._touched.add(Loop.COURIER)

    async def refresh(self, key: str) -> bool:
        """Has one post shown afresh; False when there is none of that key."""
        statement = (
            update(posts)
            .where(posts.c.key == key)
            .values(wanted_version=posts.c.wanted_version + 1, due_at=func.now())
        )
        self._touched.add(Loop.COURIER)
        return (await self._connection.execute(statement)).rowcount > 0

    async def place(self, key: str) -> Place | None:
        """Where a post stands in Slack; None when it does not stand yet."""
        statement = select(posts.c.channel, posts.c.ts).where(posts.c.key == key, posts.c.ts.is_not(None))
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else Place(channel=row.channel, ts=row.ts)

    async def claim(self) -> Post | None:
        """Takes the post that has been due the longest, with a lease; None when none is due."""
        row = await leases.claim(self._connection, posts, _BEHIND)
        return None if row is None else post_of(row)

    async def renew(self, post: Post) -> None:
        """Prolongs the lease before a call."""
        await leases.write(self._connection, posts, post.id, post.lease, lease_until=func.now() + LEASE)

    async def posting(self, post: Post, *, channel: str) -> None:
        """Notes that a post is about to be made: from here on it may stand in Slack."""
        since = func.coalesce(posts.c.posting_since, func.now())
        await leases.write(
            self._connection,
            posts,
            post.id,
            post.lease,
            channel=channel,
            posting_since=since,
            lease_until=func.now() + LEASE,
        )

    async def shown(self, post: Post, place: Place) -> None:
        """Records that a post stands, and which version it shows."""
        await leases.write(
            self._connection,
            posts,
            post.id,
            post.lease,
            channel=place.channel,
            ts=place.ts,
            posting_since=None,
            shown_version=post.version,
            tries=0,
            lease=None,
            lease_until=None,
        )
        self._touched.add(Loop.COURIER)

    async def not_posted(self, post: Post, *, gone: bool) -> None:
        """Records that Slack took nothing, so that a later try need not search.

        Args:
            gone: what stood there was deleted; it will be posted afresh.
        """
        where = {"ts": None} if gone else {}
        await leases.write(self._connection, posts, post.id, post.lease, posting_since=None, **where)

    async def postpone(self, post: Post, *, by: timedelta) -> None:
        """Gives a post back, to be tried again later, or at once if it is to show something newer."""
        unchanged = posts.c.wanted_version == post.version
        await leases.write(
            self._connection,
            posts,
            post.id,
            post.lease,
            due_at=case((unchanged, func.now() + by), else_=func.now()),
            tries=posts.c.tries + 1,
            lease=None,
            lease_until=None,
        )
        self._touched.add(Loop.COURIER)

    async def overtaken(self, post: Post) -> None:
        """Has a post shown afresh that a courier may have shown after it had lost the lease.

        What that courier drew may be older than what another drew meanwhile; nobody can tell from the store
        which of the two stands in Slack.
        """
        await self._connection.execute(
            update(posts)
            .where(posts.c.id == post.id)
            .values(wanted_version=posts.c.wanted_version + 1, due_at=func.now())
        )
        self._touched.add(Loop.COURIER)

    async def next_due(self) -> timedelta | None:
        """How long until a post is due."""
        return await leases.next_due(self._connection, posts, _BEHIND)

"""One-time links to certificates' files; every change of a link's state writes its audit line."""

from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, func, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Boolean
from typing_extensions import override

from bot.domain.mtls.download_link import DownloadLink, DownloadLinkState
from bot.ports import AuditContext, DownloadLinks
from storage.repositories.audit import PostgresAudit
from storage.tables import download_links

SUBJECT: Final = "certificate files"
"""Subject of a link's audit lines."""

_OPEN = literal_column("state = 'open'", Boolean)
"""As text, as the partial index has it."""

BUSY = func.coalesce(download_links.c.lease_until > func.now(), False).label("busy")


def download_link_of(row: RowMapping) -> DownloadLink:
    """Reads a link from a row of ``download_links`` with the column ``busy``."""
    return DownloadLink(
        id=row["id"],
        certificate=row["certificate_id"],
        request=row["request_id"],
        target=row["target_id"],
        owner=row["owner"],
        digest=row["digest"],
        state=row["state"],
        made_at=row["made_at"],
        expires_at=row["expires_at"],
        guesses=row["guesses"],
        busy=row["busy"],
        delivered_at=row["delivered_at"],
    )


class PostgresDownloadLinks(DownloadLinks):
    """Links by public id."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit) -> None:
        self._connection = connection
        self._audit = audit

    @override
    async def add(self, download_link: DownloadLink, *, doing: AuditContext) -> None:
        await self._connection.execute(
            insert(download_links).values(
                id=download_link.id,
                certificate_id=download_link.certificate,
                request_id=download_link.request,
                target_id=download_link.target,
                owner=download_link.owner,
                digest=download_link.digest,
                state=download_link.state,
                made_at=download_link.made_at,
                expires_at=download_link.expires_at,
            )
        )
        await self._write(download_link, doing, before="")

    @override
    async def lock(self, id: UUID) -> DownloadLink | None:
        statement = select(download_links, BUSY).where(download_links.c.id == id).with_for_update()
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else download_link_of(row)

    @override
    async def open_of(self, certificate: UUID) -> tuple[DownloadLink, ...]:
        same = download_links.c.certificate_id == certificate
        statement = select(download_links, BUSY).where(same, _OPEN).with_for_update()
        return tuple(download_link_of(row) for row in (await self._connection.execute(statement)).mappings())

    @override
    async def lease(self, download_link: DownloadLink, *, within: timedelta) -> UUID:
        # Without a condition: the caller has locked the link and found it free.
        lease = uuid4()
        await self._connection.execute(
            update(download_links)
            .where(download_links.c.id == download_link.id)
            .values(lease=lease, lease_until=func.now() + within)
        )
        return lease

    @override
    async def release(self, id: UUID, lease: UUID) -> None:
        # By its own lease only: once that has run out, another request may hold the link.
        held = (download_links.c.id == id) & (download_links.c.lease == lease)
        await self._connection.execute(
            update(download_links).where(held).values(lease=None, lease_until=None)
        )

    @override
    async def lock_leased(self, id: UUID, lease: UUID) -> DownloadLink | None:
        held = (
            (download_links.c.id == id)
            & (download_links.c.lease == lease)
            & (download_links.c.lease_until > func.now())
        )
        statement = select(download_links, BUSY).where(held).with_for_update()
        row = (await self._connection.execute(statement)).mappings().one_or_none()
        return None if row is None else download_link_of(row)

    @override
    async def update(self, before: DownloadLink, after: DownloadLink, *, doing: AuditContext) -> None:
        over = after.state is not DownloadLinkState.OPEN
        await self._connection.execute(
            update(download_links)
            .where(download_links.c.id == before.id)
            .values(
                state=after.state,
                guesses=after.guesses,
                delivered_at=after.delivered_at,
                # A wrong guess at an open link leaves the lease to a download that is being served.
                lease=None if over else download_links.c.lease,
                lease_until=None if over else download_links.c.lease_until,
            )
        )
        if after.state is not before.state:
            await self._write(after, doing, before=before.state)

    async def _write(self, link: DownloadLink, doing: AuditContext, *, before: str) -> None:
        details = {
            **doing.details,
            "certificate": str(link.certificate),
            "link": str(link.id),
        }
        await self._audit.write(
            AuditContext(actor=doing.actor, at=doing.at, details=details),
            subject=SUBJECT,
            before=before,
            after=link.state,
            request=link.request,
            target=link.target,
        )

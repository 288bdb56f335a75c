"""What one person holds, who holds something after they left, and grants that an approver kept."""

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Boolean, Select, literal_column, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.grant import Grant, Kept
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.mtls.download_link import DownloadLink
from bot.domain.mtls.expiry_reminders import ReminderSchedule
from bot.domain.operation import Operation
from bot.domain.person import Person
from bot.domain.request import Kind
from bot.ports import AuditContext, Reviews, WorkerName
from storage.repositories.audit import PostgresAudit
from storage.repositories.certificates import known_of, remind_at
from storage.repositories.download_links import BUSY, download_link_of
from storage.repositories.grants import grant_of
from storage.repositories.operations import OVERDUE, operation_of
from storage.repositories.people.slack_users import person_of
from storage.tables import (
    LINKED,
    PENDING,
    RUNNING,
    TO_CHECK,
    certificates,
    download_links,
    grants,
    operations,
    requests,
    slack_users,
)

_RUNNING = literal_column(f"(grants.{RUNNING})", Boolean)
_PENDING = literal_column(f"(requests.{PENDING})", Boolean)
_LINKED = literal_column(f"(download_links.{LINKED})", Boolean)
_TO_CHECK = literal_column(f"(operations.{TO_CHECK.replace(' AND ', ' AND operations.')})", Boolean)
"""As text, as the partial indexes have them."""

_PRESENT = certificates.c.absent_at.is_(None)
_OUTSIDE = slack_users.c.deactivated | slack_users.c.bot | slack_users.c.guest | slack_users.c.external


def _leavers() -> Select[Any]:
    """Built once: the scheduler runs this every few seconds.

    It begins with what is held, which its partial indexes have, and not with the thousands who left.
    """
    held = union(
        select(grants.c.owner).where(_RUNNING),
        select(requests.c.requester).where(_PENDING),
        select(download_links.c.owner).where(_LINKED),
        select(operations.c.owner).where(_TO_CHECK, operations.c.kind == Kind.ROTATE),
        select(certificates.c.owner).where(_PRESENT, certificates.c.owner_left_at.is_(None)),
    ).subquery("held")
    return (
        select(slack_users)
        .join(held, held.c.owner == slack_users.c.id)
        # By the last that was known, however old: what closes does not wait for Slack.
        .where(slack_users.c.known_at.is_not(None), _OUTSIDE)
    )


_LEAVERS: Final = _leavers()


class PostgresReviews(Reviews):
    """Everything by its owner; rows are locked in one order: requests, grants, operations, links, files."""

    def __init__(self, connection: AsyncConnection, audit: PostgresAudit, touched: set[WorkerName]) -> None:
        self._connection = connection
        self._audit = audit
        self._touched = touched

    @override
    async def leavers(self, *, limit: int) -> tuple[Person, ...]:
        return tuple(person_of(row) for row in await self._rows(_LEAVERS.limit(limit)))

    @override
    async def pending_of(self, person: str) -> tuple[int, ...]:
        mine = select(requests).where(_PENDING, requests.c.requester == person)
        return tuple(row["id"] for row in await self._rows(mine.order_by(requests.c.id).with_for_update()))

    @override
    async def live_of(self, person: str) -> tuple[Grant, ...]:
        mine = select(grants).where(_RUNNING, grants.c.owner == person)
        return tuple(grant_of(row) for row in await self._rows(mine.order_by(grants.c.id).with_for_update()))

    @override
    async def rotations_of(self, person: str) -> tuple[Operation, ...]:
        waiting = _TO_CHECK & (operations.c.kind == Kind.ROTATE)
        mine = select(operations, OVERDUE).where(waiting, operations.c.owner == person)
        return tuple(
            operation_of(row) for row in await self._rows(mine.order_by(operations.c.id).with_for_update())
        )

    @override
    async def links_of(self, person: str) -> tuple[DownloadLink, ...]:
        mine = select(download_links, BUSY).where(_LINKED, download_links.c.owner == person)
        return tuple(
            download_link_of(row)
            for row in await self._rows(mine.order_by(download_links.c.id).with_for_update())
        )

    @override
    async def certificates_of(self, person: str) -> tuple[KnownCertificate, ...]:
        mine = select(certificates).where(_PRESENT, certificates.c.owner == person)
        return tuple(
            known_of(row) for row in await self._rows(mine.order_by(certificates.c.id).with_for_update())
        )

    @override
    async def returned(self, *, limit: int) -> tuple[KnownCertificate, ...]:
        statement = (
            select(certificates)
            .join(slack_users, slack_users.c.id == certificates.c.owner)
            .where(_PRESENT, certificates.c.owner_left_at.is_not(None))
            # Not while an event has put in doubt what is known: only a reading says that they are back.
            .where(slack_users.c.fetched_at.is_not(None), ~_OUTSIDE)
            .order_by(certificates.c.id)
            .limit(limit)
            .with_for_update(of=certificates, skip_locked=True)
        )
        return tuple(known_of(row) for row in await self._rows(statement))

    @override
    async def mark_owner(self, known: KnownCertificate, *, left: bool, doing: AuditContext) -> None:
        await self._set(known, owner_left_at=doing.at if left else None)
        before, after = ("owner present", "owner left") if left else ("owner left", "owner present")
        await self._write(known, doing, before, after)

    @override
    async def assign(self, known: KnownCertificate, *, owner: str, doing: AuditContext) -> None:
        # What the former owner knew of the expiry, or put off, is nothing that the new one has been told.
        await self._set(
            known,
            owner=owner,
            owner_left_at=None,
            reminder_step=None,
            acknowledged_at=None,
            acknowledged_by=None,
            snoozed_until=None,
            snoozes=0,
            remind_at=remind_at(replace(known, owner=owner, reminder_schedule=ReminderSchedule())),
        )
        await self._write(known, doing, f"owner {known.owner}", f"owner {owner}")
        self._touched.add(WorkerName.CLOCK)

    @override
    async def live(self) -> tuple[int, ...]:
        statement = select(grants.c.request_id).where(_RUNNING)
        rows = await self._rows(statement.order_by(grants.c.owner, grants.c.request_id))
        return tuple(row["request_id"] for row in rows)

    @override
    async def keep(self, grant: Grant, kept: Kept, *, doing: AuditContext) -> None:
        values = {"kept_at": kept.at, "kept_by": kept.by, "kept_under": kept.under}
        await self._connection.execute(update(grants).where(grants.c.id == grant.id).values(values))
        await self._audit.write(
            doing,
            # Not a line of the grant itself: its state does not change.
            subject="review",
            before="",
            after="kept",
            request=grant.request,
            target=grant.target,
        )
        self._touched.add(WorkerName.NOTIFIER)

    async def _rows(self, statement: Select[Any]) -> list[Any]:
        return list((await self._connection.execute(statement)).mappings())

    async def _set(self, known: KnownCertificate, **values: Any) -> None:
        await self._connection.execute(
            update(certificates).where(certificates.c.id == known.id).values(**values)
        )

    async def _write(self, known: KnownCertificate, doing: AuditContext, before: str, after: str) -> None:
        details = {**doing.details, "certificate": str(known.id)}
        await self._audit.write(
            AuditContext(actor=doing.actor, at=doing.at, details=details),
            subject="certificate",
            before=before,
            after=after,
            request=known.request,
            target=known.target,
        )
        self._touched.add(WorkerName.NOTIFIER)

"""Inventory of client certificates: what Heroku listed, and what only pgaccess knows. Never a private key."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Text, and_, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.mtls.certificate import DISABLED, SHOWN_OF_ID, Certificate, InventoryChange, KnownCertificate
from bot.domain.mtls.expiry_reminders import ReminderSchedule, next_moment
from bot.ports import Certificates, WorkerName
from storage.tables import certificates, targets

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")
"""A request's number; nine digits fit into the column."""

_ID: Final = re.compile(rf"[0-9a-f]{{{SHOWN_OF_ID},32}}")
"""The beginning of a certificate's id, without hyphens."""


def known_of(row: Mapping[Any, Any]) -> KnownCertificate:
    """Reads a certificate from a row of ``certificates``."""
    return KnownCertificate(
        id=row["id"],
        target=row["target_id"],
        request=row["request_id"],
        owner=row["owner"],
        purpose=row["purpose"],
        name=row["name"],
        status=row["status"],
        expires_at=row["expires_at"],
        first_seen_at=row["first_seen_at"],
        last_seen_at=row["last_seen_at"],
        absent_at=row["absent_at"],
        delivered_at=row["delivered_at"],
        owner_left_at=row["owner_left_at"],
        reminder_schedule=ReminderSchedule(
            step=row["reminder_step"],
            acknowledged_at=row["acknowledged_at"],
            acknowledged_by=row["acknowledged_by"],
            snoozed_until=row["snoozed_until"],
            snoozes=row["snoozes"],
        ),
    )


def remind_at(known: KnownCertificate) -> datetime | None:
    """Business time of the next reminder; None without an owner or a known expiry."""
    if known.owner is None or known.expires_at is None:
        return None
    return next_moment(known.reminder_schedule, expires_at=known.expires_at)


class PostgresCertificates(Certificates):
    """Certificates by Heroku's id."""

    def __init__(self, connection: AsyncConnection, touched: set[WorkerName]) -> None:
        self._connection = connection
        self._touched = touched

    @override
    async def present(self, target: UUID | None = None) -> tuple[KnownCertificate, ...]:
        which = targets.c.absent_at.is_(None) if target is None else certificates.c.target_id == target
        statement = (
            select(certificates)
            .join(targets, targets.c.id == certificates.c.target_id)
            .where(certificates.c.absent_at.is_(None), which)
            .order_by(targets.c.app, targets.c.name, certificates.c.expires_at, certificates.c.id)
        )
        return await self._read(statement)

    @override
    async def find(self, id: UUID) -> KnownCertificate | None:
        found = await self._read(select(certificates).where(certificates.c.id == id))
        return found[0] if found else None

    @override
    async def lock(self, id: UUID) -> KnownCertificate | None:
        found = await self._read(select(certificates).where(certificates.c.id == id).with_for_update())
        return found[0] if found else None

    @override
    async def matching(self, handle: str) -> tuple[KnownCertificate, ...]:
        typed = handle.lower().replace("-", "")
        meanings = []
        # Digits may be either, so both meanings are looked for.
        if _NUMBER.fullmatch(typed):
            meanings.append(certificates.c.request_id == int(typed))
        if _ID.fullmatch(typed):
            # A uuid as text has a hyphen after its eighth digit, which the handle may lack.
            meanings.append(func.replace(cast(certificates.c.id, Text), "-", "").startswith(typed))
        if not meanings:
            return ()
        which = and_(certificates.c.absent_at.is_(None), or_(*meanings))
        return await self._read(select(certificates).where(which).order_by(certificates.c.id))

    async def of_request(self, request: int) -> KnownCertificate | None:
        """Reads the certificate that was issued for a request, the newest if several were; absent or not."""
        which = certificates.c.request_id == request
        newest = select(certificates).where(which).order_by(certificates.c.first_seen_at.desc()).limit(1)
        found = await self._read(newest)
        return found[0] if found else None

    @override
    async def save_list(self, target: UUID, found: Iterable[Certificate]) -> InventoryChange:
        before = {known.id: known for known in await self.present(target)}
        # Heroku goes on listing certificates that were disabled; nobody can connect with them.
        usable = {each.id: each for each in found if each.status != DISABLED}
        for each in usable.values():
            await self._save(target, each, before.get(each.id))
        gone = tuple(known for id, known in before.items() if id not in usable)
        await self._connection.execute(
            update(certificates)
            .where(certificates.c.id.in_([known.id for known in gone]))
            .values(absent_at=func.now(), status=DISABLED)
        )
        new = certificates.c.id.in_(usable.keys() - before.keys())
        # Read back, since Postgres sets when they were first seen.
        return InventoryChange(appeared=await self._read(select(certificates).where(new)), gone=gone)

    @override
    async def assign(self, id: UUID, *, request: int, owner: str, purpose: str) -> None:
        known = await self.lock(id)
        if known is None:
            raise ValueError(f"no certificate {id} was ever listed")
        given = replace(known, request=request, owner=owner, purpose=purpose)
        await self._connection.execute(
            update(certificates)
            .where(certificates.c.id == id)
            .values(request_id=request, owner=owner, purpose=purpose, remind_at=remind_at(given))
        )
        self._touched.add(WorkerName.CLOCK)

    @override
    async def delivered(self, id: UUID, *, at: datetime) -> None:
        one = certificates.c.id == id
        await self._connection.execute(update(certificates).where(one).values(delivered_at=at))

    async def _save(self, target: UUID, found: Certificate, before: KnownCertificate | None) -> None:
        """Writes one certificate as it is listed."""
        read = {"name": found.name, "status": found.status, "expires_at": found.expires_at}
        statement = insert(certificates).values(id=found.id, target_id=target, **read)
        # Owner and purpose are not among these: Heroku knows neither, and a list must not clear them.
        fresh: dict[str, Any] = {**read, "last_seen_at": func.now(), "absent_at": None}
        # Only then: computed at every list, it would undo a snoozed or postponed reminder.
        if before is not None and before.expires_at != found.expires_at:
            fresh["remind_at"] = remind_at(replace(before, expires_at=found.expires_at))
            self._touched.add(WorkerName.CLOCK)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=fresh))

    async def _read(self, statement: Select[Any]) -> tuple[KnownCertificate, ...]:
        rows = (await self._connection.execute(statement)).mappings()
        return tuple(known_of(row) for row in rows)

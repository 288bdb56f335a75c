"""Certificates in the inventory, as a reconcile run would have recorded them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from bot.domain.mtls.certificate import Certificate, KnownCertificate
from bot.domain.request import Kind
from bot.domain.subject import Whole
from storage.transaction import PostgresStore
from tests.unit import factories
from tests.unit.factories import NOW
from tests.unit.storage import store_helpers

ID: Final = UUID("7c2b0c9e-0000-4000-8000-000000000001")
TARGET: Final = UUID(int=1)
END: Final = NOW + timedelta(days=365)
DAY: Final = timedelta(days=1)


def listed(id: UUID = ID, *, status: str = "ready", end: datetime | None = END) -> Certificate:
    return Certificate(id=id, name=f"client-{id.int % 100}.example", status=status, expires_at=end)


async def see(store: PostgresStore, *found: Certificate) -> None:
    """Records a complete list of a database's certificates."""
    async with store.transaction() as tx:
        await tx.certificates.save_list(TARGET, found)
        await tx.commit()


async def own(
    store: PostgresStore,
    id: UUID = ID,
    *,
    owner: str = "U0ENGINEER",
    purpose: str = "nightly export",
    end: datetime | None = END,
) -> int:
    """Records a certificate that was issued for a person; returns the number of their request."""
    asked = factories.request(kind=Kind.ISSUE, endless=True, reason=purpose)
    asked = replace(asked, terms=replace(asked.terms, subject=Whole()))
    request = await store_helpers.record(store, asked, requester=owner)
    async with store.transaction() as tx:
        others = await tx.certificates.present(TARGET)
        before = [
            Certificate(id=each.id, name=each.name, status=each.status, expires_at=each.expires_at)
            for each in others
        ]
        await tx.certificates.save_list(TARGET, [*before, listed(id, end=end)])
        await tx.certificates.assign(id, request=request.id, owner=owner, purpose=purpose)
        await tx.commit()
    return request.id


async def get(store: PostgresStore, id: UUID = ID) -> KnownCertificate:
    async with store.transaction() as tx:
        found = await tx.certificates.find(id)
    assert found is not None
    return found

"""A keeper's passes over changes of mTLS as a whole and of certificates, one by one."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from bot.domain import operation as operations
from bot.domain.mtls import issuance
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.operation import Operation
from bot.domain.request import Kind, RequestState
from bot.domain.schedule import OPERATION_DEADLINE
from bot.domain.subject import CertificateId, Subject, Whole
from bot.ports import AuditContext
from sandbox.heroku.fixtures import DATABASE
from sandbox.heroku.model.certificates import Certificate
from tests.flow.reconciler.mtls_harness import Passes
from tests.unit import factories
from tests.unit.storage import store_helpers

ENABLE = r"POST .*/tls-endpoint$"
DISABLE = r"DELETE .*/tls-endpoint$"
CREATE = r"POST .*/certificates$"
DISCARD = r"DELETE .*/certificates/"


class CertificatePasses(Passes):
    """Hands and eyes on certificates."""

    async def change(
        self, kind: Kind, subject: Subject | None = None, *, owner: str = "U0ENGINEER", reason: str = "etl"
    ) -> Operation:
        """A change that was just approved."""
        asked = factories.request(kind=kind, endless=True, reason=reason)
        terms = replace(asked.terms, target=self.database.id, subject=subject or Whole())
        async with self.store.transaction() as tx:
            wanted = store_helpers.wanted(replace(asked, terms=terms), requester=owner)
            request = await tx.requests.add(wanted, doing=AuditContext(actor=owner, at=self.clock.now()))
            by_lead = AuditContext(actor="U0LEAD", at=self.clock.now())
            await tx.requests.decide(request, RequestState.APPROVED, doing=by_lead)
            operation = operations.begin(request, id=uuid4(), now=self.clock.now())
            await tx.operations.start(operation, within=OPERATION_DEADLINE, doing=by_lead)
            await tx.reconcile_queue.bump_generation(self.database.id, operation.method)
            await tx.commit()
        return operation

    async def looks(self, times: int) -> None:
        """So many passes."""
        for _ in range(times):
            await self.look()

    async def issued(self, *, owner: str = "U0ENGINEER") -> tuple[Operation, KnownCertificate]:
        """A certificate that was asked for, made and read back."""
        operation = await self.change(Kind.ISSUE, owner=owner)
        await self.looks(3)
        assert await self.ended(operation) == ("done", None)
        made = [known for known in await self.inventory() if known.request == operation.request]
        return operation, made[0]

    async def discard(self, known: KnownCertificate, *, owner: str = "U0ENGINEER") -> Operation:
        """A removal that was just approved."""
        return await self.change(Kind.DISCARD, CertificateId(known.id), owner=owner)

    async def again(self, operation: Operation) -> None:
        """Somebody has a change tried once more."""
        async with self.store.transaction() as tx:
            now = await tx.operations.lock(operation.id)
            doing = AuditContext(actor=operation.owner, at=self.clock.now())
            await tx.operations.update(now, issuance.again(now), doing=doing, within=OPERATION_DEADLINE)
            await tx.reconcile_queue.bump_generation(self.database.id, operation.method)
            await tx.commit()

    async def minutes(self, minutes: int = 2) -> None:
        """Minutes go by for what waits for Heroku."""
        await self.query(
            "UPDATE operations SET progress = progress || jsonb_build_object('asked_at', "
            "((progress->>'asked_at')::timestamptz - make_interval(mins => :minutes))::text) "
            "WHERE progress ? 'asked_at'",
            minutes=minutes,
        )

    async def too_late(self) -> None:
        """The deadline of every change passes."""
        await self.query("UPDATE operations SET deadline_at = deadline_at - interval '21 minutes'")

    # --- Heroku ----------------------------------------------------------------------------------

    def external_changes(self) -> Certificate:
        """Somebody else makes a certificate."""
        return self.heroku.create_certificate_externally(DATABASE, now=datetime.now(UTC))

    def there(self) -> dict[UUID, str]:
        """The certificates at Heroku with their status; none where mTLS is off."""
        return {each.id: each.status for each in self.heroku.certificates(DATABASE, now=datetime.now(UTC))}

    # --- the store -------------------------------------------------------------------------------

    async def ended(self, operation: Operation) -> tuple[str, str | None]:
        """The state of a change, and why."""
        ((state, why),) = await self.query(
            "SELECT state, reason_code FROM operations WHERE id = :id", id=operation.id
        )
        return str(state), why

    async def inventory(self) -> tuple[KnownCertificate, ...]:
        async with self.store.transaction() as tx:
            return await tx.certificates.present(self.database.id)

    async def told(self, operation: Operation) -> list[str]:
        """What the owner of a change was told, oldest first."""
        rows = await self.query(
            "SELECT kind FROM outbox WHERE recipient = :owner AND request_id = :request "
            "AND kind LIKE 'notification.%' "
            "ORDER BY id",
            owner=operation.owner,
            request=operation.request,
        )
        return [row[0] for row in rows]

"""Rotates certificates: the old one is removed last, and only where the new one works."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from bot.domain.grant import ReasonCode
from bot.domain.mtls import rotation
from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.connection_test import ConnectionResult
from bot.domain.mtls.rotation import Rotation, RotationStep, rotation_of
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.domain.schedule import OPERATION_DEADLINE
from bot.domain.subject import CertificateId
from bot.errors import HerokuError, HerokuNotFoundError
from bot.ports import BOT, AuditContext, ConnectionTest, MessageKind
from bot.reconciler.mtls.certificates import CertificateExecutor
from bot.reconciler.mtls.observer import MtlsReconciliation, MtlsSnapshot
from bot.reconciler.mtls.operations import OperationExecutor
from bot.reconciler.outcome import STOPPING
from bot.services.mtls.certificate_rotation import rotation_key

READY: Final = MessageKind.ROTATION_READY

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class RotationExecutor(OperationExecutor):
    """Makes one step in a run for each rotation.

    Attributes:
        certificates: issues new ones.
        probe: tests new ones; None where that is switched off.
    """

    certificates: CertificateExecutor
    probe: ConnectionTest | None

    async def work(self, run: MtlsReconciliation, listed: list[Certificate], seen: MtlsSnapshot) -> None:
        """Does what follows from a complete list of certificates; see ``CertificateExecutor.work``.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the lease is lost.
        """
        for operation in run.operations_of(Kind.ROTATE):
            if operation.id not in run.outcome.operations:
                await self._rotate(run, operation, listed, seen)

    async def _rotate(
        self,
        run: MtlsReconciliation,
        operation: Operation,
        listed: list[Certificate],
        seen: MtlsSnapshot,
    ) -> None:
        found, now = rotation_of(operation), self.clock.now()
        # A certificate that is being removed cannot be relied on, although Heroku still calls it ready.
        going = {each.subject for each in run.operations_of(Kind.DISCARD)}
        staying = [each for each in listed if CertificateId(each.id) not in going]
        step, reason_code = rotation.step(
            found, staying, now=now, at=run.job.claimed_at, overdue=operation.overdue, timings=run.job.timings
        )
        match step:
            case RotationStep.MAKE if not seen.enabled:
                run.outcome.fail(operation, ReasonCode.NOT_ENABLED)
            case RotationStep.MAKE:
                new = await self.certificates.make(run, operation, listed)
                if new is not None:
                    await self._hand_over(run, operation, new)
            case RotationStep.TEST if found.new is not None:
                await self._test(run, operation, found.new)
                run.outcome.changed = True
            case RotationStep.REMOVE:
                await self._remove(run, operation, found)
            case RotationStep.DONE:
                run.outcome.finish(operation)
            case RotationStep.FAIL:
                run.outcome.fail(operation, reason_code)
        run.outcome.waiting |= step is RotationStep.READ_BACK

    async def _hand_over(self, run: MtlsReconciliation, operation: Operation, new: UUID) -> None:
        """Records that the new certificate is ready, and tells its owner, in one commit."""
        now = self.clock.now()
        async with self.observer.holding(run, operation=operation.id) as tx:
            current = await tx.operations.lock(operation.id)
            if current.state is not OperationState.DOING:
                return
            doing = AuditContext(actor=BOT, at=now, details={"certificate": str(new)})
            made = rotation.made(current, new, now=now, testable=self.probe is not None)
            await tx.operations.update(current, made, doing=doing)
            await tx.outbox.refresh_cards(current.request)
            await tx.outbox.add(READY, to=current.owner, key=rotation_key(made), request=current.request)

    async def _test(self, run: MtlsReconciliation, operation: Operation, new: UUID) -> None:
        """Tests the new certificate; the result is recorded and told in one commit."""
        found = ConnectionResult.OFF if self.probe is None else await self._probe(run, self.probe, new)
        log.info(
            "reconciler.certificate_tested", request=operation.request, certificate=str(new), found=found
        )
        now = self.clock.now()
        async with self.observer.holding(run, operation=operation.id) as tx:
            current = await tx.operations.lock(operation.id)
            if current.state is not OperationState.DOING:
                return
            doing = AuditContext(actor=BOT, at=now, details={"certificate": str(new), "found": found})
            await tx.operations.update(current, rotation.tested(current, found, now=now), doing=doing)
            await tx.outbox.refresh_cards(current.request)
            await tx.outbox.refresh_all([rotation_key(current)])

    async def _probe(self, run: MtlsReconciliation, probe: ConnectionTest, new: UUID) -> ConnectionResult:
        """Fetches credentials by the database's present name, connects with them at once, and drops them."""
        observer, database = self.observer, run.job.database
        try:
            await observer.confirm_name(run)
            await observer.ensure_time(run)
            credential = await self.heroku.credential(database, new)
            await observer.ensure_time(run)
            root = await self.heroku.authority(database)
            await observer.ensure_time(run)
            # A config var that a promoted follower has taken would lead to that one.
            current = await self.heroku.current(database)
            await observer.ensure_time(run)
            login = await self.heroku.login(current.app, current.config_var)
        except STOPPING:
            raise
        except HerokuError as error:
            # Heroku's own words are left out: such an answer may hold a secret, which belongs in no log.
            log.warning("reconciler.not_fetched", database=database.name, error=type(error).__name__)
            return ConnectionResult.NOT_FETCHED
        # A connection test takes less time than a call to Heroku may, so the same room is enough.
        await observer.ensure_time(run)
        return await probe.connect(login, credential, root=root)

    async def _remove(self, run: MtlsReconciliation, operation: Operation, found: Rotation) -> None:
        """Requests the removal of the old certificate; the next lists prove it."""
        await self.observer.confirm_name(run)
        asked = await self._intend(run, operation, found)
        if asked is not None:
            await self.call(run, asked, self._discarding(run, found.old), undo=rotation.not_removing)

    async def _intend(
        self, run: MtlsReconciliation, operation: Operation, found: Rotation
    ) -> Operation | None:
        """Records the intent to remove, with its own deadline; None when a person decided otherwise."""
        # Until now a person was waited for, perhaps for days; a repeated call gets no new deadline.
        within = OPERATION_DEADLINE if found.asked_at is None else None
        async with self.observer.holding(run, operation=operation.id) as tx:
            current = await tx.operations.lock(operation.id)
            if current.state is not OperationState.DOING or rotation_of(current) != found:
                # A person has pressed a button just now, and this step was planned without that.
                run.outcome.changed = True
                return None
            asked = rotation.removing(current, at=run.present)
            doing = AuditContext(actor=BOT, at=self.clock.now(), details={"certificate": str(found.old)})
            await tx.operations.update(current, asked, doing=doing, within=within)
            await tx.outbox.refresh_cards(current.request)
        return asked

    def _discarding(self, run: MtlsReconciliation, old: UUID) -> Callable[[], Awaitable[None]]:
        database = run.job.database

        async def discard() -> None:
            try:
                await self.heroku.discard_certificate(database, old)
            except HerokuNotFoundError:
                # Gone already, by this intent's first attempt or by somebody else: the next lists tell.
                log.info("reconciler.no_certificate_to_remove", database=database.name, certificate=str(old))

        return discard

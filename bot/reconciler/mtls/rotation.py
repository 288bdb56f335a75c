"""Rotates certificates, as approved changes say: the old one goes last, and only where the new one works."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from bot.domain.grant import Why
from bot.domain.mtls import rotation
from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.connection_test import TestResult
from bot.domain.mtls.rotation import Rotation, RotationStep, rotation_of
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.domain.schedule import CHANGE_DEADLINE
from bot.domain.subject import CertificateId
from bot.errors import HerokuError, HerokuNotFoundError, HerokuRateLimitedError, HerokuUnauthorizedError
from bot.ports import BOT, AuditContext, ConnectionTest, MessageKind
from bot.reconciler.mtls.certificates import CertificateExecutor
from bot.reconciler.mtls.observer import MtlsReconciliation, MtlsSnapshot
from bot.reconciler.mtls.operations import Executor
from bot.reconciler.mtls.recorder import Outcome
from bot.services.certificate_rotation import rotation_key

READY: Final = MessageKind.NOTICE_ROTATION_READY

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class RotationExecutor(Executor):
    """One step a pass for each rotation.

    Attributes:
        certificates: has new ones made.
        probe: tries new ones; None where that is switched off.
    """

    certificates: CertificateExecutor
    probe: ConnectionTest | None

    async def work(
        self, turn: MtlsReconciliation, listed: list[Certificate], seen: MtlsSnapshot, outcome: Outcome
    ) -> None:
        """Does what follows from a complete list of certificates; arguments as for `CertificateHands.work`.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the turn is over.
        """
        for change in turn.changes_of(Kind.ROTATE):
            if change.id not in outcome.concluded:
                await self._rotate(turn, change, listed, seen, outcome)

    async def _rotate(
        self,
        turn: MtlsReconciliation,
        change: Operation,
        listed: list[Certificate],
        seen: MtlsSnapshot,
        outcome: Outcome,
    ) -> None:
        found, now = rotation_of(change), self.clock.now()
        # What is being removed is none to rely on, however ready it still is called.
        going = {each.subject for each in turn.changes_of(Kind.DISCARD)}
        staying = [each for each in listed if CertificateId(each.id) not in going]
        step, why = rotation.step(found, staying, now=now, at=turn.job.claimed_at, overdue=change.overdue)
        match step:
            case RotationStep.MAKE if not seen.enabled:
                outcome.fail(change, Why.NOT_ENABLED)
            case RotationStep.MAKE:
                new = await self.certificates.make(turn, change, listed, outcome)
                if new is not None:
                    await self._hand_over(turn, change, new)
            case RotationStep.TEST if found.new is not None:
                await self._test(turn, change, found.new)
                outcome.changed = True
            case RotationStep.REMOVE:
                await self._remove(turn, change, found, outcome)
            case RotationStep.DONE:
                outcome.finish(change)
            case RotationStep.FAIL:
                outcome.fail(change, why)
        outcome.waiting |= step is RotationStep.READ_BACK

    async def _hand_over(self, turn: MtlsReconciliation, change: Operation, new: UUID) -> None:
        """Records that the new certificate is ready, and tells its owner, in one commit."""
        now = self.clock.now()
        async with self.observer.holding(turn, change=change.id) as tx:
            current = await tx.changes.get(change.id)
            if current.state is not OperationState.DOING:
                return
            doing = AuditContext(actor=BOT, at=now, details={"certificate": str(new)})
            made = rotation.made(current, new, now=now, testable=self.probe is not None)
            await tx.changes.move(current, made, doing=doing)
            await tx.posts.refresh_cards(current.request)
            await tx.posts.tell(READY, to=current.owner, key=rotation_key(made), request=current.request)

    async def _test(self, turn: MtlsReconciliation, change: Operation, new: UUID) -> None:
        """Connects with the new certificate; what came of it is one word, recorded and told in one commit."""
        found = TestResult.OFF if self.probe is None else await self._probe(turn, self.probe, new)
        log.info("keeper.certificate_tested", request=change.request, certificate=str(new), found=found)
        now = self.clock.now()
        async with self.observer.holding(turn, change=change.id) as tx:
            current = await tx.changes.get(change.id)
            if current.state is not OperationState.DOING:
                return
            doing = AuditContext(actor=BOT, at=now, details={"certificate": str(new), "found": found})
            await tx.changes.move(current, rotation.tested(current, found, now=now), doing=doing)
            await tx.posts.refresh_cards(current.request)
            await tx.posts.refresh(rotation_key(current))

    async def _probe(self, turn: MtlsReconciliation, probe: ConnectionTest, new: UUID) -> TestResult:
        """Fetches what is needed, by the database's present name, uses it at once, and lets go of it."""
        observer, database = self.observer, turn.job.database
        try:
            await observer.confirm_name(turn)
            await observer.hold_on(turn)
            credential = await self.heroku.credential(database.name, new)
            await observer.hold_on(turn)
            root = await self.heroku.authority(database.name)
            await observer.hold_on(turn)
            login = await self.heroku.login(database.app, database.config_var)
        except (HerokuRateLimitedError, HerokuUnauthorizedError):
            raise
        except HerokuError as error:
            # Heroku's own words are left out: nothing of such an answer belongs in a log.
            log.warning("keeper.not_fetched", database=database.name, error=type(error).__name__)
            return TestResult.NOT_FETCHED
        await observer.hold_on(turn)
        return await probe.connect(login, credential, root=root)

    async def _remove(
        self, turn: MtlsReconciliation, change: Operation, found: Rotation, outcome: Outcome
    ) -> None:
        """Has the old certificate removed; what comes of it the lists to come prove."""
        await self.observer.confirm_name(turn)
        asked = await self._intend(turn, change, found, outcome)
        if asked is not None:
            await self.call(
                turn, asked, outcome, self._discarding(turn, found.old), undo=rotation.not_removing
            )

    async def _intend(
        self, turn: MtlsReconciliation, change: Operation, found: Rotation, outcome: Outcome
    ) -> Operation | None:
        """Records the intent to remove, with its own deadline; None when somebody spoke meanwhile."""
        within = CHANGE_DEADLINE if found.asked_at is None else None
        async with self.observer.holding(turn, change=change.id) as tx:
            current = await tx.changes.get(change.id)
            if current.state is not OperationState.DOING or rotation_of(current) != found:
                # Somebody has said something just now, and this step was not drawn from that.
                outcome.changed = True
                return None
            asked = rotation.removing(current, at=turn.present)
            doing = AuditContext(actor=BOT, at=self.clock.now(), details={"certificate": str(found.old)})
            await tx.changes.move(current, asked, doing=doing, within=within)
            await tx.posts.refresh_cards(current.request)
        return asked

    def _discarding(self, turn: MtlsReconciliation, old: UUID) -> Callable[[], Awaitable[None]]:
        name = turn.job.database.name

        async def discard() -> None:
            try:
                await self.heroku.discard_certificate(name, old)
            except HerokuNotFoundError:
                # Gone already, by this intent's first try or by somebody else: the lists to come tell.
                log.info("keeper.no_certificate_to_remove", database=name, certificate=str(old))

        return discard

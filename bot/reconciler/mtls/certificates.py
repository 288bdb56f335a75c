"""Issues and removes client certificates, as approved operations say; never issues one twice blindly."""

from collections.abc import Sequence
from uuid import UUID

from bot.domain.grant import ReasonCode
from bot.domain.mtls import endpoint, issuance
from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.issuance import IssuanceResult, IssuanceStep, issuance_progress
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind
from bot.domain.subject import CertificateId
from bot.ports import BOT, AuditContext
from bot.reconciler.membership import REASONS, Opening, OpeningStatus, opening_statuses
from bot.reconciler.mtls.observer import MtlsReconciliation, MtlsSnapshot
from bot.reconciler.mtls.operations import OperationExecutor

CONCERNED = (Kind.ENABLE, Kind.ISSUE, Kind.ROTATE, Kind.DISCARD)
"""Kinds of operations for which the certificates are read at once."""


class CertificateExecutor(OperationExecutor):
    """Makes one step in a run for each operation; its effect is read back by the next runs."""

    async def work(self, run: MtlsReconciliation, listed: list[Certificate], seen: MtlsSnapshot) -> None:
        """Does what follows from the list of certificates.

        Args:
            run: the reconcile run.
            listed: every certificate, just read; what is made is added. Empty where mTLS is proven to be off.
            seen: the observation that this run began with.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the lease is lost.
        """
        for operation in run.operations_of(*CONCERNED):
            if operation.id in run.outcome.operations:
                continue
            match operation.kind:
                case Kind.DISCARD:
                    await self._discard(run, operation, listed)
                case Kind.ENABLE if endpoint.endpoint_progress(operation).operational_at is not None:
                    await self._first(run, operation, listed)
                case Kind.ISSUE if seen.enabled:
                    await self._issue(run, operation, listed)
                # While mTLS is being enabled the certificate only waits for that.
                case Kind.ISSUE if not run.operations_of(Kind.ENABLE):
                    run.outcome.fail(operation, ReasonCode.NOT_ENABLED)

    async def make(
        self, run: MtlsReconciliation, operation: Operation, listed: list[Certificate]
    ) -> UUID | None:
        """Issues one certificate for an operation, in as many runs as it takes.

        A failure is noted in the outcome; it fails the operation.

        Returns:
            Its id once it is ready.
        """
        verdict = issuance.step(
            issuance_progress(operation),
            listed,
            taken=_taken(run, operation),
            at=run.job.claimed_at,
            overdue=operation.overdue,
            timings=run.job.timings,
        )
        if verdict.step is IssuanceStep.ASK:
            run.outcome.waiting = True
            # Two unanswered calls at once could not be told apart: a certificate carries no marker.
            if self.policy.readable and not _others_are_unclear(run, operation):
                await self._ask(run, operation, listed)
            return None
        return await self._follow(run, operation, verdict)

    async def _issue(self, run: MtlsReconciliation, operation: Operation, listed: list[Certificate]) -> None:
        if await self.make(run, operation, listed) is not None:
            run.outcome.finish(operation)

    async def _first(
        self, run: MtlsReconciliation, operation: Operation, listed: Sequence[Certificate]
    ) -> None:
        """Finds the certificate that enabling has made by itself, for the person it was enabled for."""
        verdict = endpoint.first_certificate(
            operation, listed, taken=_taken(run, operation), at=run.job.claimed_at, timings=run.job.timings
        )
        await self._follow(run, operation, verdict)
        if verdict.step is IssuanceStep.DONE:
            run.outcome.finish(operation)

    async def _follow(
        self, run: MtlsReconciliation, operation: Operation, verdict: IssuanceResult
    ) -> UUID | None:
        made, candidates = verdict.made, verdict.candidates
        match verdict.step:
            case IssuanceStep.FOUND if made is not None:
                run.outcome.changed = True
                await self.note(run, operation, lambda it: issuance.found(it, made))
            case IssuanceStep.FAIL:
                if candidates:
                    await self.note(run, operation, lambda it: issuance.undecided(it, candidates))
                run.outcome.fail(operation, verdict.reason_code)
            case IssuanceStep.DONE:
                return made
        run.outcome.waiting |= verdict.step is IssuanceStep.WAIT
        return None

    async def _ask(self, run: MtlsReconciliation, operation: Operation, listed: list[Certificate]) -> None:
        made = list[Certificate]()
        # Before the intent: when the name has changed nothing is called, and nothing may be waited for.
        await self.observer.confirm_name(run)
        intended = await self._intend(run, operation, listed)
        if intended is None:
            return

        async def create() -> None:
            made.append(await self.heroku.create_certificate(run.job.database))

        if await self.call(run, intended, create, undo=issuance.not_asked):
            await self.note(run, intended, lambda it: issuance.found(it, made[0].id))
            # The next operation in this run has to know it, or it could take it for its own.
            listed.extend(made)

    async def _intend(
        self, run: MtlsReconciliation, operation: Operation, listed: Sequence[Certificate]
    ) -> Operation | None:
        """Records the intent, if its owner may still have it; None where Heroku is not to be asked."""
        async with self.observer.holding(run, operation=operation.id) as tx:
            current = await tx.operations.lock(operation.id)
            if current.state is not OperationState.DOING:
                return None
            opening = Opening(owner=current.owner, request=current.request)
            status = (await opening_statuses(tx, self.policy, run.job, [opening]))[opening]
            if status in REASONS:
                run.outcome.fail(operation, REASONS[status])
            if status is not OpeningStatus.ALLOWED:
                return None
            intended = issuance.asking(current, listed, at=run.present)
            await tx.operations.update(current, intended, doing=AuditContext(actor=BOT, at=self.clock.now()))
        run.operations[operation.id] = intended
        return intended

    async def _discard(
        self, run: MtlsReconciliation, operation: Operation, listed: Sequence[Certificate]
    ) -> None:
        if not isinstance(operation.subject, CertificateId):
            raise TypeError(f"{operation.subject!r} is no certificate")
        id = operation.subject.id
        step, reason_code = endpoint.discarding(
            endpoint.endpoint_progress(operation),
            id,
            listed,
            at=run.job.claimed_at,
            overdue=operation.overdue,
            timings=run.job.timings,
        )
        match step:
            case endpoint.EndpointStep.DONE:
                run.outcome.finish(operation)
            case endpoint.EndpointStep.FAIL:
                run.outcome.fail(operation, reason_code)
            case endpoint.EndpointStep.ASK:
                await self._ask_to_discard(run, operation, id)
        run.outcome.waiting |= step is endpoint.EndpointStep.WAIT

    async def _ask_to_discard(self, run: MtlsReconciliation, operation: Operation, id: UUID) -> None:
        present = run.present
        await self.observer.confirm_name(run)
        asked = await self.note(run, operation, lambda it: endpoint.asking(it, at=present))
        if asked is not None:
            await self.call(
                run,
                asked,
                lambda: self.heroku.discard_certificate(run.job.database, id),
                undo=endpoint.not_asked,
            )


def _taken(run: MtlsReconciliation, operation: Operation) -> frozenset[UUID]:
    """Certificates that belong to other requests, done or under way."""
    owned = {known.id for known in run.inventory if known.request not in (None, operation.request)}
    others = {issuance_progress(each).made for each in run.operations.values() if each.id != operation.id}
    return frozenset(owned | {id for id in others if id is not None})


def _others_are_unclear(run: MtlsReconciliation, operation: Operation) -> bool:
    """Whether something else may still turn up that could be mistaken for this one."""
    making = run.operations_of(Kind.ENABLE, Kind.ISSUE, Kind.ROTATE)
    return any(issuance_progress(each).is_open for each in making if each.id != operation.id)

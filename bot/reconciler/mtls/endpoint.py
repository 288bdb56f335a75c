"""Enables and disables mTLS on a database, as approved operations say."""

from bot.domain.grant import ReasonCode
from bot.domain.mtls import endpoint
from bot.domain.mtls.endpoint import PROVISIONING, EndpointStep
from bot.domain.operation import Operation
from bot.domain.request import Kind
from bot.reconciler.mtls.observer import MtlsReconciliation, MtlsSnapshot
from bot.reconciler.mtls.operations import OperationExecutor


class EndpointExecutor(OperationExecutor):
    """Makes one step in a run for each operation; its effect is read back by the next runs."""

    async def work(self, run: MtlsReconciliation, seen: MtlsSnapshot) -> None:
        """Does what follows from the endpoint's status.

        Raises:
            HerokuRateLimitedError: the rate limit is used up.
            HerokuUnauthorizedError: the token is refused.
            LeaseLostError: the lease is lost.
        """
        # One call does for all of a kind: the others end with the observations that follow.
        for operation in run.operations_of(Kind.DISABLE)[:1]:
            await self._disable(run, operation, seen)
        for operation in run.operations_of(Kind.ENABLE):
            # Closing wins: what is being disabled is not enabled in the same run.
            if run.operations_of(Kind.DISABLE):
                run.outcome.fail(operation, ReasonCode.CLOSED_ELSEWHERE)
        for operation in run.operations_of(Kind.ENABLE)[:1]:
            if operation.id not in run.outcome.operations:
                await self._enable(run, operation, seen)

    async def _enable(self, run: MtlsReconciliation, operation: Operation, seen: MtlsSnapshot) -> None:
        switch, at = endpoint.endpoint_progress(operation), run.job.claimed_at
        step, reason_code = endpoint.enabling(
            switch, seen.status, at=at, overdue=operation.overdue, timings=run.job.timings
        )
        asked = True
        match step:
            case EndpointStep.ASK:
                asked = await self.may_open(run, operation)
                if asked:
                    await self._ask_to_enable(run, operation)
            case EndpointStep.READ_CERTIFICATES if switch.operational_at is None:
                await self.note(run, operation, lambda it: endpoint.operational(it, at=at))
            case EndpointStep.WAIT if seen.status == PROVISIONING and switch.asked_at and not switch.seen:
                await self.note(run, operation, endpoint.seen)
            case EndpointStep.DONE:
                run.outcome.finish(operation)
            case EndpointStep.FAIL:
                run.outcome.fail(operation, reason_code)
        held = not asked and operation.id not in run.outcome.operations
        run.outcome.waiting |= held or step in (EndpointStep.WAIT, EndpointStep.READ_CERTIFICATES)

    async def _ask_to_enable(self, run: MtlsReconciliation, operation: Operation) -> None:
        database, present = run.job.database, run.present
        asked = await self.note(run, operation, lambda it: endpoint.asking(it, at=present))
        if asked is None:
            return
        done = await self.call(
            run,
            asked,
            lambda: self.heroku.enable_endpoint(database),
            undo=endpoint.not_asked,
        )
        if done:
            await self.note(run, asked, endpoint.seen)

    async def _disable(self, run: MtlsReconciliation, operation: Operation, seen: MtlsSnapshot) -> None:
        switch, at = endpoint.endpoint_progress(operation), run.job.claimed_at
        step, reason_code = endpoint.disabling(
            switch, seen.status, at=at, overdue=operation.overdue, timings=run.job.timings
        )
        match step:
            case EndpointStep.ASK:
                await self._ask_to_disable(run, operation)
            case EndpointStep.DONE:
                run.outcome.finish(operation)
            case EndpointStep.FAIL:
                run.outcome.fail(operation, reason_code)
        run.outcome.waiting |= step is EndpointStep.WAIT

    async def _ask_to_disable(self, run: MtlsReconciliation, operation: Operation) -> None:
        """Asks Heroku, which may say that nothing is left to disable: the next observations prove it."""
        database, present = run.job.database, run.present
        await self.observer.confirm_name(run)
        asked = await self.note(run, operation, lambda it: endpoint.asking(it, at=present))
        if asked is not None:
            await self.call(
                run,
                asked,
                lambda: self.heroku.disable_endpoint(database),
                undo=endpoint.not_asked,
            )

"""Records what a pass over a database's PrivateLink has shown: grants, changes, accounts, what is told."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from bot.domain import operation as operations
from bot.domain import schedule
from bot.domain.grant import GrantState, Why
from bot.domain.operation import Operation, OperationState
from bot.domain.privatelink.observation import OPERATIONAL, PrivateLinkObservation
from bot.domain.privatelink.plan import LinkPlan, LinkWant
from bot.domain.request import Kind
from bot.errors import HerokuError
from bot.ports import BOT, AuditContext, MessageKind, ReconcileJob, Transaction
from bot.reconciler.backoff import next_run, release
from bot.reconciler.privatelink.drift import PrivateLinkDrift
from bot.reconciler.privatelink.observer import PrivateLinkReconciliation, arns_of
from bot.reconciler.recorder import Recorder


@dataclass(kw_only=True, slots=True)
class LinkOutcome:
    """What carrying out a plan brought, beyond the plan itself.

    Attributes:
        refused: grants whose accounts Heroku will not let in, each with its words.
        outsiders: grants whose owner may not be let in any more.
        not_done: changes that Heroku will not make, each with its words.
        parted: accounts whose removal is concluded already.
        changed: something was written, so the next look comes soon.
        stopped: nothing more is let in during this pass.
        trouble: what went wrong last with a call; the rest of the plan was carried out as far as it goes.
    """

    refused: dict[UUID, str] = field(default_factory=dict)
    outsiders: set[UUID] = field(default_factory=set)
    not_done: dict[UUID, str] = field(default_factory=dict)
    parted: frozenset[str] = frozenset()
    changed: bool = False
    stopped: bool = False
    trouble: HerokuError | None = None


class PrivateLinkRecorder(Recorder):
    """Records passes over a database's PrivateLink."""

    async def record(
        self,
        run: PrivateLinkReconciliation,
        observation: PrivateLinkObservation,
        plan: LinkPlan,
        outcome: LinkOutcome,
    ) -> None:
        """Records a pass, whether or not all its calls went well.

        Args:
            turn: the pass.
            look: what it saw; whose accounts are ours is read here.
            drawn: what follows from it.
            outcome: what came of carrying that out.

        Raises:
            LeaseLostError: the turn was over before; nothing is recorded.
        """
        now, job = self._clock.now(), run.job
        async with self._store.transaction() as tx:
            await self.settle(tx, _verdicts(run.known.wants, plan, outcome), now)
            there = frozenset(account.arn for account in observation.accounts)
            for operation in run.operations:
                await self._settle_operation(tx, run, operation, plan, outcome, there, now)
            for operation in run.operations_of(Kind.ADOPT):
                if there.issuperset(arns_of(operation)):
                    await tx.privatelink_accounts.adopt(job, arns_of(operation))
            await tx.privatelink_accounts.listed(job, plan.listed)
            for arn in plan.gone if plan.closed else ():
                # It went with the whole, as was approved: nobody else took it away.
                await tx.privatelink_accounts.intend_remove(job, arn)
            await tx.privatelink_accounts.gone(job, set(plan.gone) - outcome.parted)
            await tx.privatelink_accounts.give_up(job, plan.lost)
            observation = replace(observation, ours=await tx.privatelink_accounts.ours(job.target.id) & there)
            await self._tell_stages(tx, run, plan, observation)
            finder = PrivateLinkDrift(operations=self._policy.operations_channel)
            await tx.reconcile_queue.observed(job, await finder.find(tx, run, plan, observation))
            if outcome.trouble is not None:
                await self.report(tx, job, outcome.trouble, now)
            again, attempts = _next_run(job, run, plan, outcome)
            if observation.awaits:
                again = min(again, schedule.gap(schedule.CONFIG_VARS, observation.vars_tries - 1))
            rest = next_run(job, again, attempts, error=outcome.trouble, under_way=plan.under_way)
            await release(tx, job, rest)
            await tx.commit()

    async def _settle_operation(
        self,
        tx: Transaction,
        run: PrivateLinkReconciliation,
        operation: Operation,
        plan: LinkPlan,
        outcome: LinkOutcome,
        there: frozenset[str],
        now: datetime,
    ) -> None:
        """Moves one change, if this pass has proven it or it has failed, and has its owner told.

        Args:
            tx: the pass's transaction.
            turn: the pass.
            change: as it was when the pass began.
            drawn: what the pass has proven.
            outcome: what Heroku refused.
            there: accounts that are listed.
            now: business time.
        """
        operation = await tx.operations.get(operation.id)
        if operation.state is not OperationState.DOING:
            return
        kind = MessageKind.NOT_DONE
        if _is_done(operation, plan, there):
            after, kind = operations.done(operation, now=now), MessageKind.DONE
        elif operation.id in outcome.not_done:
            after = operations.failed(operation, Why.REFUSED, now=now, detail=outcome.not_done[operation.id])
        elif operation.kind is Kind.REMOVE_UNMANAGED and not plan.needed.isdisjoint(arns_of(operation)):
            after = operations.failed(operation, Why.NEEDED, now=now)
        elif operation.overdue:
            after = operations.failed(operation, Why.DEADLINE, now=now)
        else:
            return
        if await tx.operations.move(operation, after, doing=AuditContext(actor=BOT, at=now)):
            if kind is MessageKind.NOT_DONE and operation.kind is Kind.REMOVE_UNMANAGED:
                await tx.privatelink_accounts.spared(run.job, arns_of(operation))
            await tx.outbox.refresh_cards(operation.request)
            key = f"{kind}:{operation.id}:{now.isoformat()}"
            await tx.outbox.tell(kind, to=operation.owner, key=key, request=operation.request)

    # --- the stages on the way to a connection -----------------------------------------------------

    async def _tell_stages(
        self,
        tx: Transaction,
        run: PrivateLinkReconciliation,
        plan: LinkPlan,
        observation: PrivateLinkObservation,
    ) -> None:
        """Tells owners how far the way to their database is built; each stage once for each grant."""
        before = run.observation
        if observation.status == OPERATIONAL and (before is None or before.status != OPERATIONAL):
            for want in run.known.wants:
                if want.opens and want.grant not in plan.in_force:
                    await _tell(tx, MessageKind.LINK_READY, want, {"service": observation.service})
        for want in run.known.wants:
            if want.holds or want.grant in plan.in_force:
                await self._tell_connections(tx, want, observation, None if want.opens else before)

    async def _tell_connections(
        self,
        tx: Transaction,
        want: LinkWant,
        observation: PrivateLinkObservation,
        before: PrivateLinkObservation | None,
    ) -> None:
        told = {} if before is None else {each.endpoint: each for each in before.connections}
        works = {
            each.endpoint: each for arn in want.arns for each in observation.connected(arn) if each.works
        }
        for endpoint, connection in works.items():
            said = {"endpoint": endpoint, "hostname": connection.hostname}
            if endpoint not in told or not told[endpoint].works:
                await _tell(tx, MessageKind.LINK_CONNECTED, want, said)
            name = observation.url_var(connection)
            if name is not None and (before is None or before.url_var(connection) is None):
                await _tell(tx, MessageKind.LINK_URL, want, {**said, "name": name})


async def _tell(tx: Transaction, kind: MessageKind, want: LinkWant, said: dict[str, str]) -> None:
    grant = await tx.grants.get(want.grant)
    key = f"{kind}:{want.grant}:{said.get('endpoint', '')}"
    await tx.outbox.tell(kind, to=want.owner, key=key, request=grant.request, params=said)


def _is_done(operation: Operation, plan: LinkPlan, there: frozenset[str]) -> bool:
    match operation.kind:
        case Kind.CLOSE:
            return plan.closed
        case Kind.REMOVE_UNMANAGED:
            return plan.undone.issuperset(arns_of(operation))
        case Kind.ADOPT:
            return there.issuperset(arns_of(operation))
    return False


def _verdicts(
    wants: Iterable[LinkWant], plan: LinkPlan, outcome: LinkOutcome
) -> Iterable[tuple[UUID, GrantState, Why | None, str]]:
    """Every grant whose state the pass has settled."""
    for id in plan.in_force:
        yield id, GrantState.IN_FORCE, None, ""
    for id in plan.ended:
        yield id, GrantState.ENDED, None, ""
    for id in plan.interrupted:
        yield id, GrantState.INTERRUPTED, Why.CLOSED_ELSEWHERE, ""
    for id, why in plan.failed:
        yield id, GrantState.FAILED, why, ""
    for want in wants:
        if want.grant in outcome.outsiders:
            yield want.grant, GrantState.FAILED, Why.PERSON, ""
        elif want.opens and want.grant in outcome.refused:
            yield want.grant, GrantState.FAILED, Why.REFUSED, outcome.refused[want.grant]


def _next_run(
    job: ReconcileJob, run: PrivateLinkReconciliation, plan: LinkPlan, outcome: LinkOutcome
) -> tuple[timedelta, int]:
    """When to look again, and how many looks in a row that makes."""
    if outcome.changed:
        return schedule.READ_BACK[0], 1
    if plan.under_way:
        return schedule.gap(schedule.READ_BACK, job.attempts), job.attempts + 1
    watched = run.known.wants or run.known.lets
    return (schedule.WATCH if watched else schedule.IDLE), 0

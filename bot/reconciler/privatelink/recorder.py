"""Records what a pass over a database's PrivateLink has shown: grants, changes, accounts, what is told."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from bot.domain import operation as changes
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
        turn: PrivateLinkReconciliation,
        look: PrivateLinkObservation,
        drawn: LinkPlan,
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
        now, job = self._clock.now(), turn.job
        async with self._store.transaction() as tx:
            await self.settle(tx, _verdicts(turn.known.wants, drawn, outcome), now)
            there = frozenset(account.arn for account in look.accounts)
            for change in turn.changes:
                await self._settle_change(tx, turn, change, drawn, outcome, there, now)
            for change in turn.changes_of(Kind.ADOPT):
                if there.issuperset(arns_of(change)):
                    await tx.links.adopt(job, arns_of(change))
            await tx.links.listed(job, drawn.listed)
            for arn in drawn.gone if drawn.closed else ():
                # It went with the whole, as was approved: nobody else took it away.
                await tx.links.intend_remove(job, arn)
            await tx.links.gone(job, set(drawn.gone) - outcome.parted)
            await tx.links.give_up(job, drawn.lost)
            look = replace(look, ours=await tx.links.ours(job.target.id) & there)
            await self._tell_stages(tx, turn, drawn, look)
            finder = PrivateLinkDrift(operations=self._policy.operations_channel)
            await tx.lanes.looked(job, await finder.find(tx, turn, drawn, look))
            if outcome.trouble is not None:
                await self.report(tx, job, outcome.trouble, now)
            again, tries = _next_look(job, turn, drawn, outcome)
            if look.awaits:
                again = min(again, schedule.gap(schedule.CONFIG_VARS, look.vars_tries - 1))
            rest = next_run(job, again, tries, error=outcome.trouble, under_way=drawn.under_way)
            await release(tx, job, rest)
            await tx.commit()

    async def _settle_change(
        self,
        tx: Transaction,
        turn: PrivateLinkReconciliation,
        change: Operation,
        drawn: LinkPlan,
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
        change = await tx.changes.get(change.id)
        if change.state is not OperationState.DOING:
            return
        kind = MessageKind.NOTICE_NOT_DONE
        if _is_done(change, drawn, there):
            after, kind = changes.done(change, now=now), MessageKind.NOTICE_DONE
        elif change.id in outcome.not_done:
            after = changes.failed(change, Why.REFUSED, now=now, detail=outcome.not_done[change.id])
        elif change.kind is Kind.UNDO and not drawn.needed.isdisjoint(arns_of(change)):
            after = changes.failed(change, Why.NEEDED, now=now)
        elif change.overdue:
            after = changes.failed(change, Why.DEADLINE, now=now)
        else:
            return
        if await tx.changes.move(change, after, doing=AuditContext(actor=BOT, at=now)):
            if kind is MessageKind.NOTICE_NOT_DONE and change.kind is Kind.UNDO:
                await tx.links.spared(turn.job, arns_of(change))
            await tx.posts.refresh_cards(change.request)
            key = f"{kind}:{change.id}:{now.isoformat()}"
            await tx.posts.tell(kind, to=change.owner, key=key, request=change.request)

    # --- the stages on the way to a connection -----------------------------------------------------

    async def _tell_stages(
        self, tx: Transaction, turn: PrivateLinkReconciliation, drawn: LinkPlan, look: PrivateLinkObservation
    ) -> None:
        """Tells owners how far the way to their database is built; each stage once for each grant."""
        before = turn.look
        if look.status == OPERATIONAL and (before is None or before.status != OPERATIONAL):
            for want in turn.known.wants:
                if want.opens and want.grant not in drawn.in_force:
                    await _tell(tx, MessageKind.NOTICE_LINK_READY, want, {"service": look.service})
        for want in turn.known.wants:
            if want.holds or want.grant in drawn.in_force:
                await self._tell_connections(tx, want, look, None if want.opens else before)

    async def _tell_connections(
        self,
        tx: Transaction,
        want: LinkWant,
        look: PrivateLinkObservation,
        before: PrivateLinkObservation | None,
    ) -> None:
        told = {} if before is None else {each.endpoint: each for each in before.connections}
        works = {each.endpoint: each for arn in want.arns for each in look.connected(arn) if each.works}
        for endpoint, connection in works.items():
            said = {"endpoint": endpoint, "hostname": connection.hostname}
            if endpoint not in told or not told[endpoint].works:
                await _tell(tx, MessageKind.NOTICE_LINK_CONNECTED, want, said)
            name = look.url_var(connection)
            if name is not None and (before is None or before.url_var(connection) is None):
                await _tell(tx, MessageKind.NOTICE_LINK_URL, want, {**said, "name": name})


async def _tell(tx: Transaction, kind: MessageKind, want: LinkWant, said: dict[str, str]) -> None:
    grant = await tx.grants.get(want.grant)
    key = f"{kind}:{want.grant}:{said.get('endpoint', '')}"
    await tx.posts.tell(kind, to=want.owner, key=key, request=grant.request, params=said)


def _is_done(change: Operation, drawn: LinkPlan, there: frozenset[str]) -> bool:
    match change.kind:
        case Kind.CLOSE:
            return drawn.closed
        case Kind.UNDO:
            return drawn.undone.issuperset(arns_of(change))
        case Kind.ADOPT:
            return there.issuperset(arns_of(change))
    return False


def _verdicts(
    wants: Iterable[LinkWant], drawn: LinkPlan, outcome: LinkOutcome
) -> Iterable[tuple[UUID, GrantState, Why | None, str]]:
    """Every grant whose state the pass has settled."""
    for id in drawn.in_force:
        yield id, GrantState.IN_FORCE, None, ""
    for id in drawn.ended:
        yield id, GrantState.ENDED, None, ""
    for id in drawn.interrupted:
        yield id, GrantState.INTERRUPTED, Why.CLOSED_ELSEWHERE, ""
    for id, why in drawn.failed:
        yield id, GrantState.FAILED, why, ""
    for want in wants:
        if want.grant in outcome.outsiders:
            yield want.grant, GrantState.FAILED, Why.PERSON, ""
        elif want.opens and want.grant in outcome.refused:
            yield want.grant, GrantState.FAILED, Why.REFUSED, outcome.refused[want.grant]


def _next_look(
    job: ReconcileJob, turn: PrivateLinkReconciliation, drawn: LinkPlan, outcome: LinkOutcome
) -> tuple[timedelta, int]:
    """When to look again, and how many looks in a row that makes."""
    if outcome.changed:
        return schedule.READ_BACK[0], 1
    if drawn.under_way:
        return schedule.gap(schedule.READ_BACK, job.tries), job.tries + 1
    watched = turn.known.wants or turn.known.lets
    return (schedule.WATCH if watched else schedule.IDLE), 0

"""What a look at a database's PrivateLink shows that nobody planned."""

from dataclasses import dataclass, replace

from bot.domain.drift import NO_DRIFT, Drift, drift
from bot.domain.privatelink.aws_account import number_of, short
from bot.domain.privatelink.observation import ACTIVE, LEAVING, OPERATIONAL, PrivateLinkObservation
from bot.domain.privatelink.plan import LinkPlan
from bot.domain.subject import Accounts
from bot.ports import MessageKind, Transaction
from bot.reconciler.findings import Findings
from bot.reconciler.privatelink.observer import PrivateLinkReconciliation


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivateLinkDrift:
    """The part of a pass' record that is about what others did to the accounts.

    Attributes:
        operations: the channel that hears of it.
    """

    operations: str

    async def find(
        self,
        tx: Transaction,
        run: PrivateLinkReconciliation,
        plan: LinkPlan,
        observation: PrivateLinkObservation,
    ) -> PrivateLinkObservation:
        """Tells what is new since the last look, and returns the look with all that it has found."""
        found = replace(observation, drift=await _drift(tx, run, plan, observation))
        finder = Findings(tx=tx, job=run.job, operations=self.operations)
        for arn in plan.missing:
            said = {"app": run.job.target.label, "account": short(arn)}
            await finder.tell_lost(MessageKind.LINK_MISSING, Accounts((arn,)), **said)
        if run.observation is not None:
            # What stood there before pgaccess first looked is no news to anybody.
            await _tell_new(finder, run.observation, found)
        await _tell_standing(finder, run, plan, observation)
        return found


async def _drift(
    tx: Transaction, run: PrivateLinkReconciliation, plan: LinkPlan, observation: PrivateLinkObservation
) -> Drift:
    """All there is; the store is only asked where something could have come of it."""
    before = run.observation
    held = {arn for want in run.known.wants if want.holds for arn in want.arns}
    idle = _idle(observation) & held
    unmanaged = {account.arn for account in observation.unmanaged}
    told = before is not None and bool(before.drift.missing)
    if not (unmanaged or idle or plan.missing or told):
        return NO_DRIFT
    return drift(
        await tx.privatelink_accounts.recently_removed(run.job.target.id),
        listed={account.arn for account in observation.accounts},
        unmanaged=unmanaged,
        idle=idle,
        idle_before=frozenset() if before is None else _idle(before),
    )


def _idle(observation: PrivateLinkObservation) -> frozenset[str]:
    """Accounts that are listed, and that may not connect: their status says so, or the endpoint's."""
    if observation.status is None or observation.status in LEAVING:
        return frozenset()
    works = observation.status == OPERATIONAL
    return frozenset(each.arn for each in observation.accounts if not works or each.status != ACTIVE)


async def _tell_new(
    finder: Findings, before: PrivateLinkObservation, observation: PrivateLinkObservation
) -> None:
    there, lease = {account.arn for account in before.accounts}, finder.job.lease
    app = finder.job.target.label
    for arn in (account.arn for account in observation.unmanaged if account.arn not in there):
        kind = MessageKind.LINK_BACK if arn in observation.drift.back else MessageKind.LINK_UNMANAGED
        await finder.tell(kind, f"{arn}:{lease}", app=app, account=short(arn))
    for arn in sorted(observation.drift.unapplied - before.drift.unapplied):
        account = observation.account(arn)
        listed = "" if account is None else account.status
        status = listed if observation.status == OPERATIONAL else f"{observation.status}"
        said = {"app": app, "account": short(arn), "status": status}
        await finder.tell(MessageKind.LINK_UNAPPLIED, f"{arn}:{lease}", **said)


async def _tell_standing(
    finder: Findings, run: PrivateLinkReconciliation, plan: LinkPlan, observation: PrivateLinkObservation
) -> None:
    """Tells of connections that stand although their account is not let in any more."""
    ended, app = set(plan.ended), finder.job.target.label
    allowed = {number_of(account.arn) for account in observation.accounts}
    for arn in sorted({arn for want in run.known.wants if want.grant in ended for arn in want.arns}):
        if number_of(arn) not in allowed and observation.connected(arn):
            which = f"{arn}:{finder.job.lease}"
            await finder.tell(MessageKind.LINK_STAYS, which, app=app, account=short(arn))

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
        self, tx: Transaction, turn: PrivateLinkReconciliation, drawn: LinkPlan, look: PrivateLinkObservation
    ) -> PrivateLinkObservation:
        """Tells what is new since the last look, and returns the look with all that it has found."""
        found = replace(look, drift=await _drift(tx, turn, drawn, look))
        finder = Findings(tx=tx, job=turn.job, operations=self.operations)
        for arn in drawn.missing:
            said = {"app": turn.job.target.label, "account": short(arn)}
            await finder.tell_lost(MessageKind.NOTICE_LINK_MISSING, Accounts((arn,)), **said)
        if turn.look is not None:
            # What stood there before pgaccess first looked is no news to anybody.
            await _tell_new(finder, turn.look, found)
        await _tell_standing(finder, turn, drawn, look)
        return found


async def _drift(
    tx: Transaction, turn: PrivateLinkReconciliation, drawn: LinkPlan, look: PrivateLinkObservation
) -> Drift:
    """All there is; the store is only asked where something could have come of it."""
    before = turn.look
    held = {arn for want in turn.known.wants if want.holds for arn in want.arns}
    idle = _idle(look) & held
    foreign = {account.arn for account in look.foreign}
    told = before is not None and bool(before.drift.missing)
    if not (foreign or idle or drawn.missing or told):
        return NO_DRIFT
    return drift(
        await tx.links.lately(turn.job.target.id),
        listed={account.arn for account in look.accounts},
        foreign=foreign,
        idle=idle,
        idle_before=frozenset() if before is None else _idle(before),
    )


def _idle(look: PrivateLinkObservation) -> frozenset[str]:
    """Accounts that are listed, and that may not connect: their status says so, or the endpoint's."""
    if look.status is None or look.status in LEAVING:
        return frozenset()
    works = look.status == OPERATIONAL
    return frozenset(each.arn for each in look.accounts if not works or each.status != ACTIVE)


async def _tell_new(finder: Findings, before: PrivateLinkObservation, look: PrivateLinkObservation) -> None:
    there, lease = {account.arn for account in before.accounts}, finder.job.lease
    app = finder.job.target.label
    for arn in (account.arn for account in look.foreign if account.arn not in there):
        kind = MessageKind.NOTICE_LINK_BACK if arn in look.drift.back else MessageKind.NOTICE_LINK_FOREIGN
        await finder.tell(kind, f"{arn}:{lease}", app=app, account=short(arn))
    for arn in sorted(look.drift.unapplied - before.drift.unapplied):
        account = look.account(arn)
        listed = "" if account is None else account.status
        status = listed if look.status == OPERATIONAL else f"{look.status}"
        said = {"app": app, "account": short(arn), "status": status}
        await finder.tell(MessageKind.NOTICE_LINK_UNAPPLIED, f"{arn}:{lease}", **said)


async def _tell_standing(
    finder: Findings, turn: PrivateLinkReconciliation, drawn: LinkPlan, look: PrivateLinkObservation
) -> None:
    """Tells of connections that stand although their account is not let in any more."""
    ended, app = set(drawn.ended), finder.job.target.label
    allowed = {number_of(account.arn) for account in look.accounts}
    for arn in sorted({arn for want in turn.known.wants if want.grant in ended for arn in want.arns}):
        if number_of(arn) not in allowed and look.connected(arn):
            which = f"{arn}:{finder.job.lease}"
            await finder.tell(MessageKind.NOTICE_LINK_STAYS, which, app=app, account=short(arn))

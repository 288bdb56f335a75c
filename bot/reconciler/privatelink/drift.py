"""Finds what an observation of a database's PrivateLink shows that was not planned."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.grant import GrantState
from bot.domain.policy.rules import Policy
from bot.domain.privatelink.aws_account import number_of, short
from bot.domain.privatelink.observation import LEAVING, OPERATIONAL, PrivateLinkObservation
from bot.domain.privatelink.plan import PrivateLinkPlan
from bot.domain.reports.findings import connected, unapplied, unmanaged
from bot.domain.subject import Accounts
from bot.ports import MessageKind, Transaction
from bot.reconciler.findings import Findings, find_drift
from bot.reconciler.privatelink.observer import PrivateLinkReconciliation


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivateLinkDrift:
    """Compares observed accounts with what was left, and reports what differs.

    Attributes:
        policy: names the channels that hear of it.
    """

    policy: Policy

    async def find(
        self,
        tx: Transaction,
        run: PrivateLinkReconciliation,
        plan: PrivateLinkPlan,
        observation: PrivateLinkObservation,
        now: datetime,
    ) -> PrivateLinkObservation:
        """Reports what is new since the last observation, and returns this one with all that differs."""
        before = run.observation
        drift = await find_drift(
            tx.privatelink_accounts,
            run.job,
            before=None if before is None else before.drift,
            listed={account.arn for account in observation.accounts},
            unmanaged={account.arn for account in observation.unmanaged},
            idle=_idle(observation) & run.stored.held,
            idle_before=frozenset() if before is None else _idle(before),
            lost=plan.lost_adopted,
        )
        found = replace(observation, drift=drift)
        findings = Findings(tx=tx, job=run.job, policy=self.policy, at=now)
        for arn in plan.lost_adopted:
            params = {"app": run.job.target.label, "account": short(arn)}
            await findings.report_lost(MessageKind.LINK_MISSING, Accounts((arn,)), name=arn, **params)
        if before is not None:
            await _report_new(findings, before, found)
        else:
            # What was there before the first observation is not drift; it is told of once, as a list.
            there = {account.arn: account.arn for account in found.unmanaged}
            await findings.report_several(there, occurrence="", first=True)
        await _report_remaining_connections(findings, run, plan, observation)
        return found


def _idle(observation: PrivateLinkObservation) -> frozenset[str]:
    """Accounts that are listed, and that may not connect: their status says so, or the endpoint's."""
    if observation.status is None or observation.status in LEAVING:
        return frozenset()
    works = observation.status == OPERATIONAL
    return frozenset(each.arn for each in observation.accounts if not works or not each.may_connect)


async def _report_new(
    findings: Findings, before: PrivateLinkObservation, observation: PrivateLinkObservation
) -> None:
    known, lease = {account.arn for account in before.accounts}, findings.job.lease
    app, target = findings.job.target.label, findings.job.target.id
    for arn in (account.arn for account in observation.unmanaged if account.arn not in known):
        kind = MessageKind.LINK_BACK if arn in observation.drift.back else MessageKind.LINK_UNMANAGED
        about = (unmanaged(target, arn),)
        await findings.report(kind, f"{arn}:{lease}", about=about, app=app, account=short(arn), listed=arn)
    for arn in sorted(observation.drift.unapplied - before.drift.unapplied):
        account = observation.account(arn)
        listed = "" if account is None else account.status
        status = listed if observation.status == OPERATIONAL else f"{observation.status}"
        params = {"app": app, "account": short(arn), "listed": arn, "status": status}
        about = (unapplied(target, arn),)
        await findings.report(MessageKind.LINK_UNAPPLIED, f"{arn}:{lease}", about=about, **params)


async def _report_remaining_connections(
    findings: Findings,
    run: PrivateLinkReconciliation,
    plan: PrivateLinkPlan,
    observation: PrivateLinkObservation,
) -> None:
    """Reports connections that remain although their account is not allowed any more."""
    ended, app = plan.grants_to(GrantState.ENDED), findings.job.target.label
    allowed = {number_of(account.arn) for account in observation.accounts}
    for arn in sorted(
        {arn for grant in run.stored.grants if grant.grant in ended for arn in grant.addresses}
    ):
        if number_of(arn) not in allowed and observation.connected(arn):
            occurrence = f"{arn}:{findings.job.lease}"
            about = (connected(findings.job.target.id, number_of(arn)),)
            await findings.report(
                MessageKind.LINK_STAYS, occurrence, about=about, app=app, account=short(arn)
            )

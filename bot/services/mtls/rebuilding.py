"""Records again what a lost or restored store no longer knows, from the rules that are at Heroku."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import uuid4

from bot.domain import grant as grants
from bot.domain.grant import Grant, ReasonCode
from bot.domain.method import Method
from bot.domain.mtls.lost_rules import Fate, LostRule
from bot.domain.mtls.rule_description import RuleHolder
from bot.domain.policy.rules import Policy
from bot.domain.request import Decision, Kind, Request, Terms, Verdict
from bot.domain.target import Target
from bot.errors import Refused
from bot.ports import BOT, AuditContext, MessageKind, NewRequest, Transaction
from bot.services.judgement import rule_concerning

REASON: Final = "not known: recorded again from Heroku after the data of pgaccess was lost or restored"
"""The reason of a request that was recorded again: what was given then went with the store."""


async def rebuild_rule(
    tx: Transaction,
    policy: Policy,
    target: Target,
    lost: LostRule,
    *,
    now: datetime,
    covered: Collection[int] = (),
) -> tuple[Grant, ...]:
    """Records a rule again as owned, with the grants that its description names.

    Within its end a grant is in force, since the rule is listed: the ordinary path warns its owner and ends
    it. Past its end it is ending, and the reconciler removes the rule. The second time does nothing.

    Args:
        tx: the transaction, which the caller commits.
        policy: names the approvers and the channels.
        target: the database.
        lost: the rule; its description names at least one grant.
        now: business time.
        covered: numbers of requests whose open grants cover its network in the store as it is.

    Returns:
        The grants that were recorded.
    """
    if not await tx.mtls_rules.rebuild(target.id, lost):
        return ()
    found = [
        await _rebuild_grant(tx, policy, target, lost, holder, now)
        for holder in lost.holders(now)
        if holder.request not in covered
    ]
    await tx.reconcile_queue.bump_generation(target.id, Method.MTLS)
    return tuple(found)


async def _rebuild_grant(
    tx: Transaction, policy: Policy, target: Target, lost: LostRule, holder: RuleHolder, now: datetime
) -> Grant:
    doing = AuditContext(actor=BOT, at=now, details={"rebuilt": str(lost.rule), "named": str(holder.request)})
    request = await tx.requests.add_rebuilt(
        await _request(tx, policy, target, lost, holder, now), number=holder.request, doing=doing
    )
    # The approvers are no longer known; a request that is approved has a decision all the same.
    vote = Decision(person=BOT, verdict=Verdict.APPROVE, reason="", at=now)
    await tx.requests.record_decision(request.id, vote)
    grant = _grant(request, lost, policy, now)
    await tx.grants.open(grant, doing=doing)
    await tx.outbox.add_cards(request.id, approvals=policy.approvals_channel, requester=holder.owner)
    told = {policy.operations_channel}
    if grant.state in grants.LIVE_STATES:
        told.add(holder.owner)
    for to in sorted(told):
        key = f"{MessageKind.REBUILT}:{grant.id}:{to}"
        await tx.outbox.add(MessageKind.REBUILT, to=to, key=key, request=request.id)
    return grant


def _grant(request: Request, lost: LostRule, policy: Policy, now: datetime) -> Grant:
    begun = grants.begin(request, id=uuid4(), now=now)
    if lost.fate(now) is Fate.OVERDUE:
        return grants.closing(begun, ReasonCode.EXPIRED)
    # Heroku's list has just shown it.
    return grants.verified(begun, now=now, warn_before=policy.warn_before)


async def _request(
    tx: Transaction, policy: Policy, target: Target, lost: LostRule, holder: RuleHolder, now: datetime
) -> NewRequest:
    try:
        rule = (await rule_concerning(tx, policy, target, Method.MTLS)).name
    except Refused:
        # Nobody may ask for it any more; whoever may revoke it then is asked for by today's policy.
        rule = ""
    terms = Terms(
        method=Method.MTLS,
        target=target.id,
        subject=lost.network,
        duration=None,
        until=holder.ends_at,
        reason=REASON,
    )
    return NewRequest(
        kind=Kind.OPEN,
        terms=terms,
        requester=holder.owner,
        rule=rule,
        needed=1,
        expires_at=now,
        remind_at=None,
    )

"""Records again what a lost or restored store no longer knows, from what is at Heroku."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

from bot.domain import grant as grants
from bot.domain.grant import Grant, ReasonCode
from bot.domain.method import Method
from bot.domain.policy.rules import Policy
from bot.domain.request import Decision, Kind, Request, Terms, Verdict
from bot.domain.subject import Subject
from bot.domain.target import Target
from bot.errors import Refused
from bot.ports import BOT, AuditContext, MessageKind, NewRequest, Transaction
from bot.services.judgement import rule_concerning
from bot.services.reports.notes import needs_note, note_of

REASON: Final = "not known: recorded again from Heroku after the data of pgaccess was lost or restored"
"""The reason of a request that was recorded again: what was given then went with the store."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LostGrant:
    """A grant that the store does not know, by what is left of it.

    Attributes:
        request: number of its request then.
        owner: Slack id.
        ends_at: None without an end.
        evidence: what it was read from, for the audit log.
    """

    method: Method
    subject: Subject
    request: int
    owner: str
    ends_at: datetime | None
    evidence: str

    def is_past(self, now: datetime) -> bool:
        """Whether its end has passed at ``now``, business time."""
        return self.ends_at is not None and self.ends_at <= now


async def rebuild_grant(
    tx: Transaction, policy: Policy, target: Target, lost: LostGrant, *, now: datetime
) -> Grant:
    """Records a grant again, with its request, cards and audit lines.

    Within its end it is in force, since Heroku has just listed what it opened: the ordinary path warns its
    owner and ends it. Past its end it is ending, and the reconciler removes what it opened.

    Args:
        tx: the transaction, in which its entries are recorded as owned as well.
        policy: names the approvers and the channels.
        target: the database or space.
        lost: the grant.
        now: business time.
    """
    details = {"rebuilt": lost.evidence, "named": str(lost.request)}
    doing = AuditContext(actor=BOT, at=now, details=details)
    wanted = await _request(tx, policy, target, lost, now)
    request = await tx.requests.add_rebuilt(wanted, number=lost.request, doing=doing)
    # The approvers are no longer known; a request that is approved has a decision all the same.
    vote = Decision(person=BOT, verdict=Verdict.APPROVE, reason="", at=now)
    await tx.requests.record_decision(request.id, vote)
    grant = _grant(request, lost, policy, now)
    await tx.grants.open(grant, doing=doing)
    if needs_note(grant):
        await tx.outbox.add_all([note_of(grant, policy, at=now)])
    await tx.outbox.add_cards(request.id, approvals=policy.approvals_channel, requester=lost.owner)
    # Nobody may have asked about the owner yet: whoever has left, or was never there, keeps nothing.
    await tx.slack_users.request_unread([lost.owner])
    told = {policy.operations_channel}
    if not lost.is_past(now):
        told.add(lost.owner)
    for to in sorted(told):
        key = f"{MessageKind.REBUILT}:{grant.id}:{to}"
        await tx.outbox.add(MessageKind.REBUILT, to=to, key=key, request=request.id)
    return grant


def _grant(request: Request, lost: LostGrant, policy: Policy, now: datetime) -> Grant:
    begun = grants.begin(request, id=uuid4(), now=now)
    if lost.is_past(now):
        return grants.closing(begun, ReasonCode.EXPIRED)
    return grants.verified(begun, now=now, warn_before=policy.warn_before)


async def _request(
    tx: Transaction, policy: Policy, target: Target, lost: LostGrant, now: datetime
) -> NewRequest:
    try:
        rule = (await rule_concerning(tx, policy, target, lost.method)).name
    except Refused:
        # Nobody may ask for it any more; who may revoke it is asked of the policy of that day.
        rule = ""
    terms = Terms(
        method=lost.method,
        target=target.id,
        subject=lost.subject,
        duration=None,
        until=lost.ends_at,
        reason=REASON,
    )
    return NewRequest(
        kind=Kind.OPEN,
        terms=terms,
        requester=lost.owner,
        rule=rule,
        needed=1,
        expires_at=now,
        remind_at=None,
    )

"""Checks membership again before access is opened: an approval may be hours old."""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Any
from uuid import UUID

from bot.domain.grant import ReasonCode
from bot.domain.owned_entry import DesiredGrant
from bot.domain.person import require_member
from bot.domain.policy.rules import Policy
from bot.errors import Refused
from bot.ports import ReconcileJob, Transaction
from bot.reconciler.outcome import Outcome
from bot.services.judgement import TRANSIENT, judge


class MembershipStatus(Enum):
    """What is known of the person whom access was granted to."""

    MEMBER = auto()
    OUTSIDER = auto()
    UNKNOWN = auto()


async def membership_status(tx: Transaction, person: str) -> MembershipStatus:
    """Returns a person's membership; one who is not known well enough is looked up, and waits for that."""
    found = await tx.slack_users.find(person)
    if found is None:
        # A pending lookup is left as it is: requested anew, the answer to it would not count.
        if await tx.slack_users.requested_lookup(person) is None:
            await tx.slack_users.request_lookup(person)
        return MembershipStatus.UNKNOWN
    try:
        require_member(found)
    except Refused:
        return MembershipStatus.OUTSIDER
    return MembershipStatus.MEMBER


async def grants_allowed_now(
    tx: Transaction,
    policy: Policy,
    job: ReconcileJob,
    grants: Iterable[DesiredGrant[Any]],
    outcome: Outcome,
) -> frozenset[UUID]:
    """Returns the grants that may be opened at this moment: by membership, and by today's policy.

    The grants of people who are no members any more fail, and those that the policy no longer allows; what is
    not known well enough waits, and everything waits while the policy cannot be read.

    Args:
        tx: that records the intent to open.
        policy: today's.
        job: the target and its method.
        grants: about to be opened.
        outcome: notes which of them fail.
    """
    if not policy.readable:
        return frozenset()
    allowed = set()
    for grant in grants:
        match await membership_status(tx, grant.owner):
            case MembershipStatus.MEMBER if await _is_allowed(tx, policy, job, grant, outcome):
                allowed.add(grant.grant)
            case MembershipStatus.OUTSIDER:
                outcome.fail_grants([grant.grant], ReasonCode.PERSON)
    return frozenset(allowed)


async def _is_allowed(
    tx: Transaction, policy: Policy, job: ReconcileJob, grant: DesiredGrant[Any], outcome: Outcome
) -> bool:
    """Whether today's policy allows a grant; one that it refuses fails, one that it cannot judge waits."""
    details = await tx.requests.details(grant.request)
    if details is None or details.grant is None:
        return False
    try:
        # Its length counts from its approval: what was allowed then is not too long by having waited.
        await judge(tx, policy, details, now=details.grant.started_at)
    except Refused as refused:
        if refused.reason not in TRANSIENT:
            outcome.fail_grants([grant.grant], ReasonCode.POLICY)
        return False
    return True

"""Asks again before something is opened whether it still may be: an approval may be hours old."""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Any, Final
from uuid import UUID

from bot.domain.grant import ReasonCode
from bot.domain.owned_entry import DesiredGrant
from bot.domain.person import require_member
from bot.domain.policy.rules import Policy
from bot.errors import Refused
from bot.ports import Transaction
from bot.reconciler.outcome import Outcome
from bot.services.judgement import TRANSIENT, judge


class OpeningStatus(Enum):
    """Whether what was approved may be opened at this moment."""

    ALLOWED = auto()
    OUTSIDER = auto()
    REFUSED = auto()
    UNKNOWN = auto()


REASONS: Final = {
    OpeningStatus.OUTSIDER: ReasonCode.PERSON,
    OpeningStatus.REFUSED: ReasonCode.POLICY,
}
"""Why what may not be opened fails; what is not known waits."""


async def opening_status(tx: Transaction, policy: Policy, *, owner: str, request: int) -> OpeningStatus:
    """Returns whether access may be opened for somebody now: by membership, and by today's policy.

    Args:
        tx: that records the intent to open.
        policy: today's; while it cannot be read, everything waits.
        owner: Slack id of the person. One who is not known well enough is looked up.
        request: the number of the approved request.
    """
    if not policy.readable:
        return OpeningStatus.UNKNOWN
    found = await tx.slack_users.find(owner)
    if found is None:
        # A pending lookup is left as it is: requested anew, the answer to it would not count.
        if await tx.slack_users.requested_lookup(owner) is None:
            await tx.slack_users.request_lookup(owner)
        return OpeningStatus.UNKNOWN
    try:
        require_member(found)
    except Refused:
        return OpeningStatus.OUTSIDER
    details = await tx.requests.details(request)
    if details is None:
        return OpeningStatus.UNKNOWN
    try:
        # Its length counts from its approval: what was allowed then is not too long by having waited.
        await judge(tx, policy, details, now=details.request.decided_at or details.request.asked_at)
    except Refused as refused:
        return OpeningStatus.UNKNOWN if refused.reason in TRANSIENT else OpeningStatus.REFUSED
    return OpeningStatus.ALLOWED


async def grants_allowed_now(
    tx: Transaction, policy: Policy, grants: Iterable[DesiredGrant[Any]], outcome: Outcome
) -> frozenset[UUID]:
    """Returns the grants that may be opened at this moment; notes which of the others fail, and why.

    Args:
        tx: that records the intent to open.
        policy: today's.
        grants: about to be opened.
        outcome: of the run.
    """
    allowed = set()
    for grant in grants:
        status = await opening_status(tx, policy, owner=grant.owner, request=grant.request)
        if status is OpeningStatus.ALLOWED:
            allowed.add(grant.grant)
        elif status in REASONS:
            outcome.fail_grants([grant.grant], REASONS[status])
    return frozenset(allowed)

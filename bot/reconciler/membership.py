"""Asks again before something is opened whether it still may be: an approval may be hours old."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final
from uuid import UUID

from bot.domain.grant import ReasonCode
from bot.domain.owned_entry import DesiredGrant
from bot.domain.person import Person, require_member
from bot.domain.policy.rules import Policy, rule_for
from bot.domain.request import Request
from bot.domain.target import Database
from bot.errors import Refused
from bot.ports import ReconcileJob, Transaction
from bot.reconciler.outcome import Outcome
from bot.services.judgement import TRANSIENT, databases_inside, require_terms


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """What is asked again: whose access to open, by which approved request.

    Attributes:
        owner: Slack id.
        request: the number of the approved request.
    """

    owner: str
    request: int


async def opening_statuses(
    tx: Transaction, policy: Policy, job: ReconcileJob, openings: Iterable[Opening]
) -> Mapping[Opening, OpeningStatus]:
    """Returns whether each may be opened now: by membership, and by today's policy.

    The queue's row is locked meanwhile and clicks wait for it: the number of queries depends on the number of
    owners, and not on that of grants.

    Args:
        tx: that records the intent to open.
        policy: today's; while it cannot be read, everything waits.
        job: the target and its method.
        openings: what is about to be opened.
    """
    asked = tuple(openings)
    if not policy.readable:
        return dict.fromkeys(asked, OpeningStatus.UNKNOWN)
    inside = await databases_inside(tx, job.target)
    owners = {owner: await _owner(tx, policy, owner) for owner in sorted({each.owner for each in asked})}
    requests = {each.id: each for each in await tx.requests.all([each.request for each in asked])}
    return {
        each: _status(policy, job, owners[each.owner], requests.get(each.request), inside) for each in asked
    }


async def _owner(tx: Transaction, policy: Policy, id: str) -> Person | None:
    """Returns what is known of an owner; one who is not known well enough is looked up."""
    found = await tx.slack_users.find(id, groups=policy.groups)
    # A pending lookup is left as it is: requested anew, the answer to it would not count.
    if found is None and await tx.slack_users.requested_lookup(id) is None:
        await tx.slack_users.request_lookup(id)
    return found


def _status(
    policy: Policy,
    job: ReconcileJob,
    owner: Person | None,
    request: Request | None,
    inside: Sequence[Database],
) -> OpeningStatus:
    if owner is None or request is None:
        return OpeningStatus.UNKNOWN
    try:
        require_member(owner)
    except Refused:
        return OpeningStatus.OUTSIDER
    try:
        rule = rule_for(
            policy,
            target=job.target,
            method=job.method,
            ids=owner.ids,
            unknown=owner.unknown_groups,
            inside=inside,
        )
        # Its length counts from its approval: what was allowed then is not too long by having waited.
        require_terms(rule, request.kind, request.terms, now=request.decided_at or request.asked_at)
    except Refused as refused:
        return OpeningStatus.UNKNOWN if refused.reason in TRANSIENT else OpeningStatus.REFUSED
    return OpeningStatus.ALLOWED


async def grants_allowed_now(
    tx: Transaction,
    policy: Policy,
    job: ReconcileJob,
    grants: Iterable[DesiredGrant[Any]],
    outcome: Outcome,
) -> frozenset[UUID]:
    """Returns the grants that may be opened at this moment; notes which of the others fail, and why.

    Args:
        tx: that records the intent to open.
        policy: today's.
        job: the target and its method.
        grants: about to be opened.
        outcome: of the run.
    """
    asked = {grant.grant: Opening(owner=grant.owner, request=grant.request) for grant in grants}
    statuses = await opening_statuses(tx, policy, job, asked.values())
    for grant, opening in asked.items():
        if statuses[opening] in REASONS:
            outcome.fail_grants([grant], REASONS[statuses[opening]])
    return frozenset(grant for grant, each in asked.items() if statuses[each] is OpeningStatus.ALLOWED)

"""Checks membership again before access is opened: an approval may be hours old."""

from collections.abc import Iterable
from enum import Enum, auto
from typing import Any
from uuid import UUID

from bot.domain.grant import ReasonCode
from bot.domain.owned_entry import DesiredGrant
from bot.domain.person import require_member
from bot.errors import Refused
from bot.ports import Transaction
from bot.reconciler.outcome import Outcome


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


async def grants_of_members(
    tx: Transaction, grants: Iterable[DesiredGrant[Any]], outcome: Outcome
) -> frozenset[UUID]:
    """Returns the grants whose owners are full members at this moment.

    The grants of people who are none any more fail; those of people who are not known well enough wait.
    """
    members = set()
    for grant in grants:
        match await membership_status(tx, grant.owner):
            case MembershipStatus.MEMBER:
                members.add(grant.grant)
            case MembershipStatus.OUTSIDER:
                outcome.fail_grants([grant.grant], ReasonCode.PERSON)
    return frozenset(members)

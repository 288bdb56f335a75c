"""Whether somebody may still be let in when Heroku is asked: their approval may be hours old."""

from enum import Enum, auto

from bot.domain.person import require_member
from bot.errors import Refused
from bot.ports import Transaction


class MembershipStatus(Enum):
    """What is known of the person whom access was granted to."""

    MEMBER = auto()
    OUTSIDER = auto()
    UNKNOWN = auto()


async def membership_status(tx: Transaction, person: str) -> MembershipStatus:
    """How somebody stands; whoever is not known well enough is looked up, and has to wait for that."""
    found = await tx.slack_users.find(person)
    if found is None:
        # An open question is left as it is: asked anew, the answer to it would be none.
        if await tx.slack_users.question(person) is None:
            await tx.slack_users.request_lookup(person)
        return MembershipStatus.UNKNOWN
    try:
        require_member(found)
    except Refused:
        return MembershipStatus.OUTSIDER
    return MembershipStatus.MEMBER

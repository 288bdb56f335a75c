"""The rules of the house: who approves, for how long, and where it is talked about."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.duration import show_duration
from bot.domain.request import Request
from bot.errors import Refusal, Refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The policy file as one value; see ``pgaccess.example.toml`` for every key.

    Attributes:
        approvals_channel: Slack id of the channel where requests are decided.
        operations_channel: Slack id of the channel that hears of trouble.
        language: of the cards in channels, ``en`` or ``ja``.
        approvers: Slack ids of the people who may decide.
        default_duration: when a person names none.
        longest_duration: a longer wish is refused.
        warn_before: how long before the end the requester is warned.
        minimum_reason: least number of characters of a reason; 0 makes it optional.
    """

    approvals_channel: str
    operations_channel: str
    language: str
    approvers: frozenset[str]
    default_duration: timedelta
    longest_duration: timedelta
    warn_before: timedelta
    minimum_reason: int


def allowed_duration(
    policy: Policy, *, now: datetime, wish: timedelta | None, until: datetime | None
) -> timedelta | None:
    """The duration to record: the wish, or the default when nothing was said; None when ``until`` rules.

    Raises:
        Refused: longer than the policy allows, or over before it begins.
    """
    longest = show_duration(policy.longest_duration)
    if until is not None:
        if until <= now:
            raise Refused(Refusal.END_PAST)
        if until - now > policy.longest_duration:
            raise Refused(Refusal.DURATION_TOO_LONG, longest=longest)
        return None
    duration = policy.default_duration if wish is None else wish
    if duration > policy.longest_duration:
        raise Refused(Refusal.DURATION_TOO_LONG, longest=longest)
    return duration


def require_reason(policy: Policy, reason: str) -> None:
    """Refuses a reason that is shorter than the policy wants."""
    if len(reason) < policy.minimum_reason:
        raise Refused(Refusal.REASON_SHORT, least=policy.minimum_reason)


def require_approver(policy: Policy, *, person: str, request: Request) -> None:
    """Refuses everybody but an approver, and the requester always.

    Raises:
        Refused: nobody decides on their own request, and only approvers decide at all.
    """
    if person == request.requester:
        raise Refused(Refusal.APPROVER_SELF, id=request.id)
    if person not in policy.approvers:
        raise Refused(Refusal.APPROVER_NOT, id=request.id)

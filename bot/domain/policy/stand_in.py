"""What a process goes on with while its policy cannot be read: ends, warnings, removals; nothing new."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.policy.rules import Policy, Reasons, WhenOwnerLeaves


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyState:
    """What is kept of the last policy that could be read.

    Who may ask or approve is not: a rule that the file has lost must not go on allowing anybody.

    Attributes:
        digest: tells one text of the file from another.
        approvals_channel: where cards are.
        operations_channel: where alerts go.
        language: of channel messages.
        warn_before: how long before the end the owner is warned.
        when_owner_leaves: what becomes of a leaver's certificates.
        unreadable_since: business time since which some process could not read the policy; None where the
            last one that started could.
    """

    digest: str
    approvals_channel: str
    operations_channel: str
    language: str
    warn_before: timedelta
    when_owner_leaves: WhenOwnerLeaves
    unreadable_since: datetime | None = None


def state_of(policy: Policy) -> PolicyState:
    """Returns what is to be kept of a policy that could be read."""
    return PolicyState(
        digest=policy.digest,
        approvals_channel=policy.approvals_channel,
        operations_channel=policy.operations_channel,
        language=policy.language,
        warn_before=policy.warn_before,
        when_owner_leaves=policy.when_owner_leaves,
    )


def stand_in(state: PolicyState, *, problem: str) -> Policy:
    """Returns a policy under which everything ends as it was promised, and nothing can be requested.

    Args:
        state: of the last policy that could be read.
        problem: why today's cannot be read, as a sentence.
    """
    return Policy(
        approvals_channel=state.approvals_channel,
        operations_channel=state.operations_channel,
        language=state.language,
        admins=frozenset(),
        warn_before=state.warn_before,
        when_owner_leaves=state.when_owner_leaves,
        targets=(),
        rules=(),
        # What it said of reasons is not known: less is shown rather than more.
        reasons=Reasons.APPROVERS,
        readable=False,
        problem=problem,
        digest=state.digest,
    )

"""Who approves under a rule, and how many are missing."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.domain.person import Person, UserId
from bot.domain.policy.rules import Rule
from bot.errors import Refusal, Refused


def missing_approvals(rule: Rule, voters: Sequence[Collection[str]]) -> int:
    """Returns how many more approvals a request needs; one vote may satisfy several combined rules.

    Args:
        rule: that matches now.
        voters: of each person who approved, their id and the ids of their user groups.
    """
    return max(
        part.approvals - sum(not part.approvers.isdisjoint(ids) for ids in voters) for part in rule.each
    )


def with_admins(rule: Rule, admins: frozenset[str]) -> Rule:
    """Returns a rule under which the admins decide as well."""
    parts = tuple(replace(part, approvers=part.approvers | admins) for part in rule.parts)
    return replace(rule, approvers=rule.approvers | admins, parts=parts)


def require_known_approver(rule: Rule, member: Person, *, parties: Collection[str], request: int) -> None:
    """Refuses as ``require_approver`` does, and somebody of whom it is not known whether they may approve.

    Raises:
        Refused: they are no approver, or belong to a group whose members are not known (``GROUPS_UNKNOWN``).
    """
    doubtful = rule.approvers & member.unknown_groups
    if doubtful and rule.approvers.isdisjoint(member.ids) and member.id not in parties:
        raise Refused(Refusal.GROUPS_UNKNOWN, group=UserId(min(doubtful)))
    require_approver(rule, ids=member.ids, parties=parties, request=request)


def require_approver(rule: Rule, *, ids: Collection[str], parties: Collection[str], request: int) -> None:
    """Refuses everybody but an approver, and always whom it is for and who asked for it.

    Args:
        rule: that allows the request now.
        ids: the deciding person's id, and the ids of their user groups.
        parties: Slack ids of the requester, and of who asked for them.
        request: its number, for the error.

    Raises:
        Refused: nobody decides on their own request, and only approvers decide at all.
    """
    if not set(parties).isdisjoint(ids):
        raise Refused(Refusal.APPROVER_SELF, id=request)
    if rule.approvers.isdisjoint(ids):
        raise Refused(Refusal.APPROVER_NOT, id=request)

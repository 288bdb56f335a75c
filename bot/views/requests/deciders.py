"""Who may decide a request, as mentions."""

from bot.domain.policy.rules import Policy
from bot.domain.request import Request
from bot.i18n.translator import Mrkdwn, Translator


def approvers(policy: Policy, rule: str, t: Translator) -> Mrkdwn:
    """Those who may decide under a rule, mentioned."""
    return _mentioned(_approvers(policy, rule), policy, t)


def deciding_people(policy: Policy, request: Request, t: Translator) -> Mrkdwn:
    """Those who may decide a request, mentioned: with the admins where nobody else could."""
    if not request.by_admins:
        return approvers(policy, request.rule, t)
    # One list, so that nobody is mentioned twice.
    return _mentioned(_approvers(policy, request.rule) | policy.admins, policy, t)


def admins(policy: Policy, rule: str, t: Translator) -> Mrkdwn:
    """The admins, mentioned; where the policy names none, those who may decide under a rule."""
    return _mentioned(policy.admins or _approvers(policy, rule), policy, t)


def _approvers(policy: Policy, rule: str) -> frozenset[str]:
    named = policy.rule_named(rule)
    return policy.admins if named is None else named.approvers


def _mentioned(people: frozenset[str], policy: Policy, t: Translator) -> Mrkdwn:
    """Sorted, so that rendering twice gives the same text; groups, which reach most people, come first."""
    if not people:
        # While the policy cannot be read nobody is known by name.
        return Mrkdwn(f"<#{policy.approvals_channel}>")
    return t.people(sorted(people))

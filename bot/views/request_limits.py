"""What a form says before it is sent: which rules may apply, their limits, and who decides."""

from typing import Final

from bot.domain.method import Method
from bot.domain.policy.rules import Policy, Rule, applicable_rules
from bot.domain.target import Database, Target
from bot.errors import Refused
from bot.i18n.translator import Translator, cut
from bot.ports import Block
from bot.views import block_kit
from bot.views.requests import deciders

SHOWN: Final = 3
"""Rules of which a form shows the limits: more would push its fields out of sight."""

NAME: Final = 60
"""Characters of a rule's name; the policy allows no more."""


def limits(policy: Policy, method: Method, target: Target | None, t: Translator) -> list[Block]:
    """The default duration, the longest, the widest network and the deciders of each rule that may apply.

    Args:
        policy: today's.
        method: whose form it is.
        target: that the form opens with; None where the person still has to choose. Of a space every rule is
            shown, since the databases inside decide which ones apply.
        t: the reader's language.
    """
    environments = None
    if isinstance(target, Database):
        try:
            environments = policy.environments(target)
        except Refused:
            # Said when the form is sent, with what to do about it.
            return []
    rules = applicable_rules(policy, method, environments)
    shown = [block_kit.context(_limit(rule, policy, method, t)) for rule in rules[:SHOWN]]
    if len(rules) > SHOWN:
        shown.append(block_kit.context(t("form.limits.more", count=len(rules) - SHOWN)))
    return shown


def _limit(rule: Rule, policy: Policy, method: Method, t: Translator) -> str:
    params = {
        "rule": cut(rule.name, NAME),
        "default": rule.default_duration,
        "longest": rule.longest_duration,
        "approvers": deciders.approvers(policy, rule.name, t),
        "needed": rule.approvals,
    }
    if method is Method.PRIVATELINK:
        return t("form.limits.accounts", **params)
    return t("form.limits", widest=rule.widest, **params)

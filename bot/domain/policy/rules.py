"""The policy: who may request what, who approves and how many, for how long, and how wide."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.domain.method import Method
from bot.domain.subject import Network
from bot.domain.target import Space, Target
from bot.errors import Refusal, Refused

DEFAULT_ENVIRONMENT: Final = "default"
"""The environment of a database or a space that the policy does not list."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule of the policy. People are Slack ids of persons (``U…``, ``W…``) and user groups (``S…``).

    Attributes:
        name: as shown in messages and by ``policy test``.
        denies: whether it denies; a matching rule that denies wins over every other.
        environments: that it applies to; None for all.
        methods: that it applies to; None for all.
        requesters: who may request; None for every full member.
        approvers: who may decide.
        approvals: number of approvals required.
        default_duration: if the request names none.
        longest_duration: a longer request is refused.
        permanent: whether access without an end may be requested.
        widest: the shortest prefix that may be requested: 32 is a single address.
        minimum_reason: minimum number of characters of a reason; 0 makes it optional.
        extend_alone: how much an owner may extend one grant without a new decision, in total.
        lapse_after: how long until an undecided request lapses.
        remind_after: when approvers are reminded, counted from the request.
    """

    name: str
    denies: bool
    environments: frozenset[str] | None
    methods: frozenset[Method] | None
    requesters: frozenset[str] | None
    approvers: frozenset[str]
    approvals: int
    default_duration: timedelta
    longest_duration: timedelta
    permanent: bool
    widest: int
    minimum_reason: int
    extend_alone: timedelta
    lapse_after: timedelta
    remind_after: tuple[timedelta, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyTarget:
    """A database or a space that the policy names.

    Attributes:
        alias: the name that people may type.
        database: name of the add-on or of its app; for a space, its own name.
        environment: by which rules match it.
        is_space: whether it is a space, the target of trusted IP ranges.
    """

    alias: str
    database: str
    environment: str
    is_space: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The policy file as one value; see ``pgaccess.example.toml`` for every key.

    Attributes:
        approvals_channel: Slack id of the channel where requests are decided.
        operations_channel: Slack id of the channel for operational alerts.
        language: of channel messages, ``en`` or ``ja``.
        admins: people and groups who may end any access.
        warn_before: how long before the end the owner is warned.
        targets: the databases and spaces with an alias or an environment.
        rules: in the order of the file; the first match applies.
    """

    approvals_channel: str
    operations_channel: str
    language: str
    admins: frozenset[str]
    warn_before: timedelta
    targets: tuple[PolicyTarget, ...]
    rules: tuple[Rule, ...]

    @property
    def groups(self) -> frozenset[str]:
        """Every user group that the policy names, whose members have to be synchronized."""
        named = set(self.admins)
        for rule in self.rules:
            named |= rule.approvers | (rule.requesters or frozenset())
        return frozenset(id for id in named if id.startswith("S"))

    @property
    def aliases(self) -> Mapping[str, str]:
        """The name of the add-on, app or space that each alias stands for."""
        return {each.alias: each.database for each in self.targets}

    @property
    def space_aliases(self) -> Mapping[str, str]:
        """The name of the space that each alias of a space stands for."""
        return {each.alias: each.database for each in self.targets if each.is_space}

    def listed(self, target: Target) -> PolicyTarget | None:
        """Returns the policy's entry for a target; an add-on's name takes precedence over its app's."""
        names = [name.lower() for name in target.names]
        alike = [one for one in self.targets if one.is_space == isinstance(target, Space)]
        found = (one for name in names for one in alike if one.database.lower() == name)
        return next(found, None)

    def environment(self, target: Target) -> str:
        """Returns the environment of a target."""
        listed = self.listed(target)
        return DEFAULT_ENVIRONMENT if listed is None else listed.environment

    def rule_named(self, name: str) -> Rule | None:
        """Returns a rule by its name; None if the policy no longer has it."""
        return next((rule for rule in self.rules if rule.name == name), None)

    def is_admin(self, ids: Collection[str]) -> bool:
        """Whether any of a person's ids (their own and their groups') is an admin's."""
        return not self.admins.isdisjoint(ids)


def rule_for(policy: Policy, *, target: Target, method: Method, ids: Collection[str]) -> Rule:
    """Returns the rule that allows a request: a denying rule wins, and no matching rule means refused.

    Args:
        policy: the rules.
        target: what is requested.
        method: access method.
        ids: the person's id and the ids of their user groups.

    Raises:
        Refused: a rule denies it, or none allows it.
    """
    environment = policy.environment(target)
    matching = [rule for rule in policy.rules if _matches(rule, environment, method, ids)]
    denying = next((rule for rule in matching if rule.denies), None)
    if denying is not None:
        raise Refused(Refusal.POLICY_DENIES, app=target.label, rule=denying.name)
    if not matching:
        raise Refused(Refusal.POLICY_SILENT, app=target.label)
    return matching[0]


def allowed_duration(
    rule: Rule, *, now: datetime, requested: timedelta | None, until: datetime | None
) -> timedelta | None:
    """Returns the duration to record: as requested, or the rule's default; None when ``until`` applies.

    Raises:
        Refused: longer than the rule allows, or over before it begins.
    """
    if until is not None:
        if until <= now:
            raise Refused(Refusal.END_PAST)
        if until - now > rule.longest_duration:
            raise Refused(Refusal.DURATION_TOO_LONG, longest=rule.longest_duration)
        return None
    duration = rule.default_duration if requested is None else requested
    if duration > rule.longest_duration:
        raise Refused(Refusal.DURATION_TOO_LONG, longest=rule.longest_duration)
    return duration


def require_width(rule: Rule, network: Network) -> None:
    """Refuses a network that is wider than the rule allows."""
    if network.prefixlen < rule.widest:
        raise Refused(Refusal.ADDRESS_WIDER_THAN_POLICY, given=str(network), widest=rule.widest)


def require_reason(rule: Rule, reason: str) -> None:
    """Refuses a reason that is shorter than the rule requires."""
    if len(reason) < rule.minimum_reason:
        raise Refused(Refusal.REASON_SHORT, least=rule.minimum_reason)


def require_approver(rule: Rule, *, ids: Collection[str], requester: str, request: int) -> None:
    """Refuses everybody but an approver, and the requester always.

    Args:
        rule: that allowed the request.
        ids: the deciding person's id, and the ids of their user groups.
        requester: Slack id of the requester.
        request: its number, for the error.

    Raises:
        Refused: nobody decides on their own request, and only approvers decide at all.
    """
    if requester in ids:
        raise Refused(Refusal.APPROVER_SELF, id=request)
    if rule.approvers.isdisjoint(ids):
        raise Refused(Refusal.APPROVER_NOT, id=request)


def _matches(rule: Rule, environment: str, method: Method, ids: Collection[str]) -> bool:
    return (
        (rule.environments is None or environment in rule.environments)
        and (rule.methods is None or method in rule.methods)
        and (rule.requesters is None or not rule.requesters.isdisjoint(ids))
    )

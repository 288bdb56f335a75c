"""The rules of the house: who may ask for what, who approves, how many, for how long, and how wide."""

from collections.abc import Collection
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
        name: how sentences and ``policy test`` call it.
        denies: a matching rule that denies wins over every other.
        environments: of the databases that it is for; None is every one.
        methods: None is every one.
        requesters: who may ask; None is every full member.
        approvers: who may decide.
        approvals: how many of them have to agree.
        default_duration: when nobody says for how long.
        longest_duration: a longer wish is refused.
        permanent: whether access without an end may be asked for.
        widest: the shortest prefix that may be asked for: 32 is a single address.
        minimum_reason: least number of characters of a reason; 0 makes it optional.
        extend_alone: how much an owner may extend one grant without a new decision, in total.
        lapse_after: an undecided request is over after this.
        remind_after: when the approvers are reminded, from the asking.
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
class Listed:
    """A database or a space that the policy names.

    Attributes:
        alias: what people may call it.
        database: its add-on's name, or its app's; of a space, its own.
        environment: what rules know it by.
        is_space: it is a space, which its trusted IP ranges are asked for.
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
        operations_channel: Slack id of the channel that hears of trouble.
        language: of what is posted in channels, ``en`` or ``ja``.
        admins: people and groups who may end any access.
        warn_before: how long before an end its owner is warned.
        targets: the databases and spaces that have an alias or an environment.
        rules: in the order of the file; the first that matches counts.
    """

    approvals_channel: str
    operations_channel: str
    language: str
    admins: frozenset[str]
    warn_before: timedelta
    targets: tuple[Listed, ...]
    rules: tuple[Rule, ...]

    @property
    def groups(self) -> frozenset[str]:
        """Every user group that the policy names: their members have to be known."""
        named = set(self.admins)
        for rule in self.rules:
            named |= rule.approvers | (rule.requesters or frozenset())
        return frozenset(id for id in named if id.startswith("S"))

    def listed(self, target: Target) -> Listed | None:
        """What the policy says of a database or a space; an add-on's name goes before its app's."""
        names = [name.lower() for name in target.names]
        alike = [one for one in self.targets if one.is_space == isinstance(target, Space)]
        found = (one for name in names for one in alike if one.database.lower() == name)
        return next(found, None)

    def environment(self, target: Target) -> str:
        """The environment of a database or a space."""
        listed = self.listed(target)
        return DEFAULT_ENVIRONMENT if listed is None else listed.environment

    def rule_named(self, name: str) -> Rule | None:
        """A rule by its name; None when the policy does not have it (any more)."""
        return next((rule for rule in self.rules if rule.name == name), None)

    def is_admin(self, ids: Collection[str]) -> bool:
        """Whether somebody, by their own id or by a group's, is an admin."""
        return not self.admins.isdisjoint(ids)


def rule_for(policy: Policy, *, target: Target, method: Method, ids: Collection[str]) -> Rule:
    """The rule under which somebody may ask: deny wins, and no rule means refused.

    Args:
        policy: the rules.
        target: what is asked for.
        method: by which way.
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
    rule: Rule, *, now: datetime, request_input: timedelta | None, until: datetime | None
) -> timedelta | None:
    """The duration to record: the wish, or the default when nothing was said; None when ``until`` counts.

    Raises:
        Refused: longer than the rule allows, or over before it begins.
    """
    if until is not None:
        if until <= now:
            raise Refused(Refusal.END_PAST)
        if until - now > rule.longest_duration:
            raise Refused(Refusal.DURATION_TOO_LONG, longest=rule.longest_duration)
        return None
    duration = rule.default_duration if request_input is None else request_input
    if duration > rule.longest_duration:
        raise Refused(Refusal.DURATION_TOO_LONG, longest=rule.longest_duration)
    return duration


def require_width(rule: Rule, network: Network) -> None:
    """Refuses a network that is wider than the rule allows."""
    if network.prefixlen < rule.widest:
        raise Refused(Refusal.ADDRESS_WIDER_THAN_POLICY, given=str(network), widest=rule.widest)


def require_reason(rule: Rule, reason: str) -> None:
    """Refuses a reason that is shorter than the rule wants."""
    if len(reason) < rule.minimum_reason:
        raise Refused(Refusal.REASON_SHORT, least=rule.minimum_reason)


def require_approver(rule: Rule, *, ids: Collection[str], requester: str, request: int) -> None:
    """Refuses everybody but an approver, and the requester always.

    Args:
        rule: under which it was asked.
        ids: the id of who decides, and those of their user groups.
        requester: who asked.
        request: its number, for the sentence.

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

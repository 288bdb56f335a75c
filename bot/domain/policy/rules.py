"""The policy: who may request what, who approves and how many, for how long, and how wide."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from bot.domain.method import Method
from bot.domain.networks.named import NamedNetwork
from bot.domain.person import UserId
from bot.domain.policy.environments import (
    Pattern,
    PolicyTarget,
    aliases_of,
    environments_of,
    listed_entry,
)
from bot.domain.policy.periods import KeepPeriods, ReviewPeriods
from bot.domain.policy.presets import Preset
from bot.domain.target import Aliases, Database, Target
from bot.errors import Refusal, Refused


class WhenNobody(StrEnum):
    """What becomes of a request that nobody but the requester could approve."""

    REFUSE = "refuse"
    ADMINS = "admins"


class WhenOwnerLeaves(StrEnum):
    """What becomes of the certificates of somebody who left; their access always ends."""

    END = "end"
    ASK = "ask"


class Reasons(StrEnum):
    """Who may read the reasons that people give."""

    EVERYONE = "everyone"
    APPROVERS = "approvers"


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
        on_behalf: whether somebody may request access for another person who may request it.
        ticket: pattern of the ticket that a request has to name; empty where it needs none.
        ticket_link: address of a ticket, with ``{ticket}`` in its place; empty for none.
        parts: the rules of which this is the strictest combination; empty for a rule of the file.
        judged_as: the environments of the target that was judged by it, as text; empty for a rule of the
            file. Two rules are equal whatever it is.
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
    on_behalf: bool = False
    ticket: str = ""
    ticket_link: str = ""
    parts: tuple["Rule", ...] = ()
    judged_as: str = field(default="", compare=False)

    def covers(self, environment: str) -> bool:
        """Whether it applies to an environment."""
        return self.environments is None or environment in self.environments

    @property
    def each(self) -> tuple["Rule", ...]:
        """The rules of the file that have to be satisfied: itself, or all that it combines."""
        return self.parts or (self,)


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
        patterns: environments by globs over names, in the order of the file; the first match applies.
        unmatched: the environment of what no entry and no pattern covers; None refuses it.
        when_nobody: what becomes of a request that nobody could approve.
        when_owner_leaves: what becomes of the certificates of somebody who left.
        pending_per_person: how many requests of one person may wait for a decision.
        ask_unmanaged: environments whose findings are asked about at once in the approvals channel.
        access_review: when long access is reviewed.
        keep: how long is kept what is no evidence.
        presets: requests that forms are filled in with, in the order of the file.
        auditors: people and groups who may see everything that is recorded.
        reasons: who may read the reasons that people give.
        readable: False for the stand-in of a policy that could not be read: nothing is opened under it.
        problem: why it could not be read, as a sentence; empty for a policy that was.
        digest: SHA-256 of the text that it was read from; it tells two versions of a file apart.
        audit_channel: Slack id of the channel with signed notes; empty for that of operations.
        networks: the networks that may be asked for by name.
    """

    approvals_channel: str
    operations_channel: str
    language: str
    admins: frozenset[str]
    warn_before: timedelta
    targets: tuple[PolicyTarget, ...]
    rules: tuple[Rule, ...]
    patterns: tuple[Pattern, ...] = ()
    unmatched: str | None = None
    when_nobody: WhenNobody = WhenNobody.REFUSE
    when_owner_leaves: WhenOwnerLeaves = WhenOwnerLeaves.ASK
    pending_per_person: int = 20
    ask_unmanaged: frozenset[str] = frozenset()
    access_review: ReviewPeriods = field(default_factory=ReviewPeriods)
    keep: KeepPeriods = field(default_factory=KeepPeriods)
    presets: tuple[Preset, ...] = ()
    auditors: frozenset[str] = frozenset()
    reasons: Reasons = Reasons.EVERYONE
    readable: bool = True
    problem: str = ""
    digest: str = field(default="", compare=False)
    audit_channel: str = ""
    networks: tuple[NamedNetwork, ...] = ()

    @property
    def notes_channel(self) -> str:
        """Slack id of the channel with the signed notes of what is open."""
        return self.audit_channel or self.operations_channel

    @property
    def groups(self) -> frozenset[str]:
        """Every user group that the policy names, whose members have to be synchronized."""
        named = {*self.admins, *self.auditors}
        for rule in self.rules:
            named |= rule.approvers | (rule.requesters or frozenset())
        return frozenset(id for id in named if id.startswith("S"))

    @property
    def people(self) -> frozenset[str]:
        """Everybody whom the policy names by their own id."""
        named = {*self.admins, *self.auditors}
        for rule in self.rules:
            named |= rule.approvers | (rule.requesters or frozenset())
        return frozenset(id for id in named if not id.startswith("S"))

    def aliases(self, targets: Sequence[Target]) -> Aliases:
        """Returns what each alias stands for today among all that there is at Heroku."""
        return aliases_of(self.targets, targets)

    def listed(self, target: Target) -> PolicyTarget | None:
        """Returns the policy's entry for a target; an add-on's name takes precedence over its app's."""
        return listed_entry(self.targets, target)

    def environments(self, target: Target, inside: Sequence[Database] = ()) -> frozenset[str]:
        """Returns the environments by which a target is judged: one for a database, several for a space.

        Args:
            target: a database or a space.
            inside: every database in the space; whoever may reach the space reaches all of them.

        Raises:
            Refused: no entry of the policy covers it, or another target is bound to the entry that names it.
        """
        return environments_of(self.targets, self.patterns, self.unmatched, target, inside)

    def rule_named(self, name: str) -> Rule | None:
        """Returns a rule by its name, or a combination by the names of its parts.

        Returns:
            None if the policy no longer has it, or one of its parts.
        """
        found = next((rule for rule in self.rules if rule.name == name), None)
        if found is not None or _JOIN not in name:
            return found
        parts = [self.rule_named(part) for part in name.split(_JOIN)]
        known = [part for part in parts if part is not None]
        return strictest(known) if len(known) == len(parts) else None

    def deciding_identity(self, environments: Collection[str]) -> frozenset[str]:
        """Returns who may tell that a target has replaced another: the admins.

        Where the policy names none, whoever approves access to every one of the environments concerned.
        """
        if self.admins:
            return self.admins
        approvers = [
            frozenset[str]().union(
                *(rule.approvers for rule in self.rules if not rule.denies and rule.covers(environment))
            )
            for environment in environments
        ]
        return frozenset[str].intersection(*approvers) if approvers else frozenset()

    def is_admin(self, ids: Collection[str]) -> bool:
        """Whether any of a person's ids (their own and their groups') is an admin's."""
        return not self.admins.isdisjoint(ids)

    def is_auditor(self, ids: Collection[str]) -> bool:
        """Whether a person may see everything that is recorded: an auditor, or an admin."""
        return not (self.auditors | self.admins).isdisjoint(ids)


_JOIN: Final = " + "
"""Between the names of combined rules; a rule's own name cannot contain it."""


def rule_for(
    policy: Policy,
    *,
    target: Target,
    method: Method,
    ids: Collection[str],
    unknown: Collection[str] = (),
    inside: Sequence[Database] = (),
) -> Rule:
    """Returns the rule that allows a request: a denying rule wins, and no matching rule means refused.

    A space is judged once for every environment of the databases in it: each has to allow the request, a
    denial of any denies it, and the strictest terms of all apply.

    Args:
        policy: the rules.
        target: what is requested.
        method: access method.
        ids: the person's id and the ids of their user groups.
        unknown: user groups of which it is not known whether the person is a member.
        inside: for a space, the databases in it.

    Raises:
        Refused: a rule denies it, none allows it, it is not known which one would, no entry of the policy
            covers the target, or the policy cannot be read.
    """
    require_readable(policy)
    environments = sorted(policy.environments(target, inside))
    return strictest(
        [rule_in(policy, environment, target.label, method, ids, unknown) for environment in environments]
    )


def require_readable(policy: Policy) -> None:
    """Refuses everything that needs a rule while the policy cannot be read."""
    if not policy.readable:
        raise Refused(Refusal.POLICY_UNREADABLE)


def rule_in(
    policy: Policy,
    environment: str,
    label: str,
    method: Method,
    ids: Collection[str],
    unknown: Collection[str] = (),
) -> Rule:
    """Returns the rule that allows a request in one environment; raises as ``rule_for`` does."""
    concerned = [rule for rule in policy.rules if _concerns(rule, environment, method)]
    denying = [rule for rule in concerned if rule.denies]
    for rule in denying:
        if _asks(rule, ids):
            raise Refused(Refusal.POLICY_DENIES, app=label, rule=rule.name)
    # After all denials that are certain: the answer should not depend on what happens to be unknown.
    for rule in denying:
        _require_known(rule, unknown)
    for rule in concerned:
        if rule.denies:
            continue
        if _asks(rule, ids):
            return rule
        # A later rule may be laxer than one whose members are not known just now.
        _require_known(rule, unknown)
    raise Refused(Refusal.POLICY_SILENT, app=label)


def applicable_rules(
    policy: Policy, method: Method, environments: Collection[str] | None = None
) -> tuple[Rule, ...]:
    """Returns the rules by which somebody could request a method, in the order of the file.

    Args:
        policy: the rules.
        method: access method.
        environments: of the target; None where it is not known yet.
    """
    return tuple(
        rule
        for rule in policy.rules
        if not rule.denies
        and (rule.methods is None or method in rule.methods)
        and (environments is None or any(rule.covers(each) for each in environments))
    )


def _concerns(rule: Rule, environment: str, method: Method) -> bool:
    return rule.covers(environment) and (rule.methods is None or method in rule.methods)


def _asks(rule: Rule, ids: Collection[str]) -> bool:
    return rule.requesters is None or not rule.requesters.isdisjoint(ids)


def _require_known(rule: Rule, unknown: Collection[str]) -> None:
    """Refuses where a rule depends on a user group whose members are not known."""
    groups = sorted((rule.requesters or frozenset()).intersection(unknown))
    if groups:
        raise Refused(Refusal.GROUPS_UNKNOWN, group=UserId(groups[0]))


def rules_concerning(policy: Policy, *, target: Target, method: Method, inside: Sequence[Database]) -> Rule:
    """Returns the terms of every rule that could allow anybody to request a target, combined.

    For closing what is open after its own rule is gone: who could approve such access today may end it.

    Raises:
        Refused: no rule concerns the target, no entry of the policy covers it, or it cannot be read.
    """
    require_readable(policy)
    environments = policy.environments(target, inside)
    found = [
        rule
        for rule in policy.rules
        if not rule.denies and any(_concerns(rule, environment, method) for environment in environments)
    ]
    if not found:
        raise Refused(Refusal.POLICY_SILENT, app=target.label)
    return strictest(found)


def strictest(rules: Sequence[Rule]) -> Rule:
    """Combines rules that all have to be satisfied into one with the strictest terms of any.

    Args:
        rules: at least one, none of which denies.
    """
    parts = tuple(dict.fromkeys(part for rule in rules for part in rule.each))
    first = parts[0]
    if len(parts) == 1:
        return first
    return Rule(
        name=_JOIN.join(part.name for part in parts),
        denies=False,
        environments=None,
        methods=None,
        requesters=None,
        approvers=frozenset[str]().union(*(part.approvers for part in parts)),
        approvals=max(part.approvals for part in parts),
        default_duration=min(part.default_duration for part in parts),
        longest_duration=min(part.longest_duration for part in parts),
        permanent=all(part.permanent for part in parts),
        widest=max(part.widest for part in parts),
        minimum_reason=max(part.minimum_reason for part in parts),
        extend_alone=min(part.extend_alone for part in parts),
        lapse_after=min(part.lapse_after for part in parts),
        remind_after=min((part.remind_after for part in parts), key=_first_reminder),
        on_behalf=all(part.on_behalf for part in parts),
        # Each part asks for its own; these are for what is shown.
        ticket=next((part.ticket for part in parts if part.ticket), ""),
        ticket_link=next((part.ticket_link for part in parts if part.ticket_link), ""),
        parts=parts,
    )


def _first_reminder(after: tuple[timedelta, ...]) -> timedelta:
    return after[0] if after else timedelta.max

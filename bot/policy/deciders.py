"""Compares the policy with who there is in Slack: groups nobody is in, and rules nobody can decide."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from bot.domain.person import Person, require_member
from bot.domain.policy.rules import Policy, Rule, WhenNobody
from bot.errors import Refused
from bot.policy.finding import Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupReading:
    """What is known of a user group.

    Attributes:
        members: Slack ids; None where they could not be read.
        error: Slack's answer then.
    """

    members: tuple[str, ...] | None
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """What is known of the people and groups that a policy names.

    Attributes:
        persons: by Slack id, as far as they are known.
        groups: by Slack id.
    """

    persons: Mapping[str, Person]
    groups: Mapping[str, GroupReading]

    def able(self, ids: Collection[str]) -> frozenset[str]:
        """Returns the full, active, human members among people and in groups."""
        found = {id for id in ids if not id.startswith("S")}
        for id in ids:
            if id in self.groups:
                found |= set(self.groups[id].members or ())
        return frozenset(id for id in found if id in self.persons and is_able(self.persons[id]))


def is_able(person: Person | None) -> bool:
    """Whether somebody may decide at all: a full, active, human member of the workspace."""
    try:
        require_member(person)
    except Refused:
        return False
    return True


def group_findings(groups: Mapping[str, GroupReading]) -> Iterator[Finding]:
    """Finds groups that nobody is in, as far as is known.

    Args:
        groups: that the policy names, by Slack id.
    """
    for id, group in sorted(groups.items()):
        if group.members is None:
            why = f"cannot be read ({group.error or 'not read yet'})"
            yield Finding(
                sentence=f"the user group {id} {why}: nobody is known to be in it, so what hangs on it is "
                "refused"
            )
        elif not group.members:
            yield Finding(sentence=f"the user group {id} has no members")


def rule_findings(policy: Policy, people: People) -> Iterator[Finding]:
    """Finds rules under which too few people can approve at this moment.

    Args:
        policy: with its rules.
        people: everybody whom they name, or as many of each group as they need and one more.
    """
    for rule in policy.rules:
        if not rule.denies:
            yield from _undecidable(policy, rule, people)


def _undecidable(policy: Policy, rule: Rule, people: People) -> Iterator[Finding]:
    able, needed = people.able(rule.approvers), rule.approvals
    if len(able) > needed:
        return
    called = f'rule "{rule.name}" needs {_counted(needed, "approval")}'
    admins = policy.when_nobody is WhenNobody.ADMINS
    helped = admins and len(able | people.able(policy.admins)) > needed
    rest = "the admins decide as well" if helped else "it is refused"
    if len(able) < needed:
        who = f"{len(able) or 'nobody'} {'is' if len(able) < 2 else 'are'} known who could give one"
        only = f"only {who}" if able else who
        yield Finding(sentence=f"{called}, and {only}: when somebody asks, {rest}", wrong=not helped)
    elif _may_ask(rule, able, people):
        yield Finding(
            sentence=f"{called}, and {needed} can give {'it' if needed == 1 else 'them'}: when one of these "
            f"asks, {rest}",
            wrong=False,
        )


def _may_ask(rule: Rule, able: Collection[str], people: People) -> bool:
    """Whether one of the approvers of a rule may request under it."""
    return rule.requesters is None or not people.able(rule.requesters).isdisjoint(able)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"

"""``pgaccess policy test``: what somebody may ask for and who would decide, by the very rules that decide."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from bot.domain.duration import show_duration
from bot.domain.method import Method
from bot.domain.policy import Listed, Policy, Rule, rule_for
from bot.domain.policy_validation import environments
from bot.domain.target import Database, Space, Target
from bot.errors import MisconfiguredError, Refused

_ANY: Final = UUID(int=0)
"""The id of what only the name is known of: no rule looks at it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedRequest:
    """What is to be tried.

    Attributes:
        ids: the person's Slack id and those of their user groups; a group alone is any member of it.
        on: a database by its alias, its add-on's name or its app's; a space where it is about its ranges.
        environment: another one than the policy says; None leaves it.
        method: by which way.
    """

    ids: tuple[str, ...]
    on: str
    environment: str | None
    method: Method


def check_lines(policy: Policy) -> list[str]:
    """What ``pgaccess policy check`` says of a policy that is right."""
    count, denying = len(policy.rules), sum(rule.denies for rule in policy.rules)
    rules = f"{_counted(count, 'rule')}{f', {denying} of them denying' if denying else ''}"
    spaces = sum(target.is_space for target in policy.targets)
    listed = f"{_counted(len(policy.targets) - spaces, 'database')} listed"
    listed += f", {_counted(spaces, 'space')} too" if spaces else ""
    return [f"the policy is right: {rules}; {listed}; requests are decided in {policy.approvals_channel}"]


def try_policy(policy: Policy, question: SimulatedRequest) -> list[str]:
    """Answers a question, line by line.

    Args:
        policy: the rules.
        question: who, on what, by which way.

    Raises:
        MisconfiguredError: the question names an environment that no database is in.
    """
    target, policy = _staged(policy, question)
    environment = policy.environment(target)
    known = "" if policy.listed(target) else ": the policy does not list it by this name"
    lines = [f"{_people(question.ids)} → {question.method} on {question.on} ({environment}{known})"]
    chosen: Rule | None
    try:
        chosen = rule_for(policy, target=target, method=question.method, ids=question.ids)
        lines += [f'asking: allowed, by rule "{chosen.name}"', *_terms(chosen, question.ids)]
    except Refused as refused:
        # Only a rule that denies is named; without a name there was none that matches.
        chosen = policy.rule_named(str(refused.params.get("rule", "")))
        why = f'rule "{chosen.name}" denies it' if chosen else "no rule allows it"
        lines += [f"asking: refused, {why}"]
    lines += [*_powers(policy, question.ids), "", "rule by rule:"]
    for rule in policy.rules:
        verdict = _verdict(rule, chosen, environment, question)
        lines.append(f'  {"→" if rule is chosen else " "} "{rule.name}": {verdict}')
    return lines


def _staged(policy: Policy, question: SimulatedRequest) -> tuple[Target, Policy]:
    """What is asked for as the policy knows it, and the policy with the environment that was asked for."""
    is_space = question.method is Method.TRUSTED
    by_alias = {one.alias.lower(): one.database for one in policy.targets if one.is_space == is_space}
    name = by_alias.get(question.on.lower(), question.on)
    target: Target = Space(id=_ANY, name=name, region="", shield=False) if is_space else _database(name)
    if question.environment is None:
        return target, policy
    known = environments(policy)
    if question.environment not in known:
        listed = ", ".join(sorted(known))
        raise MisconfiguredError(
            f"no database is in the environment {question.environment}; there is {listed}"
        )
    others = tuple(
        one for one in policy.targets if (one.is_space, one.database.lower()) != (is_space, name.lower())
    )
    moved = Listed(alias=question.on, database=name, environment=question.environment, is_space=is_space)
    return target, replace(policy, targets=(*others, moved))


def _database(name: str) -> Database:
    """A database of which only the name is known."""
    return Database(id=_ANY, name=name, app=name, space="", region="", shield=False, plan="", config_var="")


def _terms(rule: Rule, ids: Collection[str]) -> Iterator[str]:
    """What the rule that counts lets somebody ask for."""
    yield f"decided by: {rule.approvals} of {_people(rule.approvers)}; nobody decides on their own request"
    others = rule.approvers.difference(ids)
    if len(others) < rule.approvals and not any(id.startswith("S") for id in others):
        yield f"            !! without them there are {len(others)}, so this could never be approved"
    endless = "without an end if asked for" if rule.permanent else "never without an end"
    default, longest = show_duration(rule.default_duration), show_duration(rule.longest_duration)
    yield f"lasts: {default} unless said otherwise, at most {longest}, {endless}"
    alone = f"by up to {show_duration(rule.extend_alone)} in all" if rule.extend_alone else "never"
    yield f"extended without a new decision: {alone}"
    yield f"widest network: /{rule.widest}"
    yield f"reason: {f'at least {rule.minimum_reason} characters' if rule.minimum_reason else 'as one likes'}"
    reminders = ", ".join(map(show_duration, rule.remind_after)) or "never"
    yield f"undecided: over after {show_duration(rule.lapse_after)}; approvers are reminded after {reminders}"


def _powers(policy: Policy, ids: Collection[str]) -> Iterator[str]:
    """What somebody may do with other people's requests and access."""
    decides = [f'"{rule.name}"' for rule in policy.rules if not rule.approvers.isdisjoint(ids)]
    yield f"deciding for others: {'under rule ' + ', '.join(decides) if decides else 'no'}"
    yield f"ending anybody's access: {'yes, as an admin' if policy.is_admin(ids) else _as_approver(decides)}"


def _as_approver(decides: Collection[str]) -> str:
    return "what they may decide on, as an approver" if decides else "no"


def _verdict(rule: Rule, chosen: Rule | None, environment: str, question: SimulatedRequest) -> str:
    """Why a rule counts, or why it does not."""
    others = [
        rule.environments is not None
        and environment not in rule.environments
        and f"is for {', '.join(sorted(rule.environments))}",
        rule.methods is not None
        and question.method not in rule.methods
        and f"is for {', '.join(sorted(rule.methods))}",
        rule.requesters is not None
        and rule.requesters.isdisjoint(question.ids)
        and f"is for {_people(rule.requesters)}",
    ]
    missed = [why for why in others if why]
    if missed:
        return f"does not match, it {' and '.join(missed)}"
    if rule is chosen:
        return "matches and denies, which wins over every other" if rule.denies else "the first that matches"
    denied = chosen is not None and chosen.denies
    return "matches, but a rule that denies wins" if denied else "matches, but an earlier one counts"


def _people(ids: Collection[str]) -> str:
    return ", ".join(sorted(ids, key=lambda id: (id.startswith("S"), id)))


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}{'' if count == 1 else 's'}"

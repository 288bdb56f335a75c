"""Policy simulation for ``pgaccess policy test``, with the functions that decide real requests."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from bot.domain.duration import show_duration
from bot.domain.method import Method
from bot.domain.policy.environments import PolicyTarget
from bot.domain.policy.rules import Policy, Rule, rule_for
from bot.domain.policy.validation import environments
from bot.domain.target import Database, Space, Target
from bot.errors import MisconfiguredError, Refused

_NO_ID: Final = UUID(int=0)
"""Id of a target of which only the name is known; rules match by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedRequest:
    """Request to simulate.

    Attributes:
        ids: Slack ids of the person and their user groups; a group alone stands for any of its members.
        on: Alias, add-on name or app name of a database; name of a space for trusted IP ranges.
        environment: Environment to simulate; None uses the policy's.
        method: Access method.
    """

    ids: tuple[str, ...]
    on: str
    environment: str | None
    method: Method


def summary(policy: Policy) -> str:
    """Return the line that ``pgaccess policy check`` prints for a valid policy."""
    denying = sum(rule.denies for rule in policy.rules)
    rules = f"{_counted(len(policy.rules), 'rule')}{f' ({denying} denying)' if denying else ''}"
    spaces = sum(target.is_space for target in policy.targets)
    listed = _counted(len(policy.targets) - spaces, "database")
    listed += f" and {_counted(spaces, 'space')}" if spaces else ""
    return f"policy is valid: {rules}; {listed} listed; requests are decided in {policy.approvals_channel}"


def simulate(policy: Policy, simulated: SimulatedRequest) -> list[str]:
    """Return what the policy allows, line by line.

    Args:
        policy: The policy.
        simulated: Who requests what.

    Raises:
        MisconfiguredError: No database is in the environment to simulate.
    """
    target, policy = _target(policy, simulated)
    asked = f"{_people(simulated.ids)} → {simulated.method} on {simulated.on}"
    try:
        environment = ", ".join(sorted(policy.environments(target)))
    except Refused:
        return [f"{asked} (in no environment)", "may request: no, the policy does not cover it"]
    listed = "" if policy.listed(target) else ", not listed in the policy"
    lines = [f"{asked} ({environment}{listed})"]
    chosen: Rule | None
    try:
        chosen = rule_for(policy, target=target, method=simulated.method, ids=simulated.ids)
        lines += [f'may request: yes, by rule "{chosen.name}"', *_terms(chosen, simulated.ids)]
    except Refused as refused:
        # Only a denying rule is named; without a name no rule matched.
        chosen = policy.rule_named(str(refused.params.get("rule", "")))
        why = f'denied by rule "{chosen.name}"' if chosen else "no rule matches"
        lines += [f"may request: no, {why}"]
    lines += [*_powers(policy, simulated.ids), "", "rules:"]
    for rule in policy.rules:
        verdict = _verdict(rule, chosen, environment, simulated)
        lines.append(f'  {"→" if rule is chosen else " "} "{rule.name}": {verdict}')
    return lines


def _target(policy: Policy, simulated: SimulatedRequest) -> tuple[Target, Policy]:
    """Return the target, and the policy with the simulated environment."""
    is_space = simulated.method is Method.TRUSTED
    by_alias = {
        target.alias.lower(): target.database for target in policy.targets if target.is_space == is_space
    }
    name = by_alias.get(simulated.on.lower(), simulated.on)
    target: Target = Space(id=_NO_ID, name=name, region="", shield=False) if is_space else _database(name)
    if simulated.environment is None:
        return target, policy
    known = environments(policy)
    if simulated.environment not in known:
        names = ", ".join(sorted(known))
        raise MisconfiguredError(
            f"no database is in the environment {simulated.environment}; known are {names}"
        )
    # The policy's first entry for a target counts, so its own one has to go.
    others = tuple(
        other
        for other in policy.targets
        if (other.is_space, other.database.lower()) != (is_space, name.lower())
    )
    moved = PolicyTarget(
        alias=simulated.on, database=name, environment=simulated.environment, is_space=is_space
    )
    return target, replace(policy, targets=(*others, moved))


def _database(name: str) -> Database:
    """Return a database of which only the name is known."""
    return Database(id=_NO_ID, name=name, app=name, space="", region="", shield=False, plan="", config_var="")


def _terms(rule: Rule, ids: Collection[str]) -> Iterator[str]:
    """Return the terms that the matching rule sets."""
    yield f"approved by: {rule.approvals} of {_people(rule.approvers)}, never the requester"
    others = rule.approvers.difference(ids)
    if len(others) < rule.approvals and not any(id.startswith("S") for id in others):
        yield f"             !! only {len(others)} besides the requester can approve, so it is never granted"
    permanent = "permanent on request" if rule.permanent else "never permanent"
    default, longest = show_duration(rule.default_duration), show_duration(rule.longest_duration)
    yield f"duration: {default} by default, at most {longest}, {permanent}"
    alone = f"up to {show_duration(rule.extend_alone)} in total" if rule.extend_alone else "no"
    yield f"extension without approval: {alone}"
    yield f"widest network: /{rule.widest}"
    yield f"reason: {f'at least {rule.minimum_reason} characters' if rule.minimum_reason else 'optional'}"
    reminders = ", ".join(map(show_duration, rule.remind_after)) or "never"
    yield f"undecided requests: lapse after {show_duration(rule.lapse_after)}; reminders after {reminders}"


def _powers(policy: Policy, ids: Collection[str]) -> Iterator[str]:
    """Return what the person may do with other people's requests and access."""
    decides = [f'"{rule.name}"' for rule in policy.rules if not rule.approvers.isdisjoint(ids)]
    yield f"may approve: {'under rule ' + ', '.join(decides) if decides else 'no'}"
    yield f"may end others' access: {'yes, as an admin' if policy.is_admin(ids) else _as_approver(decides)}"


def _as_approver(decides: Collection[str]) -> str:
    return "yes, where they may approve" if decides else "no"


def _verdict(rule: Rule, chosen: Rule | None, environment: str, simulated: SimulatedRequest) -> str:
    """Return whether a rule applies, and why."""
    mismatches = [
        rule.environments is not None
        and environment not in rule.environments
        and f"only for {', '.join(sorted(rule.environments))}",
        rule.methods is not None
        and simulated.method not in rule.methods
        and f"only for {', '.join(sorted(rule.methods))}",
        rule.requesters is not None
        and rule.requesters.isdisjoint(simulated.ids)
        and f"only for {_people(rule.requesters)}",
    ]
    reasons = [reason for reason in mismatches if reason]
    if reasons:
        return f"does not match: {'; '.join(reasons)}"
    if rule is chosen:
        return "matches and denies, which overrides every other rule" if rule.denies else "first match"
    denied = chosen is not None and chosen.denies
    return "matches, but a denying rule overrides it" if denied else "matches, but an earlier rule applies"


def _people(ids: Collection[str]) -> str:
    return ", ".join(sorted(ids, key=lambda id: (id.startswith("S"), id)))


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"

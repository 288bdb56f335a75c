"""Policy simulation for ``pgaccess policy test``, with the functions that decide real requests."""

from collections.abc import Collection, Iterator, Sequence
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
from bot.policy.origins import judged_with, origin

_NO_ID: Final = UUID(int=0)
"""Id of a target of which only the name is known; rules match by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedRequest:
    """Request to simulate.

    Attributes:
        ids: Slack ids of the person and their user groups; a group alone stands for any of its members.
        on: Alias, add-on name or app name of a database; alias or name of a space for trusted IP ranges.
        environment: Environment to simulate; None uses the policy's.
        method: Access method.
        space: Name of the database's space, which patterns may match.
        app: Name of the app that owns the database, where ``on`` is its add-on.
        addon: Name of the database's add-on, where ``on`` is its app.
        inside: Databases in the space, each as ``on`` is: a range is judged by all of them.
    """

    ids: tuple[str, ...]
    on: str
    environment: str | None
    method: Method
    space: str = ""
    app: str = ""
    addon: str = ""
    inside: tuple[str, ...] = ()


def summary(policy: Policy) -> str:
    """Return the line that ``pgaccess policy check`` prints for a valid policy."""
    denying = sum(rule.denies for rule in policy.rules)
    rules = f"{_counted(len(policy.rules), 'rule')}{f' ({denying} denying)' if denying else ''}"
    spaces = sum(target.is_space for target in policy.targets)
    listed = _counted(len(policy.targets) - spaces, "database")
    listed += f" and {_counted(spaces, 'space')}" if spaces else ""
    listed += " listed"
    listed += f", {_counted(len(policy.patterns), 'pattern')}" if policy.patterns else ""
    listed += f", {_counted(len(policy.networks), 'network')} named" if policy.networks else ""
    rest = "all others are refused" if policy.unmatched is None else f"all others are {policy.unmatched}"
    where = f"requests are decided in {policy.approvals_channel}"
    return f"policy is valid: {rules}; {listed}; {rest}; {where}"


def simulate(policy: Policy, simulated: SimulatedRequest) -> list[str]:
    """Return what the policy allows, line by line.

    Args:
        policy: The policy.
        simulated: Who requests what.

    Raises:
        MisconfiguredError: No database is in the environment to simulate.
    """
    target, inside, policy = _targets(policy, simulated)
    asked = f"{_people(simulated.ids)} → {simulated.method} on {simulated.on}"
    try:
        found = policy.environments(target, inside)
    except Refused as refused:
        why = f"no entry and no pattern of the policy covers {refused.params['app']}"
        return [f"{asked} (in no environment)", f'may request: no, {why} (unmatched = "refuse")']
    lines = [f"{asked} ({_origins(policy, target, inside, simulated)})"]
    chosen, answer = _answer(policy, target, inside, simulated)
    lines += [*answer, *_powers(policy, simulated.ids), "", "rules:"]
    for rule in policy.rules:
        verdict = _verdict(rule, chosen, found, simulated)
        lines.append(f'  {"→" if rule in chosen else " "} "{rule.name}": {verdict}')
    return lines


def _answer(
    policy: Policy, target: Target, inside: Sequence[Database], simulated: SimulatedRequest
) -> tuple[tuple[Rule, ...], list[str]]:
    """Return the rules that decide, none where no rule matches, and the answer with its terms."""
    try:
        rule = rule_for(policy, target=target, method=simulated.method, ids=simulated.ids, inside=inside)
    except Refused as refused:
        # Only a denying rule is named; without a name no rule matched.
        denying = policy.rule_named(str(refused.params.get("rule", "")))
        if denying is None:
            return (), ["may request: no, no rule matches"]
        return (denying,), [f'may request: no, denied by rule "{denying.name}"']
    names = " and ".join(f'"{part.name}"' for part in rule.each)
    by = f"by the strictest of the rules {names}" if rule.parts else f"by rule {names}"
    return rule.each, [f"may request: yes, {by}", *_terms(rule, simulated.ids)]


def _targets(policy: Policy, simulated: SimulatedRequest) -> tuple[Target, tuple[Database, ...], Policy]:
    """Return the target, the databases inside it, and the policy with the simulated environment."""
    name = _meant(policy, simulated.on, is_space=simulated.method.on_space)
    target: Target
    if simulated.method.on_space:
        target = Space(id=_NO_ID, name=name, region="", shield=False)
    else:
        target = _database(name, space=simulated.space, app=simulated.app, addon=simulated.addon)
    inside = tuple(_database(_meant(policy, each, is_space=False), space=name) for each in simulated.inside)
    if simulated.environment is None:
        return target, inside, policy
    known = environments(policy)
    if simulated.environment not in known:
        names = ", ".join(sorted(known))
        raise MisconfiguredError(
            f"no database is in the environment {simulated.environment}; known are {names}"
        )
    # The policy's first entry for a target counts, so its own one has to go.
    others = tuple(other for other in policy.targets if not other.names(target))
    moved = PolicyTarget(
        alias=simulated.on,
        database=target.name,
        environment=simulated.environment,
        is_space=simulated.method.on_space,
    )
    return target, inside, replace(policy, targets=(*others, moved))


def _meant(policy: Policy, word: str, *, is_space: bool) -> str:
    """Return the name that an alias stands for, or the word itself."""
    of_kind = (target for target in policy.targets if target.is_space == is_space)
    return next((each.database for each in of_kind if each.alias.lower() == word.lower()), word)


def _database(name: str, *, space: str = "", app: str = "", addon: str = "") -> Database:
    """Return a database of which only names are known; a single one stands for its add-on and its app."""
    return Database(
        id=_NO_ID,
        name=addon or name,
        app=app or name,
        space=space,
        region="",
        shield=False,
        plan="",
        config_var="",
    )


def _origins(policy: Policy, target: Target, inside: Sequence[Database], simulated: SimulatedRequest) -> str:
    """Return the environments that decide, each with what of the policy gave it."""
    found: dict[str, list[str]] = {}
    for each in judged_with(policy, target, inside):
        (environment,) = policy.environments(each)
        simulates = each is target and simulated.environment is not None
        given_by = "simulated" if simulates else f"by {origin(policy, each)}"
        found.setdefault(environment, []).append(
            f"{each.name} {given_by}" if each is not target else given_by
        )
    return "; ".join(f"{environment}, {', '.join(found[environment])}" for environment in sorted(found))


def _terms(rule: Rule, ids: Collection[str]) -> Iterator[str]:
    """Return the terms that the matching rule sets."""
    for place, part in enumerate(rule.each):
        combined = f' (rule "{part.name}")' if rule.parts else ""
        lead = "approved by:" if place == 0 else "        and:"
        yield f"{lead} {part.approvals} of {_people(part.approvers)}, never the requester{combined}"
        others = part.approvers.difference(ids)
        if len(others) < part.approvals and not any(id.startswith("S") for id in others):
            only = f"only {len(others)} besides the requester can approve"
            yield f"             !! {only}, so it is never granted"
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


def _verdict(
    rule: Rule, chosen: Collection[Rule], found: Collection[str], simulated: SimulatedRequest
) -> str:
    """Return whether a rule applies, and why."""
    mismatches = [
        rule.environments is not None
        and rule.environments.isdisjoint(found)
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
    if rule in chosen:
        return "matches and denies, which overrides every other rule" if rule.denies else "first match"
    denied = any(each.denies for each in chosen)
    return "matches, but a denying rule overrides it" if denied else "matches, but an earlier rule applies"


def _people(ids: Collection[str]) -> str:
    return ", ".join(sorted(ids, key=lambda id: (id.startswith("S"), id)))


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"

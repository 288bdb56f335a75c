"""Loads the policy file into a frozen value, with one-sentence errors that name the key."""

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from bot.domain.networks.named import NamedNetwork
from bot.domain.outside.text import cite, nearest
from bot.domain.policy.environments import Pattern, PolicyTarget
from bot.domain.policy.periods import KeepPeriods, ReviewPeriods
from bot.domain.policy.presets import Preset
from bot.domain.policy.rules import Policy, Rule
from bot.domain.policy.validation import contradictions
from bot.errors import MisconfiguredError
from bot.policy.schema import (
    MATCHING,
    UNMATCHED_REFUSED,
    AccessReviewKeys,
    KeepKeys,
    MatchKeys,
    NetworkKeys,
    PolicyKeys,
    PresetKeys,
    RuleKeys,
    TargetKeys,
)

_T = TypeVar("_T")


def parse_policy(text: str, *, source: str) -> Policy:
    """Parse and validate a policy.

    Args:
        text: TOML; ``pgaccess.example.toml`` explains every key.
        source: Name of the file in error messages.

    Raises:
        MisconfiguredError: A key is unknown, missing or invalid, or two contradict each other.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MisconfiguredError(f"{source} is not valid TOML: {error}") from error
    try:
        keys = PolicyKeys.model_validate(raw)
    except ValidationError as error:
        raise MisconfiguredError(f"{source}: {_first_problem(error, raw)}") from error
    policy = _policy(keys)
    problem = next(_contradictions(keys, policy), None)
    if problem is not None:
        raise MisconfiguredError(f"{source}: {problem}")
    return replace(policy, digest=sha256(text.encode()).hexdigest())


# --- keys to values ---------------------------------------------------------------------------


def _policy(keys: PolicyKeys) -> Policy:
    return Policy(
        approvals_channel=keys.approvals_channel,
        operations_channel=keys.operations_channel or keys.approvals_channel,
        audit_channel=keys.audit_channel or "",
        language=keys.language,
        admins=frozenset(keys.admins),
        warn_before=keys.warn_before,
        targets=tuple(
            PolicyTarget(
                alias=alias,
                # Neither of them, or both, is refused below by a sentence that names the alias.
                database=target.space or target.database or "",
                environment=target.environment,
                is_space=target.space is not None,
            )
            for alias, target in keys.targets.items()
        ),
        rules=tuple(_rule(rule, position) for position, rule in enumerate(keys.rules, 1)),
        patterns=tuple(
            Pattern(environment=each.environment, space=each.space, app=each.app, addon=each.addon)
            for each in keys.match
        ),
        unmatched=None if keys.unmatched == UNMATCHED_REFUSED else keys.unmatched,
        when_nobody=keys.when_nobody,
        when_owner_leaves=keys.when_owner_leaves,
        pending_per_person=keys.pending_per_person,
        ask_unmanaged=frozenset(keys.ask_unmanaged),
        access_review=ReviewPeriods(**keys.access_review.model_dump()),
        keep=KeepPeriods(**keys.keep.model_dump()),
        auditors=frozenset(keys.auditors),
        reasons=keys.reasons,
        networks=tuple(
            NamedNetwork(name=name, ranges=tuple(each.ranges), source=each.source or "", as_of=each.as_of)
            for name, each in keys.networks.items()
        ),
        presets=tuple(
            Preset(name=name, **preset.model_dump(include=set(PresetKeys.model_fields)))
            for name, preset in keys.presets.items()
        ),
    )


def _rule(keys: RuleKeys, position: int) -> Rule:
    return Rule(
        name=keys.name or _default_name(position),
        denies=keys.deny,
        environments=_set(keys.environments),
        methods=_set(keys.methods),
        requesters=_set(keys.requesters),
        approvers=frozenset(keys.approvers),
        approvals=keys.approvals,
        default_duration=keys.default_duration,
        longest_duration=keys.longest_duration,
        permanent=keys.permanent,
        widest=keys.widest,
        minimum_reason=keys.minimum_reason,
        extend_alone=keys.extend_alone,
        lapse_after=keys.lapse_after,
        remind_after=tuple(keys.remind_after),
        on_behalf=keys.on_behalf,
        ticket=keys.ticket or "",
        ticket_link=keys.ticket_link or "",
    )


def _set(values: Sequence[_T] | None) -> frozenset[_T] | None:
    return None if values is None else frozenset(values)


def _default_name(position: int) -> str:
    return f"rule {position}"


def _proposed_name(keys: RuleKeys, position: int, taken: Collection[str | None]) -> str:
    """Return a name for a rule by what it matches, one that no other rule has."""
    matches = [*(keys.environments or ()), *(keys.methods or ())]
    name = " ".join(matches[:3]) or "everything else"
    name = f"no {name}" if keys.deny else name
    return name if name not in taken else f"{name} {position}"


def _unused_keys(keys: RuleKeys) -> list[str]:
    """Return the keys of a denying rule that only an allowing rule uses."""
    return [key for key in RuleKeys.model_fields if keys.deny and key in keys.model_fields_set - MATCHING]


def _contradictions(keys: PolicyKeys, policy: Policy) -> Iterator[str]:
    """Yield a sentence for each contradiction between keys that are valid by themselves."""
    for alias, target in keys.targets.items():
        if (target.database is None) == (target.space is None):
            yield f"targets.{alias} needs either the key database or the key space"
    for position, match_keys in enumerate(keys.match, 1):
        if match_keys.space is match_keys.app is match_keys.addon is None:
            yield f"match {position} needs at least one of the keys space, app and addon"
    yield from _refusing_environments(keys)
    names = [name.casefold() for name in keys.presets]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"presets.{name} stands there twice, in upper and lower case"
    taken = {rule_keys.name for rule_keys in keys.rules}
    for position, rule_keys in enumerate(keys.rules, 1):
        if rule_keys.name is None:
            proposed = _proposed_name(rule_keys, position, taken)
            yield f'{_default_name(position)} needs a name: add, for example, name = "{proposed}"'
        elif " + " in rule_keys.name:
            yield f'rule "{rule_keys.name}": a name cannot contain " + ", which joins the names of rules'
    for rule, rule_keys in zip(policy.rules, keys.rules, strict=True):
        if unused := _unused_keys(rule_keys):
            yield f'rule "{rule.name}": a denying rule cannot have {", ".join(unused)}'
        if rule.ticket_link and not rule.ticket:
            yield f'rule "{rule.name}": ticket_link needs the key ticket, for example "[A-Z]+-\\\\d+"'
    yield from contradictions(policy)


def _refusing_environments(keys: PolicyKeys) -> Iterator[str]:
    """Yield a sentence for an environment that looks as if it refused, and would do the opposite."""
    named = [target.environment for target in keys.targets.values()]
    named += [each.environment for each in keys.match]
    named += [name for rule in keys.rules for name in rule.environments or ()]
    if any(name.casefold() == UNMATCHED_REFUSED for name in named):
        yield f'no environment can be called "{UNMATCHED_REFUSED}", the value of unmatched that refuses'
    elif keys.unmatched != UNMATCHED_REFUSED and keys.unmatched.casefold() == UNMATCHED_REFUSED:
        yield f'unmatched: write "{UNMATCHED_REFUSED}" in lower case, or name an environment'


# --- validation errors as sentences  ------------------------------------------------------------

_TABLES: Final[Mapping[str, type[BaseModel]]] = {
    "targets": TargetKeys,
    "match": MatchKeys,
    "networks": NetworkKeys,
    "rules": RuleKeys,
    "access_review": AccessReviewKeys,
    "keep": KeepKeys,
    "presets": PresetKeys,
}


def _first_problem(error: ValidationError, raw: Mapping[str, Any]) -> str:
    """Return the first validation error as a sentence that names the rule and the key."""
    # Unknown keys first: a misspelt key is also missing under its right name, which would hide the typo.
    problems = sorted(error.errors(), key=lambda problem: problem["type"] != "extra_forbidden")
    problem = problems[0]
    where, path = _where(problem["loc"], raw)
    key = ".".join(map(str, path))
    match problem["type"]:
        case "extra_forbidden":
            return f"{where}{_unknown_key(str(path[-1]), problem['loc'])}"
        case "missing" | "too_short" if key == "rules":
            return "there is no rule: add [[rules]] with approvers"
        case "missing":
            return f"{where}the key {key} is missing"
        case "model_type" | "dict_type":
            return f"{where}{key} must be a table"
        case "too_short":
            return f"{where}{key} is empty: name at least one, or leave the key out"
        case "string_pattern_mismatch" if "channel" in key:
            return f"{where}{key} must be a Slack channel id such as C0123ABCD, not {cite(problem['input'])}"
        case "string_pattern_mismatch":
            expected = "the Slack id of a user (U0123ABCD) or a user group (S0123ABCD)"
            return f"{where}{key} must be {expected}, not {cite(problem['input'])}"
    return f"{where}{key}: {problem['msg'].removeprefix('Value error, ')}"


def _where(loc: tuple[int | str, ...], raw: Mapping[str, Any]) -> tuple[str, tuple[int | str, ...]]:
    """Return the table of an error as the beginning of a sentence, and the path inside it."""
    match loc:
        case ("rules", int(index), *rest) if rest:
            # An error at a path within a rule means that the rule is a table.
            name = raw["rules"][index].get("name")
            return f'rule "{cite(name) if isinstance(name, str) else _default_name(index + 1)}": ', tuple(
                rest
            )
        # Pydantic's mark for an error of a dict's key, which is the alias here.
        case ("match", int(index), *rest) if rest:
            return f"match {index + 1}: ", tuple(rest)
        case ("targets" | "networks" | "presets" as table, alias, "[key]"):
            return "", (table, alias)
    return "", loc


def _unknown_key(key: str, loc: tuple[int | str, ...]) -> str:
    table = _TABLES.get(str(loc[0]), PolicyKeys) if len(loc) > 1 else PolicyKeys
    if len(loc) > 1 and key in PolicyKeys.model_fields:
        return f"the key {key} is a top-level key: move it above the first table"
    if len(loc) == 1 and key in RuleKeys.model_fields:
        return f"the key {key} belongs to a rule: move it below [[rules]]"
    meant = nearest(key, table.model_fields)
    if meant is not None:
        return f"the key {cite(key)} is unknown; did you mean {meant}?"
    return f"the key {cite(key)} is unknown; known are {', '.join(table.model_fields)}"

"""The policy file, read once into a frozen value; what is wrong is named in a sentence."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from bot.domain.policy import Listed, Policy, Rule
from bot.domain.policy_validation import contradictions
from bot.domain.text import cite, nearest
from bot.errors import MisconfiguredError
from bot.policy.schema import MATCHING, PolicyKeys, RuleKeys, TargetKeys

_T = TypeVar("_T")


def parse_policy(text: str, *, source: str) -> Policy:
    """Reads a policy from its TOML text.

    Args:
        text: TOML; ``pgaccess.example.toml`` explains every key.
        source: how sentences call it.

    Raises:
        MisconfiguredError: a key is unknown, missing or wrong, or two contradict each other.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MisconfiguredError(f"{source} is not valid TOML: {error}") from error
    try:
        keys = PolicyKeys.model_validate(raw)
    except ValidationError as error:
        raise MisconfiguredError(f"{source}: {_first(error, raw)}") from error
    policy = _policy(keys)
    wrong = next(_contradictions(keys, policy), None)
    if wrong is not None:
        raise MisconfiguredError(f"{source}: {wrong}")
    return policy


# --- from keys to values ---------------------------------------------------------------------------


def _policy(keys: PolicyKeys) -> Policy:
    return Policy(
        approvals_channel=keys.approvals_channel,
        operations_channel=keys.operations_channel or keys.approvals_channel,
        language=keys.language,
        admins=frozenset(keys.admins),
        warn_before=keys.warn_before,
        targets=tuple(
            Listed(
                alias=alias,
                database=target.space or target.database or "",
                environment=target.environment,
                is_space=target.space is not None,
            )
            for alias, target in keys.targets.items()
        ),
        rules=tuple(_rule(rule, place) for place, rule in enumerate(keys.rules, 1)),
    )


def _rule(keys: RuleKeys, place: int) -> Rule:
    return Rule(
        name=keys.name or _unnamed(place),
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
    )


def _set(given: Sequence[_T] | None) -> frozenset[_T] | None:
    return None if given is None else frozenset(given)


def _unnamed(place: int) -> str:
    return f"rule {place}"


def _idle_keys(keys: RuleKeys) -> list[str]:
    """Keys that a denying rule has and that only say what a rule allows."""
    return [key for key in RuleKeys.model_fields if keys.deny and key in keys.model_fields_set - MATCHING]


def _contradictions(keys: PolicyKeys, policy: Policy) -> Iterator[str]:
    """What is wrong although every key by itself is right, each as a sentence."""
    for alias, target in keys.targets.items():
        if (target.database is None) == (target.space is None):
            yield f"targets.{alias} needs either the key database or the key space"
    for rule, given in zip(policy.rules, keys.rules, strict=True):
        if idle := _idle_keys(given):
            yield f'rule "{rule.name}": a rule that denies has no use for {", ".join(idle)}'
    yield from contradictions(policy)


# --- what pydantic found, in a sentence ------------------------------------------------------------

_TABLES: Final[Mapping[str, type[BaseModel]]] = {"targets": TargetKeys, "rules": RuleKeys}


def _first(error: ValidationError, raw: Mapping[str, Any]) -> str:
    """The first thing that is wrong, as a sentence that names the rule and the key.

    An unknown key goes first: a misspelt one is missing under its right name, too.
    """
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
            right = "a Slack user id such as U0123ABCD or a group's such as S0123ABCD"
            return f"{where}{key} must be {right}, not {cite(problem['input'])}"
    return f"{where}{key}: {problem['msg'].removeprefix('Value error, ')}"


def _where(loc: tuple[int | str, ...], raw: Mapping[str, Any]) -> tuple[str, tuple[int | str, ...]]:
    """The table that something is wrong in, as the beginning of a sentence, and the rest of the path."""
    match loc:
        case ("rules", int(index), *rest) if rest:
            name = raw["rules"][index].get("name")
            return f'rule "{cite(name) if isinstance(name, str) else _unnamed(index + 1)}": ', tuple(rest)
        case ("targets", alias, "[key]"):
            return "", ("targets", alias)
    return "", loc


def _unknown_key(key: str, loc: tuple[int | str, ...]) -> str:
    table = _TABLES.get(str(loc[0]), PolicyKeys) if len(loc) > 1 else PolicyKeys
    if len(loc) > 1 and key in PolicyKeys.model_fields:
        return f"the key {key} belongs to no table: move it above the first line in brackets"
    if len(loc) == 1 and key in RuleKeys.model_fields:
        return f"the key {key} belongs to a rule: move it below [[rules]]"
    meant = nearest(key, table.model_fields)
    if meant is not None:
        return f"the key {cite(key)} is unknown; did you mean {meant}?"
    return f"the key {cite(key)} is unknown; known are {', '.join(table.model_fields)}"

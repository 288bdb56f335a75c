"""Finds contradictions in a policy whose keys are each valid, as sentences for its author."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from bot.domain.duration import show_duration
from bot.domain.method import Method
from bot.domain.network import parse_address
from bot.domain.policy.environments import Pattern, PolicyTarget
from bot.domain.policy.named_networks import network_contradictions
from bot.domain.policy.presets import Preset
from bot.domain.policy.rules import Policy, Rule
from bot.domain.privatelink.aws_account import parse_accounts
from bot.errors import Refused


def contradictions(policy: Policy) -> Iterator[str]:
    """Finds contradictions between values that are each valid.

    Args:
        policy: as parsed.

    Yields:
        One sentence for each, without a full stop, that names the rule or the target; nothing for a valid
        policy.
    """
    yield from _doubled_targets(policy.targets)
    yield from _doubled_names(policy.rules)
    yield from network_contradictions(policy)
    known = environments(policy)
    if not known:
        yield (
            "nothing could be requested: name databases and spaces in [targets] or by [[match]], or give all "
            'others an environment, for example unmatched = "default"'
        )
    yield from _shadowed_patterns(policy.patterns)
    for environment in sorted(policy.ask_unmanaged - known):
        yield (
            f"ask_unmanaged names {environment}, and no database is in it; there is "
            f"{', '.join(sorted(known)) or 'none'}"
        )
    for rule in policy.rules:
        # A rule that denies records no request, so its approvals and durations are never asked.
        limits = () if rule.denies else (*_approval(rule), *_durations(rule, policy), *_reminders(rule))
        for sentence in (*_unknown_environments(rule, known), *limits):
            yield f"{_called(rule)}: {sentence}"
    if all(rule.denies for rule in policy.rules):
        yield "every rule denies, so nobody could request anything: add one that allows"
    yield from _shadowed(policy.rules, known)
    for preset in policy.presets:
        for sentence in _preset(preset, policy):
            yield f"presets.{preset.name}: {sentence}"


def _preset(preset: Preset, policy: Policy) -> Iterator[str]:
    """Finds why nobody could submit a preset as it is."""
    targets = {target.alias.lower(): target for target in policy.targets}
    target = targets.get(preset.target.lower())
    if target is None:
        known = ", ".join(sorted(each.alias for each in policy.targets)) or "none"
        yield f"target names {preset.target}, which [targets] does not have; there is {known}"
        return
    if target.is_space != (preset.method is Method.TRUSTED):
        takes = "a space" if preset.method is Method.TRUSTED else "a database"
        yield f"method {preset.method} needs {takes}, which {preset.target} is not"
        return
    try:
        width = _width(preset)
    except Refused:
        example = "123456789012" if preset.method is Method.PRIVATELINK else "198.51.100.7"
        yield f'network: "{preset.network}" cannot be requested; it is written like "{example}"'
        return
    rules = [
        rule
        for rule in policy.rules
        if not rule.denies
        and rule.covers(target.environment)
        and (rule.methods is None or preset.method in rule.methods)
    ]
    if not rules:
        yield f"no rule allows {preset.method} to {preset.target} ({target.environment})"
        return
    if preset.duration is not None and all(preset.duration > rule.longest_duration for rule in rules):
        longest = show_duration(max(rule.longest_duration for rule in rules))
        yield f"duration ({show_duration(preset.duration)}) is longer than every rule allows ({longest})"
    if width is not None and all(width < rule.widest for rule in rules):
        yield f"network (/{width}) is wider than every rule allows (/{min(rule.widest for rule in rules)})"


def _width(preset: Preset) -> int | None:
    """The prefix length of a preset's network; None where it has none; raises ``Refused`` for no network."""
    if not preset.network:
        return None
    if preset.method is Method.PRIVATELINK:
        parse_accounts(preset.network)
        return None
    return parse_address(preset.network).prefixlen


def environments(policy: Policy) -> frozenset[str]:
    """Returns every environment that a database or a space can be in under a policy."""
    named = (
        *(target.environment for target in policy.targets),
        *(each.environment for each in policy.patterns),
    )
    return frozenset(named if policy.unmatched is None else (*named, policy.unmatched))


def _called(rule: Rule) -> str:
    return f'rule "{rule.name}"'


def _doubled_targets(targets: Sequence[PolicyTarget]) -> Iterator[str]:
    # Names are compared as in commands: case-insensitively.
    aliases: dict[str, PolicyTarget] = {}
    things: dict[tuple[bool, str], PolicyTarget] = {}
    for target in targets:
        namesake = aliases.setdefault(target.alias.lower(), target)
        twin = things.setdefault((target.is_space, target.database.lower()), target)
        if namesake is not target:
            yield f"targets.{namesake.alias} and targets.{target.alias} have one name"
        if twin is not target:
            one = f"one {_kind(target)}, {target.database}"
            yield f"targets.{twin.alias} and targets.{target.alias} are {one}"
    for target in targets:
        for is_space in (False, True):
            # An alias goes before a name: it would divert requests that are meant for the other target.
            other = things.get((is_space, target.alias.lower()), target)
            if other is not target:
                yield (
                    f"targets.{target.alias} has the name of another {_kind(other)}, the one of "
                    f"targets.{other.alias}: choose another alias"
                )


def _kind(target: PolicyTarget) -> str:
    return "space" if target.is_space else "database"


def _doubled_names(rules: Sequence[Rule]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for place, rule in enumerate(rules, 1):
        before = seen.setdefault(rule.name.casefold(), place)
        if before != place:
            yield f'rules {before} and {place} have one name, "{rule.name}"'


def _unknown_environments(rule: Rule, known: frozenset[str]) -> Iterator[str]:
    for environment in sorted((rule.environments or known) - known):
        yield (
            f"environments names {environment}, and no database is in it; there is {', '.join(sorted(known))}"
        )


def _approval(rule: Rule) -> Iterator[str]:
    # How many members a group has is not in the policy, so it may be enough for any number.
    some_group = any(id.startswith("S") for id in rule.approvers)
    if not rule.approvers:
        yield 'the key approvers is missing: name who decides, for example ["U0123ABCD"]'
    elif rule.approvals > len(rule.approvers) and not some_group:
        yield f"approvals ({rule.approvals}) is more than there are approvers ({len(rule.approvers)})"


def _durations(rule: Rule, policy: Policy) -> Iterator[str]:
    default, longest = show_duration(rule.default_duration), show_duration(rule.longest_duration)
    alone, warn = show_duration(rule.extend_alone), show_duration(policy.warn_before)
    if rule.default_duration > rule.longest_duration:
        yield f"default_duration ({default}) is longer than longest_duration ({longest})"
    if rule.extend_alone > rule.longest_duration:
        yield f"extend_alone ({alone}) is longer than longest_duration ({longest})"
    if policy.warn_before >= rule.default_duration:
        yield f"default_duration ({default}) is not longer than warn_before ({warn}), at the top of the file"


def _reminders(rule: Rule) -> Iterator[str]:
    reminders = rule.remind_after
    if any(later <= earlier for earlier, later in pairwise(reminders)):
        yield "remind_after does not grow from one reminder to the next"
    if reminders and reminders[-1] >= rule.lapse_after:
        last, lapse = show_duration(reminders[-1]), show_duration(rule.lapse_after)
        yield f"remind_after ({last}) is not before lapse_after ({lapse}): say shorter ones, or [] for none"


def _shadowed_patterns(patterns: Sequence[Pattern]) -> Iterator[str]:
    for place, pattern in enumerate(patterns):
        over = next((at for at, other in enumerate(patterns[:place], 1) if other.covers(pattern)), None)
        if over is not None:
            yield (f"match {place + 1} can never count: match {over} goes before it and matches all it does")


def _shadowed(rules: Sequence[Rule], known: frozenset[str]) -> Iterator[str]:
    for place, rule in enumerate(rules):
        stronger = (other for at, other in enumerate(rules) if _goes_before((other, at), (rule, place)))
        over = next((other for other in stronger if _covers(other, rule, known)), None)
        if over is not None:
            yield f"{_called(rule)} can never count: {_called(over)} goes before it and matches all it does"


def _goes_before(one: tuple[Rule, int], other: tuple[Rule, int]) -> bool:
    """Whether one rule takes precedence: a denying rule does at any position, otherwise the earlier."""
    return (not one[0].denies, one[1]) < (not other[0].denies, other[1])


def _covers(one: Rule, other: Rule, known: frozenset[str]) -> bool:
    """Whether one rule matches everything that another does; group members are not resolved."""
    methods = frozenset(Method)
    return (
        (one.environments or known) >= (other.environments or known)
        and (one.methods or methods) >= (other.methods or methods)
        and (one.requesters is None or (other.requesters is not None and one.requesters >= other.requesters))
    )

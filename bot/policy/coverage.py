"""Compares the policy with what there is at Heroku: entries for nothing, targets without one, spaces."""

from collections.abc import Iterator, Sequence
from functools import partial

from bot.domain.method import Method
from bot.domain.policy.environments import PolicyTarget
from bot.domain.policy.rules import Policy, Rule, rule_for, rule_in, strictest
from bot.domain.target import Database, Space, Target
from bot.errors import Refused
from bot.policy.finding import Finding, joined
from bot.policy.matrix import EVERYBODY, named_requesters
from bot.policy.origins import first_match, shown_pattern


def target_findings(
    policy: Policy, databases: Sequence[Database], spaces: Sequence[Space]
) -> Iterator[Finding]:
    """Finds where a policy and Heroku's targets do not fit together.

    Args:
        policy: that could be read.
        databases: every one in a Private or Shield Space, with what the store knows it by.
        spaces: every one.
    """
    targets: tuple[Target, ...] = (*databases, *spaces)
    for entry in policy.targets:
        yield from _unused_entry(policy, entry, targets)
    yield from _unused_patterns(policy, targets)
    yield from _contested(policy, targets)
    yield from _uncovered(policy, databases)
    for space in spaces:
        yield from _space(policy, space, [each for each in databases if each.is_in(space)])


def unmatched(policy: Policy, databases: Sequence[Database], spaces: Sequence[Space]) -> list[str]:
    """Names the entries and patterns of a policy that match nothing at Heroku, as the policy has them.

    Args:
        policy: that could be read.
        databases: every one in a Private or Shield Space, with what the store knows it by.
        spaces: every one.
    """
    targets: tuple[Target, ...] = (*databases, *spaces)
    return [
        *(f"targets.{entry.alias}" for entry in policy.targets if _is_unused(policy, entry, targets)),
        *(
            f"match {place} ({shown_pattern(pattern)})"
            for place, pattern in enumerate(policy.patterns, 1)
            if not any(pattern.matches(target) for target in targets)
        ),
    ]


def _is_unused(policy: Policy, entry: PolicyTarget, targets: Sequence[Target]) -> bool:
    contested = any(entry.key in target.known.contested for target in targets)
    # What may have replaced it is named by a finding of its own.
    return not contested and not policy.aliases(targets)[entry.alias.lower()]


def _unused_entry(policy: Policy, entry: PolicyTarget, targets: Sequence[Target]) -> Iterator[Finding]:
    if not _is_unused(policy, entry, targets):
        return
    kind = "space" if entry.is_space else "add-on or app with a database in a Private or Shield Space"
    yield Finding(
        sentence=f"targets.{entry.alias} matches nothing at Heroku: no {kind} is called {entry.database}"
    )


def _unused_patterns(policy: Policy, targets: Sequence[Target]) -> Iterator[Finding]:
    listed = {target.id for target in targets if policy.listed(target) is not None}
    for place, pattern in enumerate(policy.patterns, 1):
        called = f"match {place} ({shown_pattern(pattern)})"
        matching = [target for target in targets if pattern.matches(target)]
        if not matching:
            yield Finding(sentence=f"{called} matches nothing at Heroku")
        elif all(each.id in listed or first_match(policy, each) != place for each in matching):
            yield Finding(
                sentence=f"{called} counts for nothing at Heroku: all that it matches is named by an entry "
                "or matches an earlier one"
            )


def _contested(policy: Policy, targets: Sequence[Target]) -> Iterator[Finding]:
    for target in targets:
        for entry in policy.targets:
            if entry.key in target.known.contested:
                yield Finding(
                    sentence=f"{_called(target)} may have replaced what targets.{entry.alias} means: nothing "
                    "is opened to it until an admin has confirmed which is which"
                )


def _uncovered(policy: Policy, databases: Sequence[Database]) -> Iterator[Finding]:
    """Databases for which every request is refused; spaces are judged by these."""
    names = [_called(each) for each in databases if not _is_covered(policy, each)]
    if names:
        yield Finding(
            sentence=f"no entry and no pattern covers {joined(names)}: every request for "
            f"{'it' if len(names) == 1 else 'them'} is refused, also for their space",
            wrong=False,
        )


def _is_covered(policy: Policy, target: Target) -> bool:
    # What is contested is named by a finding of its own.
    return _has_environment(policy, target) or bool(target.known.contested)


def _has_environment(policy: Policy, target: Target) -> bool:
    try:
        policy.environments(target)
    except Refused:
        return False
    return True


def _space(policy: Policy, space: Space, inside: Sequence[Database]) -> Iterator[Finding]:
    """How a range on a space is judged, where that is more than its own entry says."""
    if not space.takes_ranges:
        return
    if policy.listed(space) is None:
        if inside:
            yield Finding(
                sentence=f"no entry names the space {space.name}: a range on it is judged by "
                f"{joined([_called(each) for each in inside])} inside, each by its own rules",
                wrong=False,
            )
        elif not _is_covered(policy, space):
            yield Finding(
                sentence=f"no entry and no pattern covers the space {space.name}: every range is refused",
                wrong=False,
            )
        return
    yield from _laxer(policy, space, inside)


def _laxer(policy: Policy, space: Space, inside: Sequence[Database]) -> Iterator[Finding]:
    """Databases whose rules are stricter than the entry of the space around them."""
    (own,) = policy.environments(space)
    # Where a database is not covered or contested, the whole space is refused: it has its own finding.
    for database in filter(partial(_has_environment, policy), inside):
        requesters = [
            requester
            for requester in (EVERYBODY, *named_requesters(policy))
            if _is_stricter(policy, database, own, requester)
        ]
        if requesters:
            yield Finding(
                sentence=f"the entry of the space {space.name} ({own}) is laxer than the rules of "
                f"{_called(database)} inside, for {joined(requesters)}: a range on the space is judged by "
                "both, and the stricter one decides",
                wrong=False,
            )


def _is_stricter(policy: Policy, database: Database, own: str, requester: str) -> bool:
    """Whether a database demands of somebody what the environment of its space does not."""
    ids = () if requester == EVERYBODY else (requester,)
    try:
        alone = rule_in(policy, own, own, Method.TRUSTED, ids)
    except Refused:
        # Nothing is laxer than a refusal.
        return False
    try:
        # The rules of its environment, asked for the method that opens the whole space.
        other = rule_for(policy, target=database, method=Method.TRUSTED, ids=ids)
    except Refused:
        return True
    return _terms(strictest([alone, other])) != _terms(alone)


def _terms(rule: Rule) -> tuple[object, ...]:
    """What a rule demands."""
    return (
        tuple((part.approvals, part.approvers) for part in rule.each),
        *(rule.longest_duration, rule.permanent, rule.widest, rule.minimum_reason, rule.extend_alone),
    )


def _called(target: Target) -> str:
    """A target's name for an operator: the label that people see, and the add-on's own name."""
    return f"{target.label} ({target.name})" if isinstance(target, Database) else f"the space {target.name}"

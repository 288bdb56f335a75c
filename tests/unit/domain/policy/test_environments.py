"""Which environments a target is judged by."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.policy.environments import (
    Pattern,
    PolicyTarget,
    aliases_of,
    environments_of,
    listed_entry,
)
from bot.domain.target import Database, KnownAs, Space, Target
from bot.errors import Refusal, Refused
from tests.unit.domain.policy.test_binding import database, space

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
OWN = PolicyTarget(alias="billing", database="postgresql-a", environment="production")
OF_APP = PolicyTarget(alias="money", database="Billing", environment="finance")
SPACE = PolicyTarget(alias="prod", database="acme", environment="spaces", is_space=True)


def bound(target: Database, *entries: tuple[PolicyTarget, int], **known: Any) -> Database:
    """A database that was bound to entries, each so many minutes after the first discovery."""
    at = {entry.key: NOW + timedelta(minutes=minutes) for entry, minutes in entries}
    return replace(target, known=replace(KnownAs(entries=at), **known))


def judged(
    target: Target,
    *,
    entries: Sequence[PolicyTarget] = (),
    patterns: Sequence[Pattern] = (),
    unmatched: str | None = None,
    inside: Sequence[Database] = (),
) -> set[str]:
    return set(environments_of(entries, patterns, unmatched, target, inside))


# --- patterns ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        (Pattern(environment="e", space="ac*"), True),
        (Pattern(environment="e", space="AC?E"), True),
        (Pattern(environment="e", space="beta"), False),
        (Pattern(environment="e", app="bill*"), True),
        (Pattern(environment="e", app="[a-c]illing"), True),
        (Pattern(environment="e", app="ledger"), False),
        (Pattern(environment="e", addon="postgresql-?"), True),
        (Pattern(environment="e", space="acme", app="billing", addon="postgresql-a"), True),
        (Pattern(environment="e", space="acme", app="ledger", addon="postgresql-a"), False),
        (Pattern(environment="e"), True),
    ],
)
def test_every_glob_of_a_pattern_has_to_match(pattern: Pattern, matches: bool) -> None:
    assert pattern.matches(database(1, "postgresql-a")) is matches


def test_the_first_pattern_that_matches_counts() -> None:
    first, second = Pattern(environment="one", app="b*"), Pattern(environment="two", app="billing")
    assert judged(database(1, "postgresql-a"), patterns=(first, second)) == {"one"}
    assert judged(database(1, "postgresql-a"), patterns=(second, first)) == {"two"}


def test_single_entries_go_before_patterns() -> None:
    pattern = Pattern(environment="lax", app="*")
    assert judged(database(1, "postgresql-a"), entries=(OWN,), patterns=(pattern,)) == {"production"}


def test_patterns_match_the_names_that_were_first_seen() -> None:
    renamed = database(
        1, "play-1", "play", space="play", known=KnownAs(name="postgresql-a", app="billing", space="acme")
    )
    patterns = (Pattern(environment="lax", app="play"), Pattern(environment="strict", app="billing"))
    assert judged(renamed, patterns=patterns) == {"strict"}


def test_a_space_matches_only_patterns_about_spaces() -> None:
    assert judged(space(), patterns=(Pattern(environment="e", space="acme"),)) == {"e"}
    for glob in ("app", "addon"):
        with pytest.raises(Refused):
            judged(space(), patterns=(replace(Pattern(environment="e"), **{glob: "*x"}),))


def test_what_nothing_covers_is_refused_or_in_the_named_environment() -> None:
    with pytest.raises(Refused) as refused:
        judged(database(1, "postgresql-a"))
    assert refused.value.reason is Refusal.TARGET_UNMATCHED
    assert judged(database(1, "postgresql-a"), unmatched="other") == {"other"}


# --- entries -------------------------------------------------------------------------------------------


def test_an_add_ons_own_name_goes_before_its_apps() -> None:
    for entries in ((OWN, OF_APP), (OF_APP, OWN)):
        assert listed_entry(entries, database(1, "postgresql-a")) == OWN


@pytest.mark.parametrize(
    ("name", "app"),
    [("postgresql-a", "billing"), ("billing", "postgresql-a"), ("other", "other"), ("billing", "billing")],
)
def test_of_two_bindings_none_gains_by_a_rename(name: str, app: str) -> None:
    first = database(1, "postgresql-a")
    target = bound(first, (OWN, 0), (OF_APP, 0), name="postgresql-a", app="billing", space="acme")
    for entries in ((OWN, OF_APP), (OF_APP, OWN)):
        assert listed_entry(entries, replace(target, name=name, app=app)) == OWN


def test_what_was_bound_last_counts_first() -> None:
    later = PolicyTarget(alias="new", database="postgresql-z", environment="new")
    target = bound(database(1, "postgresql-z"), (OWN, 0), (later, 10), name="postgresql-a", app="billing")
    assert listed_entry((OWN, later), target) == later


def test_entries_of_databases_and_spaces_are_apart() -> None:
    called = database(1, "acme", "acme")
    assert listed_entry((SPACE,), called) is None
    assert listed_entry((replace(SPACE, is_space=False),), space()) is None
    assert listed_entry((SPACE,), space()) == SPACE


@pytest.mark.parametrize("field", ["contested", "dismissed"])
def test_an_entry_that_may_mean_another_target_names_nothing(field: str) -> None:
    marked: dict[str, Any] = {field: frozenset({OWN.key})}
    target = replace(database(1, "postgresql-a"), known=KnownAs(**marked))
    assert listed_entry((OWN,), target) is None
    assert aliases_of((OWN,), [target]) == {"billing": frozenset()}


def test_what_is_contested_is_refused_whatever_else_covers_it() -> None:
    target = replace(database(1, "postgresql-a"), known=KnownAs(contested=frozenset({OWN.key})))
    with pytest.raises(Refused) as refused:
        judged(target, entries=(OWN,), patterns=(Pattern(environment="e"),), unmatched="other")
    assert (refused.value.reason, refused.value.params["alias"]) == (Refusal.TARGET_CONTESTED, "billing")


def test_what_the_policy_no_longer_names_contests_nothing() -> None:
    target = replace(database(1, "postgresql-a"), known=KnownAs(contested=frozenset({OWN.key})))
    assert judged(target, unmatched="other") == {"other"}


# --- aliases -------------------------------------------------------------------------------------------


def test_an_alias_means_what_was_bound_to_it_last() -> None:
    old, new = database(1, "postgresql-z"), database(2, "postgresql-a")
    targets = [bound(old, (OWN, 0)), bound(new, (OWN, 60))]
    assert aliases_of((OWN,), targets) == {"billing": frozenset({new.id})}
    # Something that only has the name is not meant, even while what was bound is gone.
    taken = replace(database(3, "postgresql-a"), known=KnownAs(dismissed=frozenset({OWN.key})))
    assert aliases_of((OWN,), [targets[0], taken]) == {"billing": frozenset({old.id})}
    assert aliases_of((OWN,), [taken]) == {"billing": frozenset()}


def test_an_alias_of_an_app_means_all_that_were_bound_with_it() -> None:
    targets = [bound(database(number, f"postgresql-{number}"), (OF_APP, 0)) for number in (1, 2)]
    assert aliases_of((OF_APP,), targets) == {"money": frozenset(target.id for target in targets)}


# --- spaces --------------------------------------------------------------------------------------------

INSIDE = (database(1, "postgresql-a"), database(2, "postgresql-b", "ledger"))


def test_a_space_is_judged_by_every_database_inside_it() -> None:
    patterns = (Pattern(environment="books", app="ledger"),)
    assert judged(space(), entries=(OWN,), patterns=patterns, inside=INSIDE) == {"production", "books"}


def test_an_entry_of_its_own_is_asked_as_well() -> None:
    assert judged(space(), entries=(OWN, SPACE), inside=INSIDE[:1]) == {"production", "spaces"}


def test_one_database_that_nothing_covers_closes_the_space() -> None:
    with pytest.raises(Refused) as refused:
        judged(space(), entries=(OWN, SPACE), inside=INSIDE)
    assert refused.value.reason is Refusal.TARGET_UNMATCHED


def test_a_space_without_databases_is_judged_by_what_covers_itself() -> None:
    assert judged(space(), entries=(OWN, SPACE)) == {"spaces"}
    assert judged(space(), unmatched="other") == {"other"}
    with pytest.raises(Refused):
        judged(space())


def test_a_renamed_space_is_what_it_was() -> None:
    renamed = replace(space(name="beta"), known=KnownAs(name="acme", entries={SPACE.key: NOW}))
    assert isinstance(renamed, Space)
    assert judged(renamed, entries=(SPACE,)) == {"spaces"}

"""What the policy names stays what it was when it was first seen, whatever anybody calls it later."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.policy.binding import Bindings, Called, bind, bound_alike
from bot.domain.policy.environments import Pattern, PolicyTarget, aliases_of, environments_of, listed_entry
from bot.domain.target import Database, KnownAs, Space, Target
from bot.errors import Refusal, Refused

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BILLING = PolicyTarget(alias="billing", database="postgresql-a", environment="production")
PLAY = PolicyTarget(alias="play", database="postgresql-play", environment="sandbox")
BY_APP = PolicyTarget(alias="money", database="billing", environment="finance")


def database(number: int, name: str, app: str = "billing", **more: Any) -> Database:
    return replace(
        Database(
            id=UUID(int=number),
            name=name,
            app=app,
            space="acme",
            region="virginia",
            shield=False,
            plan="heroku-postgresql:private-4",
            config_var="DATABASE_URL",
            space_id=UUID(int=900),
        ),
        **more,
    )


def space(number: int = 900, name: str = "acme") -> Space:
    return Space(id=UUID(int=number), name=name, region="virginia", shield=False)


class Directory:
    """What the store keeps from one discovery to the next."""

    def __init__(self, *entries: PolicyTarget) -> None:
        self.entries = entries
        self.stored: dict[UUID, Target] = {}
        self.present: frozenset[UUID] = frozenset()
        self.now = NOW

    def discover(self, *found: Target) -> Bindings:
        self.now += timedelta(minutes=10)
        bindings = bind(
            self.entries,
            stored=tuple(self.stored.values()),
            present=self.present,
            found=found,
            now=self.now,
        )
        known: Mapping[UUID, KnownAs] = bindings.changed
        kept = {id: target.known for id, target in self.stored.items()} | dict(known)
        self.stored |= {target.id: target for target in found}
        self.stored = {
            id: replace(target, known=kept.get(id, target.known)) for id, target in self.stored.items()
        }
        self.present = frozenset(target.id for target in found)
        return bindings

    def tell(self, number: int, entry: PolicyTarget, *, replaces: bool) -> None:
        """An admin answers."""
        target = self.stored[UUID(int=number)]
        entries = {**target.known.entries, entry.key: self.now} if replaces else target.known.entries
        dismissed = target.known.dismissed | (frozenset() if replaces else {entry.key})
        if replaces:
            dismissed -= {entry.key}
        known = replace(target.known, entries=entries, contested=frozenset(), dismissed=dismissed)
        self.stored[target.id] = replace(target, known=known)

    def __getitem__(self, number: int) -> Target:
        return self.stored[UUID(int=number)]

    def environment(
        self, number: int, patterns: Sequence[Pattern] = (), unmatched: str | None = "other"
    ) -> str:
        try:
            return "+".join(sorted(environments_of(self.entries, patterns, unmatched, self[number])))
        except Refused as refused:
            return str(refused.reason)

    def means(self, entry: PolicyTarget) -> set[int]:
        there = [self.stored[id] for id in self.present]
        return {id.int for id in aliases_of(self.entries, there)[entry.alias]}


def test_an_entry_is_bound_when_what_it_names_is_first_seen() -> None:
    directory = Directory(BILLING)
    bindings = directory.discover(database(1, "postgresql-a"))
    assert set(directory[1].known.entries) == {BILLING.key}
    assert (bindings.renamed, bindings.contested) == ((), ())
    assert (directory[1].known.name, directory[1].known.app, directory[1].known.space) == (
        "postgresql-a", "billing", "acme",
    )  # fmt: skip


def test_databases_that_are_there_from_the_start_are_replacements_of_nothing() -> None:
    directory = Directory(BILLING)
    bindings = directory.discover(database(1, "postgresql-a"), database(2, "postgresql-b"))
    assert bindings.contested == ()
    assert directory.environment(2) == "other"


@pytest.mark.parametrize(
    "renamed",
    [
        database(1, "postgresql-z"),
        database(1, "postgresql-a", "invoices"),
        database(1, "postgresql-a", space="acme-2"),
        database(1, "postgresql-play", "play", space="play"),
    ],
    ids=["the add-on", "the app", "the space", "everything, to names that mean another"],
)
def test_a_renamed_target_keeps_its_environment_and_its_alias(renamed: Database) -> None:
    directory = Directory(BILLING, PLAY, BY_APP)
    directory.discover(database(1, "postgresql-a"))
    before = directory.environment(1)
    directory.discover(renamed)
    directory.discover(renamed)
    assert (before, directory.environment(1)) == ("production", "production")
    assert directory.means(BILLING) == {1}
    assert directory.means(PLAY) == set()


def test_a_rename_is_told_once_for_each_name_and_not_for_each_database() -> None:
    directory = Directory()
    first: list[Target] = [database(1, "postgresql-a"), database(2, "postgresql-b"), space()]
    directory.discover(*first)
    after: list[Target] = [
        database(1, "postgresql-z", "invoices", space="new"),
        database(2, "postgresql-b", "invoices", space="new"),
        space(name="new"),
    ]
    told = directory.discover(*after).renamed
    assert [(each.what, each.before, each.after, len(each.targets)) for each in told] == [
        (Called.ADDON, "postgresql-a", "postgresql-z", 1),
        (Called.APP, "billing", "invoices", 2),
        (Called.SPACE, "acme", "new", 3),
    ]
    assert directory.discover(*after).renamed == ()


def test_a_name_that_the_reconciler_has_found_is_told_by_the_next_discovery() -> None:
    directory = Directory(BILLING)
    directory.discover(database(1, "postgresql-a"))
    seen = directory[1]
    directory.stored[seen.id] = replace(
        seen, name="postgresql-z", known=replace(seen.known, listed_as="postgresql-a")
    )
    told = directory.discover(database(1, "postgresql-z")).renamed
    assert [(each.before, each.after) for each in told] == [("postgresql-a", "postgresql-z")]
    assert directory[1].known.listed_as == ""
    assert directory.discover(database(1, "postgresql-z")).renamed == ()


def test_a_name_that_the_reconciler_has_found_names_nothing_before_the_next_discovery() -> None:
    directory = Directory(BILLING, PLAY)
    directory.discover(database(1, "postgresql-a"), database(2, "postgresql-play", "play"))
    directory.entries = (PLAY,)
    found = replace(
        directory[1], name="postgresql-play", known=replace(directory[1].known, listed_as="postgresql-a")
    )
    assert listed_entry((PLAY,), found) is None
    assert listed_entry((BILLING,), replace(found, known=replace(found.known, entries={}))) == BILLING


def test_two_swapped_names_change_nothing() -> None:
    directory = Directory(BILLING, PLAY)
    directory.discover(database(1, "postgresql-a"), database(2, "postgresql-play", "play"))
    swapped = directory.discover(database(1, "postgresql-play"), database(2, "postgresql-a", "play"))
    assert (directory.environment(1), directory.environment(2)) == ("production", "sandbox")
    assert (directory.means(BILLING), directory.means(PLAY)) == ({1}, {2})
    assert swapped.contested == ()
    assert len(swapped.renamed) == 2


def test_something_seen_before_that_takes_a_bound_name_stays_what_it_was() -> None:
    directory = Directory(BILLING)
    directory.discover(database(1, "postgresql-a"), database(2, "postgresql-b", "ledger"))
    directory.discover(database(1, "postgresql-z"), database(2, "postgresql-a", "ledger"))
    assert directory.environment(2) == "other"
    assert directory.environment(2, [Pattern(environment="strict", app="ledger")]) == "strict"
    assert directory[2].known.dismissed == {BILLING.key}


@pytest.mark.parametrize(
    "patterns", [(), (Pattern(environment="lax", app="*"),), (Pattern(environment="lax", addon="postgres*"),)]
)
@pytest.mark.parametrize("old_is_there", [True, False])
@pytest.mark.parametrize(
    "new",
    [
        database(2, "postgresql-a", "elsewhere"),
        database(2, "postgresql-b", config_var="HEROKU_POSTGRESQL_PINK_URL"),
        database(2, "postgresql-a"),
    ],
    ids=["took the name", "in the same app", "both"],
)
def test_a_new_thing_under_a_bound_name_gets_nothing_until_an_admin_tells(
    new: Database, old_is_there: bool, patterns: Sequence[Pattern]
) -> None:
    directory = Directory(BILLING)
    directory.discover(database(1, "postgresql-a"))
    old = (database(1, "postgresql-z"),) if old_is_there else ()
    asked = directory.discover(*old, new).contested
    assert [(each.target.id.int, [entry.alias for entry in each.entries]) for each in asked] == [
        (2, ["billing"])
    ]
    assert directory.environment(2, patterns) == Refusal.TARGET_CONTESTED
    assert directory.means(BILLING) == ({1} if old_is_there else set())
    assert directory.discover(*old, new).contested == ()
    assert directory.environment(2, patterns) == Refusal.TARGET_CONTESTED


def test_confirmed_it_is_what_the_alias_means_and_the_old_one_stays_what_it_was() -> None:
    directory = Directory(BILLING)
    directory.discover(database(1, "postgresql-a"))
    directory.discover(database(1, "postgresql-a"), database(2, "postgresql-b"))
    directory.tell(2, BILLING, replaces=True)
    assert directory.environment(2) == directory.environment(1) == "production"
    assert directory.means(BILLING) == {2}


def test_denied_it_is_a_database_of_its_own() -> None:
    directory = Directory(BILLING)
    directory.discover(database(1, "postgresql-a"))
    directory.discover(database(1, "postgresql-a"), database(2, "postgresql-b"))
    directory.tell(2, BILLING, replaces=False)
    assert directory.environment(2) == "other"
    assert directory.environment(2, unmatched=None) == Refusal.TARGET_UNMATCHED
    assert directory.means(BILLING) == {1}
    found = (database(1, "postgresql-a"), database(2, "postgresql-b"))
    assert directory.discover(*found).contested == ()


@pytest.mark.parametrize("gone", [True, False], ids=["the old one is destroyed", "it is promoted"])
def test_a_follower_that_was_denied_is_asked_about_again_when_it_takes_the_place(gone: bool) -> None:
    directory = Directory(BILLING)
    follower = database(2, "postgresql-b", config_var="HEROKU_POSTGRESQL_PINK_URL")
    directory.discover(database(1, "postgresql-a"))
    directory.discover(database(1, "postgresql-a"), follower)
    directory.tell(2, BILLING, replaces=False)
    promoted = replace(follower, config_var="DATABASE_URL")
    demoted = database(1, "postgresql-a", config_var="HEROKU_POSTGRESQL_GOLD_URL")
    found = (follower,) if gone else (demoted, promoted)
    (asked,) = directory.discover(*found).contested
    assert (asked.target.id.int, asked.again) == (2, True)
    # It was seen before: until an admin tells otherwise, it stays what it has been.
    assert directory.environment(2) == "other"
    assert directory.discover(*found).contested == ()
    directory.tell(2, BILLING, replaces=True)
    assert directory.environment(2) == "production"


def test_what_is_renamed_to_the_name_of_an_entry_that_means_nothing_yet_is_asked_about() -> None:
    directory = Directory(PLAY)
    directory.discover(database(1, "postgresql-a"))
    (asked,) = directory.discover(database(1, "postgresql-play")).contested
    assert asked.target.id.int == 1
    assert directory.environment(1) == "other"
    assert directory.means(PLAY) == set()
    directory.discover(database(1, "postgresql-play"))
    assert directory.environment(1) == "other"


def test_an_entry_written_today_means_what_is_called_so_today_and_not_what_was_destroyed() -> None:
    directory = Directory()
    directory.discover(database(1, "postgresql-a"))
    directory.discover()
    directory.discover(database(2, "postgresql-a"))
    directory.entries = (BILLING,)
    directory.discover(database(2, "postgresql-a"))
    assert directory.means(BILLING) == {2}
    assert directory.environment(2) == "production"


def test_an_entry_written_today_means_what_was_called_so_when_its_author_looked() -> None:
    directory = Directory()
    directory.discover(database(1, "postgresql-a"), database(2, "postgresql-b", "ledger"))
    directory.entries = (BILLING,)
    directory.discover(database(1, "postgresql-z"), database(2, "postgresql-a", "ledger"))
    assert directory.means(BILLING) == {1}
    assert directory.environment(2) == "other"


def test_another_name_in_an_entry_means_another_target() -> None:
    directory = Directory(BILLING)
    found = (database(1, "postgresql-a"), database(2, "postgresql-b", "ledger"))
    directory.discover(*found)
    directory.entries = (replace(BILLING, database="postgresql-b"),)
    directory.discover(*found)
    assert directory.means(BILLING) == {2}
    assert (directory.environment(1), directory.environment(2)) == ("other", "production")


def test_a_space_under_a_bound_name_is_asked_about_and_a_database_of_that_name_is_not_meant() -> None:
    entry = PolicyTarget(alias="prod", database="acme", environment="production", is_space=True)
    directory = Directory(entry)
    directory.discover(space())
    asked = directory.discover(space(name="acme-old"), space(901), database(1, "acme", "acme")).contested
    assert [each.target.id.int for each in asked] == [901]
    assert directory.environment(901) == Refusal.TARGET_CONTESTED
    assert directory.environment(900) == "production"
    assert directory.environment(1) == "other"


def test_who_is_gone_before_an_answer_is_said_and_asked_about_again_once_back() -> None:
    directory = Directory(BILLING)
    directory.discover(database(1, "postgresql-a"))
    directory.discover(database(1, "postgresql-a"), database(2, "postgresql-b"))
    gone = directory.discover(database(1, "postgresql-a"))
    assert [target.id.int for target in gone.vanished] == [2]
    assert directory.discover(database(1, "postgresql-a")).vanished == ()
    (asked,) = directory.discover(database(1, "postgresql-a"), database(2, "postgresql-b")).contested
    assert asked.target.id.int == 2
    assert directory.environment(2) == Refusal.TARGET_CONTESTED


def test_entries_that_mean_the_same_have_one_successor() -> None:
    directory = Directory(BILLING, BY_APP, PLAY)
    directory.discover(database(1, "postgresql-a"), database(3, "postgresql-play", "play"))
    keys = [BILLING.key, BY_APP.key, PLAY.key, "unseen=nothing", "other=nothing"]
    assert bound_alike(keys, directory.stored.values()) == (
        (BILLING.key, BY_APP.key),
        ("other=nothing",),
        (PLAY.key,),
        ("unseen=nothing",),
    )


# --- whatever happens -------------------------------------------------------------------------------

NAMES = ("postgresql-a", "postgresql-b", "postgresql-play", "postgresql-new")
APPS = ("billing", "play", "ledger")
PATTERNS = (
    Pattern(environment="strict", app="billing"),
    Pattern(environment="lax", addon="postgresql-p*"),
    Pattern(environment="strict", space="acme"),
)
ENTRIES = (
    BILLING,
    PLAY,
    BY_APP,
    PolicyTarget(alias="gone", database="postgresql-new", environment="sandbox"),
    PolicyTarget(alias="prod", database="acme", environment="production", is_space=True),
)

numbers = st.integers(1, 5)
worlds = st.dictionaries(
    numbers,
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(APPS),
        st.sampled_from(("acme", "play")),
        st.sampled_from(("DATABASE_URL", "HEROKU_POSTGRESQL_PINK_URL")),
    ),
    max_size=5,
)


def targets_of(world: Mapping[int, tuple[str, str, str, str]]) -> list[Target]:
    """Databases with names that may be anybody's, each name once."""
    found: dict[str, Target] = {}
    for number, (name, app, where, config_var) in world.items():
        found.setdefault(name, database(number, name, app, space=where, config_var=config_var))
    return [*found.values(), space()]


@given(st.lists(worlds, min_size=2, max_size=6), st.lists(st.sampled_from(ENTRIES), unique=True))
def test_whatever_is_renamed_swapped_or_replaced_no_environment_changes(
    history: list[dict[int, tuple[str, str, str, str]]], entries: list[PolicyTarget]
) -> None:
    directory = Directory(*entries)
    first: dict[UUID, str] = {}
    for world in history:
        directory.discover(*targets_of(world))
        for id in directory.stored:
            environment = directory.environment(id.int, PATTERNS, None)
            assert first.setdefault(id, environment) == environment


@given(st.lists(worlds, min_size=1, max_size=5), st.lists(st.sampled_from(ENTRIES), unique=True))
def test_planned_again_nothing_changes_and_an_alias_means_what_was_bound_last(
    history: list[dict[int, tuple[str, str, str, str]]], entries: list[PolicyTarget]
) -> None:
    directory = Directory(*entries)
    for world in history:
        found = targets_of(world)
        directory.discover(*found)
        again = directory.discover(*found)
        assert again == Bindings(changed={}, renamed=(), contested=(), vanished=())
        for entry in entries:
            bound = {
                id.int: directory.stored[id].known.entries[entry.key]
                for id in directory.present
                if entry.key in directory.stored[id].known.entries
            }
            newest = max(bound.values(), default=None)
            assert directory.means(entry) == {id for id, at in bound.items() if at == newest}


@given(st.lists(worlds, min_size=2, max_size=6), st.lists(st.sampled_from(ENTRIES), unique=True))
def test_an_entry_is_never_bound_to_anything_else_by_names_alone(
    history: list[dict[int, tuple[str, str, str, str]]], entries: list[PolicyTarget]
) -> None:
    directory = Directory(*entries)
    bound: dict[str, set[UUID]] = {}
    for world in history:
        directory.discover(*targets_of(world))
        for entry in entries:
            holders = {id for id, each in directory.stored.items() if entry.key in each.known.entries}
            if holders:
                assert bound.setdefault(entry.key, holders) == holders


@given(st.lists(worlds, min_size=2, max_size=6), st.lists(st.sampled_from(ENTRIES), min_size=1, unique=True))
def test_whatever_is_new_under_a_bound_name_gets_nothing_by_any_pattern(
    history: list[dict[int, tuple[str, str, str, str]]], entries: list[PolicyTarget]
) -> None:
    directory = Directory(*entries)
    for world in history:
        seen = set(directory.stored)
        bound = [
            entry for entry in entries if any(entry.key in t.known.entries for t in directory.stored.values())
        ]
        directory.discover(*targets_of(world))
        for id in directory.stored.keys() - seen:
            target = directory.stored[id]
            if any(entry.names(target) for entry in bound) and not target.known.entries:
                assert directory.environment(id.int, PATTERNS, "other") == Refusal.TARGET_CONTESTED

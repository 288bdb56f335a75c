"""How people name databases and spaces, and how they are named to people."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.target import NO_ALIASES, Aliases, Database, choose, choose_space, names_space, with_labels
from bot.errors import Refusal, Refused
from tests.unit.domain.policy.test_binding import database, space

BILLING = database(1, "postgresql-a")
ANALYTICS = database(2, "postgresql-b", config_var="ANALYTICS_URL")
LEDGER = database(3, "postgresql-c", "ledger")
ALL = with_labels((BILLING, ANALYTICS, LEDGER))


def labels(*databases: Database) -> list[str]:
    return [each.label for each in with_labels(databases)]


def refusal(
    word: str | None, databases: tuple[Database, ...] = ALL, aliases: Aliases = NO_ALIASES
) -> Refused:
    with pytest.raises(Refused) as refused:
        choose(databases, word, aliases)
    return refused.value


def test_an_app_with_one_database_is_its_label() -> None:
    assert labels(BILLING, LEDGER) == ["billing", "ledger"]


def test_several_databases_of_an_app_are_told_apart_by_their_attachments() -> None:
    assert labels(BILLING, ANALYTICS, LEDGER) == ["billing::DATABASE", "billing::ANALYTICS", "ledger"]


def test_two_without_an_attachment_of_their_own_are_told_apart_by_their_names() -> None:
    assert labels(BILLING, replace(ANALYTICS, config_var="DATABASE_URL")) == [
        "billing::postgresql-a",
        "billing::postgresql-b",
    ]


def test_labels_are_the_same_when_they_are_made_again() -> None:
    assert with_labels(ALL) == ALL
    assert labels(ALL[0]) == ["billing"]


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("billing::ANALYTICS", 2),
        ("billing::analytics", 2),
        ("BILLING::DATABASE", 1),
        ("postgresql-a", 1),
        ("Postgresql-B", 2),
        ("ledger", 3),
    ],
)
def test_a_word_means_one_database(word: str, number: int) -> None:
    assert choose(ALL, word).id == UUID(int=number)


def test_the_app_alone_is_ambiguous_and_the_labels_are_offered() -> None:
    refused = refusal("billing")
    assert refused.reason is Refusal.TARGET_AMBIGUOUS
    assert str(refused.params["known"]) == "billing::DATABASE, billing::ANALYTICS"
    assert refused.params["example"] == "billing::DATABASE"


def test_an_alias_goes_before_a_name_even_if_it_means_nothing_today() -> None:
    assert choose(ALL, "ledger", {"ledger": frozenset({BILLING.id})}) == ALL[0]
    assert refusal("ledger", aliases={"ledger": frozenset()}).reason is Refusal.TARGET_UNKNOWN


def test_without_a_word_the_only_database_is_meant() -> None:
    assert choose((LEDGER,), None) == LEDGER
    assert refusal(None).reason is Refusal.TARGET_MISSING
    assert refusal("x", ()).reason is Refusal.TARGET_NONE


def test_what_is_offered_is_the_alias_where_there_is_one() -> None:
    refused = refusal("nowhere", aliases={"money": frozenset({BILLING.id})})
    assert str(refused.params["known"]) == "billing::ANALYTICS, ledger, money"


@pytest.mark.parametrize("word", ["billing", "billing::ANALYTICS", "postgresql-b", "acme", "ACME", "money"])
def test_a_space_is_named_by_itself_or_by_what_is_in_it(word: str) -> None:
    spaces = (space(901, "other"), space())
    assert choose_space(spaces, ALL, word, {"money": frozenset({LEDGER.id})}).name == "acme"


def test_a_database_is_in_the_space_of_its_uuid_whatever_that_is_called() -> None:
    assert BILLING.is_in(space(name="renamed"))
    assert not BILLING.is_in(space(901, "acme"))
    # As it was stored before the space's UUID was.
    assert replace(BILLING, space_id=None).is_in(space(901, "acme"))


def test_a_word_that_is_a_databases_does_not_mean_a_space_as_such() -> None:
    spaces = (space(), space(901, "ledger"))
    assert names_space(spaces, ALL, "acme", {})
    assert not names_space(spaces, ALL, "ledger", {})
    assert not names_space(spaces, ALL, "billing::ANALYTICS", {})
    assert names_space(spaces, ALL, "money", {"money": frozenset({space().id})})


attachments = st.sampled_from(("DATABASE_URL", "ANALYTICS_URL", "HEROKU_POSTGRESQL_PINK_URL"))


@given(
    st.lists(st.tuples(st.sampled_from(("billing", "ledger", "play")), attachments), min_size=1, max_size=6)
)
def test_whatever_there_is_every_label_means_one_database_when_it_is_typed_back(
    there: list[tuple[str, str]],
) -> None:
    databases = with_labels(
        [
            database(number, f"postgresql-{number}", app, config_var=config_var)
            for number, (app, config_var) in enumerate(there, 1)
        ]
    )
    assert len({each.label for each in databases}) == len(databases)
    for each in databases:
        assert choose(databases, each.label) == each
        assert choose(databases, each.label.lower()) == each

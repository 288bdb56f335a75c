"""The policy beside what there is at Heroku: by what it is bound to, not by today's names alone."""

from dataclasses import replace
from uuid import UUID

import pytest

from bot.domain.policy.environments import Pattern, PolicyTarget
from bot.domain.policy.rules import Policy, Rule
from bot.domain.target import Database, KnownAs, Space
from bot.policy.coverage import target_findings, unmatched
from bot.policy.finding import Finding
from tests.unit.factories import NOW, POLICY, RULE, database

MONEY = PolicyTarget(alias="money", database="postgresql-curved-12345", environment="production")
WHOLE = PolicyTarget(alias="whole", database="acme-private", environment="default", is_space=True)
BILLING = database()
LEDGER = replace(database("ledger", 2), name="postgresql-graceful-54321")
SPACE = Space(id=UUID(int=9), name="acme-private", region="virginia", shield=False)


def policy(
    *rules: Rule,
    targets: tuple[PolicyTarget, ...] = (MONEY, WHOLE),
    patterns: tuple[Pattern, ...] = (),
    unmatched: str | None = "default",
) -> Policy:
    return replace(POLICY, rules=rules or (RULE,), targets=targets, patterns=patterns, unmatched=unmatched)


def found(policy: Policy, *databases: Database, spaces: tuple[Space, ...] = (SPACE,)) -> list[Finding]:
    return list(target_findings(policy, databases, spaces))


def test_an_entry_stays_with_its_database_after_a_rename() -> None:
    renamed = replace(BILLING, name="renamed", known=KnownAs(entries={MONEY.key: NOW}))
    assert found(policy(), renamed) == []


def test_an_entry_whose_database_is_gone_matches_nothing() -> None:
    (finding,) = found(policy(), LEDGER)
    assert finding.wrong
    assert finding.sentence.startswith("targets.money matches nothing at Heroku: no add-on or app")


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (
            PolicyTarget(alias="web", database="billing", environment="default", is_space=True),
            "targets.web matches nothing at Heroku: no space is called billing",
        ),
        (
            PolicyTarget(alias="web", database="acme-private", environment="default"),
            "targets.web matches nothing at Heroku: no add-on or app",
        ),
        (
            PolicyTarget(alias="web", database="postgresql-curved-1234", environment="default"),
            "targets.web matches nothing at Heroku: no add-on or app",
        ),
        (
            PolicyTarget(alias="web", database="billing::ANALYTICS", environment="default"),
            "targets.web matches nothing at Heroku: no add-on or app",
        ),
    ],
)
def test_an_entry_that_names_what_is_not_there_or_something_else_is_named(
    entry: PolicyTarget, sentence: str
) -> None:
    named = [each for each in found(policy(targets=(MONEY, WHOLE, entry)), BILLING) if each.wrong]
    assert [each.sentence[: len(sentence)] for each in named] == [sentence]


def test_what_may_have_replaced_a_database_is_named_once() -> None:
    new = replace(BILLING, known=KnownAs(contested=frozenset({MONEY.key})))
    (finding,) = found(policy(unmatched=None), new)
    assert finding.wrong
    assert "may have replaced what targets.money means" in finding.sentence


def test_what_only_took_the_name_of_an_entry_is_not_what_it_means() -> None:
    impostor = replace(LEDGER, name=MONEY.database, known=KnownAs(dismissed=frozenset({MONEY.key})))
    sentences = [each.sentence for each in found(policy(), impostor)]
    assert [sentence.split(":")[0] for sentence in sentences] == ["targets.money matches nothing at Heroku"]


def test_patterns_match_by_the_names_that_were_seen_first() -> None:
    prod = Pattern(environment="default", app="billing")
    renamed = replace(LEDGER, app="other", known=KnownAs(name=LEDGER.name, app="billing", space="x"))
    assert found(policy(patterns=(prod,)), BILLING, renamed) == []
    (finding,) = found(policy(patterns=(prod,)), BILLING)
    assert finding.sentence.startswith('match 1 (app = "billing") counts for nothing at Heroku')


def test_a_space_that_no_entry_names_is_judged_by_what_is_inside() -> None:
    (finding,) = found(policy(targets=(MONEY,)), BILLING, LEDGER)
    assert not finding.wrong
    assert finding.sentence == (
        "no entry names the space acme-private: a range on it is judged by billing "
        "(postgresql-curved-12345), ledger (postgresql-graceful-54321) inside, each by its own rules"
    )


def test_an_empty_space_that_nothing_covers_takes_no_range() -> None:
    (finding,) = found(policy(targets=(), unmatched=None))
    assert finding.sentence == (
        "no entry and no pattern covers the space acme-private: every range is refused"
    )


def test_nothing_is_said_of_a_space_that_takes_no_ranges() -> None:
    shield = replace(SPACE, shield=True)
    assert found(policy(targets=(MONEY,)), BILLING, spaces=(shield,)) == []


STRICT = replace(RULE, name="strict", environments=frozenset({"production"}), approvals=2)


def test_a_space_laxer_for_some_only_names_them() -> None:
    group = replace(STRICT, name="engineers", requesters=frozenset({"S0ENGINEERS"}))
    (finding,) = found(policy(group, RULE), BILLING)
    assert not finding.wrong
    assert finding.sentence == (
        "the entry of the space acme-private (default) is laxer than the rules of billing "
        "(postgresql-curved-12345) inside, for S0ENGINEERS: a range on the space is judged by both, and the "
        "stricter one decides"
    )


def test_a_space_is_laxer_where_one_inside_is_refused_or_asks_for_more() -> None:
    denies = replace(STRICT, denies=True)
    silent = replace(RULE, environments=frozenset({"default"}))
    shorter = replace(STRICT, approvals=1, longest_duration=RULE.default_duration)
    others = replace(STRICT, approvals=1, approvers=frozenset({"U0OTHER"}))
    for rules in ((denies, RULE), (silent,), (STRICT, RULE), (shorter, RULE), (others, RULE)):
        (finding,) = found(policy(*rules), BILLING)
        assert "for everybody" in finding.sentence, rules


def test_a_space_as_strict_or_stricter_is_not_named() -> None:
    strict_space = (MONEY, replace(WHOLE, environment="production"))
    laxer = replace(MONEY, environment="default")
    assert found(policy(STRICT, RULE, targets=strict_space), BILLING) == []
    refused = replace(STRICT, denies=True)
    assert found(policy(refused, RULE, targets=(laxer, strict_space[1])), BILLING) == []


def test_many_databases_are_named_up_to_a_limit() -> None:
    many = [replace(database(f"app-{n}", n), name=f"postgresql-{n}") for n in range(1, 21)]
    (uncovered, *_) = found(policy(targets=(WHOLE,), unmatched=None), *many)
    assert uncovered.sentence.count("postgresql-") == 8
    assert "and 12 more: every request for them is refused" in uncovered.sentence


MATCHED, UNHEARD = 'match 1 (space = "acme-*")', 'match 2 (app = "unheard-*")'


@pytest.mark.parametrize(
    ("databases", "spaces", "names"),
    [
        ([BILLING], [SPACE], [UNHEARD]),
        ([BILLING], [], ["targets.whole", UNHEARD]),
        ([LEDGER], [SPACE], ["targets.money", UNHEARD]),
        ([replace(BILLING, name="renamed", known=KnownAs(entries={MONEY.key: NOW}))], [SPACE], [UNHEARD]),
        (
            [replace(BILLING, name="other", known=KnownAs(contested=frozenset({MONEY.key})))],
            [SPACE],
            [UNHEARD],
        ),
        ([], [], ["targets.money", "targets.whole", MATCHED, UNHEARD]),
    ],
)
def test_what_matches_nothing_is_named_as_the_policy_has_it(
    databases: list[Database], spaces: list[Space], names: list[str]
) -> None:
    patterns = (
        Pattern(environment="default", space="acme-*"),
        Pattern(environment="default", app="unheard-*"),
    )
    assert unmatched(policy(patterns=patterns), databases, spaces) == names

"""What a form says of the rules that may apply: their limits, and who decides."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.method import Method
from bot.domain.policy.environments import PolicyTarget
from bot.i18n.translator import Translator
from bot.views.request_limits import SHOWN, limits
from tests.unit import factories
from tests.unit.factories import RULE

EN = Translator("en")
PRODUCTION = replace(
    RULE,
    name="production",
    environments=frozenset({"production"}),
    default_duration=timedelta(hours=4),
    longest_duration=timedelta(days=2),
    widest=28,
    approvals=2,
    approvers=frozenset({"S0LEADS"}),
)
STAGING = replace(RULE, name="staging", environments=frozenset({"staging"}), methods=frozenset({Method.MTLS}))
DENYING = replace(RULE, name="no contractors", denies=True)
POLICY = replace(
    factories.POLICY,
    targets=(PolicyTarget(alias="billing", database="billing", environment="production"),),
    rules=(DENYING, PRODUCTION, STAGING),
)


def said(method: Method = Method.MTLS, *, chosen: bool = False, language: str = "en") -> list[str]:
    target = factories.database() if chosen else None
    return [block["elements"][0]["text"] for block in limits(POLICY, method, target, Translator(language))]


def test_the_rules_of_the_chosen_database_are_said_with_their_default_and_their_deciders() -> None:
    (line,) = said(chosen=True)
    for part in ("production", "4h", "2d", "/28", "<!subteam^S0LEADS>", "2"):
        assert part in line


def test_without_a_database_every_rule_that_may_apply_is_said_and_none_that_denies() -> None:
    assert [line.partition(":")[0] for line in said()] == ["*production*", "*staging*"]
    assert [line.partition(":")[0] for line in said(Method.PRIVATELINK)] == ["*production*"]
    assert "/28" not in said(Method.PRIVATELINK)[0]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_of_many_rules_only_the_first_are_said(language: str) -> None:
    many = tuple(replace(RULE, name=f"rule {number}") for number in range(SHOWN + 4))
    shown = limits(replace(POLICY, rules=many), Method.MTLS, None, Translator(language))
    assert len(shown) == SHOWN + 1
    assert "4" in str(shown[-1])


def test_nothing_is_said_of_a_database_that_no_entry_covers() -> None:
    uncovered = replace(POLICY, targets=(), unmatched=None)
    assert limits(uncovered, Method.MTLS, factories.database(), EN) == []

"""Drift and unmanaged entries: valid in both languages, and short."""

from dataclasses import replace
from uuid import UUID

import pytest

from bot.domain.drift import NO_DRIFT, Drift, RecentRemovals, compare
from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.request import Kind, RequestState
from bot.domain.target import Space
from bot.domain.trusted_ips.ruleset import DataServices, Ruleset, RulesetObservation, RulesetRule
from bot.i18n.translator import Translator
from bot.ports import DatabaseStatus, Message, SpaceStatus
from bot.views import block_kit, database_status
from bot.views import drift as drift_view
from bot.views.method_view import asking_for
from bot.views.requests.request_card import approval_card
from bot.views.trusted_ips import diagnosis, modal
from tests.unit import factories
from tests.unit.factories import NETWORK, NOW, POLICY
from tests.unit.views import samples

SPACE = Space(id=UUID(int=9), name="acme-private", region="virginia", shield=False)
ARN = f"arn:aws:iam::123456789012:user/{'e' * 500}"
CROWD = frozenset(f"192.0.2.{number}/32" for number in range(60))
EN = Translator("en")


def observed(*sources: str, applied: bool = True) -> RulesetObservation:
    rules = tuple(RulesetRule("allow", source) for source in sources)
    ruleset = Ruleset(id=UUID(int=1), rules=rules, applied=applied, by="somebody@example.com")
    return RulesetObservation(at=NOW, ruleset=ruleset, ours=frozenset())


def status_of(ranges: RulesetObservation | None, found: Drift = NO_DRIFT) -> DatabaseStatus:
    space = SpaceStatus(space=SPACE, observation=ranges, open=(), services=DataServices.CONFIRMED)
    seen = replace(factories.look(), drift=found)
    return DatabaseStatus(
        database=factories.database(), observation=seen, open=(), mine=(), now=NOW, space=space
    )


def test_drift_is_what_is_back_missing_or_twice_idle() -> None:
    recently_removed = RecentRemovals(removed=frozenset({"a", "b"}), lost=frozenset({"c", "d"}))
    found = compare(
        recently_removed, listed={"a", "c"}, unmanaged={"a", "e"}, idle={"f", "g"}, idle_before={"f"}
    )
    assert found == Drift(back=frozenset({"a"}), missing=frozenset({"d"}), unapplied=frozenset({"f"}))


@samples.IN_BOTH_LANGUAGES
@pytest.mark.parametrize("entries", [frozenset({ARN}), CROWD])
def test_however_much_has_drifted_the_status_is_valid(entries: frozenset[str], language: str) -> None:
    t = Translator(language)
    everything = Drift(back=entries, missing=entries, unapplied=entries)
    ranges = replace(observed(*sorted(CROWD)), drift=everything)
    samples.require_valid(database_status.status(status_of(ranges, everything), t))


def test_a_paragraph_of_drift_names_what_others_took_from_under_a_grant() -> None:
    asked = factories.request(state=RequestState.APPROVED)
    details = factories.case(
        asked=asked, votes=(factories.vote(),), granted=factories.grant(GrantState.INTERRUPTED)
    )
    content = drift_view.paragraph(NO_DRIFT, asking_for(Method.MTLS, [details]), EN)[0]["text"]["text"]
    assert f"`{NETWORK}` is missing: removed outside pgaccess (#{asked.id})" in content
    assert drift_view.paragraph(NO_DRIFT, asking_for(Method.TRUSTED, [details]), EN) == []


def test_a_database_s_status_names_its_space_s_ranges_and_what_is_not_in_force() -> None:
    content = samples.content(
        database_status.status(status_of(observed("198.51.100.0/24", applied=False)), EN)
    )
    assert "Trusted IP ranges of the space acme-private" in content
    assert "198.51.100.0/24" in content
    assert "stored but not in force" in content
    assert "not read yet" in samples.content(database_status.status(status_of(None), EN))


@samples.IN_BOTH_LANGUAGES
@pytest.mark.parametrize("text", ["", "the ETL vendor", samples.LONG])
@pytest.mark.parametrize("kind", [Kind.REMOVE_UNMANAGED, Kind.ADOPT])
def test_a_card_about_a_unmanaged_rule_says_what_heroku_says_of_it(
    kind: Kind, text: str, language: str
) -> None:
    rule = replace(factories.rule(str(NETWORK)), description=text)
    details = factories.case(asked=factories.request(kind=kind), seen=factories.look(rule))
    card = approval_card(details, t=Translator(language), policy=POLICY)
    samples.require_valid(card)
    assert "Authorized" in samples.content(card)


@samples.IN_BOTH_LANGUAGES
def test_a_card_counts_the_rules_that_it_does_not_describe(language: str) -> None:
    rules = [factories.rule(str(NETWORK), number) for number in range(5)]
    details = factories.case(asked=factories.request(kind=Kind.REMOVE_UNMANAGED), seen=factories.look(*rules))
    card = approval_card(details, t=Translator(language), policy=POLICY)
    assert Translator(language)("card.change.rule.more", count=3) in samples.content(card)


@samples.IN_BOTH_LANGUAGES
@pytest.mark.parametrize("count", [1, 100, 101])
def test_the_form_for_a_range_is_valid_however_many_spaces_there_are(count: int, language: str) -> None:
    spaces = [replace(SPACE, id=UUID(int=number), name=f"space-{number}") for number in range(1, count + 1)]
    view = modal.add_form(spaces=spaces, filled={}, t=Translator(language), needs_reason=True)
    samples.require_valid_view(view)
    assert len(spaces) <= block_kit.SELECT_OPTIONS or "select" not in str(view)


@samples.IN_BOTH_LANGUAGES
def test_the_diagnosis_of_a_space_is_valid_without_an_observation_and_without_a_request(
    language: str,
) -> None:
    for seen in (None, observed("198.51.100.0/24")):
        space = SpaceStatus(space=SPACE, observation=seen, open=(), services=DataServices.UNKNOWN)
        answer: Message = diagnosis.why(space, (), t=Translator(language), policy=POLICY)
        samples.require_valid(answer)

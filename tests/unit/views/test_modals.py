"""Forms: valid with one and with many databases, filled with what is known, and errors where they belong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain.person import UserId
from bot.domain.request import Kind
from bot.domain.subject import Accounts
from bot.errors import Refusal, Refused
from bot.i18n.catalogue import CATALOGUE
from bot.i18n.translator import Translator
from bot.ports import RequestDetails
from bot.views import action_ids, form_fields, modals, responses
from bot.views.block_kit import FIELD_ERROR
from bot.views.mtls import modals as mtls_modals
from sandbox.slack.validation.elements import SUGGESTED
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.samples import CASES, CROWDED, IN_BOTH_LANGUAGES, LONG

EN = Translator("en")
FIELDS = (
    action_ids.FIELD_ADDRESS,
    action_ids.FIELD_TARGET,
    action_ids.FIELD_DURATION,
    action_ids.FIELD_REASON,
    action_ids.FIELD_ALTERNATIVES,
    action_ids.FIELD_TICKET,
    action_ids.FIELD_PERSON,
)
PENDING = [name for name in CASES if "pending" in name]


def add_form(count: int, language: str = "en", **filled: str | None) -> dict[str, Any]:
    databases = [factories.database(f"app-{n}" + "x" * 60, n) for n in range(count)]
    return mtls_modals.add_form(databases=databases, filled=filled, t=Translator(language), needs_reason=True)


def fields(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {block["block_id"]: block for block in view["blocks"] if block["type"] == "input"}


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("count", [1, 2, 100, 101, 150])
def test_the_form_is_valid_with_one_and_with_many_databases(count: int, language: str) -> None:
    samples.require_valid_view(add_form(count, language))
    filled = {
        action_ids.FIELD_ADDRESS: "10.0.0.1",
        action_ids.FIELD_REASON: "why <not>",
        action_ids.FIELD_DURATION: "8h",
    }
    samples.require_valid_view(add_form(count, language, **filled))


@pytest.mark.parametrize(
    ("count", "kind"), [(1, "static_select"), (100, "static_select"), (101, "external_select")]
)
def test_more_databases_than_a_select_takes_are_searched_for(count: int, kind: str) -> None:
    assert fields(add_form(count))[action_ids.FIELD_TARGET]["element"]["type"] == kind


def found(typed: str, *, aliases: dict[str, int] | None = None, language: str = "en") -> list[str]:
    """The apps of what is found among a few databases."""
    apps = ("crm", "billing", "old-billing", "Billing-eu", "ledger")
    databases = [replace(factories.database(app, n), name=f"postgresql-{n}") for n, app in enumerate(apps)]
    meant = {alias: frozenset({databases[place].id}) for alias, place in (aliases or {}).items()}
    options = form_fields.options_for(databases, meant, typed, Translator(language))
    return [option["text"]["text"].partition(" ")[0] for option in options]


def test_equal_names_are_found_first_then_names_that_begin_so_then_the_rest() -> None:
    assert found("billing") == ["billing", "Billing-eu", "old-billing"]
    assert found("BILL") == ["Billing-eu", "billing", "old-billing"]


def test_a_database_is_found_by_add_on_space_and_alias_too() -> None:
    assert found("postgresql-4") == ["ledger"]
    assert len(found("acme")) == 5
    assert found("books", aliases={"books": 4}) == ["ledger"]
    assert found("customers", aliases={"customers": 0}) == ["crm"]


def test_nothing_typed_finds_everything_and_what_is_nowhere_nothing() -> None:
    assert len(found("  ")) == 5
    assert found("nowhere") == []


@IN_BOTH_LANGUAGES
def test_the_answer_to_a_search_keeps_slack_s_limits(language: str) -> None:
    databases = [factories.database(f"app-{n}" + "x" * 90, n) for n in range(150)]
    options = form_fields.options_for(databases, {}, "app", Translator(language))
    assert len(options) == 100
    assert list(SUGGESTED({"options": options}, "")) == []


@IN_BOTH_LANGUAGES
def test_what_is_chosen_among_many_is_shown_and_nothing_else_is(language: str) -> None:
    chosen = str(factories.database("", 140).id)
    view = add_form(150, language, **{action_ids.FIELD_TARGET: chosen})
    samples.require_valid_view(view)
    assert fields(view)[action_ids.FIELD_TARGET]["element"]["initial_option"]["value"] == chosen
    assert "initial_option" not in fields(add_form(150, language))[action_ids.FIELD_TARGET]["element"]


def test_an_only_database_is_chosen_already_and_of_several_none_is() -> None:
    only, several = (fields(add_form(count))[action_ids.FIELD_TARGET]["element"] for count in (1, 2))
    assert only["initial_option"]["value"] == str(factories.database("", 0).id)
    assert "initial_option" not in several


def test_what_was_typed_is_filled_in() -> None:
    database = factories.database("billing", 1)
    typed = {
        action_ids.FIELD_ADDRESS: "10.0.0.1",
        action_ids.FIELD_TARGET: str(database.id),
        action_ids.FIELD_DURATION: "8h",
        action_ids.FIELD_REASON: "why",
    }
    databases = [database, factories.database("crm", 2)]
    view = mtls_modals.add_form(databases=databases, filled=typed, t=EN, needs_reason=True)
    found = {name: field["element"] for name, field in fields(view).items()}
    assert found[action_ids.FIELD_TARGET]["initial_option"]["value"] == str(database.id)
    for name in (action_ids.FIELD_ADDRESS, action_ids.FIELD_DURATION, action_ids.FIELD_REASON):
        assert found[name]["initial_value"] == typed[name]


@pytest.mark.parametrize("needed", [True, False])
def test_a_reason_is_optional_only_where_some_rule_allows_that(needed: bool) -> None:
    databases = [factories.database()]
    view = mtls_modals.add_form(databases=databases, filled={}, t=EN, needs_reason=needed)
    assert fields(view)[action_ids.FIELD_REASON]["optional"] is not needed


def test_a_reason_is_needed_if_every_rule_that_allows_wants_one() -> None:
    (rule,) = POLICY.rules
    strict, lax = replace(rule, minimum_reason=10), replace(rule, minimum_reason=0)
    denying = replace(lax, denies=True)
    assert modals.needs_reason(replace(POLICY, rules=(strict, denying)))
    assert not modals.needs_reason(replace(POLICY, rules=(strict, lax)))


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("form", [modals.deny_form, modals.change_form, modals.extend_form])
def test_forms_about_a_request_are_valid_and_carry_it(
    form: Callable[[RequestDetails, Translator], dict[str, Any]], language: str
) -> None:
    for details in (CASES[name] for name in PENDING):
        view = form(details, Translator(language))
        samples.require_valid_view(view)
        assert action_ids.read_button(view["private_metadata"]) == (
            details.request.id,
            details.request.version,
        )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (factories.request(), [action_ids.FIELD_ADDRESS, action_ids.FIELD_DURATION]),
        (factories.request(until=NOW), [action_ids.FIELD_ADDRESS]),
        (factories.request(endless=True), [action_ids.FIELD_ADDRESS]),
    ],
)
def test_a_form_for_changes_starts_from_the_request(asked: Any, expected: list[str]) -> None:
    found = fields(modals.change_form(factories.case(asked=asked), EN))
    assert list(found) == [*expected, action_ids.FIELD_REASON]
    assert found[action_ids.FIELD_ADDRESS]["element"]["initial_value"] == "203.0.113.4/32"


@IN_BOTH_LANGUAGES
def test_a_note_is_a_view_with_the_blocks_of_an_answer(language: str) -> None:
    t = Translator(language)
    for name in PENDING:
        answer = responses.showing(CASES[name], t=t, policy=CROWDED)
        samples.require_valid_view(modals.note(answer, t))


# --- errors at fields ------------------------------------------------------------------------------


PARAMS = {
    "given": "<10.0.0.1>",
    "id": 17,
    "person": UserId("U0LEAD"),
    "at": NOW,
    "word": "<!channel>",
    "suggestion": "8h",
    "example": "for 8h",
    "known": "billing & crm",
    "first": "30d",
    "second": "31d",
    "start": NOW,
    "longest": "5d",
    "least": 10,
    "app": "billing",
    "space": "acme",
    "address": "203.0.113.4/32",
    "network": "203.0.113.4/32",
    "by": "203.0.113.0/24",
    "command": "/pgaccess mtls add 203.0.113.4",
    "rule": "night <shift>",
    "range": "10.0.0.0/8",
    "prefix": "99",
    "single": "203.0.113.4/32",
    "widest": 24,
    "limit": 60,
    "verb": "show",
    "code": "U+200B",
    "state": "denied",
    "count": 13,
    "service": "s3",
    "partition": "aws-cn",
    "plan": "heroku-postgresql:advanced",
    "accounts": Accounts(("arn:aws:iam::123456789012:root",)),
    "handle": "<17>",
    "group": UserId("S0LEADS"),
    "name": "postgresql-<new>-1",
    "alias": "billing",
    "needed": 2,
    "missing": 1,
    "because": "the laptop was lost",
}
"""A value for every placeholder that a refusal may have."""


def sentence(refused: Refused, t: Translator) -> str:
    return t(refused.key, **refused.params)


@IN_BOTH_LANGUAGES
def test_a_refusal_as_plain_text_has_no_markup_left(language: str) -> None:
    for reason in Refusal:
        content = modals.plain_text(sentence(Refused(reason, **PARAMS), Translator(language)))
        marks = ("<!date", "<@", "&lt;", "&gt;", "&amp;", "`", "*", "\n", "{")
        assert [mark for mark in marks if mark in content] == []
        assert 0 < len(content) <= FIELD_ERROR


@IN_BOTH_LANGUAGES
def test_names_and_dates_survive_as_plain_text(language: str) -> None:
    refused = Refused(Refusal.REQUEST_DECIDED, id=17, person=UserId("U0LEAD"), at=NOW)
    content = modals.plain_text(sentence(refused, Translator(language)))
    assert "2026-11-24 09:00 UTC" in content
    assert "U0LEAD" in content


def test_what_a_person_typed_comes_back_to_them_as_they_typed_it() -> None:
    refused = Refused(Refusal.DURATION_UNREADABLE, given="<8h> & more")
    assert modals.plain_text(sentence(refused, EN)).startswith("<8h> & more is not a duration")


def test_a_field_error_is_cut_where_slack_would_refuse_it() -> None:
    assert len(modals.plain_text(LONG)) == FIELD_ERROR


@pytest.mark.parametrize(
    ("reason", "field"),
    [
        (Refusal.ADDRESS_PRIVATE, action_ids.FIELD_ADDRESS),
        (Refusal.RULES_FULL, action_ids.FIELD_ADDRESS),
        (Refusal.TERMS_WIDER, action_ids.FIELD_ADDRESS),
        (Refusal.TARGET_UNKNOWN, action_ids.FIELD_TARGET),
        (Refusal.POLICY_SILENT, action_ids.FIELD_TARGET),
        (Refusal.MTLS_NOT_ENABLED, action_ids.FIELD_TARGET),
        (Refusal.DURATION_TOO_LONG, action_ids.FIELD_DURATION),
        (Refusal.END_PAST, action_ids.FIELD_DURATION),
        (Refusal.EXTEND_PAST_LONGEST, action_ids.FIELD_DURATION),
        (Refusal.REASON_SHORT, action_ids.FIELD_REASON),
        (Refusal.PERSON_UNKNOWN, None),
        (Refusal.REQUEST_DECIDED, None),
        (Refusal.REQUEST_CLOSED, None),
    ],
)
def test_an_error_stands_at_the_field_that_it_is_about(reason: Refusal, field: str | None) -> None:
    found = modals.field_error(Refused(reason, **PARAMS), EN)
    assert (None if found is None else list(found)) == (None if field is None else [field])


def test_an_error_never_stands_at_a_field_that_no_form_has() -> None:
    for reason in Refusal:
        assert set(modals.field_error(Refused(reason, **PARAMS), EN) or ()) <= set(FIELDS)


def test_every_placeholder_of_a_refusal_is_known_to_these_tests() -> None:
    assert isinstance(PARAMS["at"], datetime)
    for language in CATALOGUE:
        for reason in Refusal:
            assert sentence(Refused(reason, **PARAMS), Translator(language))


def test_a_form_for_an_extension_asks_how_long_and_why() -> None:
    details = factories.case(asked=factories.request(kind=Kind.OPEN), granted=factories.grant())
    assert list(fields(modals.extend_form(details, EN))) == [
        action_ids.FIELD_DURATION,
        action_ids.FIELD_REASON,
    ]


@pytest.mark.parametrize("language", CATALOGUE)
def test_a_form_with_an_unclear_time_has_its_readings_and_a_field_for_another(language: str) -> None:
    details = factories.case(asked=factories.request(kind=Kind.OPEN), granted=factories.grant())
    morning = datetime(2026, 11, 25, 6, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    readings = (timedelta(days=30), morning, morning + timedelta(hours=12))
    filled = {action_ids.FIELD_DURATION: "until 6"}
    view = modals.extend_form(details, Translator(language), filled=filled, readings=readings)
    samples.require_valid_view(view)
    shown = fields(view)
    assert list(shown) == [
        action_ids.FIELD_DURATION,
        action_ids.FIELD_OTHER_TIME,
        action_ids.FIELD_REASON,
    ]
    options = shown[action_ids.FIELD_DURATION]["element"]["options"]
    assert [option["value"] for option in options] == [
        "30d",
        "2026-11-25 06:00 +09:00",
        "2026-11-25 18:00 +09:00",
    ]
    weekday = {"en": "Wed", "ja": "水"}[language]
    assert [weekday in option["text"]["text"] for option in options] == [False, True, True]

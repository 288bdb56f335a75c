"""The three views of advice: valid for every answer, in both languages."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.advice import Advice, Length, Reason, Remark, Way
from bot.i18n.catalogue import CATALOGUE
from bot.i18n.translator import Translator
from bot.views import action_ids
from bot.views import advice as advising
from tests.unit import factories
from tests.unit.views import samples
from tests.unit.views.samples import IN_BOTH_LANGUAGES

LONG_NAMES = replace(factories.database(), app="b" * 30, name="postgresql-" + "c" * 64, space="s" * 30)


def buttons(view: dict[str, Any]) -> list[str]:
    rows = [block for block in view["blocks"] if block["type"] == "actions"]
    return [element["action_id"] for row in rows for element in row["elements"]]


def recommended(option: Way, reason: Reason, language: str = "en", *remarks: Remark) -> dict[str, Any]:
    advice = Advice(option=option, reason=reason, remarks=remarks)
    return advising.recommendation(LONG_NAMES, advice, Length.DAYS, Translator(language))


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("count", [1, 2, 100, 101])
def test_the_questions_are_valid_with_one_and_with_many_databases(count: int, language: str) -> None:
    databases = [factories.database(f"app-{n}" + "x" * 60, n) for n in range(count)]
    for chosen in (None, str(databases[-1].id)):
        view = advising.questions(databases=databases, chosen=chosen, t=Translator(language))
        samples.require_valid_view(view)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("option", Way)
def test_every_recommendation_is_valid(option: Way, reason: Reason, language: str) -> None:
    samples.require_valid_view(recommended(option, reason, language, *Remark))
    samples.require_valid_view(recommended(option, reason, language))


@IN_BOTH_LANGUAGES
def test_the_table_is_valid(language: str) -> None:
    view = advising.comparison(Translator(language))
    samples.require_valid_view(view)
    content = str(view)
    assert all(
        CATALOGUE[language][f"advise.option.{method}"] in content for method in ("mtls", "privatelink")
    )


def test_a_recommendation_leads_to_its_form_and_to_the_comparison() -> None:
    mtls, link, table = action_ids.ADVISE_MTLS, action_ids.ADVISE_PRIVATELINK, action_ids.ADVISE_COMPARE
    assert buttons(recommended(Way.MTLS, Reason.FIXED)) == [mtls, table]
    assert buttons(recommended(Way.PRIVATELINK, Reason.SAME_REGION)) == [link, table]
    assert buttons(recommended(Way.PRIVATELINK, Reason.REGION_UNKNOWN)) == [link, mtls, table]
    for option in (
        Way.DATACLIP,
        Way.DYNO,
        Way.APP,
        Way.INSIDE,
        Way.TRUSTED,
    ):
        assert buttons(recommended(option, Reason.PLAIN)) == [table]


def test_trusted_ranges_say_the_line_that_asks_for_the_space() -> None:
    assert f"`/pgaccess trusted add 203.0.113.4 to {LONG_NAMES.space}`" in str(
        recommended(Way.TRUSTED, Reason.PLAIN)
    )


@pytest.mark.parametrize("length", Length)
def test_a_button_carries_the_database_and_the_length(length: Length) -> None:
    id = str(factories.database().id)
    assert advising.read_button_data(advising.button_data(id, length)) == (id, length)


@pytest.mark.parametrize("odd", ["", "0.0", "x.hours2", "hours"])
def test_a_value_that_is_not_ours_is_refused(odd: str) -> None:
    with pytest.raises(ValueError, match="is not a valid Length"):
        advising.read_button_data(odd)

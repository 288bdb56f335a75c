"""What people are told who ask for what they have already, in both languages."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.method import Method
from bot.domain.overlap import ALREADY, Held, OverlapKind, overlaps
from bot.errors import Refused
from bot.i18n.catalogue import LANGUAGES
from bot.i18n.translator import Translator
from bot.views import action_ids
from bot.views import overlaps as views
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples

EN = Translator("en")
ASKED = IPv4Network("203.0.113.4/32")
VALUES = {
    action_ids.FIELD_ADDRESS: "203.0.113.4",
    action_ids.FIELD_TARGET: "billing",
    action_ids.FIELD_DURATION: "8h",
    action_ids.FIELD_REASON: "migration & more",
}


def held(network: str, *, owner: str = "U0COLLEAGUE", pending: bool = False) -> Held:
    ends_at = None if pending else NOW
    return Held(request=11, owner=owner, subject=IPv4Network(network), ends_at=ends_at, pending=pending)


def remarks(*there: Held, rules_after: int | None = None, t: Translator = EN) -> list[str]:
    found = overlaps(ASKED, there, person="U0ENGINEER")
    return list(views.remarks(ASKED, "billing", found, rules_after, t))


def test_a_form_says_what_is_there_before_it_is_submitted() -> None:
    assert remarks(held("203.0.113.4", pending=True)) == [
        "<@U0COLLEAGUE> has asked for the same as #11, which is not decided yet."
    ]
    (covered,) = remarks(held("203.0.113.0/24"))
    assert covered.startswith(
        "`203.0.113.0/24` is open to billing already, by #11 of <@U0COLLEAGUE>, until <!date^"
    )
    assert remarks(held("203.0.113.5", owner="U0ENGINEER")) == [
        "Together with your `203.0.113.5/32` (#11) it is exactly `203.0.113.4/31`."
    ]
    assert remarks(rules_after=18) == ["It would make 18 of 60 rules on billing."]


@pytest.mark.parametrize("kind", ALREADY)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_to_a_repeated_line_says_where_it_stands_and_offers_a_way_on(
    kind: OverlapKind, language: str
) -> None:
    refused = Refused(ALREADY[kind], id=1, network=ASKED, by=IPv4Network("203.0.113.0/24"), app="billing")
    answer = views.answer(
        refused, factories.case(), method=Method.MTLS, values=VALUES, t=Translator(language), policy=POLICY
    )
    samples.require_valid(answer, answers=True)
    assert "#1" in answer.text
    assert action_ids.ANYWAY in str(answer.blocks)
    assert action_ids.CANCEL in str(answer.blocks)


@given(st.dictionaries(st.sampled_from(list(VALUES)), st.text(max_size=40)))
def test_what_a_button_holds_is_what_the_form_opens_with(values: dict[str, str]) -> None:
    method, read = action_ids.read_input(action_ids.input_value(Method.MTLS, values))
    assert method is Method.MTLS
    assert read == {name: value for name, value in values.items() if value}


def test_a_reason_that_does_not_fit_a_button_is_left_to_the_form() -> None:
    value = action_ids.input_value(Method.MTLS, {**VALUES, action_ids.FIELD_REASON: "語" * 1000})
    assert len(value) <= 2000
    _, read = action_ids.read_input(value)
    assert action_ids.FIELD_REASON not in read
    assert read[action_ids.FIELD_ADDRESS] == "203.0.113.4"


@pytest.mark.parametrize(
    "value", ["", "{", "[]", '{"method": "ftp"}', '{"method": "mtls", "address": 1}', "1.2"]
)
def test_a_value_that_is_not_ours_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        action_ids.read_input(value)


def test_no_value_of_this_button_reads_as_one_about_a_request() -> None:
    value = action_ids.input_value(Method.MTLS, replace_address("17.1"))
    assert action_ids.read_about(value) is None


def replace_address(address: str) -> dict[str, str]:
    return {**VALUES, action_ids.FIELD_ADDRESS: address}

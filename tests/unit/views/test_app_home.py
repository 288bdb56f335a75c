"""The App Home: within a view's hundred blocks however much there is, and what is left out is counted."""

from dataclasses import replace
from itertools import islice

import pytest

from bot.domain.grant import GrantState
from bot.domain.request import RequestState
from bot.i18n.translator import Translator
from bot.ports import HomeSummary, RequestDetails
from bot.views import action_ids
from bot.views.app_home import SHOWN, home
from sandbox.slack.validation.blocks import serialised
from tests.unit import factories
from tests.unit.factories import POLICY
from tests.unit.views import samples
from tests.unit.views.samples import CASES, CROWDED, IN_BOTH_LANGUAGES

EN = Translator("en")
OPEN_STATES = (GrantState.APPLYING, GrantState.IN_FORCE, GrantState.INTERRUPTED, GrantState.ENDING)
MINE = [CASES[f"open, approved, {state}, long reason"] for state in OPEN_STATES]
WAITING = [CASES["open, pending, voted, long reason"], CASES["remove, pending, unseen, long reason"]]


def many(cases: list[RequestDetails], count: int) -> tuple[RequestDetails, ...]:
    return tuple(islice((details for _ in range(count) for details in cases), count))


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("count", [0, 1, SHOWN, SHOWN + 1, 40])
def test_a_home_is_valid_with_any_number_of_requests(count: int, language: str) -> None:
    overview = HomeSummary(
        mine=many(MINE, count), waiting=many(WAITING, count), ending=many(MINE, min(count, 3))
    )
    samples.require_valid_view(home(overview, t=Translator(language), policy=CROWDED))


def test_an_empty_home_says_so_and_has_the_buttons_that_ask_and_advise() -> None:
    view = home(HomeSummary(mine=(), waiting=(), ending=()), t=EN, policy=POLICY)
    assert samples.actions(view["blocks"]) == [action_ids.ASK, action_ids.ADVISE]
    content = serialised(view)
    assert "Nothing needs your decision." in content
    assert "You have no active or pending requests." in content
    assert "Ending soon" not in content


@pytest.mark.parametrize("count", [SHOWN, SHOWN + 1, 40])
def test_what_is_left_out_is_counted(count: int) -> None:
    view = home(HomeSummary(mine=many(MINE, count), waiting=(), ending=()), t=EN, policy=POLICY)
    assert (f"… and {count - SHOWN} more" in serialised(view)) is (count > SHOWN)


def test_what_waits_can_be_decided_and_what_is_ones_own_can_be_acted_on() -> None:
    mine = (samples.granted(GrantState.IN_FORCE), factories.case())
    view = home(HomeSummary(mine=mine, waiting=(factories.case(),), ending=()), t=EN, policy=POLICY)
    assert samples.actions(view["blocks"]) == [
        action_ids.ASK,
        action_ids.ADVISE,
        action_ids.APPROVE,
        action_ids.DENY,
        action_ids.CHANGE,
        action_ids.DETAILS,
        action_ids.EXTEND,
        action_ids.DONE,
        action_ids.CANCEL,
    ]


def test_what_ends_soon_is_shown_with_its_end() -> None:
    details = samples.granted(GrantState.IN_FORCE)
    lapsed = replace(details, request=replace(details.request, state=RequestState.PENDING), grant=None)
    view = home(HomeSummary(mine=(), waiting=(), ending=(details, lapsed)), t=EN, policy=POLICY)
    content = serialised(view)
    assert "Ending soon" in content
    assert content.count("ends <!date") == 1

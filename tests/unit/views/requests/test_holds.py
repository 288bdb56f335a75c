"""What cards say while Heroku cannot be asked, and while the approvals channel cannot be reached."""

from dataclasses import replace

import pytest

from bot.domain.grant import GrantState
from bot.domain.reports.trouble import Hold, Trouble
from bot.domain.request import RequestState
from bot.i18n.translator import Translator
from bot.ports import Message
from bot.views import responses
from bot.views.requests import request_card
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.samples import IN_BOTH_LANGUAGES

HELD = (GrantState.APPLYING, GrantState.ENDING)


def shown(message: Message) -> str:
    samples.require_valid(message)
    return str(message.blocks)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("trouble", Trouble)
@pytest.mark.parametrize("state", HELD)
def test_both_cards_say_what_holds_a_grant_up(state: GrantState, trouble: Trouble, language: str) -> None:
    t, details = Translator(language), replace(samples.granted(state), hold=Hold(trouble=trouble, since=NOW))
    for card in (request_card.requester_card, request_card.approval_card):
        assert str(t(f"trouble.{trouble}")) in shown(card(details, t=t, policy=POLICY))


@pytest.mark.parametrize("state", [state for state in GrantState if state not in HELD])
def test_what_waits_for_nothing_at_heroku_is_not_held_up(state: GrantState) -> None:
    t, hold = Translator("en"), Hold(trouble=Trouble.UNREACHABLE, since=NOW)
    details = samples.granted(state)
    held = request_card.requester_card(replace(details, hold=hold), t=t, policy=POLICY)
    assert held == request_card.requester_card(details, t=t, policy=POLICY)


@IN_BOTH_LANGUAGES
def test_cards_and_answer_say_who_was_asked_directly(language: str) -> None:
    t = Translator(language)
    asked = replace(factories.request(state=RequestState.PENDING), told_directly=("U0LEAD", "U0LEAD2"))
    details = factories.case(asked=asked)
    messages = (
        request_card.requester_card(details, t=t, policy=POLICY),
        request_card.direct_card(details, t=t, policy=POLICY),
        responses.submitted(details, t=t, policy=POLICY),
    )
    for message in messages:
        assert all(part in shown(message) for part in ("<@U0LEAD>", "<@U0LEAD2>", "<#C0APPROVALS>"))


def test_the_direct_card_decides_as_that_of_the_channel_does() -> None:
    t, details = Translator("en"), factories.case(asked=factories.request())
    card = request_card.approval_card(details, t=t, policy=POLICY)
    direct = request_card.direct_card(details, t=t, policy=POLICY)
    assert [block for block in card.blocks if block["type"] == "actions"] == [
        block for block in direct.blocks if block["type"] == "actions"
    ]

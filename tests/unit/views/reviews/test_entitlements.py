"""The weekly review shows each grant as it stands now, and only what can still be decided has buttons."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.grant import Grant, GrantState, Kept
from bot.domain.request import RequestState
from bot.i18n.translator import Translator
from bot.ports import Message, MessageKind, RequestDetails
from bot.services.reviews.entitlements import LISTED
from bot.views import action_ids
from bot.views.render import render
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.mtls.test_expiry import outbox_message
from tests.unit.views.samples import IN_BOTH_LANGUAGES, LONG

BUTTONS = [action_ids.REVIEW_END, action_ids.KEEP]


def listed(grant: Grant, number: int = 17) -> RequestDetails:
    asked = replace(factories.request(state=RequestState.APPROVED, reason=LONG), id=number)
    made = samples.details(asked, factories.vote(), granted=grant)
    return replace(made, request=asked)


def review(*found: RequestDetails, language: str = "en", reason: str = "policy_denies") -> Message:
    rows = [
        {"request": each.request.id, "reason": reason, "values": {"rule": "contractors"}} for each in found
    ]
    params = {"at": NOW.isoformat(), "part": "1", "parts": "2", "grants": json.dumps(rows)}
    message = outbox_message(MessageKind.ENTITLEMENTS, **params)
    by_number = {each.request.id: each for each in found}
    return render(message, None, t=Translator(language), policy=POLICY, listed=by_number)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("state", GrantState)
def test_only_what_can_be_ended_has_buttons(state: GrantState, language: str) -> None:
    shown = review(listed(factories.grant(state)), language=language)
    samples.require_valid(shown)
    live = state not in (GrantState.ENDING, GrantState.ENDED, GrantState.FAILED)
    assert samples.actions(list(shown.blocks)) == (BUTTONS if live else [])


@IN_BOTH_LANGUAGES
def test_a_full_message_is_shown_whole(language: str) -> None:
    every = [listed(factories.grant(GrantState.IN_FORCE), 4_294_967_000 + n) for n in range(LISTED)]
    shown = review(*every, language=language)
    samples.require_valid(shown)
    assert samples.actions(list(shown.blocks)) == BUTTONS * LISTED


def test_what_was_kept_in_this_review_says_by_whom_and_until_when() -> None:
    kept = Kept(at=NOW + timedelta(hours=1), by="U0LEAD", under="x")
    shown = review(listed(replace(factories.grant(GrantState.IN_FORCE), kept=kept)))
    assert "Kept by <@U0LEAD>" in samples.content(shown)
    assert samples.actions(list(shown.blocks)) == []


def test_what_was_kept_before_this_review_is_to_be_decided_again() -> None:
    kept = Kept(at=NOW - timedelta(days=91), by="U0LEAD", under="x")
    shown = review(listed(replace(factories.grant(GrantState.IN_FORCE), kept=kept)))
    assert samples.actions(list(shown.blocks)) == BUTTONS


def test_a_refusal_without_a_sentence_of_its_own_has_the_general_one() -> None:
    shown = review(listed(factories.grant(GrantState.IN_FORCE)), reason="space_none")
    assert "the policy no longer allows it" in samples.content(shown)

"""What people read of a target that Heroku no longer has: what ended with it, and no button."""

from dataclasses import replace

import pytest

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.method import Method
from bot.i18n.catalogue import LANGUAGES
from bot.i18n.translator import Translator
from bot.ports import MessageKind, RequestDetails
from bot.views.notifications import about_grant
from bot.views.requests.request_card import approval_card, requester_card
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.targets.test_identity import buttons, rendered, said

IN_BOTH_LANGUAGES = pytest.mark.parametrize("language", LANGUAGES)
FOUND = {"name": "postgresql-a", "label": "billing"}


def lost(state: GrantState, *, method: Method = Method.MTLS) -> RequestDetails:
    details = samples.granted(state, reason_code=ReasonCode.TARGET_GONE)
    assert details.grant is not None
    terms = replace(details.request.terms, method=method)
    return replace(
        details,
        request=replace(details.request, terms=terms),
        grant=replace(details.grant, method=method),
        target=replace(details.target, gone_at=NOW),
    )


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("kind", ["database", "space"])
@pytest.mark.parametrize("count", [0, 1, 500])
def test_operations_read_what_ended_with_it(kind: str, count: int, language: str) -> None:
    numbers = " ".join(map(str, range(1, count + 1)))
    lists = dict.fromkeys(("grants", "pending", "operations", "certificates"), numbers)
    shown = rendered(MessageKind.TARGET_GONE, {**FOUND, "kind": kind, **lists}, language)
    samples.require_valid(shown)
    assert "postgresql-a" in said(shown)
    assert ("#1" in said(shown)) is (count > 0)
    assert "{" not in said(shown)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("kind", ["database", "space"])
def test_what_is_back_is_a_red_finding_without_a_button(kind: str, language: str) -> None:
    shown = rendered(MessageKind.TARGET_BACK, {**FOUND, "kind": kind}, language)
    samples.require_valid(shown)
    assert shown.text.startswith(":rotating_light:")
    assert buttons(shown) == []


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("method", list(Method))
def test_the_owner_reads_that_it_is_gone_and_not_that_an_address_is_still_allowed(
    method: Method, language: str
) -> None:
    details = lost(GrantState.ENDED, method=method)
    assert details.grant is not None
    shown = about_grant(MessageKind.ENDED, details, details.grant, Translator(language))
    samples.require_valid(shown)
    assert "billing" in said(shown)
    assert ":wastebasket:" in shown.text


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("state", list(GrantState))
def test_no_card_about_it_has_a_button_to_open_or_to_retry(state: GrantState, language: str) -> None:
    details, t = lost(state), Translator(language)
    for card in (approval_card, requester_card):
        assert buttons(card(details, t=t, policy=POLICY)) == []


def test_the_card_says_why_it_ended() -> None:
    shown = requester_card(lost(GrantState.ENDED), t=Translator("en"), policy=POLICY)
    assert "the database is gone: it no longer exists at Heroku" in samples.content(shown)

"""Cards: valid in every state, and saying what is true of it."""

from dataclasses import replace

import pytest

from bot.domain.grant import GrantState, Why
from bot.domain.request import Kind, RequestState, Verdict
from bot.messages import cards, notices, private
from bot.messages.words import Words
from bot.ports import PostKind
from tests.unit import samples
from tests.unit.messages import shown
from tests.unit.messages.shown import CASES, IN_BOTH_LANGUAGES, LONG, POLICIES
from tests.unit.samples import POLICY

EN = Words("en")


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("name", CASES)
def test_cards_are_valid_and_so_is_every_answer_that_shows_a_request(name: str, language: str) -> None:
    case, words = CASES[name], Words(language)
    for policy in POLICIES:
        shown.require_valid(cards.approval_card(case, words=words, policy=policy))
        shown.require_valid(cards.requester_card(case, words=words, policy=policy))
        for answer in (
            private.showing(case, words=words, policy=policy),
            private.asked(case, words=words, policy=policy),
            private.listing([case] * 20, limit=20, words=words, policy=policy),
        ):
            shown.require_valid(answer, answers=True)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("why", Why)
def test_every_reason_of_a_failure_can_be_told(why: Why, language: str) -> None:
    case = shown.granted(GrantState.FAILED, why=why)
    assert case.grant is not None
    failed = replace(case.grant, detail=LONG)
    shown.require_valid(notices.about_grant(PostKind.NOTICE_FAILED, case, failed, Words(language)))


@pytest.mark.parametrize("kind", Kind)
def test_a_card_that_waits_says_who_asks_why_and_how_many_have_agreed(kind: Kind) -> None:
    asked = samples.request(kind=kind, needed=3, reason="quarterly <migration>")
    granted = samples.grant() if kind is Kind.EXTEND else None
    case = samples.case(asked=asked, votes=(samples.vote(),), granted=granted, closes=(3, 17))
    said = shown.said(cards.approval_card(case, words=EN, policy=POLICY))
    assert "<@U0ENGINEER>" in said
    assert "quarterly &lt;migration&gt;" in said
    assert "has 1 of 3 approvals (<@U0LEAD>)" in said


@pytest.mark.parametrize(
    ("look", "line"),
    [
        ("unseen", "its current rules are not known yet"),
        ("empty", "Adds one rule to billing; 0 of 60 used."),
        ("covered", "Already covered by 203.0.113.0/24."),
        ("foreign", "Adds no rule: one that pgaccess did not make"),
        ("ours", "Adds no rule: pgaccess already lets"),
    ],
)
def test_a_card_says_what_an_approval_would_change(look: str, line: str) -> None:
    case = samples.case(seen=shown.LOOKS[look])
    assert line in shown.said(cards.approval_card(case, words=EN, policy=POLICY))


def test_a_card_for_a_removal_names_what_it_would_end() -> None:
    case = samples.case(asked=samples.request(kind=Kind.REMOVE), closes=(3, 4))
    said = shown.said(cards.approval_card(case, words=EN, policy=POLICY))
    assert "Ends #3, #4 at once." in said
    assert "How long" not in said


def test_a_card_for_an_extension_says_when_it_ends_as_it_stands() -> None:
    case = samples.case(asked=samples.request(kind=Kind.EXTEND), granted=samples.grant())
    said = shown.said(cards.approval_card(case, words=EN, policy=POLICY))
    assert "8h more for #17" in said
    assert "2026-11-24 17:00 UTC> as it stands" in said


def test_a_denial_is_put_down_to_who_denied_wherever_their_vote_stands() -> None:
    votes = (samples.vote(Verdict.DENY, "too wide", person="U0LEAD2"), samples.vote())
    denied = samples.case(asked=samples.request(state=RequestState.DENIED), votes=votes)
    for text in (
        cards.state_line(denied, words=EN, policy=POLICY),
        shown.said(notices.decided(denied, EN)),
    ):
        assert "by <@U0LEAD2>" in text
        assert "too wide" in text
        assert "<@U0LEAD>" not in text


def test_after_a_decision_a_card_says_no_more_what_it_would_have_changed() -> None:
    case = shown.granted(GrantState.IN_FORCE)
    said = shown.said(cards.approval_card(case, words=EN, policy=POLICY))
    assert "Adds" not in said
    assert "in force since" in said


def test_approvers_are_mentioned_in_an_order_that_does_not_change() -> None:
    assert cards.approvers(POLICY, "everything") == "<@U0LEAD> <@U0LEAD2>"
    assert cards.approvers(replace(POLICY, admins=frozenset({"S0ADMINS"})), "gone") == "<!subteam^S0ADMINS>"


def test_in_force_and_ended_are_only_said_of_what_was_read_back() -> None:
    for state in GrantState:
        case = shown.granted(state)
        line = cards.state_line(case, words=EN, policy=POLICY)
        assert ("in force since" in line) is (state is GrantState.IN_FORCE)
        assert ("ended" in line) is (state is GrantState.ENDED)

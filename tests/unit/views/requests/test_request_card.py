"""Cards: valid in every state, and saying what is true of it."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Network

import pytest

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.policy.environments import PolicyTarget
from bot.domain.policy.rules import Policy
from bot.domain.request import Kind, Request, RequestState, Verdict
from bot.i18n.translator import Translator
from bot.ports import MessageKind
from bot.views import notifications, responses
from bot.views.requests import deciders, request_card, request_state
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.samples import CASES, IN_BOTH_LANGUAGES, LONG, POLICIES

EN = Translator("en")


def _lasting(duration: timedelta) -> Request:
    asked = factories.request()
    return replace(asked, terms=replace(asked.terms, duration=duration))


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("name", CASES)
def test_cards_are_valid_and_so_is_every_answer_that_shows_a_request(name: str, language: str) -> None:
    details, t = CASES[name], Translator(language)
    for policy in POLICIES:
        samples.require_valid(request_card.approval_card(details, t=t, policy=policy))
        samples.require_valid(request_card.requester_card(details, t=t, policy=policy))
        for answer in (
            responses.showing(details, t=t, policy=policy),
            responses.submitted(details, t=t, policy=policy),
            responses.listing([details] * 20, limit=20, t=t, policy=policy),
        ):
            samples.require_valid(answer, answers=True)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("reason_code", ReasonCode)
def test_every_reason_of_a_failure_has_a_text(reason_code: ReasonCode, language: str) -> None:
    details = samples.granted(GrantState.FAILED, reason_code=reason_code)
    assert details.grant is not None
    failed = replace(details.grant, detail=LONG)
    samples.require_valid(
        notifications.about_grant(MessageKind.FAILED, details, failed, Translator(language))
    )


@pytest.mark.parametrize("kind", Kind)
def test_a_card_that_waits_says_who_asks_why_and_how_many_have_agreed(kind: Kind) -> None:
    asked = factories.request(kind=kind, needed=3, reason="quarterly <migration>")
    granted = factories.grant() if kind is Kind.EXTEND else None
    details = factories.case(asked=asked, votes=(factories.vote(),), granted=granted, closes=(3, 17))
    content = samples.content(request_card.approval_card(details, t=EN, policy=POLICY))
    assert "<@U0ENGINEER>" in content
    assert "quarterly &lt;migration&gt;" in content
    assert "has 1 of 3 approvals (<@U0LEAD>)" in content


@pytest.mark.parametrize(
    ("observation", "line"),
    [
        ("unseen", "its current rules have not been read yet"),
        ("empty", "Adds one rule to billing; 0 of 60 used."),
        ("covered", "Already covered by 203.0.113.0/24 (not managed by pgaccess)."),
        ("unmanaged", "Adds no rule: a rule that is not managed by pgaccess"),
        ("ours", "Adds no rule: pgaccess already allows"),
    ],
)
def test_a_card_says_what_an_approval_would_change(observation: str, line: str) -> None:
    details = factories.case(seen=samples.OBSERVATIONS[observation])
    assert line in samples.content(request_card.approval_card(details, t=EN, policy=POLICY))


def test_a_card_for_a_removal_names_what_it_would_end() -> None:
    details = factories.case(asked=factories.request(kind=Kind.REMOVE), closes=(3, 4))
    content = samples.content(request_card.approval_card(details, t=EN, policy=POLICY))
    assert "Ends #3, #4 immediately." in content
    assert "Duration" not in content


def test_a_card_for_an_extension_says_when_it_ends_as_it_stands() -> None:
    details = factories.case(asked=factories.request(kind=Kind.EXTEND), granted=factories.grant())
    content = samples.content(request_card.approval_card(details, t=EN, policy=POLICY))
    assert "extend #17: 8h" in content
    assert "Currently ends <!date" in content
    assert "2026-11-24 17:00 UTC>." in content


def test_a_denial_is_put_down_to_who_denied_wherever_their_vote_stands() -> None:
    votes = (factories.vote(Verdict.DENY, "too wide", person="U0LEAD2"), factories.vote())
    denied = factories.case(asked=factories.request(state=RequestState.DENIED), votes=votes)
    for text in (
        request_state.state_line(denied, t=EN, policy=POLICY),
        samples.content(notifications.decided(denied, EN)),
    ):
        assert "by <@U0LEAD2>" in text
        assert "too wide" in text
        assert "<@U0LEAD>" not in text


def test_after_a_decision_a_card_says_no_more_what_it_would_have_changed() -> None:
    details = samples.granted(GrantState.IN_FORCE)
    content = samples.content(request_card.approval_card(details, t=EN, policy=POLICY))
    assert "Adds" not in content
    assert "in force since" in content


def test_approvers_are_mentioned_in_an_order_that_does_not_change() -> None:
    assert deciders.approvers(POLICY, "everything", EN) == "<@U0LEAD> <@U0LEAD2>"
    assert (
        deciders.approvers(replace(POLICY, admins=frozenset({"S0ADMINS"})), "gone", EN)
        == "<!subteam^S0ADMINS>"
    )


def test_in_force_and_ended_are_only_claimed_of_what_was_read_back() -> None:
    for state in GrantState:
        details = samples.granted(state)
        line = request_state.state_line(details, t=EN, policy=POLICY)
        assert ("in force since" in line) is (state is GrantState.IN_FORCE)
        assert ("ended" in line) is (state is GrantState.ENDED)


# --- what a lead compares with the usual ---------------------------------------------------------------

PRODUCTION = replace(
    POLICY,
    targets=(PolicyTarget(alias="money", database="postgresql-curved-12345", environment="production"),),
)
"""A policy in which the sample database is production."""


def shown(asked: Request, policy: Policy = PRODUCTION, language: str = "en") -> str:
    t = Translator(language)
    return samples.content(request_card.approval_card(factories.case(asked=asked), t=t, policy=policy))


@IN_BOTH_LANGUAGES
def test_a_card_shows_the_environment_and_the_rule(language: str) -> None:
    assert "everything (production)" in shown(factories.request(), language=language)
    assert "everything (default)" in shown(factories.request(), POLICY, language)


@pytest.mark.parametrize(
    "policy", [replace(POLICY, unmatched=None), replace(POLICY, unmatched=None, rules=(), readable=False)]
)
def test_a_card_without_a_known_environment_shows_the_rule(policy: Policy) -> None:
    content = shown(factories.request(), policy)
    assert '*Policy rule*\\neverything"' in content


@pytest.mark.parametrize(
    ("asked", "marked"),
    [
        (factories.request(), False),
        (factories.request(until=NOW + timedelta(hours=8)), False),
        (factories.request(until=NOW + timedelta(hours=8, minutes=1)), True),
        (factories.request(endless=True), True),
        (factories.request(kind=Kind.EXTEND), False),
        (_lasting(timedelta(hours=9)), True),
        (_lasting(timedelta(days=2)), True),
        (_lasting(timedelta(hours=1)), False),
    ],
)
def test_what_is_longer_than_usual_is_marked_with_the_usual(asked: Request, marked: bool) -> None:
    assert ("(default: 8h)" in shown(asked)) is marked


@pytest.mark.parametrize(
    ("network", "width"),
    [
        ("203.0.113.4/32", "1 address"),
        ("203.0.113.4/31", ":warning: 2 addresses"),
        ("203.0.113.0/24", ":warning: 256 addresses"),
    ],
)
def test_what_is_wider_than_one_address_is_marked(network: str, width: str) -> None:
    assert f'*Scope*\\n{width}"' in shown(factories.request(network=IPv4Network(network)))

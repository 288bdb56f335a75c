"""Notices: valid for every kind and state, and offering only what their reader can do."""

from dataclasses import replace

import pytest

from bot.domain.grant import GrantState
from bot.domain.request import Kind, RequestState, Verdict
from bot.messages import names, notices
from bot.messages.render import render
from bot.messages.words import Words
from bot.ports import Case, Post, PostKind
from tests.unit import samples
from tests.unit.messages import shown
from tests.unit.messages.shown import CASES, IN_BOTH_LANGUAGES, LONG
from tests.unit.samples import POLICY

EN = Words("en")
OPERATIONAL = (PostKind.NOTICE_HEROKU_DENIED, PostKind.NOTICE_HEROKU_TROUBLE, PostKind.NOTICE_STRAY)
ABOUT_GRANTS = (
    PostKind.NOTICE_IN_FORCE,
    PostKind.NOTICE_ENDING,
    PostKind.NOTICE_ENDED,
    PostKind.NOTICE_FAILED,
    PostKind.NOTICE_INTERRUPTED,
)
DECIDED = [name for name in CASES if "approved" in name or "denied" in name]


def post(kind: PostKind, recipient: str = "U0ENGINEER") -> Post:
    params = {
        "app": "billing",
        "network": "203.0.113.4/32",
        "rule": "r",
        "status": "401",
        "id": "unauthorized",
    }
    return Post(
        id=1, lease=samples.database().id, kind=kind, recipient=recipient, request=17, channel=None,
        place=None, posting_since=None, version=1, tries=0, params=params,
    )  # fmt: skip


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("kind", OPERATIONAL)
def test_what_operations_are_told_is_valid(kind: PostKind, language: str) -> None:
    shown.require_valid(render(post(kind), None, words=Words(language), policy=POLICY))


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("state", GrantState)
@pytest.mark.parametrize("kind", ABOUT_GRANTS)
def test_what_is_told_of_a_grant_is_valid_however_it_has_moved_on(
    kind: PostKind, state: GrantState, language: str
) -> None:
    message = render(post(kind), shown.granted(state), words=Words(language), policy=POLICY)
    shown.require_valid(message)


@IN_BOTH_LANGUAGES
def test_what_is_told_of_a_decision_is_valid(language: str) -> None:
    for name in DECIDED:
        message = render(post(PostKind.NOTICE_DECIDED), CASES[name], words=Words(language), policy=POLICY)
        shown.require_valid(message)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("kind", [PostKind.NOTICE_LAPSED, PostKind.NOTICE_REMINDER])
def test_what_is_told_of_waiting_is_valid(kind: PostKind, language: str) -> None:
    for case in CASES.values():
        shown.require_valid(render(post(kind), case, words=Words(language), policy=shown.CROWDED))


def test_a_reminder_that_comes_after_the_decision_reminds_nobody() -> None:
    late = render(post(PostKind.NOTICE_REMINDER), shown.granted(GrantState.APPLYING), words=EN, policy=POLICY)
    assert "<@" not in shown.said(late)
    waiting = render(post(PostKind.NOTICE_REMINDER), samples.case(), words=EN, policy=POLICY)
    assert "<@U0LEAD> <@U0LEAD2>" in shown.said(waiting)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Kind.OPEN, "is being opened"),
        (Kind.EXTEND, "now ends <!date"),
        (Kind.REMOVE, "is being closed"),
    ],
)
def test_an_approval_says_what_comes_of_it(kind: Kind, sentence: str) -> None:
    approved = samples.request(kind=kind, state=RequestState.APPROVED)
    granted = None if kind is Kind.REMOVE else samples.grant()
    case = samples.case(asked=approved, votes=(samples.vote(),), granted=granted)
    assert sentence in shown.said(notices.decided(case, EN))


def test_a_denial_with_an_endless_reason_is_cut() -> None:
    denied = samples.request(state=RequestState.DENIED)
    case = samples.case(asked=denied, votes=(samples.vote(Verdict.DENY, LONG),))
    message = notices.decided(case, EN)
    shown.require_valid(message)
    assert "…" in message.text


def offered(kind: PostKind, case: Case, recipient: str) -> list[str]:
    message = render(post(kind, recipient), case, words=EN, policy=POLICY)
    return shown.actions(list(message.blocks))


@pytest.mark.parametrize(
    ("kind", "state", "owner", "operations"),
    [
        (PostKind.NOTICE_IN_FORCE, GrantState.IN_FORCE, [names.EXTEND, names.DONE], None),
        (PostKind.NOTICE_ENDING, GrantState.IN_FORCE, [names.EXTEND, names.DONE], None),
        (PostKind.NOTICE_ENDED, GrantState.ENDED, [], None),
        (PostKind.NOTICE_FAILED, GrantState.FAILED, [names.RETRY, names.GIVE_UP], None),
        (
            PostKind.NOTICE_INTERRUPTED,
            GrantState.INTERRUPTED,
            [names.RESTORE, names.DONE],
            [names.RESTORE, names.REVOKE],
        ),
    ],
)
def test_a_notice_offers_its_reader_what_they_can_do(
    kind: PostKind, state: GrantState, owner: list[str], operations: list[str] | None
) -> None:
    case = shown.granted(state)
    assert offered(kind, case, "U0ENGINEER") == owner
    if operations is not None:
        assert offered(kind, case, POLICY.operations_channel) == operations


def test_what_has_no_end_is_not_offered_more_time() -> None:
    case = shown.granted(GrantState.IN_FORCE, endless=True)
    assert offered(PostKind.NOTICE_IN_FORCE, case, "U0ENGINEER") == [names.DONE]


def test_the_end_is_not_called_an_end_while_another_rule_keeps_the_address_open() -> None:
    case = shown.granted(GrantState.ENDED)
    still = replace(case, look=samples.look(samples.rule("203.0.113.4/32")))
    gone = replace(case, look=samples.look())
    told = [render(post(PostKind.NOTICE_ENDED), one, words=EN, policy=POLICY).text for one in (still, gone)]
    assert "can still reach billing" in told[0]
    assert "no longer lets 203.0.113.4/32 reach billing" in told[1]


def test_the_connection_line_holds_no_secret_and_asks_for_the_url_when_it_is_run() -> None:
    line = notices.connection_line(samples.database())
    assert line.endswith('psql "$(heroku config:get DATABASE_URL -a billing)"')
    assert "postgres://" not in line


def test_a_notice_of_a_grant_that_was_never_opened_is_a_mistake_that_is_noticed() -> None:
    with pytest.raises(ValueError, match="request 17 has none"):
        render(post(PostKind.NOTICE_IN_FORCE), samples.case(), words=EN, policy=POLICY)

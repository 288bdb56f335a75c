"""Every message and form, in both languages and with the longest of everything, is what Slack would take."""

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import IPv4Network
from typing import Any

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.domain.grant import GrantState, Why
from bot.domain.request import RequestState, Verdict
from bot.errors import Refusal, Refused
from bot.messages import cards, forms, names, notices, private
from bot.messages.render import render
from bot.messages.words import Words
from bot.ports import Case, Message, Post, PostKind
from sandbox.slack.blocks import validate_message, validate_view
from tests.unit import samples
from tests.unit.samples import NOW, POLICY

LONG = "<&>" * 2000
BOTH = pytest.mark.parametrize("language", ["en", "ja"])


def cases() -> Iterator[tuple[str, Case]]:
    """Every state in which a request can be, with a short and with an endless reason."""
    for name, reason in (("short", "migration"), ("none", ""), ("long", LONG)):
        asked = samples.request(reason=reason)
        yield f"pending {name}", samples.case(asked=asked)
        for look in (
            samples.look(),
            samples.look(samples.rule()),
            samples.look(samples.rule("203.0.113.4/32")),
        ):
            yield f"pending {name} with {len(look.rules)} rules", samples.case(asked=asked, seen=look)
        denied = samples.request(state=RequestState.DENIED, reason=reason)
        yield f"denied {name}", samples.case(asked=denied, votes=(samples.vote(Verdict.DENY, reason),))
        approved = samples.request(state=RequestState.APPROVED, reason=reason)
        for state in GrantState:
            granted = samples.grant(state, why=Why.REFUSED, detail=LONG)
            yield f"{state} {name}", samples.case(asked=approved, votes=(samples.vote(),), granted=granted)
    wide = samples.request(network=IPv4Network("203.0.113.0/24"), until=NOW + timedelta(hours=9))
    yield "wide until", samples.case(asked=wide)


CASES = dict(cases())


def post(kind: PostKind) -> Post:
    params = {
        "app": "billing",
        "network": "203.0.113.4/32",
        "rule": "r",
        "status": "401",
        "id": "unauthorized",
    }
    return Post(
        id=1, lease=samples.database().id, kind=kind, recipient="U0ENGINEER", request=17, channel=None,
        place=None, posting_since=None, version=1, tries=0, params=params,
    )  # fmt: skip


def require_valid(message: Message) -> None:
    blocks = list(message.blocks)
    assert validate_message(blocks, message.text) == []
    for block in blocks:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()


def require_valid_view(view: dict[str, Any]) -> None:
    assert validate_view(view) == []
    View(**view).validate_json()


@BOTH
@pytest.mark.parametrize("name", CASES)
def test_cards_are_valid(name: str, language: str) -> None:
    case, words = CASES[name], Words(language)
    require_valid(cards.approval_card(case, words=words, policy=POLICY))
    require_valid(cards.requester_card(case, words=words, policy=POLICY))
    require_valid(private.showing(case, words=words, policy=POLICY))
    require_valid(private.asked(case, words=words, policy=POLICY))
    require_valid(private.listing([case] * 20, limit=20, words=words, policy=POLICY))


@BOTH
@pytest.mark.parametrize("kind", [*PostKind])
def test_posts_are_valid(kind: PostKind, language: str) -> None:
    states = {
        PostKind.NOTICE_IN_FORCE: GrantState.IN_FORCE,
        PostKind.NOTICE_ENDED: GrantState.ENDED,
        PostKind.NOTICE_FAILED: GrantState.FAILED,
        PostKind.NOTICE_INTERRUPTED: GrantState.INTERRUPTED,
    }
    granted = samples.grant(states.get(kind, GrantState.IN_FORCE), why=Why.EXPIRED)
    approved = samples.request(state=RequestState.APPROVED)
    case = samples.case(asked=approved, votes=(samples.vote(),), granted=granted)
    operational = kind in (
        PostKind.NOTICE_HEROKU_DENIED,
        PostKind.NOTICE_HEROKU_TROUBLE,
        PostKind.NOTICE_STRAY,
    )
    message = render(post(kind), None if operational else case, words=Words(language), policy=POLICY)
    require_valid(message)


@BOTH
@pytest.mark.parametrize("why", [*Why])
def test_every_reason_of_a_failure_can_be_told(why: Why, language: str) -> None:
    granted = samples.grant(GrantState.FAILED, why=why, detail=LONG)
    asked = samples.request(state=RequestState.APPROVED)
    case = samples.case(asked=asked, votes=(samples.vote(),), granted=granted)
    require_valid(notices.about_grant(PostKind.NOTICE_FAILED, case, granted, Words(language)))


@BOTH
def test_a_denial_with_an_endless_reason_is_valid(language: str) -> None:
    denied = samples.request(state=RequestState.DENIED)
    case = samples.case(asked=denied, votes=(samples.vote(Verdict.DENY, LONG),))
    require_valid(notices.decided(case, Words(language)))


@BOTH
@pytest.mark.parametrize("topic", [(), ("mtls",), ("mtls", "add"), ("list",), ("show",), ("privatelink",)])
def test_help_is_valid_at_every_level_and_has_two_examples(topic: tuple[str, ...], language: str) -> None:
    message = private.helping(topic, words=Words(language), policy=POLICY)
    require_valid(message)
    examples = message.blocks[0]["text"]["text"].partition(Words(language)("help.examples"))[2]
    assert examples.count("`/pgaccess") == 2


@BOTH
def test_small_answers_are_valid(language: str) -> None:
    words = Words(language)
    require_valid(private.refused(Refused(Refusal.ADDRESS_EMPTY), words))
    require_valid(private.trouble("trouble", "ab12cd34", words))
    require_valid(private.trouble("trouble.bug", "ab12cd34", words))
    require_valid(private.not_yet(("privatelink", "open"), words))
    require_valid(private.listing([], limit=20, words=words, policy=POLICY))
    for verdict in Verdict:
        require_valid(private.decided(CASES["pending short"], verdict, words))


@BOTH
@pytest.mark.parametrize("count", [1, 2, 150])
def test_the_form_is_valid_with_one_and_with_many_databases(count: int, language: str) -> None:
    databases = [samples.database(f"app-{n}" + "x" * 60, n) for n in range(count)]
    filled = {names.FIELD_ADDRESS: "10.0.0.1", names.FIELD_REASON: "why <not>", names.FIELD_DURATION: "8h"}
    view = forms.add_form(databases=databases, filled=filled, words=Words(language), policy=POLICY)
    require_valid_view(view)


@BOTH
def test_the_form_that_asks_why_is_valid(language: str) -> None:
    require_valid_view(forms.deny_form(CASES["pending long"], words=Words(language)))

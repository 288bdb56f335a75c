"""All that the bot sends to Slack, through the vendor's client and models into the emulated Slack and back.

Facts: the vendor's SDK for Python (slack_sdk 3.47), which knows Block Kit's lengths and counts and drops what
it does not know; Slack developer documentation, chat.postMessage and views.open, 2026-11.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.metadata import Metadata
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain import operation
from bot.domain.grant import GrantState, ReasonCode
from bot.domain.request import Kind, RequestState, Verdict, Withdrawal
from bot.domain.subject import Whole
from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.ports import HomeSummary, Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import action_ids, block_kit, form_fields, modals, responses
from bot.views.app_home import home
from bot.views.help import helping
from bot.views.mtls import modals as mtls_modals
from bot.views.render import render
from sandbox.slack import People, SlackEmulator
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.sandbox.slack.bot import Bot

IN_BOTH_LANGUAGES: Final = pytest.mark.parametrize("language", ["en", "ja"])

OBSERVED: Final = factories.look(factories.rule("203.0.113.0/24"), factories.rule("198.51.100.7/32", 8))
PENDING: Final = factories.case(seen=OBSERVED)
SETTLED: Final = {
    state: factories.case(asked=factories.request(state=state), votes=(factories.vote(verdict, "too wide"),))
    for state, verdict in (
        (RequestState.DENIED, Verdict.DENY),
        (RequestState.CANCELLED, Verdict.APPROVE),
        (RequestState.LAPSED, Verdict.APPROVE),
    )
}
"""Requests that ended without access: denied, cancelled and lapsed."""


def granted(state: GrantState) -> RequestDetails:
    """A request that was approved, and what became of it."""
    asked = factories.request(state=RequestState.APPROVED)
    grant = factories.grant(state, reason_code=ReasonCode.REFUSED, detail="Heroku's <own> words")
    return factories.case(asked=asked, votes=(factories.vote(),), granted=grant, seen=OBSERVED)


def operated(end: Callable[[operation.Operation], operation.Operation]) -> RequestDetails:
    """A one-time operation, and how it ended."""
    asked = factories.request(kind=Kind.ENABLE, state=RequestState.APPROVED)
    asked = replace(asked, terms=replace(asked.terms, subject=Whole(), duration=None))
    begun = operation.begin(asked, id=UUID(int=3), now=NOW)
    return replace(factories.case(asked=asked, votes=(factories.vote(),)), operation=end(begun))


def _done(begun: operation.Operation) -> operation.Operation:
    return operation.done(begun, now=NOW)


def _not_done(begun: operation.Operation) -> operation.Operation:
    return operation.failed(begun, ReasonCode.REFUSED, now=NOW, detail="Heroku's <own> words")


WITHDRAWN: Final = factories.case(
    asked=replace(
        factories.request(state=RequestState.WITHDRAWN),
        withdrawn=Withdrawal(reason=Refusal.POLICY_DENIES, values={"app": "billing", "rule": "<none>"}),
        decided_at=NOW,
    )
)
"""A request that nobody could grant any more."""

CASES: Final[dict[MessageKind, tuple[RequestDetails | None, ...]]] = {
    MessageKind.CARD_APPROVAL: (PENDING, *SETTLED.values(), *(granted(state) for state in GrantState)),
    MessageKind.CARD_REQUESTER: (PENDING, *SETTLED.values(), *(granted(state) for state in GrantState)),
    MessageKind.CARD_DIRECT: (PENDING, *SETTLED.values()),
    MessageKind.ASKED_DIRECTLY: (PENDING, *SETTLED.values()),
    MessageKind.CHANNEL_LOST: (None,),
    MessageKind.CHANNEL_BACK: (None,),
    MessageKind.DECIDED: (SETTLED[RequestState.DENIED], granted(GrantState.APPLYING)),
    MessageKind.IN_FORCE: (granted(GrantState.IN_FORCE),),
    MessageKind.CONNECTION_CHANGED: (granted(GrantState.IN_FORCE),),
    MessageKind.ENDING: (granted(GrantState.IN_FORCE),),
    MessageKind.ENDED: (granted(GrantState.ENDED),),
    MessageKind.FAILED: (granted(GrantState.FAILED),),
    MessageKind.INTERRUPTED: (granted(GrantState.INTERRUPTED),),
    MessageKind.DONE: (operated(_done),),
    MessageKind.NOT_DONE: (operated(_not_done),),
    MessageKind.LAPSED: (SETTLED[RequestState.LAPSED],),
    MessageKind.REMINDER: (PENDING,),
    MessageKind.WITHDRAWN: (WITHDRAWN,),
    MessageKind.UNDECIDABLE: (PENDING,),
    MessageKind.REOPENING: (granted(GrantState.INTERRUPTED),),
    MessageKind.HEROKU_DENIED: (None,),
    MessageKind.HEROKU_TROUBLE: (None,),
    MessageKind.HEROKU_RESTORED: (None,),
    MessageKind.ORPHAN: (None,),
    MessageKind.ORPHAN_OVERDUE: (None,),
    MessageKind.REBUILT: (granted(GrantState.IN_FORCE),),
    MessageKind.REBUILD_LEFT: (None,),
    MessageKind.NOTE: (granted(GrantState.IN_FORCE),),
    MessageKind.POLICY_UNREADABLE: (None,),
    MessageKind.POLICY_READABLE: (None,),
    MessageKind.AUDIT_HEAD: (None,),
    MessageKind.CERTIFICATE_READY: (operated(_done),),
    MessageKind.CERTIFICATE_GONE: (operated(_done),),
    MessageKind.CERTIFICATE_UNMANAGED: (None,),
    MessageKind.CERTIFICATE_COMPROMISED: (operated(_done), operated(_not_done)),
    MessageKind.TARGET_GONE: (None,),
    MessageKind.TARGET_BACK: (None,),
    MessageKind.TARGETS_MISSING: (None,),
    MessageKind.RANGE_BACK: (None,),
    MessageKind.RANGE_STUCK: (None,),
    MessageKind.RANGE_MISSING: (None,),
    MessageKind.RANGE_UNMANAGED: (None,),
    MessageKind.RANGES_CONTENDED: (None,),
    MessageKind.RANGES_UNSEEN: (None,),
    MessageKind.RANGES_UNAPPLIED: (None,),
    MessageKind.LINK_UNMANAGED: (None,),
    MessageKind.LINK_BACK: (None,),
    MessageKind.LINK_STAYS: (None,),
    MessageKind.LINK_MISSING: (None,),
    MessageKind.LINK_UNAPPLIED: (None,),
    MessageKind.RULE_UNMANAGED: (None,),
    MessageKind.RULES_UNMANAGED: (None,),
    MessageKind.RULE_BACK: (None,),
    MessageKind.RULE_RESTORED: (None,),
    MessageKind.RULE_MISSING: (None,),
    MessageKind.RULE_UNAPPLIED: (None,),
}
"""The requests that each kind of message is rendered from; a home tab has a test of its own."""

ELSEWHERE: Final = {
    MessageKind.EXPIRY,
    MessageKind.EXPIRY_COPY,
    MessageKind.EXPIRY_ORPHAN,
    MessageKind.UNOWNED,
    MessageKind.INSTALL,
    MessageKind.ROTATION_READY,
    MessageKind.DOWNLOAD_LINK,
    MessageKind.LINK_READY,
    MessageKind.LINK_CONNECTED,
    MessageKind.LINK_URL,
    MessageKind.TICKET,
    MessageKind.CERTIFICATE_LEFT,
    MessageKind.CERTIFICATE_ASSIGNED,
    MessageKind.LEAVER,
    MessageKind.ENTITLEMENTS,
    MessageKind.ACCESS_REVIEW,
    MessageKind.REVIEW_UNANSWERED,
    MessageKind.REPLACEMENT,
    MessageKind.ADDON_RENAMED,
    MessageKind.APP_RENAMED,
    MessageKind.SPACE_RENAMED,
    MessageKind.GROUPS_UNREADABLE,
    MessageKind.GROUPS_READABLE,
    MessageKind.CLOSED,
    MessageKind.CLOSING_LATE,
}
"""Messages that need a certificate, a connection, a space or a person: the unit tests of their views, and the
flow tests of people, render them."""

PARAMS: Final = {
    **{"app": "billing", "network": "203.0.113.4/32", "rule": "r", "status": "401", "id": "x"},
    **{"name": "client-1.example", "handle": "0a1b2c3d"},
    **{"count": "4", "networks": "`203.0.113.4/32`, `203.0.113.5/32`"},
    **{"space": "acme", "range": "203.0.113.4/32", "by": "network@example.com"},
    **{"problem": 'pgaccess.toml: rule "<a>": the key `banana` is unknown'},
    "person": "U0LEAD",
    **{"channel": "C0APPROVALS", "error": "is_archived"},
    "since": "2026-11-24T09:00:00+00:00",
    **{"before": "allow 203.0.113.4/32", "after": "allow 203.0.113.5/32", "account": "123456789012"},
    **{"owner": "U0ENGINEER", "kind": "database", "label": "billing"},
    **{"subject": "203.0.113.4/32", "method": "mtls", "request": "17", "ends": "2026-11-24T17:00:00+00:00"},
    "over": "",
    **{"seal": "1234", "digest": "3f1c09aa5e7b2d41" * 4},
}
"""The params of messages without a request."""


def rendered(kind: MessageKind, details: RequestDetails | None, language: str) -> Message:
    """What the notifier would send."""
    outbox_message = OutboxMessage(
        id=1, lease=UUID(int=1), kind=kind, recipient="U0ENGINEER", request=17, channel=None, place=None,
        posting_since=None, version=1, attempts=0, params=PARAMS,
    )  # fmt: skip
    return render(outbox_message, details, t=Translator(language), policy=POLICY)


def answers(language: str) -> Iterator[Message]:
    """What the bot answers to commands and clicks, privately."""
    t = Translator(language)
    yield responses.refused(Refused(Refusal.ADDRESS_EMPTY), t)
    yield responses.submitted(PENDING, t=t, policy=POLICY)
    yield responses.listing([PENDING, granted(GrantState.IN_FORCE)], limit=20, t=t, policy=POLICY)
    yield responses.showing(granted(GrantState.IN_FORCE), t=t, policy=POLICY)
    yield responses.decided(PENDING, Verdict.APPROVE, t)
    yield helping((), t)


def views(language: str) -> Iterator[dict[str, Any]]:
    """Every form that the bot opens."""
    t, filled = (
        Translator(language),
        {action_ids.FIELD_ADDRESS: "203.0.113.4", action_ids.FIELD_REASON: "a <b>"},
    )
    for many in (1, 101):
        databases = [factories.database(f"app-{number}", number) for number in range(many)]
        yield mtls_modals.add_form(databases=databases, filled=filled, t=t, needs_reason=True)
    yield modals.deny_form(PENDING, t)
    yield modals.change_form(PENDING, t)
    yield modals.extend_form(granted(GrantState.IN_FORCE), t)
    yield modals.note(responses.showing(PENDING, t=t, policy=POLICY), t)


def modelled(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The blocks after the vendor's models have read, judged and written them again."""
    models = Block.parse_all(blocks)
    for model in models:
        model.validate_json()
    return [model.to_dict() for model in models]


def named(sent: Any, read_back: Any) -> bool:
    """Whether `kept` is what was `sent`, but for the ids that Slack gives to what has none."""
    if isinstance(sent, dict) and isinstance(read_back, dict):
        more = read_back.keys() - sent.keys()
        return more <= {"block_id", "action_id"} and all(named(sent[key], read_back.get(key)) for key in sent)
    if isinstance(sent, list) and isinstance(read_back, list):
        return len(sent) == len(read_back) and all(map(named, sent, read_back))
    return bool(sent == read_back)


def test_every_kind_of_message_is_rendered_here() -> None:
    assert {*CASES, *ELSEWHERE, MessageKind.HOME} == {*MessageKind}


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("kind", CASES)
async def test_a_message_is_accepted_as_the_vendors_models_write_it_and_read_back_as_it_was_sent(
    web: AsyncWebClient, kind: MessageKind, language: str
) -> None:
    for number, details in enumerate(CASES[kind]):
        message = rendered(kind, details, language)
        metadata = Metadata("pgaccess_post", {"post": number})

        posted = await web.chat_postMessage(
            channel="C0APPROVALS", text=message.text, blocks=modelled(list(message.blocks)), metadata=metadata
        )
        history = await web.conversations_history(
            channel="C0APPROVALS", latest=posted["ts"], inclusive=True, limit=1, include_all_metadata=True
        )

        (read_back,) = history["messages"]
        assert named(list(message.blocks), read_back["blocks"])
        assert (read_back["text"], read_back["metadata"]["event_payload"]) == (message.text, {"post": number})


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("kind", [MessageKind.CARD_APPROVAL, MessageKind.CARD_REQUESTER])
async def test_a_card_is_edited_through_all_its_states(
    web: AsyncWebClient, kind: MessageKind, language: str
) -> None:
    first, *later = [rendered(kind, details, language) for details in CASES[kind]]
    posted = await web.chat_postMessage(
        channel="U0ENGINEER", text=first.text, blocks=modelled(list(first.blocks))
    )

    for message in later:
        answer = await web.chat_update(
            channel=posted["channel"],
            ts=posted["ts"],
            text=message.text,
            blocks=modelled(list(message.blocks)),
        )
        assert named(list(message.blocks), answer["message"]["blocks"])


@IN_BOTH_LANGUAGES
async def test_a_private_answer_is_shown_to_the_person_who_acted(
    slack: SlackEmulator, people: People, bot: Bot, language: str
) -> None:
    for message in answers(language):
        bot.says(text=message.text, blocks=modelled(list(message.blocks)))

        outcome = await people.types("engineer", "/pgaccess")

        assert outcome.ok, outcome.error
        shown = slack.ephemerals("engineer")[-1]
        assert (shown["text"], named(list(message.blocks), shown["blocks"])) == (message.text, True)


@IN_BOTH_LANGUAGES
async def test_a_form_opens_as_the_vendors_model_writes_it(
    web: AsyncWebClient, people: People, bot: Bot, language: str
) -> None:
    for view in views(language):
        model = View(**view)
        model.validate_json()
        await people.types("engineer", "/pgaccess")

        opened = await web.views_open(trigger_id=bot.last.fields["trigger_id"], view=model)

        assert named(view["blocks"], opened["view"]["blocks"])
        assert opened["view"]["private_metadata"] == view.get("private_metadata", "")
        # The model of what Slack answers is as complete as the one that was sent.
        assert View(**opened["view"]).callback_id == view["callback_id"]


@IN_BOTH_LANGUAGES
async def test_a_home_tab_is_published_as_the_vendors_model_writes_it(
    web: AsyncWebClient, language: str
) -> None:
    mine, ending = (
        (granted(GrantState.IN_FORCE), granted(GrantState.APPLYING)),
        (granted(GrantState.IN_FORCE),),
    )
    view = home(
        HomeSummary(mine=mine, waiting=(PENDING,), ending=ending), t=Translator(language), policy=POLICY
    )
    model = View(**view)
    model.validate_json()

    published = await web.views_publish(user_id="U0ENGINEER", view=model)

    assert named(view["blocks"], published["view"]["blocks"])


@IN_BOTH_LANGUAGES
def test_the_options_of_a_search_are_accepted(language: str) -> None:
    databases = [factories.database(f"app-{number}", number) for number in range(150)]

    options = form_fields.options_for(databases, {}, "app", Translator(language))

    select = {"type": "static_select", "action_id": "a", "options": options}
    modelled([{"type": "actions", "elements": [select]}])
    assert len(options) == block_kit.SELECT_OPTIONS

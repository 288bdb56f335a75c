"""Messages about renamed and replaced targets, in both languages."""

import json
from typing import Any, Final
from uuid import UUID

import pytest

from bot.i18n.catalogue import LANGUAGES
from bot.i18n.translator import Translator
from bot.ports import Message, MessageKind, OutboxMessage
from bot.views import action_ids
from bot.views.render import render
from tests.flow.actions import words
from tests.unit.services.actions import APP

TARGET: Final = UUID(int=7)
CHOICE: Final = {
    "entry": "money=postgresql-a",
    "alias": "money",
    "environment": "default",
    "old": "postgresql-a (billing)",
    "requests": "#3, #17",
    "certificates": "2",
    "privatelink": "privatelink",
}
OFFER: Final = {
    "target": str(TARGET),
    "name": "postgresql-new",
    "label": "billing::PINK",
    "again": "",
    "choices": json.dumps([CHOICE]),
}


def rendered(kind: MessageKind, params: dict[str, str], language: str = "en") -> Message:
    message = OutboxMessage(
        id=1,
        lease=UUID(int=1),
        kind=kind,
        recipient=APP.operations_channel,
        request=None,
        channel=None,
        place=None,
        posting_since=None,
        version=1,
        attempts=0,
        params=params,
    )
    return render(message, None, t=Translator(language), policy=APP)


def said(message: Message) -> str:
    return words({"text": message.text, "blocks": list(message.blocks)})


def buttons(message: Message) -> list[dict[str, Any]]:
    return [each for block in message.blocks if block["type"] == "actions" for each in block["elements"]]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("again", ["", "again"])
def test_an_offer_says_what_moves_and_what_has_to_be_made_again(language: str, again: str) -> None:
    message = rendered(MessageKind.REPLACEMENT, {**OFFER, "again": again}, language)
    for expected in (
        "<@U0ADMIN>",
        "<!subteam^S0ADMINS>",
        "postgresql-new",
        "billing::PINK",
        "money",
        "default",
        "#3, #17",
        "PrivateLink",
    ):
        assert expected in said(message)
    assert [each["action_id"] for each in buttons(message)] == ["target.replace.0", "target.keep.0"]
    for each in buttons(message):
        assert action_ids.read_identity(each["value"]) == (TARGET, CHOICE["entry"])


def test_an_offer_of_two_has_a_button_for_each() -> None:
    other = {**CHOICE, "entry": "books=postgresql-b", "alias": "books", "requests": "", "certificates": ""}
    params = {**OFFER, "choices": json.dumps([CHOICE, {**other, "privatelink": ""}])}
    message = rendered(MessageKind.REPLACEMENT, params)
    assert [each["text"]["text"] for each in buttons(message)] == [
        "Treat postgresql-new as money from now on",
        "Treat postgresql-new as books from now on",
        "It is not money / books",
    ]
    assert "Nothing is open on" in said(message)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", ["replaced", "kept", "gone"])
def test_once_it_is_answered_there_is_no_button(language: str, outcome: str) -> None:
    params = {**OFFER, **CHOICE, "outcome": outcome, "person": "U0ADMIN"}
    message = rendered(MessageKind.REPLACEMENT, params, language)
    assert buttons(message) == []
    assert "postgresql-new" in said(message)
    assert ("<@U0ADMIN>" in said(message)) is (outcome != "gone")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "kind", [MessageKind.ADDON_RENAMED, MessageKind.APP_RENAMED, MessageKind.SPACE_RENAMED]
)
@pytest.mark.parametrize("environment", ["production", ""])
def test_a_rename_says_both_names_and_the_environment(
    kind: MessageKind, environment: str, language: str
) -> None:
    params = {"before": "old", "after": "<!here>", "labels": "billing", "environment": environment}
    text = said(rendered(kind, params, language))
    assert "old" in text
    assert "&lt;!here&gt;" in text
    assert environment in text

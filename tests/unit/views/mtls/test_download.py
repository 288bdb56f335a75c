"""Download links: one message to the owner with the link, and none of it once the link is over."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from bot.domain.mtls.download_link import DownloadLinkState
from bot.domain.request import Kind, RequestState
from bot.i18n.translator import Translator
from bot.ports import Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import action_ids
from bot.views.mtls import download
from bot.views.render import render
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.mtls.test_expiry import known
from tests.unit.views.samples import IN_BOTH_LANGUAGES

SECRET = "s" * 43
URL = f"https://pgaccess.example.com/c/{UUID(int=5)}#{SECRET}"
OVER = (DownloadLinkState.DELIVERED, DownloadLinkState.REPLACED, DownloadLinkState.BURNT)


def link(language: str = "en", app: str = "billing") -> Message:
    until = NOW + timedelta(minutes=15)
    return download.link(URL, handle="17", app=app, until=until, t=Translator(language))


def details(*, gone: bool = False) -> RequestDetails:
    asked = factories.request(kind=Kind.ISSUE, state=RequestState.APPROVED)
    return replace(factories.case(asked=asked), issued=known(gone=gone))


def rendered(
    state: str | None = None,
    *,
    language: str = "en",
    gone: bool = False,
    recipient: str = "U0ENGINEER",
    marks: Mapping[str, str] | None = None,
) -> Message:
    """What the notifier renders in the place of a link."""
    params = {} if state is None else {"state": state, "at": NOW.isoformat(), **(marks or {})}
    outbox_message = OutboxMessage(
        id=1, lease=UUID(int=1), kind=MessageKind.DOWNLOAD_LINK, recipient=recipient, request=17,
        channel=None, place=None, posting_since=None, version=1, attempts=0, params=params,
    )  # fmt: skip
    return render(outbox_message, details(gone=gone), t=Translator(language), policy=POLICY)


def content(message: Message) -> str:
    return message.text + json.dumps(list(message.blocks), ensure_ascii=False)


@IN_BOTH_LANGUAGES
def test_slack_takes_every_message(language: str) -> None:
    samples.require_valid(link(language, app="<&>" * 20))
    for state in (None, *OVER):
        samples.require_valid(rendered(state, language=language))


@IN_BOTH_LANGUAGES
def test_the_link_stands_in_a_block_and_not_in_the_text_of_a_notification(language: str) -> None:
    message = link(language)
    assert f"<{URL}|" in content(message)
    assert SECRET not in message.text


def test_the_link_says_when_it_ends_and_what_it_is_worth() -> None:
    assert "2026-11-24 09:15 UTC" in content(link())
    assert "private key" in content(link())


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("state", [None, *OVER])
def test_what_takes_the_place_of_a_link_has_none_and_offers_a_new_one(
    state: str | None, language: str
) -> None:
    message = rendered(state, language=language)
    assert "http" not in content(message)
    assert action_ids.FILES in content(message)


def test_each_end_of_a_link_has_a_text_of_its_own() -> None:
    assert len({rendered(state).text for state in (None, *OVER)}) == 4


def test_a_download_says_when_it_was_and_what_to_do_if_it_was_somebody_else() -> None:
    text = content(rendered(DownloadLinkState.DELIVERED))
    assert "2026-11-24 09:00 UTC" in text
    assert "/pgaccess mtls certificate rotate" in text


def test_a_download_has_a_red_button_for_whoever_did_not_make_it() -> None:
    marks = {"certificate": str(known().id), "link": str(UUID(int=5))}
    for language in ("en", "ja"):
        shown = rendered(DownloadLinkState.DELIVERED, language=language, marks=marks)
        samples.require_valid(shown)
        (button,) = [
            each
            for block in shown.blocks
            for each in block.get("elements", [])
            if each.get("action_id") == action_ids.NOT_ME
        ]
        assert button["style"] == "danger"
        assert action_ids.read_download(button["value"]) == (17, known().id, UUID(int=5))


@pytest.mark.parametrize("case", ["gone", "somebody else's"])
def test_what_works_no_more_or_is_another_s_has_no_such_button(case: str) -> None:
    marks = {"certificate": str(known().id), "link": str(UUID(int=5))}
    shown = rendered(
        DownloadLinkState.DELIVERED,
        gone=case == "gone",
        recipient="U0ENGINEER" if case == "gone" else "U0OTHER",
        marks=marks,
    )
    assert action_ids.NOT_ME not in content(shown)
    assert "/pgaccess mtls certificate rotate" not in content(shown)
    assert "were downloaded" in content(shown)


@pytest.mark.parametrize("value", ["", "1", "1.x.y", f"1.{UUID(int=1)}", f"x.{UUID(int=1)}.{UUID(int=2)}"])
def test_a_value_that_is_none_of_ours_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        action_ids.read_download(value)


def test_a_certificate_that_is_gone_is_not_offered_again() -> None:
    assert action_ids.FILES not in content(rendered(DownloadLinkState.DELIVERED, gone=True))

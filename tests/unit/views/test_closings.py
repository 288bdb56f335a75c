"""What whoever ended something reads: that it is closed, or that it takes longer and why."""

from dataclasses import replace
from typing import Final
from uuid import UUID

import pytest

from bot.domain import operation as operations
from bot.domain.grant import BY_PEOPLE, GrantState, ReasonCode
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.reports.trouble import Hold, Trouble
from bot.domain.request import Kind, RequestState
from bot.domain.subject import CertificateId
from bot.i18n.translator import Translator
from bot.ports import MessageKind, OutboxMessage, RequestDetails
from bot.views.render import concerned, render
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.samples import IN_BOTH_LANGUAGES


def outbox_message(kind: MessageKind, requests: str) -> OutboxMessage:
    return OutboxMessage(
        id=1, lease=factories.database().id, kind=kind, recipient="U0LEAD", request=17, channel=None,
        place=None, posting_since=None, version=1, attempts=0, params={"requests": requests},
    )  # fmt: skip


def numbered(id: int, state: GrantState, hold: Hold | None = None) -> RequestDetails:
    """A request of this number, with its grant in a state."""
    details = samples.granted(state)
    return replace(details, request=replace(details.request, id=id), hold=hold)


CERTIFICATE: Final = KnownCertificate(
    id=UUID("7c2b0c9e-0000-4000-8000-000000000001"), target=UUID(int=1), request=None, owner=None, purpose="",
    name="client.example", status="ready", expires_at=None, first_seen_at=NOW, last_seen_at=NOW,
)  # fmt: skip


def revoked(id: int, reason: ReasonCode) -> RequestDetails:
    """A request of this number to revoke a certificate, which failed."""
    asked = factories.request(kind=Kind.DISCARD, state=RequestState.APPROVED, endless=True)
    asked = replace(asked, id=id, terms=replace(asked.terms, subject=CertificateId(CERTIFICATE.id)))
    operation = operations.failed(operations.begin(asked, id=CERTIFICATE.id, now=NOW), reason, now=NOW)
    details = factories.case(asked=asked, votes=(factories.vote(),))
    return replace(details, operation=operation, certificate=CERTIFICATE)


def said(kind: MessageKind, *found: RequestDetails, language: str = "en") -> str:
    """What a message of a kind about some requests says."""
    message = outbox_message(kind, " ".join(str(details.request.id) for details in found))
    assert concerned(message) == tuple(details.request.id for details in found)
    listed = {details.request.id: details for details in found}
    rendered = render(message, None, t=Translator(language), policy=POLICY, listed=listed)
    samples.require_valid(rendered)
    return "\n".join(str(block) for block in rendered.blocks)


@IN_BOTH_LANGUAGES
def test_one_grant_is_told_of_as_to_its_owner_and_several_with_their_number(language: str) -> None:
    ended = [numbered(id, GrantState.ENDED) for id in (17, 18, 19)]
    one, many = (said(MessageKind.CLOSED, *shown, language=language) for shown in (ended[:1], ended))
    assert "#17" in one
    assert one != many
    assert "3" in many
    assert all(f"#{id}" in many for id in (17, 18, 19))


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("trouble", Trouble)
def test_what_is_late_is_told_with_what_keeps_it(language: str, trouble: Trouble) -> None:
    hold = Hold(trouble=trouble, since=NOW)
    shown = said(MessageKind.CLOSING_LATE, numbered(17, GrantState.ENDING, hold), language=language)
    assert str(Translator(language)(f"trouble.{trouble}")) in shown


@pytest.mark.parametrize("trouble", Trouble)
def test_only_what_passes_by_itself_is_said_to_do_so(trouble: Trouble) -> None:
    hold = Hold(trouble=trouble, since=NOW)
    shown = said(MessageKind.CLOSING_LATE, numbered(17, GrantState.ENDING, hold))
    needs_somebody = trouble in (Trouble.DENIED, Trouble.REJECTED, Trouble.UNEXPECTED)
    assert ("It continues by itself." in shown) is not needs_somebody
    assert ("perations " in shown) is needs_somebody


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("reason", ReasonCode)
def test_of_some_that_failed_each_is_told_with_why_and_a_command(language: str, reason: ReasonCode) -> None:
    failed = [revoked(id, reason) for id in (18, 19)]
    closed = numbered(17, GrantState.ENDED)
    shown = said(MessageKind.CLOSING_LATE, closed, *failed, language=language)
    gone = reason is ReasonCode.TARGET_GONE
    assert shown.count("/pgaccess") == (0 if gone else 2)
    assert ("/pgaccess retry 18" in shown) is (not gone and reason not in BY_PEOPLE)
    assert all(f"#{id}" in shown for id in (17, 18, 19))


def test_of_some_that_wait_and_one_that_failed_both_are_told() -> None:
    shown = said(MessageKind.CLOSING_LATE, numbered(17, GrantState.ENDING), revoked(18, ReasonCode.DEADLINE))
    assert "not closed yet:* #17." in shown
    assert "Could not be closed:* certificate `7c2b0c9e` for billing (#18)" in shown


@IN_BOTH_LANGUAGES
def test_however_many_failed_the_message_fits(language: str) -> None:
    failed = [revoked(1000 + id, ReasonCode.DEADLINE) for id in range(60)]
    assert "#1000" in said(MessageKind.CLOSING_LATE, *failed, language=language)


def test_what_heroku_still_lists_is_told_with_whom_to_ask() -> None:
    assert "Heroku Support" in said(MessageKind.CLOSING_LATE, numbered(17, GrantState.ENDING))


def test_of_several_only_what_is_still_open_is_late() -> None:
    shown = said(MessageKind.CLOSING_LATE, numbered(17, GrantState.ENDED), numbered(18, GrantState.ENDING))
    assert "#18" in shown
    assert "#17" not in shown


@IN_BOTH_LANGUAGES
def test_what_was_late_says_that_it_is_over(language: str) -> None:
    late = said(MessageKind.CLOSING_LATE, numbered(17, GrantState.ENDING), language=language)
    over = said(MessageKind.CLOSING_LATE, numbered(17, GrantState.ENDED), language=language)
    assert "#17" in over
    assert over != late


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("count", [50, 400])
def test_however_many_were_ended_together_the_message_fits(language: str, count: int) -> None:
    ended = [numbered(1000 + id, GrantState.ENDED) for id in range(count)]
    assert "#1000" in said(MessageKind.CLOSED, *ended, language=language)

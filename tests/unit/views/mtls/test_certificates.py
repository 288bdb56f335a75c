"""Certificates and mTLS as a whole: valid in both languages, and true."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from bot.domain import operation as operations
from bot.domain.grant import GrantState, ReasonCode
from bot.domain.mtls import issuance
from bot.domain.mtls.certificate import Certificate, KnownCertificate
from bot.domain.mtls.expiry_reminders import ReminderSchedule
from bot.domain.mtls.observation import MtlsObservation
from bot.domain.operation import Operation
from bot.domain.request import Kind, RequestState
from bot.domain.subject import CertificateId, Subject, Whole
from bot.i18n.translator import Translator
from bot.ports import CertificateList, DisableImpact, Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import action_ids, responses
from bot.views.mtls import certificate_list
from bot.views.mtls import modals as mtls_modals
from bot.views.render import render
from bot.views.requests import request_card, request_state
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.samples import IN_BOTH_LANGUAGES, LONG, POLICIES

EN = Translator("en")
IDS: Final = [UUID(int=(number << 96) + number) for number in range(1, 100)]
KINDS: Final = (Kind.ENABLE, Kind.DISABLE, Kind.ISSUE, Kind.DISCARD)


def listed(*ids: UUID, status: str = "ready") -> tuple[Certificate, ...]:
    end = NOW + timedelta(days=300)
    return tuple(Certificate(id=id, name="`c\nlient`" * 20, status=status, expires_at=end) for id in ids)


def known(id: UUID = IDS[0], **changed: Any) -> KnownCertificate:
    plain = KnownCertificate(
        id=id,
        target=UUID(int=1),
        request=17,
        owner="U0ENGINEER",
        purpose="nightly export",
        name="client-1.example",
        status="ready",
        expires_at=NOW + timedelta(days=300),
        first_seen_at=NOW - timedelta(days=65),
        last_seen_at=NOW,
    )
    return replace(plain, **changed)


UNMANAGED: Final = known(request=None, owner=None, purpose="")


def observed(*certificates: Certificate, ours: bool = True) -> MtlsObservation:
    rule = factories.rule("203.0.113.4/32")
    seen = factories.look(rule, ours=frozenset({rule.id}) if ours else frozenset())
    return replace(seen, certificates=certificates, certificates_at=NOW)


def details(
    kind: Kind,
    state: RequestState = RequestState.PENDING,
    *,
    reason: str = "nightly export",
    seen: MtlsObservation | None = None,
    **more: Any,
) -> RequestDetails:
    asked = samples.request(kind, state, reason=reason)
    subject: Subject = CertificateId(IDS[0]) if kind is Kind.DISCARD else Whole()
    asked = replace(asked, terms=replace(asked.terms, subject=subject, duration=None))
    votes = () if state is RequestState.PENDING else (factories.vote(),)
    return replace(samples.details(asked, *votes, seen=seen), **more)


def changed(kind: Kind, end: Any = None, **more: Any) -> RequestDetails:
    """An approved operation: under way, or as it ended."""
    made = details(kind, RequestState.APPROVED, **more)
    begun = operations.begin(made.request, id=UUID(int=3), now=NOW)
    return replace(made, operation=begun if end is None else end(begun))


def done(operation: Operation) -> Operation:
    return operations.done(operation, now=NOW)


def failed(reason_code: ReasonCode) -> Any:
    return lambda operation: operations.failed(operation, reason_code, now=NOW)


def several(operation: Operation) -> Operation:
    return operations.failed(issuance.undecided(operation, IDS[:40]), ReasonCode.SEVERAL, now=NOW)


def every() -> Iterator[RequestDetails]:
    """Everything that can stand on a card, with as much as there can be."""
    for kind in KINDS:
        for reason in ("", LONG):
            for certificate in (None, UNMANAGED, known(purpose=LONG)):
                seen = observed(*listed(*IDS))
                yield details(kind, reason=reason, seen=seen, certificate=certificate, closes=(17,) * 200)
        for end in (None, done, failed(ReasonCode.DEADLINE), failed(ReasonCode.NOT_MADE), several):
            yield changed(kind, end, seen=observed(*listed(*IDS)), issued=known())
            yield changed(kind, end, seen=None)


def rendered(kind: MessageKind, about: RequestDetails | None, language: str = "en", **params: str) -> Message:
    outbox_message = OutboxMessage(
        id=1, lease=UUID(int=1), kind=kind, recipient="U0ENGINEER", request=17, channel=None, place=None,
        posting_since=None, version=1, attempts=0, params=params,
    )  # fmt: skip
    return render(outbox_message, about, t=Translator(language), policy=POLICY)


# --- whatever there is, Slack takes it ---------------------------------------------------------------


@IN_BOTH_LANGUAGES
def test_cards_are_valid_however_much_there_is(language: str) -> None:
    t = Translator(language)
    for one in every():
        for policy in POLICIES[:2]:
            samples.require_valid(request_card.approval_card(one, t=t, policy=policy))
            samples.require_valid(request_card.requester_card(one, t=t, policy=policy))
            samples.require_valid(responses.showing(one, t=t, policy=policy), answers=True)


@IN_BOTH_LANGUAGES
def test_notifications_are_valid_however_much_there_is(language: str) -> None:
    for one in every():
        if one.operation is not None:
            for kind in (
                MessageKind.DONE,
                MessageKind.NOT_DONE,
                MessageKind.CERTIFICATE_READY,
            ):
                samples.require_valid(rendered(kind, one, language))
    gone = rendered(MessageKind.CERTIFICATE_GONE, changed(Kind.ISSUE, done), language)
    samples.require_valid(gone)
    params = {"app": "billing", "name": "<!here>", "handle": "0a1b2c3d"}
    unmanaged = rendered(MessageKind.CERTIFICATE_UNMANAGED, None, language, **params)
    samples.require_valid(unmanaged)
    assert "<!here>" not in unmanaged.text


@IN_BOTH_LANGUAGES
def test_the_list_is_valid_however_many_there_are(language: str) -> None:
    many = tuple(known(id, purpose=LONG, name=LONG, reminder_schedule=ReminderSchedule(step=7)) for id in IDS)
    lists = [listed_by_database(*many[start : start + 9], app=f"app-{start}") for start in range(0, 99, 9)]
    for some in (lists, lists[:1], [listed_by_database()], [listed_by_database(observation=None)]):
        samples.require_valid(certificate_list.listing(some, Translator(language)), answers=True)


@IN_BOTH_LANGUAGES
def test_the_form_is_valid_however_much_would_end(language: str) -> None:
    rules = tuple(factories.rule(f"198.51.100.{n}/32") for n in range(60))
    found = DisableImpact(
        database=factories.database(app="b" * 30),
        observation=replace(factories.look(*rules), certificates_at=NOW),
        requests=tuple(range(4_294_967_000, 4_294_967_200)),
        certificates=tuple(known(id, request=4_294_967_000 + number) for number, id in enumerate(IDS)),
    )
    view = mtls_modals.disable_form(found, reason=None, t=Translator(language), needs_reason=True)
    samples.require_valid_view(view)
    assert view["private_metadata"] == found.database.name


@IN_BOTH_LANGUAGES
def test_the_form_for_both_says_so_and_asks_for_no_database(language: str) -> None:
    database = factories.database()
    view = mtls_modals.add_form(
        databases=[database],
        filled={},
        t=Translator(language),
        needs_reason=False,
        enables_mtls=database,
    )
    samples.require_valid_view(view)
    assert action_ids.FIELD_TARGET not in str(view)
    assert "mTLS" in str(view["blocks"][0])


# --- the texts are true ------------------------------------------------------------------------------


def content(message: Message) -> str:
    return f"{message.text}\n{message.blocks}"


def card(about: RequestDetails) -> str:
    return content(request_card.approval_card(about, t=EN, policy=POLICY))


def listed_by_database(
    *found: KnownCertificate, observation: MtlsObservation | None = None, app: str = "billing"
) -> CertificateList:
    seen = observation or replace(factories.look(), certificates_at=NOW)
    return CertificateList(database=factories.database(app), observation=seen, certificates=found)


@pytest.mark.parametrize(
    ("seen", "warned"),
    [
        (observed(*listed(IDS[0])), True),
        (observed(*listed(*IDS[:2])), False),
        (observed(*listed(IDS[0]), ours=False), False),
        (observed(*listed(IDS[1])), False),
        (None, False),
    ],
)
def test_removing_the_last_one_that_works_is_warned_of_where_pgaccess_lets_somebody_in(
    seen: MtlsObservation | None, warned: bool
) -> None:
    shown = card(details(Kind.DISCARD, seen=seen, certificate=known()))
    assert ("the last usable certificate" in shown) is warned


def test_the_card_of_a_removal_says_whose_certificate_it_is_and_what_for() -> None:
    text = card(details(Kind.DISCARD, certificate=known()))
    assert "<@U0ENGINEER>" in text
    assert "nightly export" in text
    assert "not managed by pgaccess" in card(details(Kind.DISCARD, certificate=UNMANAGED))


def test_an_address_that_has_mtls_enabled_first_says_so_before_the_decision() -> None:
    asked = samples.request()
    both = replace(asked, terms=replace(asked.terms, enables_mtls=True))
    assert "First enables mTLS" in card(samples.details(both, seen=factories.look(enabled=False)))
    assert "First enables mTLS" not in card(samples.details(asked, seen=factories.look()))


def test_while_mtls_is_enabled_first_the_grant_says_that_it_waits_for_it() -> None:
    asked = samples.request(state=RequestState.APPROVED)
    both = replace(asked, terms=replace(asked.terms, enables_mtls=True))
    step = operations.enabling_first(both, id=UUID(int=3), now=NOW)
    granted = factories.grant(GrantState.APPLYING)
    waiting = replace(samples.details(both, factories.vote(), granted=granted), operation=step)
    assert "enabling mTLS since" in request_state.state_line(waiting, t=EN, policy=POLICY)
    enabled = replace(waiting, operation=done(step))
    assert "provisioning at Heroku" in request_state.state_line(enabled, t=EN, policy=POLICY)


@pytest.mark.parametrize("kind", [Kind.ENABLE, Kind.ISSUE])
def test_what_is_being_made_says_since_when_and_how_long_that_usually_takes(kind: Kind) -> None:
    line = request_state.state_line(changed(kind), t=EN, policy=POLICY)
    assert "usually takes 5–10 minutes" in line
    assert EN.date(NOW) in line


def test_a_missed_deadline_of_a_change_does_not_speak_of_a_rule() -> None:
    line = request_state.state_line(changed(Kind.ISSUE, failed(ReasonCode.DEADLINE)), t=EN, policy=POLICY)
    assert "did not finish in time" in line


def test_the_certificates_to_choose_from_are_named_each_with_its_own_button() -> None:
    message = rendered(MessageKind.NOT_DONE, changed(Kind.ISSUE, several, seen=observed(*listed(*IDS[:2]))))
    for number, id in enumerate(IDS[:2]):
        assert f"`{id.hex[:8]}`" in content(message)
        assert f"certificate.pick.{number}" in content(message)
        assert action_ids.pick_value(4_294_967_295, id, nonce="") in content(message)


def test_nothing_is_to_be_chosen_from_once_it_was_chosen() -> None:
    picked = changed(
        Kind.ISSUE, lambda it: issuance.picked(several(it), IDS[0]), seen=observed(*listed(*IDS))
    )
    assert "certificate.pick" not in content(request_card.requester_card(picked, t=EN, policy=POLICY))


def test_enabling_without_a_certificate_says_how_to_come_to_one() -> None:
    without = rendered(MessageKind.DONE, changed(Kind.ENABLE, done))
    assert "/pgaccess mtls certificate new" in content(without)


def test_the_first_certificate_is_announced_with_mtls_itself() -> None:
    ready = rendered(MessageKind.CERTIFICATE_READY, changed(Kind.ENABLE, done, issued=known()))
    assert "mTLS is enabled" in ready.text
    assert "certificate.files" in content(ready)


def test_an_end_that_is_not_known_is_not_made_up() -> None:
    unknown = known(expires_at=None, status="pending")
    assert "expires at an unknown time" in content(
        certificate_list.listing([listed_by_database(unknown)], EN)
    )


def test_the_list_says_how_old_it_is_and_leaves_out_databases_without_any() -> None:
    text = content(certificate_list.listing([listed_by_database(known()), listed_by_database(app="crm")], EN))
    assert "as of" in text
    assert "crm" not in text


@pytest.mark.parametrize(
    ("seen", "text"),
    [(factories.look(enabled=False), "mTLS is not enabled"), (factories.look(), "not read yet")],
)
def test_a_list_of_nothing_says_why_and_how_to_ask(seen: MtlsObservation, text: str) -> None:
    shown = content(certificate_list.listing([listed_by_database(observation=seen)], EN))
    assert text in shown
    assert "/pgaccess mtls certificate new on billing" in shown

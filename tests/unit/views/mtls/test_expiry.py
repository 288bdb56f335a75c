"""Expiry reminders and rotations: valid, true, and with the buttons for what can be done."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from bot.domain import operation as operations
from bot.domain.grant import ReasonCode
from bot.domain.mtls import rotation
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.mtls.connection_test import ConnectionResult
from bot.domain.mtls.expiry_reminders import STEPS, ReminderSchedule
from bot.domain.mtls.rotation import GRACE, RotationStage
from bot.domain.request import Kind, RequestState
from bot.domain.subject import CertificateId
from bot.i18n.translator import Translator
from bot.ports import AuditLine, Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import action_ids, responses
from bot.views.mtls import expiry
from bot.views.mtls import rotation as rotation_view
from bot.views.render import render
from bot.views.requests import request_card
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.samples import IN_BOTH_LANGUAGES, LONG

EN = Translator("en")
END = NOW + timedelta(days=60)
REMINDERS = sorted(expiry.REMINDERS)
ACKED = ReminderSchedule(step=30, acknowledged_at=NOW, acknowledged_by="U0LEAD")
PUT_OFF = ReminderSchedule(step=30, snoozed_until=NOW, snoozes=1)


def known(
    schedule: ReminderSchedule | None = None, *, purpose: str = "nightly export", gone: bool = False
) -> KnownCertificate:
    return KnownCertificate(
        id=UUID(int=70),
        target=UUID(int=1),
        request=17,
        owner="U0ENGINEER",
        purpose=purpose,
        name="client.example",
        status="ready",
        expires_at=END,
        first_seen_at=NOW,
        last_seen_at=NOW,
        absent_at=NOW if gone else None,
        reminder_schedule=schedule or ReminderSchedule(step=30),
    )


def outbox_message(kind: MessageKind, **params: str) -> OutboxMessage:
    return OutboxMessage(
        id=1, lease=UUID(int=1), kind=kind, recipient="U0ENGINEER", request=17, channel=None,
        place=None, posting_since=None, version=1, attempts=0, params=params,
    )  # fmt: skip


def remind(
    issued: KnownCertificate,
    *,
    step: int = 30,
    kind: MessageKind = MessageKind.EXPIRY,
    t: Translator = EN,
) -> Message:
    details = replace(factories.case(asked=factories.request(kind=Kind.ISSUE)), issued=issued)
    return render(outbox_message(kind, step=str(step)), details, t=t, policy=POLICY)


def offered(message: Message) -> list[str]:
    return samples.actions(list(message.blocks))


# --- reminders -----------------------------------------------------------------------------------------


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("kind", REMINDERS)
@pytest.mark.parametrize("step", STEPS)
def test_every_reminder_is_valid_however_it_was_answered(step: int, kind: MessageKind, language: str) -> None:
    for schedule in (ReminderSchedule(step=step), replace(ACKED, step=step), replace(PUT_OFF, step=step)):
        for purpose in ("", LONG):
            samples.require_valid(
                remind(known(schedule, purpose=purpose), step=step, kind=kind, t=Translator(language))
            )


@pytest.mark.parametrize("kind", REMINDERS)
def test_a_reminder_says_when_it_ends_what_it_is_for_and_what_to_do(kind: MessageKind) -> None:
    content = samples.content(remind(known(), kind=kind))
    assert "expires within 30d" in content
    assert "2027-01-23 09:00 UTC" in content
    assert "nightly export" in content
    assert "/pgaccess mtls certificate rotate 17" in content


def test_the_last_one_says_what_stops_working() -> None:
    content = samples.content(remind(known(ReminderSchedule(step=0)), step=0))
    assert "has expired" in content
    assert "sslv3 alert certificate expired" in content


def test_copies_name_the_owner_and_those_who_are_to_act() -> None:
    assert "<@U0LEAD> <@U0LEAD2>" in remind(known(), kind=MessageKind.EXPIRY_COPY).text
    assert "belongs to <@U0ENGINEER>" in remind(known(), kind=MessageKind.EXPIRY_COPY).text
    assert "no longer an active member" in remind(known(), kind=MessageKind.EXPIRY_ORPHAN).text


def test_a_reminder_offers_what_can_still_be_answered() -> None:
    everything = [action_ids.ROTATE, action_ids.ACKNOWLEDGE, action_ids.SNOOZE]
    assert offered(remind(known())) == everything
    assert offered(remind(known(ACKED))) == [action_ids.ROTATE, action_ids.SNOOZE]
    assert offered(remind(known(PUT_OFF))) == [action_ids.ROTATE, action_ids.ACKNOWLEDGE]
    assert offered(remind(known(ReminderSchedule(step=30, snoozes=2)))) == [
        action_ids.ROTATE,
        action_ids.ACKNOWLEDGE,
    ]
    assert offered(remind(known(ReminderSchedule(step=3)), step=3)) == [
        action_ids.ROTATE,
        action_ids.ACKNOWLEDGE,
    ]


def test_a_reminder_that_a_later_one_has_overtaken_offers_nothing() -> None:
    assert offered(remind(known(ReminderSchedule(step=14)), step=30)) == []


def test_a_reminder_of_what_is_gone_meanwhile_says_so() -> None:
    message = remind(known(gone=True))
    assert "no longer exists" in message.text
    assert offered(message) == []


def test_it_names_who_acknowledged_and_until_when_it_is_snoozed() -> None:
    assert "Acknowledged by <@U0LEAD>" in samples.content(remind(known(ACKED)))
    assert "Snoozed until" in samples.content(remind(known(PUT_OFF)))
    assert "Not acknowledged yet" in samples.content(remind(known()))


def test_a_reminder_without_its_certificate_raises() -> None:
    with pytest.raises(ValueError, match="request 17 has none"):
        render(outbox_message(MessageKind.EXPIRY, step="7"), factories.case(), t=EN, policy=POLICY)


@IN_BOTH_LANGUAGES
def test_answers_are_valid(language: str) -> None:
    t = Translator(language)
    details = replace(factories.case(asked=factories.request(kind=Kind.ISSUE)), issued=known(PUT_OFF))
    for answer in (expiry.acknowledged(details, t), expiry.snoozed(details, t)):
        samples.require_valid(answer, answers=True)


# --- the weekly summary --------------------------------------------------------------------------------


def unowned(*found: tuple[str, str, str]) -> Message:
    certificates = [
        {"app": app, "handle": handle, "name": "client.example", "owner": "", "until": until}
        for app, handle, until in found
    ]
    summary = outbox_message(MessageKind.UNOWNED, at=NOW.isoformat(), certificates=json.dumps(certificates))
    return render(summary, None, t=EN, policy=POLICY)


def test_the_summary_has_the_soonest_end_first_in_each_database_and_among_them() -> None:
    content = samples.content(
        unowned(
            ("archive", "aaaaaaaa", "2027-05-01T00:00:00+00:00"),
            ("billing", "bbbbbbbb", "2027-06-01T00:00:00+00:00"),
            ("billing", "cccccccc", "2027-01-01T00:00:00+00:00"),
            ("billing", "dddddddd", ""),
        )
    )
    order = ["*billing*", "cccccccc", "bbbbbbbb", "dddddddd", "*archive*", "aaaaaaaa"]
    assert sorted(order, key=content.index) == order
    assert "at an unknown time" in content


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("databases", [1, 100])
def test_a_summary_of_very_many_is_valid_and_says_how_many_it_leaves_out(
    databases: int, language: str
) -> None:
    certificates = [
        {
            "app": f"{number % databases:03}{'b' * 27}",
            "handle": "deadbeef",
            "name": "n" * 300,
            "owner": "U0ENGINEER" if number % 2 else "",
            "until": END.isoformat(),
        }
        for number in range(100)
    ]
    summary = outbox_message(MessageKind.UNOWNED, at=NOW.isoformat(), certificates=json.dumps(certificates))
    message = render(summary, None, t=Translator(language), policy=POLICY)
    samples.require_valid(message)
    assert "60" in samples.content(message)


# --- rotations -------------------------------------------------------------------------------------------


def rotated(stage: RotationStage) -> RequestDetails:
    asked = factories.request(kind=Kind.ROTATE, state=RequestState.APPROVED, endless=True)
    asked = replace(asked, terms=replace(asked.terms, subject=CertificateId(UUID(int=70))))
    operation = operations.begin(asked, id=UUID(int=3), now=NOW)
    steps = {
        RotationStage.MAKING: operation,
        RotationStage.INSTALLING: (made := rotation.made(operation, UUID(int=71), now=NOW)),
        RotationStage.RESTING: (resting := rotation.installed(made, now=NOW)),
        RotationStage.REMOVING: rotation.removing(resting, at=NOW),
    }
    return replace(factories.case(asked=asked, votes=(factories.vote(),)), operation=steps[stage])


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("stage", RotationStage)
def test_whatever_is_shown_of_a_rotation_is_valid(stage: RotationStage, language: str) -> None:
    details, t = rotated(stage), Translator(language)
    samples.require_valid(request_card.requester_card(details, t=t, policy=POLICY))
    samples.require_valid(request_card.approval_card(details, t=t, policy=POLICY))
    for kind in (MessageKind.INSTALL, MessageKind.ROTATION_READY):
        samples.require_valid(render(outbox_message(kind), details, t=t, policy=POLICY))


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        (RotationStage.MAKING, "usually takes 5–10 minutes"),
        (RotationStage.INSTALLING, "the old one keeps working until"),
        (RotationStage.RESTING, "the old certificate will be removed <!date"),
        (RotationStage.REMOVING, "removing the old one"),
    ],
)
def test_the_requesters_card_says_how_far_it_has_come(stage: RotationStage, line: str) -> None:
    assert line in samples.content(request_card.requester_card(rotated(stage), t=EN, policy=POLICY))


@pytest.mark.parametrize("stage", RotationStage)
def test_only_what_waits_to_be_installed_has_a_button_for_it(stage: RotationStage) -> None:
    details = rotated(stage)
    waits = stage is RotationStage.INSTALLING
    for message in (
        request_card.requester_card(details, t=EN, policy=POLICY),
        render(outbox_message(MessageKind.INSTALL), details, t=EN, policy=POLICY),
    ):
        assert (action_ids.INSTALLED in offered(message)) is waits


def tried(found: ConnectionResult | None, stage: RotationStage = RotationStage.INSTALLING) -> RequestDetails:
    """A rotation that can be tested, and what came of it; None while that is not known."""
    details = rotated(stage)
    assert details.operation is not None
    can_be = replace(details.operation, progress={**details.operation.progress, "testable": "yes"})
    asked = rotation.testing(can_be, now=NOW)
    return replace(details, operation=asked if found is None else rotation.tested(asked, found, now=NOW))


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("found", [None, *ConnectionResult])
def test_what_came_of_a_test_stands_wherever_the_rotation_is_shown(
    found: ConnectionResult | None, language: str
) -> None:
    details, t = tried(found), Translator(language)
    assert details.operation is not None
    ((line,),) = [
        block["elements"]
        for block in rotation_view.test(details, rotation_view.under_way(details.operation), t)
    ]
    for message in (
        request_card.requester_card(details, t=t, policy=POLICY),
        request_card.approval_card(details, t=t, policy=POLICY),
        render(outbox_message(MessageKind.ROTATION_READY), details, t=t, policy=POLICY),
        responses.showing(details, t=t, policy=POLICY),
    ):
        samples.require_valid(message)
        assert line["text"] in samples.content(message)


@pytest.mark.parametrize("stage", RotationStage)
def test_only_where_it_can_be_tested_there_is_a_button_and_only_while_both_are_there(
    stage: RotationStage,
) -> None:
    both = stage in (RotationStage.INSTALLING, RotationStage.RESTING)
    shown_of = [
        request_card.requester_card(details, t=EN, policy=POLICY)
        for details in (tried(None, stage), rotated(stage))
    ]
    assert [action_ids.TEST in offered(message) for message in shown_of] == [both, False]


@pytest.mark.parametrize("stage", RotationStage)
def test_the_old_one_can_be_kept_once_its_removal_is_near_and_not_begun(stage: RotationStage) -> None:
    message = render(outbox_message(MessageKind.ROTATION_READY), rotated(stage), t=EN, policy=POLICY)
    assert (action_ids.KEEP_OLD in offered(message)) is (stage is RotationStage.RESTING)


def test_the_history_tells_how_far_a_rotation_has_come() -> None:
    states = (
        *("doing, making", "doing, installing", "doing, installing, testing", "doing, installing"),
        *("doing, resting", "doing, removing", "done"),
    )
    lines = [_line("request", "", "pending"), _line("request", "pending", "approved")]
    lines += [_line("rotate", before, after) for before, after in pairwise(("", *states))]
    content = samples.content(
        responses.showing(tried(ConnectionResult.OTHER, RotationStage.RESTING), lines, t=EN, policy=POLICY)
    )
    steps = [
        *("> requested", "> approved", "was ready", "had the new certificate tested", "was tested"),
        *("reported the new certificate as installed", "is being removed", "done, verified at Heroku"),
    ]
    told = [content.find(step) for step in steps]
    assert -1 not in told
    assert told == sorted(told)


def _line(subject: str, before: str, after: str) -> AuditLine:
    return AuditLine(
        request=17, at=NOW, actor="U0ENGINEER", subject=subject, before=before, after=after, details={}
    )


def test_a_reminder_to_install_that_comes_late_says_that_it_is_over() -> None:
    late = render(outbox_message(MessageKind.INSTALL), rotated(RotationStage.RESTING), t=EN, policy=POLICY)
    assert "no longer waits" in late.text


def test_the_answer_says_when_the_old_one_is_removed() -> None:
    content = rotation_view.installed(rotated(RotationStage.RESTING), EN).text
    assert f"{int((NOW + GRACE).timestamp())}" in content


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(
    "reason_code",
    [
        ReasonCode.NEW_GONE,
        ReasonCode.OLD_GONE,
        ReasonCode.NOT_INSTALLED,
        ReasonCode.NOT_ACCEPTED,
        ReasonCode.DEADLINE,
    ],
)
def test_a_rotation_that_failed_says_why_and_offers_to_try_again(
    reason_code: ReasonCode, language: str
) -> None:
    details = rotated(RotationStage.INSTALLING)
    assert details.operation is not None
    failed = replace(details, operation=operations.failed(details.operation, reason_code, now=NOW))
    message = render(outbox_message(MessageKind.NOT_DONE), failed, t=Translator(language), policy=POLICY)
    samples.require_valid(message)
    assert action_ids.RETRY in offered(message)

"""PrivateLink: valid in both languages however much there is, and true."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import pytest

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.method import Method
from bot.domain.operation import Operation, OperationState
from bot.domain.privatelink.observation import AllowedAccount, Connection, PrivateLinkObservation
from bot.domain.request import Kind, RequestState
from bot.domain.subject import Accounts, Subject, Whole
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import DatabaseStatus, MessageKind, OutboxMessage, RequestDetails
from bot.views import action_ids, database_status, diagnosis, modals, notifications, responses
from bot.views.privatelink import (
    modals as privatelink_modals,
)
from bot.views.privatelink import (
    notifications as privatelink_notifications,
)
from bot.views.privatelink import (
    status as linking,
)
from bot.views.render import render
from bot.views.requests import request_card, request_state
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.samples import IN_BOTH_LANGUAGES, LONG, POLICIES

EN = Translator("en")
A, B = "arn:aws:iam::123456789012:root", "arn:aws:iam::210987654321:root"
ONE = Accounts((A,))
CROWD: Final = Accounts(tuple(f"arn:aws:iam::{n:012}:user/{'path/' * 85}etl" for n in range(4)))
"""As much as fits into a typed line: each with a path about as long as Amazon lets it be."""

LISTED: Final = tuple(f"arn:aws:iam::{n:012}:user/{'pa&<`>/' * 60}etl" for n in range(60))
"""More accounts than anybody has, with the oddest paths that Amazon takes."""

SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0ab1"


def observed(**changed: Any) -> PrivateLinkObservation:
    seen = PrivateLinkObservation(
        at=NOW,
        status="Operational",
        service=SERVICE,
        accounts=(AllowedAccount(arn=A, status="Active"), AllowedAccount(arn=B, status="Active")),
        connections=(connection(),),
        ours=frozenset({A}),
    )
    return replace(seen, **changed)


def connection(number: int = 1, owner: str = A, status: str = "Available") -> Connection:
    return Connection(
        endpoint=f"vpce-0{number:016}", hostname="db.vpce.emulated.example", owner=owner, status=status
    )


OBSERVATIONS: Final[dict[str, PrivateLinkObservation | None]] = {
    "unseen": None,
    "absent": PrivateLinkObservation(at=NOW, status=None),
    "making": observed(status="Provisioning", service="", connections=()),
    "leaving": observed(status="Deprovisioned"),
    "ready": observed(),
    "crowded": observed(
        accounts=tuple(AllowedAccount(arn=arn, status="Active") for arn in (*CROWD.arns, *LISTED)),
        connections=tuple(connection(number, CROWD.arns[0]) for number in range(60)),
        ours=frozenset(LISTED[:30]),
    ),
}


def details(
    kind: Kind = Kind.OPEN,
    *,
    subject: Subject = ONE,
    seen: PrivateLinkObservation | None = None,
    state: RequestState = RequestState.PENDING,
    granted: GrantState | None = None,
    reason_code: ReasonCode | None = None,
    operation: Operation | None = None,
    closes: tuple[int, ...] = (),
) -> RequestDetails:
    asked = factories.request(kind=kind, state=state)
    asked = replace(asked, terms=replace(asked.terms, method=Method.PRIVATELINK, subject=subject))
    grant = None
    if granted is not None:
        grant = replace(
            factories.grant(granted, reason_code=reason_code), method=Method.PRIVATELINK, subject=subject
        )
    votes = () if state is RequestState.PENDING else (factories.vote(),)
    made = factories.case(asked=asked, votes=votes, granted=grant, closes=closes)
    return replace(made, observation=seen, operation=operation)


def done_once(kind: Kind, subject: Subject, stands: OperationState) -> Operation:
    return Operation(
        id=UUID(int=3),
        request=17,
        target=UUID(int=1),
        method=Method.PRIVATELINK,
        kind=kind,
        subject=subject,
        owner="U0ENGINEER",
        state=stands,
        started_at=NOW,
        closed_at=NOW,
        reason_code=ReasonCode.DEADLINE if stands is OperationState.FAILED else None,
    )


def every() -> Iterator[RequestDetails]:
    for subject in (ONE, CROWD):
        for seen in OBSERVATIONS.values():
            for kind in (Kind.OPEN, Kind.EXTEND, Kind.REMOVE, Kind.REMOVE_UNMANAGED):
                closes = tuple(range(100)) if kind is Kind.REMOVE else ()
                yield details(kind, subject=subject, seen=seen, closes=closes)
            for granted in GrantState:
                yield details(
                    subject=subject,
                    seen=seen,
                    state=RequestState.APPROVED,
                    granted=granted,
                    reason_code=ReasonCode.DEADLINE,
                )
    for seen in OBSERVATIONS.values():
        yield details(Kind.CLOSE, subject=Whole(), seen=seen, closes=tuple(range(100)))
        for stands in OperationState:
            for kind, about in ((Kind.CLOSE, Whole()), (Kind.REMOVE_UNMANAGED, CROWD)):
                operation = done_once(kind, about, stands)
                yield details(
                    kind, subject=about, seen=seen, state=RequestState.APPROVED, operation=operation
                )


def status_of(seen: PrivateLinkObservation | None, *mine: RequestDetails) -> DatabaseStatus:
    return DatabaseStatus(
        database=factories.database(), observation=factories.look(), open=mine, mine=mine, now=NOW, link=seen
    )


def outbox_message(kind: MessageKind, **params: str) -> OutboxMessage:
    return OutboxMessage(
        id=1,
        lease=UUID(int=9),
        kind=kind,
        recipient="U0ENGINEER",
        request=17,
        channel=None,
        place=None,
        posting_since=None,
        version=1,
        attempts=0,
        params=params,
    )


@IN_BOTH_LANGUAGES
def test_cards_and_answers_are_valid_however_much_there_is(language: str) -> None:
    t = Translator(language)
    for one in every():
        for policy in POLICIES[:2]:
            samples.require_valid(request_card.approval_card(one, t=t, policy=policy))
            samples.require_valid(request_card.requester_card(one, t=t, policy=policy))
        for answer in (
            responses.showing(one, t=t, policy=POLICY),
            responses.submitted(one, t=t, policy=POLICY),
        ):
            samples.require_valid(answer, answers=True)


@IN_BOTH_LANGUAGES
def test_notifications_about_grants_and_operations_are_valid(language: str) -> None:
    t = Translator(language)
    for one in every():
        if one.grant is not None:
            for kind in (
                *(MessageKind.IN_FORCE, MessageKind.ENDING, MessageKind.ENDED),
                *(MessageKind.FAILED, MessageKind.INTERRUPTED),
            ):
                samples.require_valid(notifications.about_grant(kind, one, one.grant, t))
        if one.operation is not None:
            for kind in (MessageKind.DONE, MessageKind.NOT_DONE):
                samples.require_valid(notifications.about_operation(kind, one, one.operation, t))
        if one.request.state is RequestState.PENDING:
            samples.require_valid(notifications.lapsed(one, t))


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("name", OBSERVATIONS)
def test_status_why_and_forms_are_valid(name: str, language: str) -> None:
    t, seen = Translator(language), OBSERVATIONS[name]
    for subject in (ONE, CROWD):
        mine = details(subject=subject, seen=seen, state=RequestState.APPROVED, granted=GrantState.IN_FORCE)
        here = status_of(seen, mine)
        samples.require_valid(linking.status(here, t), answers=True)
        samples.require_valid(database_status.status(here, t), answers=True)
        samples.require_valid(diagnosis.why(here, t=t, policy=POLICY), answers=True)
        samples.require_valid_view(modals.change_form(mine, t))
    if seen is not None:
        close = privatelink_modals.close_form(
            factories.database(), seen, range(100), reason=LONG[:100], t=t, needs_reason=True
        )
        samples.require_valid_view(close)


@IN_BOTH_LANGUAGES
def test_the_form_for_accounts_has_what_was_typed(language: str) -> None:
    filled = {action_ids.FIELD_ADDRESS: "123456789012", action_ids.FIELD_TARGET: None}
    view = privatelink_modals.add_form(
        databases=[factories.database()], filled=filled, t=Translator(language), needs_reason=False
    )
    samples.require_valid_view(view)
    assert "123456789012" in str(view)


# --- the texts are true ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("unseen", "its current state has not been read yet"),
        ("absent", "Opens PrivateLink on billing, which takes 10–15 minutes."),
        ("making", "pgaccess already allows it"),
        ("ready", "pgaccess already allows it"),
        ("crowded", "Allows 1 more to billing; 64 already allowed."),
    ],
)
def test_a_card_says_what_an_approval_would_change_and_from_where_it_works(name: str, line: str) -> None:
    content = samples.content(
        request_card.approval_card(details(seen=OBSERVATIONS[name]), t=EN, policy=POLICY)
    )
    assert line in content
    assert "Works only from a VPC in us-east-1. From other regions, use mTLS." in content
    assert A in content


def test_a_card_marks_an_unmanaged_account() -> None:
    content = samples.content(
        request_card.approval_card(details(subject=Accounts((B,)), seen=observed()), t=EN, policy=POLICY)
    )
    assert "Adds nothing for 210987654321: it is already allowed, but not managed by pgaccess." in content
    assert "It stays after this access ends." in content


def test_a_card_that_closes_the_whole_names_accounts_connections_and_requests() -> None:
    closing = details(Kind.CLOSE, subject=Whole(), seen=observed(), closes=(3, 4))
    content = samples.content(request_card.approval_card(closing, t=EN, policy=POLICY))
    for each in ("123456789012", "210987654321", connection().endpoint, "Ends #3, #4."):
        assert each in content


def test_an_unknown_region_is_called_as_heroku_calls_it() -> None:
    osaka = replace(details(seen=None), target=replace(factories.database(), region="osaka"))
    content = samples.content(request_card.approval_card(osaka, t=EN, policy=POLICY))
    assert "Works only from a VPC in the AWS region of the Heroku region osaka" in content


def test_waiting_says_the_usual_time_and_when_it_is_given_up() -> None:
    waiting = details(state=RequestState.APPROVED, granted=GrantState.APPLYING)
    line = request_state.state_line(waiting, t=EN, policy=POLICY)
    assert "usually takes 10–15 minutes, an account 5–30; it fails after 45" in line


def test_in_force_comes_with_lines_for_the_console_the_command_line_and_terraform() -> None:
    works = details(seen=observed(), state=RequestState.APPROVED, granted=GrantState.IN_FORCE)
    assert works.grant is not None
    content = samples.content(notifications.about_grant(MessageKind.IN_FORCE, works, works.grant, EN))
    for part in (SERVICE, "--region us-east-1", "5432-5433", "5432, 5433", "aws_vpc_endpoint", "Endpoints"):
        assert part in content


@pytest.mark.parametrize(
    ("seen", "part"),
    [
        (observed(accounts=(AllowedAccount(arn=A, status="Active"),)), "is still allowed to billing by"),
        (observed(accounts=(), ours=frozenset()), "still exists at Amazon"),
        (observed(accounts=(), connections=(), ours=frozenset()), "no longer allows 123456789012 → billing"),
        (PrivateLinkObservation(at=NOW, status=None), "no longer allows 123456789012 → billing"),
    ],
)
def test_an_end_says_what_still_stands(seen: PrivateLinkObservation, part: str) -> None:
    over = details(
        seen=seen, state=RequestState.APPROVED, granted=GrantState.ENDED, reason_code=ReasonCode.DONE
    )
    assert over.grant is not None
    assert part in samples.content(notifications.about_grant(MessageKind.ENDED, over, over.grant, EN))


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("kind", privatelink_notifications.STAGES)
def test_each_stage_is_announced_while_it_is_true_and_corrected_when_it_is_late(
    kind: MessageKind, language: str
) -> None:
    message_of_stage = outbox_message(
        kind, service=SERVICE, endpoint="vpce-0ab1", hostname="db.example", name="X_ENDPOINT_0AB1_URL"
    )
    t = Translator(language)
    for granted in GrantState:
        one = details(
            seen=observed(), state=RequestState.APPROVED, granted=granted, reason_code=ReasonCode.DONE
        )
        message = render(message_of_stage, one, t=t, policy=POLICY)
        samples.require_valid(message)
        late = granted is not privatelink_notifications.STAGES[kind]
        moved = t("notification.link_moved", id=17, what="")
        assert message.text.startswith(moved[:32]) is late


def test_the_url_comes_as_a_line_with_no_secret_in_it() -> None:
    one = details(seen=observed(), state=RequestState.APPROVED, granted=GrantState.IN_FORCE)
    message_of_stage = outbox_message(
        MessageKind.LINK_URL, endpoint="vpce-0ab1", hostname="h", name="DATABASE_ENDPOINT_0AB1_URL"
    )
    content = samples.content(render(message_of_stage, one, t=EN, policy=POLICY))
    assert "heroku config:get DATABASE_ENDPOINT_0AB1_URL -a billing" in content


@pytest.mark.parametrize(
    ("seen", "part"),
    [
        (None, "Not read from Heroku yet"),
        (PrivateLinkObservation(at=NOW, status=None), "billing has no PrivateLink"),
        (observed(status="Provisioning"), "is Provisioning"),
        (observed(accounts=()), "is not allowed to billing"),
        (observed(accounts=(AllowedAccount(arn=A, status="Provisioning"),)), "usually takes 5–30 minutes"),
        (observed(connections=()), "nothing is connected yet"),
        (observed(connections=(connection(status="PendingAcceptance"),)), "is PendingAcceptance"),
        (observed(), "The config var with its URL usually appears"),
        (observed(config_vars=(f"DATABASE_{connection().config_var}_URL",)), "the VPC allows TCP 5432, 5433"),
    ],
)
def test_why_names_the_first_thing_that_is_missing(seen: PrivateLinkObservation | None, part: str) -> None:
    mine = details(seen=seen, state=RequestState.APPROVED, granted=GrantState.IN_FORCE)
    assert part in samples.content(diagnosis.why(status_of(seen, mine), t=EN, policy=POLICY))


def test_status_marks_unmanaged_accounts() -> None:
    mine = details(seen=observed(), state=RequestState.APPROVED, granted=GrantState.IN_FORCE)
    content = samples.content(linking.status(status_of(observed(), mine), EN))
    assert "`123456789012`  Active, #17" in content
    assert "`210987654321`  Active, not managed by pgaccess" in content
    assert "PrivateLink stays after the last account has ended" in content


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("kind", [MessageKind.LINK_UNMANAGED, MessageKind.LINK_BACK, MessageKind.LINK_STAYS])
def test_operations_sees_whose_account_it_is_and_what_to_type(kind: MessageKind, language: str) -> None:
    message = notifications.operational(outbox_message(kind, app="billing", account=A), Translator(language))
    samples.require_valid(message)
    assert A in message.text
    assert "/pgaccess privatelink" in message.text


# --- one of several accounts is removed by hand -------------------------------------------------------

BOTH: Final = Accounts((A, B))
LISTED_A: Final = (AllowedAccount(arn=A, status="Active"),)
LISTED_B: Final = (AllowedAccount(arn=B, status="Active"),)


def interrupted(seen: PrivateLinkObservation | None, subject: Subject = BOTH) -> RequestDetails:
    return details(
        subject=subject,
        seen=seen,
        state=RequestState.APPROVED,
        granted=GrantState.INTERRUPTED,
        reason_code=ReasonCode.CLOSED_ELSEWHERE,
    )


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(
    ("seen", "gone", "left"),
    [
        (observed(accounts=LISTED_A), "210987654321", "123456789012"),
        (observed(accounts=LISTED_B), "123456789012", "210987654321"),
        (observed(accounts=()), "123456789012, 210987654321", None),
        (observed(status=None, accounts=LISTED_A), "123456789012, 210987654321", None),
        (observed(status="Deprovisioned"), "123456789012, 210987654321", None),
    ],
)
def test_of_two_accounts_the_one_that_was_removed_is_named_and_the_other_as_still_allowed(
    seen: PrivateLinkObservation, gone: str, left: str | None, language: str
) -> None:
    t, one = Translator(language), interrupted(seen)
    message = render(outbox_message(MessageKind.INTERRUPTED), one, t=t, policy=POLICY)
    samples.require_valid(message)
    values = {"id": 17, "network": Mrkdwn(gone), "app": "billing"}
    if left is None:
        assert message.text == t("notification.interrupted", **values)
    else:
        assert message.text == t("notification.interrupted.part", left=left, **values)


@IN_BOTH_LANGUAGES
def test_without_an_observation_neither_account_is_called_shut_out(language: str) -> None:
    t = Translator(language)
    message = render(outbox_message(MessageKind.INTERRUPTED), interrupted(None), t=t, policy=POLICY)
    samples.require_valid(message)
    unknown = t("reach.unknown", network=BOTH, app="billing")
    assert message.text == t("notification.interrupted.still", id=17, still=unknown)


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        (observed(accounts=LISTED_A), ["210987654321"]),
        (observed(accounts=LISTED_B), ["123456789012"]),
        (observed(accounts=()), ["123456789012", "210987654321"]),
    ],
)
def test_a_status_shows_account_by_account_what_is_missing(
    seen: PrivateLinkObservation, missing: list[str]
) -> None:
    content = samples.content(linking.status(status_of(seen, interrupted(seen)), EN))
    shown = re.findall(r"`(\d+)` is missing", content)
    assert shown == missing

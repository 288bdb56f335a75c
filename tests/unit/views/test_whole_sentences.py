"""Everything that the bot says is whole: for each kind of request, access method, state and language."""

import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

import pytest

from bot.domain import operation as operations
from bot.domain.grant import Grant, GrantState, ReasonCode
from bot.domain.method import Method
from bot.domain.mtls import issuance, rotation
from bot.domain.mtls.certificate import Certificate, KnownCertificate
from bot.domain.mtls.connection_test import ConnectionResult
from bot.domain.mtls.expiry_reminders import ReminderSchedule
from bot.domain.observation import Observation
from bot.domain.operation import Operation
from bot.domain.policy.rules import Policy
from bot.domain.request import Kind, Request, RequestState, Verdict, Withdrawal
from bot.domain.subject import Accounts, CertificateId, Subject, Whole
from bot.domain.target import Space
from bot.domain.trusted_ips.ruleset import DataServices, Ruleset, RulesetObservation, RulesetRule
from bot.errors import Refusal, Refused
from bot.i18n.catalogue import CATALOGUE
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import (
    Block,
    DatabaseStatus,
    HomeSummary,
    Message,
    MessageKind,
    OutboxMessage,
    RequestDetails,
    SpaceStatus,
)
from bot.views import app_home, database_status, diagnosis, modals, responses
from bot.views.render import RENDERERS, render
from bot.views.trusted_ips import diagnosis as space_diagnosis
from bot.views.trusted_ips import status as space_status
from tests.unit import factories
from tests.unit.factories import NETWORK, NOW, POLICY
from tests.unit.test_i18n import unstyled
from tests.unit.views import samples
from tests.unit.views.privatelink.test_privatelink import observed as linked
from tests.unit.views.samples import IN_BOTH_LANGUAGES

SPACE: Final = Space(id=UUID(int=9), name="acme-private", region="virginia", shield=False)
ACCOUNTS: Final = Accounts(("arn:aws:iam::123456789012:root",))
CERTIFICATE: Final = CertificateId(UUID(int=(70 << 96) + 70))
RANGES: Final = Ruleset(
    id=UUID(int=1), rules=(RulesetRule("allow", "203.0.113.0/24"),), applied=True, by="a@example.com"
)

ONCE_MORE: Final = (Kind.OPEN, Kind.EXTEND, Kind.REOPEN, Kind.REMOVE, Kind.ADOPT, Kind.REMOVE_UNMANAGED)
KINDS: Final[Mapping[Method, Sequence[Kind]]] = {
    Method.MTLS: (*ONCE_MORE, Kind.ENABLE, Kind.DISABLE, Kind.ISSUE, Kind.ROTATE, Kind.DISCARD),
    Method.PRIVATELINK: (*ONCE_MORE, Kind.CLOSE),
    Method.TRUSTED: ONCE_MORE,
}
"""What can be requested by each method."""

GRANTED: Final = (Kind.OPEN, Kind.EXTEND, Kind.REOPEN)
ADMINS_TOO: Final = replace(POLICY, admins=frozenset({"S0ADMINS", "U0ADMIN"}))
"""A policy that names admins."""

ABOUT_GRANTS: Final = (
    *(MessageKind.IN_FORCE, MessageKind.ENDING, MessageKind.ENDED, MessageKind.FAILED),
    MessageKind.INTERRUPTED,
)
WITHDRAWALS: Final = (
    Withdrawal.of(Refused(Refusal.POLICY_DENIES, app="billing", rule="production")),
    Withdrawal.of(Refused(Refusal.DURATION_TOO_LONG, longest=timedelta(hours=8))),
    Withdrawal.of(Refused(Refusal.END_PAST)),
    Withdrawal.of(Refused(Refusal.GRANT_OVER, id=17)),
    Withdrawal.of(Refused(Refusal.EXTEND_PAST_LONGEST, longest=timedelta(hours=8))),
    Withdrawal.of(Refused(Refusal.TARGET_UNMATCHED, app="billing")),
)


# --- what is looked for ------------------------------------------------------------------------------


class Watching(Translator):
    """A translator that fails where a sentence has a placeholder with nothing in it."""

    def __call__(self, key: str, **params: object) -> Mrkdwn:
        template = CATALOGUE[self.language][key]
        for _, name, _, _ in string.Formatter().parse(template):
            if name:
                shown = self.show(params[name])
                assert shown.strip(), f"{key}: {name} is empty"
                # A line of the history that has no moment is not shown.
                assert shown != "None" or key.startswith("show."), f"{key}: {name} is None"
        return super().__call__(key, **params)


_TOKEN: Final = re.compile(r"<!date\^\d+\^[^|>]*\|([^>]*)>")
_CODE: Final = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_EMOJI: Final = re.compile(r":[a-z_]+:")
_KEY: Final = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
FAULTS: Final = {
    "a placeholder": re.compile(r"\{\w*\}"),
    "a blank before punctuation": re.compile(r"(?<!§) [,;!?。、]| [.:](?=\s|$)"),
    "two marks in a row": re.compile(r"[,;:] ?[.,;:。]|\.\.(?!\.)|。[.。]|\(\s*\)"),
    # An asterisk behind a blank begins what is bold, and another one ends it.
    "an arrow with nothing beside it": re.compile(
        r"(?:^|[:(]|(?<!\S)\*)\s*→|→\s*(?:$|\*(?:\s|$)|[).,。])", re.MULTILINE
    ),
    "blanks in a row": re.compile(r"   |[,;] {2}|(?<=\w) {2}(?=\w)"),
    "a value of the program": re.compile(r"\bNone\b|UUID\(|datetime\.|<[A-Z]\w+\.\w+:"),
}
"""What no text may have, outside of code."""


@cache
def problems(text: str) -> Sequence[str]:
    """What is wrong with a text that somebody reads; most texts are in many messages."""
    plain = _TOKEN.sub(r"\1", text)
    # What is code, or a date, separates as it stands, and its blanks are its own.
    bare = _EMOJI.sub("§", _CODE.sub("§", _TOKEN.sub("§", text)))
    found = [name for name, pattern in FAULTS.items() if pattern.search(bare)]
    found += [f"the key {key}" for key in _KEY.findall(bare) if key in CATALOGUE["en"]]
    return found + [f"unstyled {span}" for span in unstyled(plain)]


def texts(shown: object) -> Iterator[str]:
    """Every text in some blocks."""
    if isinstance(shown, Mapping):
        for name, value in shown.items():
            if name == "text" and isinstance(value, str):
                yield value
            else:
                yield from texts(value)
    elif isinstance(shown, list | tuple):
        for each in shown:
            yield from texts(each)


def require_whole(message: Message, *, what: str, answers: bool = False) -> None:
    samples.require_valid(message, answers=answers)
    for text in (message.text, *texts(message.blocks)):
        assert problems(text) == [], f"{what}: {text}"


# --- requests, in every state ------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Optional parts of a request."""

    reason: str = ""
    until: bool = False
    endless: bool = False
    seen: bool = False


PARTS: Final = (
    Parts(),
    Parts(reason="quarterly migration", until=True, seen=True),
    Parts(reason="quarterly migration", endless=True, seen=True),
)


def subject_of(method: Method, kind: Kind) -> Subject:
    if kind in (Kind.ENABLE, Kind.DISABLE, Kind.ISSUE, Kind.CLOSE):
        return Whole()
    if kind in (Kind.ROTATE, Kind.DISCARD):
        return CERTIFICATE
    return ACCOUNTS if method is Method.PRIVATELINK else NETWORK


def observation_of(method: Method) -> Observation:
    match method:
        case Method.PRIVATELINK:
            return linked()
        case Method.TRUSTED:
            return RulesetObservation(at=NOW, ruleset=RANGES, ours=frozenset())
    end = NOW + timedelta(days=300)
    listed = (Certificate(id=CERTIFICATE.id, name="client-1", status="ready", expires_at=end),)
    seen = factories.look(factories.rule("203.0.113.0/24"))
    return replace(seen, certificates=listed, certificates_at=NOW)


def known(**changed: Any) -> KnownCertificate:
    plain = KnownCertificate(
        id=CERTIFICATE.id, target=UUID(int=1), request=17, owner="U0ENGINEER", purpose="nightly export",
        name="client-1.example", status="ready", expires_at=NOW + timedelta(days=30), first_seen_at=NOW,
        last_seen_at=NOW, reminder_schedule=ReminderSchedule(step=30),
    )  # fmt: skip
    return replace(plain, **changed)


def request(method: Method, kind: Kind, state: RequestState, parts: Parts) -> Request:
    made = factories.request(kind=kind, state=state, reason=parts.reason, needed=2)
    timeless = kind.happens_once or kind is Kind.REMOVE or parts.until or parts.endless
    terms = replace(
        made.terms,
        method=method,
        target=SPACE.id if method.on_space else UUID(int=1),
        subject=subject_of(method, kind),
        duration=None if timeless and kind is not Kind.EXTEND else timedelta(hours=8),
        until=NOW + timedelta(hours=8) if parts.until and kind in (Kind.OPEN, Kind.REOPEN) else None,
    )
    return replace(made, terms=terms)


def grant(method: Method, state: GrantState, parts: Parts, reason: ReasonCode | None) -> Grant:
    made = factories.grant(state, reason_code=reason, endless=parts.endless)
    target = SPACE.id if method.on_space else UUID(int=1)
    return replace(made, method=method, target=target, subject=subject_of(method, Kind.OPEN))


def reasons_of(state: GrantState) -> Sequence[ReasonCode | None]:
    match state:
        case GrantState.ENDED | GrantState.ENDING:
            return (ReasonCode.EXPIRED, ReasonCode.DONE, ReasonCode.REVOKED, ReasonCode.OWNER_LEFT)
        case GrantState.FAILED:
            return (ReasonCode.DEADLINE, ReasonCode.FULL, ReasonCode.REFUSED, ReasonCode.PERSON)
        case GrantState.INTERRUPTED:
            return (ReasonCode.CLOSED_ELSEWHERE,)
    return (None,)


def of_operation(made: RequestDetails) -> Iterator[Operation]:
    """An operation as it begins, on its way, and as it ended."""
    begun = operations.begin(made.request, id=UUID(int=3), now=NOW)
    yield begun
    yield operations.done(begun, now=NOW)
    yield operations.given_up(begun, now=NOW)
    for reason in (ReasonCode.DEADLINE, ReasonCode.REFUSED, ReasonCode.CLOSED_ELSEWHERE, ReasonCode.NEEDED):
        yield operations.failed(begun, reason, now=NOW, detail="no room.")
    if made.request.kind is Kind.ISSUE:
        undecided = issuance.undecided(begun, [CERTIFICATE.id])
        yield operations.failed(undecided, ReasonCode.SEVERAL, now=NOW)
    if made.request.kind is Kind.ROTATE:
        ready = rotation.made(begun, UUID(int=71), now=NOW, testable=True)
        yield ready
        yield rotation.testing(ready, now=NOW)
        yield from (rotation.tested(ready, result, now=NOW) for result in ConnectionResult)
        yield rotation.installed(ready, now=NOW)
        yield operations.failed(ready, ReasonCode.NOT_INSTALLED, now=NOW)


def _undecided(plain: RequestDetails) -> Iterator[RequestDetails]:
    yield plain
    yield replace(plain, decisions=(factories.vote(),))
    yield replace(plain, request=replace(plain.request, by_admins=True))


def _settled(plain: RequestDetails) -> Iterator[RequestDetails]:
    """Requests that ended without access."""

    def now(state: RequestState, **more: Any) -> Request:
        return replace(plain.request, state=state, decided_at=NOW, **more)

    for reason in ("", "too wide"):
        denied = factories.vote(Verdict.DENY, reason)
        yield replace(plain, request=now(RequestState.DENIED), decisions=(denied,))
    yield replace(plain, request=now(RequestState.CANCELLED))
    yield replace(plain, request=now(RequestState.LAPSED))
    yield replace(plain, request=now(RequestState.WITHDRAWN))
    for why in WITHDRAWALS:
        yield replace(plain, request=now(RequestState.WITHDRAWN, withdrawn=why))


def _approved(plain: RequestDetails, parts: Parts) -> Iterator[RequestDetails]:
    asked = replace(plain.request, state=RequestState.APPROVED, decided_at=NOW)
    made = replace(plain, request=asked, decisions=(factories.vote(),))
    method, kind = asked.terms.method, asked.kind
    if kind is Kind.REMOVE:
        yield made
    if kind.happens_once:
        for operation in of_operation(made):
            yield replace(made, operation=operation)
    if kind not in GRANTED:
        return
    for state in GrantState:
        for reason in reasons_of(state):
            granted = grant(method, state, parts, reason)
            yield replace(made, grant=replace(granted, detail="no room." if reason else ""))
    interrupted = grant(method, GrantState.INTERRUPTED, parts, ReasonCode.CLOSED_ELSEWHERE)
    if kind is Kind.OPEN:
        reopening = replace(request(method, Kind.REOPEN, RequestState.PENDING, parts), id=18)
        yield replace(made, grant=interrupted, reopening=reopening)
    if kind is Kind.OPEN and method is Method.MTLS:
        first = operations.enabling_first(asked, id=UUID(int=3), now=NOW)
        applying = grant(method, GrantState.APPLYING, parts, None)
        yield replace(made, grant=applying, operation=first)


@cache
def requests(method: Method, kind: Kind) -> Sequence[RequestDetails]:
    """A kind of request in every state, with and without its optional parts."""
    found: list[RequestDetails] = []
    for parts in PARTS:
        asked = request(method, kind, RequestState.PENDING, parts)
        plain = replace(
            factories.case(asked=asked),
            target=SPACE if method.on_space else factories.database(),
            grant=grant(method, GrantState.IN_FORCE, parts, None) if kind in GRANTED[1:] else None,
            observation=observation_of(method) if parts.seen else None,
            closes=(3, 4) if kind in (Kind.REMOVE, Kind.DISABLE, Kind.CLOSE) else (),
            certificate=known() if kind in (Kind.ROTATE, Kind.DISCARD) else None,
            issued=known() if parts.seen and kind in (Kind.ISSUE, Kind.ROTATE, Kind.ENABLE) else None,
        )
        found += [*_undecided(plain), *_settled(plain), *_approved(plain, parts)]
    return found


# --- what is said of them ----------------------------------------------------------------------------


def kinds_of(details: RequestDetails) -> Iterator[MessageKind]:
    """The kinds of message that such a request can have in the outbox, those that are late among them."""
    asked, method = details.request, details.request.terms.method
    yield from (MessageKind.CARD_APPROVAL, MessageKind.CARD_REQUESTER, MessageKind.REMINDER)
    yield from (MessageKind.CARD_DIRECT, MessageKind.ASKED_DIRECTLY)
    match asked.state:
        case RequestState.PENDING:
            yield MessageKind.UNDECIDABLE
        case RequestState.LAPSED:
            yield MessageKind.LAPSED
        case RequestState.WITHDRAWN:
            yield MessageKind.WITHDRAWN
        case RequestState.DENIED | RequestState.APPROVED:
            yield MessageKind.DECIDED
    if asked.state is not RequestState.APPROVED:
        return
    if details.grant is not None and asked.kind is Kind.OPEN:
        yield from ABOUT_GRANTS
        yield from (MessageKind.REOPENING, MessageKind.NOTE)
        if method is Method.PRIVATELINK:
            yield from (MessageKind.LINK_READY, MessageKind.LINK_CONNECTED, MessageKind.LINK_URL)
        if method is Method.TRUSTED:
            yield MessageKind.TICKET
        if method is Method.MTLS:
            yield from (MessageKind.CONNECTION_CHANGED, MessageKind.REBUILT)
    if details.operation is not None and details.grant is None:
        yield from (MessageKind.DONE, MessageKind.NOT_DONE)
    if details.operation is not None and asked.kind is Kind.DISCARD:
        yield MessageKind.CERTIFICATE_COMPROMISED
    if details.issued is not None:
        yield from (MessageKind.CERTIFICATE_READY, MessageKind.CERTIFICATE_GONE, MessageKind.DOWNLOAD_LINK)
        yield from (MessageKind.EXPIRY, MessageKind.EXPIRY_COPY, MessageKind.EXPIRY_ORPHAN)
        yield from (MessageKind.CERTIFICATE_LEFT, MessageKind.CERTIFICATE_ASSIGNED)
    if details.operation is not None and asked.kind is Kind.ROTATE:
        yield from (MessageKind.INSTALL, MessageKind.ROTATION_READY)


PARAMS: Final = {
    **{"person": "U0LEAD", "step": "30", "at": NOW.isoformat(), "owner": "U0ENGINEER", "before": "U0LEAVER"},
    **{"certificate": str(CERTIFICATE.id), "approvers": "S0LEADS U0LEAD", "assigned_by": "U0LEAD"},
    **{
        "service": "com.amazonaws.vpce.us-east-1.vpce-svc-0ab1",
        "endpoint": "vpce-0a",
        "name": "DATABASE_URL",
    },
    **{"hostname": "db.vpce.emulated.example", "account": "123456789012"},
    **{"subject": "203.0.113.4/32", "ends": NOW.isoformat(), "over": ""},
    **{"handle": "17", "delivered": NOW.isoformat(), "link": str(CERTIFICATE.id)},
}
"""What messages about requests say beyond their request."""


def sent(kind: MessageKind, details: RequestDetails, t: Translator, policy: Policy) -> Message:
    message = OutboxMessage(
        id=1, lease=UUID(int=1), kind=kind, recipient="U0ENGINEER", request=17, channel=None, place=None,
        posting_since=None, version=1, attempts=0, params=PARAMS,
    )  # fmt: skip
    return render(message, details, t=t, policy=policy)


def answers(details: RequestDetails, t: Translator, policy: Policy) -> Iterator[Message]:
    """What somebody who acted is told."""
    asked = details.request
    yield responses.showing(details, t=t, policy=policy)
    yield responses.listing([details], limit=20, t=t, policy=policy)
    yield responses.done("cancelled", details, t)
    yield responses.done("given_up", details, t)
    yield responses.withdrawn(details, t)
    if asked.state is RequestState.PENDING:
        yield responses.submitted(details, t=t, policy=policy)
    for verdict in Verdict:
        yield responses.decided(details, verdict, t)
    if details.grant is not None:
        yield responses.done("closing", details, t)
        yield responses.done("extended", details, t)
        yield responses.reopened(details, t)
    if asked.kind is Kind.REMOVE:
        yield responses.removing(details, details.closes, t)
    yield responses.tried_again(details, t)


def views(details: RequestDetails, t: Translator, policy: Policy) -> Iterator[Block]:
    """The forms about a request, and a home tab with it."""
    if details.request.state is RequestState.PENDING:
        yield modals.deny_form(details, t)
        if details.request.kind is Kind.OPEN:
            yield modals.change_form(details, t)
    if details.grant is not None and details.request.kind is Kind.OPEN:
        yield modals.extend_form(details, t)
    ending = (details,) if details.grant is not None else ()
    yield app_home.home(HomeSummary(mine=(details,), waiting=(details,), ending=ending), t=t, policy=policy)


def statuses(details: RequestDetails, t: Translator, policy: Policy) -> Iterator[Message]:
    """The status of a target, and why it cannot be reached."""
    method, seen = details.request.terms.method, details.observation
    space = None
    if method is Method.TRUSTED:
        for services in DataServices:
            observed = seen if isinstance(seen, RulesetObservation) else None
            space = SpaceStatus(space=SPACE, observation=observed, open=(details,), services=services)
            yield space_status.status(space, t)
            yield space_diagnosis.why(space, (details,), t=t, policy=policy)
    status = DatabaseStatus(
        database=factories.database(),
        observation=details.rules if method is Method.MTLS else None,
        open=() if method is Method.TRUSTED else (details,),
        mine=(details,),
        now=NOW,
        link=details.link if method is Method.PRIVATELINK else None,
        certificates=(known(),) if details.issued else (),
        space=space,
    )
    yield database_status.status(status, t)
    yield diagnosis.why(status, t=t, policy=policy)


CASES: Final = [(method, kind) for method, kinds in KINDS.items() for kind in kinds]


def named(details: RequestDetails) -> str:
    grant, operation = details.grant, details.operation
    stands = [] if grant is None else [f"{grant.state} ({grant.reason_code})"]
    stands += [] if operation is None else [f"{operation.state} ({operation.reason_code})"]
    return ", ".join([details.request.terms.method, details.request.kind, details.request.state, *stands])


def policies() -> Iterable[Policy]:
    return (POLICY, ADMINS_TOO)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(("method", "kind"), CASES)
def test_every_message_about_a_request_is_whole(method: Method, kind: Kind, language: str) -> None:
    t = Watching(language)
    for details in requests(method, kind):
        for message_kind in kinds_of(details):
            what = f"{message_kind} of {named(details)}"
            require_whole(sent(message_kind, details, t, ADMINS_TOO), what=what)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(("method", "kind"), CASES)
def test_every_answer_about_a_request_is_whole(method: Method, kind: Kind, language: str) -> None:
    t = Watching(language)
    for details in requests(method, kind):
        for policy in policies():
            for number, answer in enumerate(answers(details, t, policy)):
                require_whole(answer, what=f"answer {number} about {named(details)}", answers=True)
            for view in views(details, t, policy):
                samples.require_valid_view(view)
                for text in texts(view["blocks"]):
                    assert problems(text) == [], f"{view.get('callback_id')} of {named(details)}: {text}"


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(("method", "kind"), CASES)
def test_every_status_with_a_request_is_whole(method: Method, kind: Kind, language: str) -> None:
    t = Watching(language)
    for details in requests(method, kind):
        if details.request.state in (RequestState.PENDING, RequestState.APPROVED):
            for status in statuses(details, t, POLICY):
                require_whole(status, what=f"status with {named(details)}", answers=True)


def test_every_kind_of_message_about_a_request_is_looked_at() -> None:
    looked_at = {
        message_kind
        for method, kind in CASES
        for details in requests(method, kind)
        for message_kind in kinds_of(details)
    }
    assert RENDERERS.keys() == looked_at


@pytest.mark.parametrize(
    "text",
    [
        "#5 expired without a decision:  → billing stays as it is.",
        "*#5 denied* by <@U0LEAD>: 203.0.113.4 → .",
        "The access  of billing has ended",
        "Adds one rule , and no more",
        "{network} can reach billing",
        "see notification.lapsed",
        "#5 has ended ()",
        "ends None",
        "Nothing has changed..",
        "例は`8h`です",
    ],
)
def test_a_text_that_is_not_whole_would_be_found(text: str) -> None:
    assert problems(text) != []


def test_an_empty_name_in_a_sentence_would_be_found() -> None:
    with pytest.raises(AssertionError, match="network is empty"):
        Watching("en")("notification.ended", id=5, why="time limit reached", network=Whole(), app="billing")

"""Who reads the reasons of requests and decisions, by what the policy says."""

import contextlib
import itertools
from dataclasses import replace
from typing import Final
from uuid import UUID

import pytest

from bot.domain.policy.rules import Policy, Reasons
from bot.domain.request import RequestState, Withdrawal
from bot.errors import Refusal
from bot.i18n.translator import Translator
from bot.ports import MessageKind, OutboxMessage, RequestDetails
from bot.services import Services
from bot.services.reasons import readable_in
from bot.views import render, responses
from storage.transaction import PostgresStore
from tests.unit import factories
from tests.unit.factories import SetClock
from tests.unit.services import actions
from tests.unit.services.actions import ADMIN, COLLEAGUE, ENGINEER, GROUP_LEAD, LEAD
from tests.unit.views import samples

AUDITOR: Final = "U0AUDITOR"
WHY, NO, BECAUSE = "quarterly migration", "not this quarter", "the laptop was lost"
HIDDEN: Final = replace(actions.APP, reasons=Reasons.APPROVERS, auditors=frozenset({AUDITOR}))
SHOWN: Final = replace(HIDDEN, reasons=Reasons.EVERYONE)
IN_BOTH_LANGUAGES: Final = pytest.mark.parametrize("language", ["en", "ja"])


@pytest.fixture
def hidden(services: Services, store: PostgresStore, clock: SetClock) -> Services:
    return actions.under(HIDDEN, store, clock)


def told(kind: MessageKind, to: str) -> OutboxMessage:
    return OutboxMessage(
        id=1,
        lease=UUID(int=1),
        kind=kind,
        recipient=to,
        request=17,
        channel=None,
        place=None,
        posting_since=None,
        version=1,
        attempts=0,
        params={},
    )


def shown(details: RequestDetails, policy: Policy, kind: MessageKind, to: str, language: str = "en") -> str:
    """Everything that a message shows of a request."""
    message = told(kind, to)
    found = readable_in(policy, details, message)
    rendered = render.render(message, found, t=Translator(language), policy=policy)
    return f"{rendered.text}\n{samples.content(rendered)}"


def asked(state: RequestState = RequestState.PENDING) -> RequestDetails:
    request = factories.request(state=state)
    terms = replace(request.terms, reason=WHY, alternatives="the BI tool has no certificates")
    return factories.case(asked=replace(request, terms=terms))


@IN_BOTH_LANGUAGES
def test_a_card_in_a_channel_has_no_reason_and_says_where_it_is(language: str) -> None:
    said = shown(asked(), HIDDEN, MessageKind.CARD_APPROVAL, "C0APPROVALS", language)
    assert WHY not in said
    assert Translator(language)("card.reason.hidden") in said
    assert WHY in shown(asked(), SHOWN, MessageKind.CARD_APPROVAL, "C0APPROVALS", language)


def test_whoever_decides_by_direct_message_reads_the_reason() -> None:
    assert WHY in shown(asked(), HIDDEN, MessageKind.CARD_DIRECT, LEAD)


def every_case() -> list[RequestDetails]:
    """Every state of every kind of request, with reasons that can be told apart from everything else."""
    found = []
    for name, details in samples.CASES.items():
        if not name.endswith("short reason"):
            # The reason is another one here.
            continue
        request = details.request
        withdrawn = Withdrawal(reason=Refusal.PERSON_REVOKED, values={"because": BECAUSE, "id": "17"})
        terms = replace(request.terms, reason=WHY, alternatives=WHY)
        marked = replace(
            details,
            request=replace(request, terms=terms, withdrawn=withdrawn, narrowed_from=terms),
            decisions=tuple(replace(each, reason=NO) for each in details.decisions),
        )
        found.append(marked)
        if name.endswith("pending, unseen, short reason"):
            found.append(replace(marked, request=replace(marked.request, state=RequestState.WITHDRAWN)))
    return found


def test_no_message_in_a_channel_has_a_word_of_a_reason() -> None:
    rendered = 0
    for details, kind in itertools.product(every_case(), render.RENDERERS):
        if kind is MessageKind.CARD_DIRECT:
            continue
        # Kinds that are about something that this request has not are not sent about it.
        with contextlib.suppress(ValueError, KeyError, IndexError, TypeError):
            said = shown(details, HIDDEN, kind, "C0APPROVALS")
            assert not any(word in said for word in (WHY, NO, BECAUSE)), (kind, said)
            rendered += 1
    assert rendered > 1000


@pytest.mark.parametrize(
    ("kind", "to", "reads"),
    [
        (MessageKind.CARD_REQUESTER, ENGINEER, True),
        (MessageKind.DECIDED, ENGINEER, True),
        (MessageKind.DECIDED, COLLEAGUE, False),
        (MessageKind.CARD_DIRECT, LEAD, True),
        (MessageKind.CARD_APPROVAL, "C0APPROVALS", False),
        (MessageKind.REMINDER, "G0PRIVATE", False),
    ],
)
def test_a_message_has_the_reasons_for_the_requester_and_those_who_decide(
    kind: MessageKind, to: str, reads: bool
) -> None:
    for policy, expected in ((HIDDEN, reads), (SHOWN, True)):
        assert (readable_in(policy, asked(), told(kind, to)) == asked()) is expected


async def denied(services: Services) -> int:
    details = await actions.ask(services)
    await actions.deny(services, details, reason=NO)
    return details.request.id


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(
    ("person", "reads"),
    [(ENGINEER, True), (LEAD, True), (GROUP_LEAD, True), (ADMIN, True), (AUDITOR, True), (COLLEAGUE, False)],
)
async def test_the_details_have_the_reasons_for_those_who_may_read_them(
    store: PostgresStore, hidden: Services, person: str, reads: bool, language: str
) -> None:
    await actions.know(store, factories.person(AUDITOR))
    details, lines = await hidden.queries.history(await denied(hidden), person=person)
    said = samples.content(responses.showing(details, lines, t=Translator(language), policy=HIDDEN))
    assert (WHY in said, NO in said) == (reads, reads)


async def test_under_a_policy_that_shows_them_everybody_reads_reasons(services: Services) -> None:
    details, lines = await services.queries.history(await denied(services), person=COLLEAGUE)
    said = samples.content(responses.showing(details, lines, t=Translator("en"), policy=actions.APP))
    assert (WHY in said, NO in said) == (True, True)

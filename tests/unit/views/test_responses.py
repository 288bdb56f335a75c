"""Private answers: help at every level, what was acted on, and what went wrong."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from bot.domain import operation as operations
from bot.domain.grant import GrantState
from bot.domain.operation import OperationState
from bot.domain.request import Kind, RequestState, Verdict
from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.views import responses
from bot.views.help import helping
from handlers.parsing.command_table import COMMANDS
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples
from tests.unit.views.samples import CASES, IN_BOTH_LANGUAGES

EN = Translator("en")
TOPICS = sorted({(), *(path[:depth] for path in COMMANDS for depth in (1, 2, 3))})
DONE = ("cancelled", "closing", "extended", "reopened", "retried", "given_up")


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("topic", TOPICS, ids=" ".join)
def test_help_is_valid_at_every_level_and_ends_with_two_examples(
    topic: tuple[str, ...], language: str
) -> None:
    message = helping(topic, Translator(language))
    samples.require_valid(message, answers=True)
    # Long help takes more than one section, whose length Slack limits.
    text = "\n".join(block["text"]["text"] for block in message.blocks if block["type"] == "section")
    examples = text.partition(Translator(language)("help.examples"))[2]
    assert examples.count("`/pgaccess") == 2


@pytest.mark.parametrize(
    "verb", ["list", "show", "status", "why", "cancel", "done", "extend", "revoke", "retry"]
)
def test_help_on_a_verb_shows_how_it_is_written(verb: str) -> None:
    assert f"`/pgaccess {verb} " in samples.content(helping((verb,), EN))
    assert f"`/pgaccess {verb} " in samples.content(helping((), EN))


@IN_BOTH_LANGUAGES
def test_small_answers_are_valid(language: str) -> None:
    t = Translator(language)
    for answer in (
        responses.refused(Refused(Refusal.ADDRESS_EMPTY), t),
        responses.trouble("error.unavailable", "ab12cd34", t),
        responses.trouble("error.internal", "ab12cd34", t),
        responses.listing([], limit=20, t=t, policy=POLICY),
    ):
        samples.require_valid(answer, answers=True)


@IN_BOTH_LANGUAGES
def test_answers_to_the_person_who_acted_are_valid(language: str) -> None:
    t = Translator(language)
    for details in CASES.values():
        answers = [responses.decided(details, verdict, t) for verdict in Verdict]
        answers += [responses.done(key, details, t) for key in DONE]
        for answer in (*answers, responses.removing(details, range(100), t)):
            samples.require_valid(answer, answers=True)


def test_an_approver_sees_how_many_approvals_are_still_needed() -> None:
    asked = factories.request(needed=3)
    details = factories.case(asked=asked, votes=(factories.vote(), factories.vote(person="U0LEAD2")))
    assert "needs 3 approvals and has 2" in responses.decided(details, Verdict.APPROVE, EN).text


def test_what_is_being_closed_is_named_by_number() -> None:
    assert "Ending #3, #17;" in responses.removing(factories.case(), (3, 17), EN).text


def test_the_answer_to_an_extension_names_the_new_end() -> None:
    assert "now ends <!date" in responses.done("extended", samples.granted(GrantState.IN_FORCE), EN).text


def test_a_list_that_is_full_says_that_there_may_be_more() -> None:
    full = responses.listing([factories.case()] * 20, limit=20, t=EN, policy=POLICY)
    short = responses.listing([factories.case()] * 19, limit=20, t=EN, policy=POLICY)
    assert "Showing only the newest 20" in samples.content(full)
    assert "Showing only the newest" not in samples.content(short)


def test_a_history_shows_every_decision_in_order() -> None:
    details = CASES["open, denied, short reason"]
    content = samples.content(responses.showing(details, t=EN, policy=POLICY))
    assert content.count("> approved") == 29
    assert content.index("U0APPROVER00> approved") < content.index(" denied")


@pytest.mark.parametrize(
    ("kind", "state", "expected"),
    [
        (Kind.OPEN, GrantState.IN_FORCE, "in force, verified at Heroku"),
        (Kind.OPEN, GrantState.ENDED, "ended, verified at Heroku"),
        (Kind.OPEN, GrantState.FAILED, "not opened"),
        (Kind.OPEN, GrantState.INTERRUPTED, "removed at Heroku outside pgaccess"),
    ],
)
def test_a_history_shows_how_the_grant_ended(kind: Kind, state: GrantState, expected: str) -> None:
    details = samples.granted(state)
    assert details.request.kind is kind
    assert expected in samples.content(responses.showing(details, t=EN, policy=POLICY))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (OperationState.DOING, None),
        (OperationState.DONE, "done, verified at Heroku"),
        (OperationState.FAILED, "failed"),
        (OperationState.GIVEN_UP, "abandoned"),
    ],
)
def test_a_history_shows_how_an_operation_ended(state: OperationState, expected: str | None) -> None:
    asked = factories.request(kind=Kind.ISSUE, state=RequestState.APPROVED, endless=True)
    closed = None if state is OperationState.DOING else NOW + timedelta(minutes=7)
    operation = replace(operations.begin(asked, id=UUID(int=3), now=NOW), state=state, closed_at=closed)
    details = replace(factories.case(asked=asked, votes=(factories.vote(),)), operation=operation)
    blocks = responses.showing(details, t=EN, policy=POLICY).blocks
    (history,) = [each["text"]["text"] for each in blocks if "History" in str(each)]
    last = history.splitlines()[-1]
    assert last.endswith(expected or "approved")


def test_a_history_shows_mtls_enabled_before_the_address_was_allowed() -> None:
    details = samples.granted(GrantState.IN_FORCE)
    assert details.grant is not None
    assert details.grant.verified_at is not None
    before = details.grant.verified_at - timedelta(minutes=1)
    step = operations.done(operations.enabling_first(details.request, id=UUID(int=3), now=NOW), now=before)
    content = samples.content(responses.showing(replace(details, operation=step), t=EN, policy=POLICY))
    assert content.index("mTLS enabled, verified at Heroku") < content.index("in force, verified at Heroku")

"""Private answers: help at every level, what was acted on, and what went wrong."""

import pytest

from bot.domain.grant import GrantState
from bot.domain.request import Kind, Verdict
from bot.errors import Refusal, Refused
from bot.messages import private
from bot.messages.helping import helping
from bot.messages.words import Words
from handlers.grammar import COMMANDS
from tests.unit import samples
from tests.unit.messages import shown
from tests.unit.messages.shown import CASES, IN_BOTH_LANGUAGES
from tests.unit.samples import POLICY

EN = Words("en")
TOPICS = sorted({(), *(path[:depth] for path in COMMANDS for depth in (1, 2, 3))})
DONE = ("cancelled", "closing", "extended", "reopened", "given_up")


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("topic", TOPICS, ids=" ".join)
def test_help_is_valid_at_every_level_and_ends_with_two_examples(
    topic: tuple[str, ...], language: str
) -> None:
    message = helping(topic, Words(language))
    shown.require_valid(message, answers=True)
    examples = message.blocks[0]["text"]["text"].partition(Words(language)("help.examples"))[2]
    assert examples.count("`/pgaccess") == 2


@pytest.mark.parametrize(
    "verb", ["list", "show", "status", "why", "cancel", "done", "extend", "revoke", "retry"]
)
def test_help_on_a_verb_shows_how_it_is_written(verb: str) -> None:
    assert f"`/pgaccess {verb} " in shown.said(helping((verb,), EN))
    assert f"`/pgaccess {verb} " in shown.said(helping((), EN))


@IN_BOTH_LANGUAGES
def test_small_answers_are_valid(language: str) -> None:
    words = Words(language)
    for answer in (
        private.refused(Refused(Refusal.ADDRESS_EMPTY), words),
        private.trouble("trouble", "ab12cd34", words),
        private.trouble("trouble.bug", "ab12cd34", words),
        private.not_yet(("privatelink", "open"), words),
        private.listing([], limit=20, words=words, policy=POLICY),
    ):
        shown.require_valid(answer, answers=True)


@IN_BOTH_LANGUAGES
def test_answers_to_whoever_acted_are_valid(language: str) -> None:
    words = Words(language)
    for case in CASES.values():
        answers = [private.decided(case, verdict, words) for verdict in Verdict]
        answers += [private.done(key, case, words) for key in DONE]
        for answer in (*answers, private.removing(case, range(100), words)):
            shown.require_valid(answer, answers=True)


def test_an_approver_is_told_how_many_are_still_needed() -> None:
    asked = samples.request(needed=3)
    case = samples.case(asked=asked, votes=(samples.vote(), samples.vote(person="U0LEAD2")))
    assert "needs 3 approvals and has 2" in private.decided(case, Verdict.APPROVE, EN).text


def test_what_is_being_closed_is_named_by_number() -> None:
    assert "#3, #17 being closed" in private.removing(samples.case(), (3, 17), EN).text


def test_who_extended_is_told_the_new_end() -> None:
    assert "now ends <!date" in private.done("extended", shown.granted(GrantState.IN_FORCE), EN).text


def test_a_list_that_is_full_says_that_there_may_be_more() -> None:
    full = private.listing([samples.case()] * 20, limit=20, words=EN, policy=POLICY)
    short = private.listing([samples.case()] * 19, limit=20, words=EN, policy=POLICY)
    assert "Only the newest 20" in shown.said(full)
    assert "Only the newest" not in shown.said(short)


def test_a_history_tells_every_vote_in_its_order() -> None:
    case = CASES["open, denied, short reason"]
    said = shown.said(private.showing(case, words=EN, policy=POLICY))
    assert said.count("> approved") == 29
    assert said.index("U0APPROVER00> approved") < said.index(" denied")


@pytest.mark.parametrize(
    ("kind", "state", "told"),
    [
        (Kind.OPEN, GrantState.IN_FORCE, "in force, read back from Heroku"),
        (Kind.OPEN, GrantState.ENDED, "ended, read back from Heroku"),
        (Kind.OPEN, GrantState.FAILED, "not opened"),
        (Kind.OPEN, GrantState.INTERRUPTED, "closed at Heroku by somebody else"),
    ],
)
def test_a_history_tells_what_became_of_the_grant(kind: Kind, state: GrantState, told: str) -> None:
    case = shown.granted(state)
    assert case.request.kind is kind
    assert told in shown.said(private.showing(case, words=EN, policy=POLICY))

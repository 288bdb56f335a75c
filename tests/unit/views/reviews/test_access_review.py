"""The access review fits into one message, says what was answered by whom, and offers the rest."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from bot.domain.access_review import (
    PER_PAGE,
    Answer,
    Answered,
    Review,
    Reviewed,
    ReviewedKind,
    ReviewItem,
    page_of,
)
from bot.domain.request import RequestState
from bot.i18n.translator import Translator
from bot.ports import Message, MessageKind, RequestDetails
from bot.views import action_ids
from bot.views.render import render
from bot.views.reviews import access_review
from tests.unit import factories
from tests.unit.factories import NOW
from tests.unit.views import samples
from tests.unit.views.mtls.test_expiry import outbox_message
from tests.unit.views.samples import CROWDED, IN_BOTH_LANGUAGES, LONG, MANY

REVIEW = Review(id=4_294_967_295, begun_at=NOW, answer_by=NOW, told_at=None, over=False)
ITEM = [action_ids.REVIEW_KEEP_ITEM, action_ids.REVIEW_END_ITEM]
KINDS = tuple(ReviewedKind)


def item(
    number: int, *, kind: ReviewedKind | None = None, answered: Answered | None = None, gone: bool = False
) -> ReviewItem:
    return ReviewItem(
        id=4_294_000_000 + number,
        review=REVIEW.id,
        group=1,
        approvers=MANY,
        reviewed=Reviewed(
            kind=kind or KINDS[number % len(KINDS)],
            request=4_294_000_000 + number,
            certificate=UUID(int=number),
            target=UUID(int=1),
            owner="U0ENGINEER",
            label="billing",
            subject=LONG,
            ends_at=None if number % 2 else NOW,
        ),
        answered=answered,
        gone=gone,
    )


def known(number: int) -> RequestDetails:
    asked = replace(factories.request(state=RequestState.APPROVED, reason=LONG), id=number)
    return replace(samples.details(asked, factories.vote()), request=asked)


def shown(
    items: list[ReviewItem], *, page: int | None = None, review: Review = REVIEW, language: str = "en"
) -> Message:
    found = page_of(review, items, page) if items else None
    listed = {id: known(id) for id in access_review.requests_of(found)}
    message = outbox_message(MessageKind.ACCESS_REVIEW)
    return render(message, None, t=Translator(language), policy=CROWDED, listed=listed, page=found)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("count", [1, PER_PAGE, PER_PAGE + 1, 60, 500])
def test_every_page_is_shown_whole_with_all_its_buttons(count: int, language: str) -> None:
    items = [item(number) for number in range(count)]
    pages = page_of(REVIEW, items, None).pages
    for page in {1, 2, pages // 2 + 1, pages} & set(range(1, pages + 1)):
        message = shown(items, page=page, language=language)
        samples.require_valid(message)
        left = min(PER_PAGE, count - (page - 1) * PER_PAGE)
        turns = [action_ids.REVIEW_PREVIOUS] * (page > 1) + [action_ids.REVIEW_NEXT] * (page < pages)
        assert samples.actions(list(message.blocks)) == ITEM * left + turns


@IN_BOTH_LANGUAGES
def test_a_page_of_long_answers_is_shown_whole(language: str) -> None:
    answered = Answered(answer=Answer.KEPT, by="U0LEAD", at=NOW, because=LONG)
    message = shown([item(number, answered=answered) for number in range(PER_PAGE)], language=language)
    samples.require_valid(message)
    assert samples.content(message).count("<@U0LEAD>") == PER_PAGE


@IN_BOTH_LANGUAGES
def test_a_review_that_is_not_known_says_so(language: str) -> None:
    samples.require_valid(shown([], language=language))


def test_it_says_what_was_answered_by_whom_and_why() -> None:
    kept = Answered(answer=Answer.KEPT, by="U0LEAD", at=NOW, because="the vendor's export")
    ended = Answered(answer=Answer.ENDED, by="U0LEAD2", at=NOW, because="moved away")
    message = shown(
        [item(0, answered=kept), item(1, kind=ReviewedKind.GRANT, answered=ended), item(2, gone=True)]
    )
    said = samples.content(message)
    assert "Kept by <@U0LEAD>" in said
    assert "the vendor's export" in said
    assert "Ended by <@U0LEAD2>" in said
    assert "It has ended otherwise" in said
    assert "*0* open  ·  1 kept  ·  1 ended  ·  1 ended otherwise" in said
    assert samples.actions(list(message.blocks)) == []


def test_an_entry_of_which_the_removal_was_asked_is_not_called_ended() -> None:
    ended = Answered(answer=Answer.ENDED, by="U0LEAD", at=NOW, because="moved away")
    said = samples.content(shown([item(0, kind=ReviewedKind.ENTRY, answered=ended)]))
    assert "Removal requested by <@U0LEAD>" in said
    assert "Ended by" not in said


def test_a_review_that_a_later_one_has_replaced_has_no_buttons_for_answers() -> None:
    message = shown([item(0)], review=replace(REVIEW, over=True))
    assert samples.actions(list(message.blocks)) == []
    assert "A later access review has replaced this one" in samples.content(message)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("count", [1, 60, 500])
def test_the_admins_get_one_list(count: int, language: str) -> None:
    numbers = [4_294_000_000 + number for number in range(count)]
    message = outbox_message(
        MessageKind.REVIEW_UNANSWERED,
        review="1",
        begun_at=NOW.isoformat(),
        answer_by=NOW.isoformat(),
        requests=json.dumps(numbers),
    )
    listed = {id: known(id) for id in access_review.concerned(message)}
    shown = render(message, None, t=Translator(language), policy=CROWDED, listed=listed)
    samples.require_valid(shown)
    said = samples.content(shown)
    assert f"#{numbers[0]}" in said
    assert str(count) in said
    assert (f"#{numbers[min(count, access_review.LISTED) - 1]}") in said


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("answer", Answer)
def test_the_form_asks_why(answer: Answer, language: str) -> None:
    view = access_review.answer_form(known(17), 3, answer, Translator(language))
    samples.require_valid_view(view)
    assert action_ids.read_button(view["private_metadata"]) == (17, 3)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("answer", Answer)
def test_where_reasons_are_for_approvers_no_answer_in_the_channel_has_one(
    answer: Answer, language: str
) -> None:
    given = Answered(answer=answer, by="U0LEAD", at=NOW, because="the merger with Acme")
    found = page_of(REVIEW, [item(1, answered=given)], None)
    listed = {id: known(id) for id in access_review.requests_of(found)}
    hidden = {id: details.without_reasons() for id, details in listed.items()}
    t = Translator(language)
    assert "the merger with Acme" in samples.content(access_review.review(found, listed, t))
    said = samples.content(access_review.review(found, hidden, t))
    assert "the merger with Acme" not in said
    assert "U0LEAD" in said

"""Handlers of the access review: its buttons, its pages, and the forms that ask why."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bot.domain.access_review import Answer
from bot.i18n.translator import Translator
from bot.ports import InteractiveSlack, Message
from bot.services import Services
from bot.views import action_ids
from bot.views.reviews import access_review
from handlers.form_values import form_input
from handlers.transport.payload_model import read_value
from handlers.transport.payloads import BlockAction, ViewSubmission

_ANSWERS: Final = {
    action_ids.REVIEW_KEEP_ITEM: Answer.KEPT,
    action_ids.REVIEW_END_ITEM: Answer.ENDED,
    action_ids.FORM_KEEP_ITEM: Answer.KEPT,
    action_ids.FORM_END_ITEM: Answer.ENDED,
}
"""What a button asks for, and a form answers."""


class AccessReviewHandler:
    """Answers the access review.

    Attributes:
        buttons: by action id; each raises ``Refused``, ``StoreUnavailableError`` or ``MalformedError``.
        forms: by callback id; likewise.
    """

    def __init__(self, *, services: Services, interactive: InteractiveSlack) -> None:
        self._services = services
        self._interactive = interactive
        self.buttons: Mapping[str, Callable[[BlockAction, Translator], Awaitable[Message | None]]] = {
            action_ids.REVIEW_KEEP_ITEM: self._ask_why,
            action_ids.REVIEW_END_ITEM: self._ask_why,
            action_ids.REVIEW_PREVIOUS: self._turn,
            action_ids.REVIEW_NEXT: self._turn,
        }
        self.forms: Mapping[str, Callable[[ViewSubmission], Awaitable[None]]] = {
            action_ids.FORM_KEEP_ITEM: self._answer,
            action_ids.FORM_END_ITEM: self._answer,
        }

    async def _ask_why(self, click: BlockAction, t: Translator) -> None:
        """Opens the form that asks why; checked first, so that nobody fills it in in vain."""
        request, item = read_value(action_ids.read_button, click.value)
        answer = _ANSWERS[click.action]
        details = await self._services.access_reviews.require_answerable(
            item, answer, request=request, person=click.person
        )
        await self._interactive.open_view(click.trigger, access_review.answer_form(details, item, answer, t))

    async def _turn(self, click: BlockAction, t: Translator) -> None:
        """Shows another page; the message itself is edited, so there is nothing to answer."""
        review, group, page = read_value(action_ids.read_page, click.value)
        await self._services.access_reviews.turn(review, group, page, person=click.person)

    async def _answer(self, submission: ViewSubmission) -> None:
        """Records the answer of a form."""
        request, item = read_value(action_ids.read_button, submission.data)
        because = form_input(submission).reason or ""
        await self._services.access_reviews.answer(
            item,
            _ANSWERS[submission.form],
            because,
            request=request,
            person=submission.person,
            key=submission.key,
        )

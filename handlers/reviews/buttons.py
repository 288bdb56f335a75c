"""Handlers of the buttons of reviews, and of the form that assigns a certificate."""

from collections.abc import Awaitable, Callable, Mapping

from bot.i18n.translator import Translator
from bot.ports import InteractiveSlack, Message
from bot.services import Services
from bot.views import action_ids, responses
from bot.views.reviews import entitlements, leavers, personal_access
from handlers.reviews.access_review import AccessReviewHandler
from handlers.transport.payload_model import MalformedError, read_value
from handlers.transport.payloads import BlockAction, ViewSubmission

Handler = Callable[[BlockAction, Translator], Awaitable[Message | None]]
"""Acts on a press, and returns the answer; None when it opened a form instead."""


class ReviewButtons:
    """Answers the buttons about certificates of leavers, of the reviews, and of a revocation.

    Attributes:
        access_review: the buttons and forms of the access review.
        handlers: by action id; each raises ``Refused``, ``StoreUnavailableError`` or ``MalformedError``.
    """

    def __init__(self, *, services: Services, interactive: InteractiveSlack) -> None:
        self._services = services
        self._interactive = interactive
        self.access_review = AccessReviewHandler(services=services, interactive=interactive)
        self.handlers: Mapping[str, Handler] = {
            action_ids.REVOKE_CERTIFICATE: self._revoke_certificate,
            action_ids.ASSIGN: self._open_assignment,
            action_ids.KEEP: self._keep,
            action_ids.REVIEW_END: self._end,
            action_ids.REVOKE_PERSON: self._revoke_person,
            **self.access_review.buttons,
        }

    async def submit_assignment(self, submission: ViewSubmission) -> None:
        """Assigns a certificate to the person whom the form names."""
        request, certificate = read_value(action_ids.read_pick, submission.data)
        owner = submission.values.get(action_ids.FIELD_PERSON)
        if not owner:
            raise MalformedError("a form that assigns a certificate to nobody")
        await self._services.orphaned_certificates.assign(
            request, certificate, owner, person=submission.person, key=submission.key
        )

    async def _revoke_certificate(self, click: BlockAction, t: Translator) -> Message:
        request, certificate = read_value(action_ids.read_pick, click.value)
        details = await self._services.orphaned_certificates.revoke(
            request, certificate, person=click.person, key=click.key
        )
        return leavers.revoking(details, t)

    async def _open_assignment(self, click: BlockAction, t: Translator) -> None:
        """Opens the form; checked first, so that nobody fills in a form in vain."""
        request, certificate = read_value(action_ids.read_pick, click.value)
        details = await self._services.orphaned_certificates.require_assignable(
            request, certificate, person=click.person
        )
        await self._interactive.open_view(click.trigger, leavers.assign_form(details, certificate, t))

    async def _keep(self, click: BlockAction, t: Translator) -> Message:
        request, message = read_value(action_ids.read_button, click.value)
        details = await self._services.entitlements.keep(
            request, message=message, person=click.person, key=click.key
        )
        return entitlements.kept(details, t)

    async def _end(self, click: BlockAction, t: Translator) -> Message:
        request, message = read_value(action_ids.read_button, click.value)
        details = await self._services.entitlements.end(
            request, message=message, person=click.person, key=click.key
        )
        return responses.done("closing", details, t)

    async def _revoke_person(self, click: BlockAction, t: Translator) -> Message:
        owner, reason = read_value(action_ids.read_person, click.value)
        access = await self._services.personal_access.revoke(
            owner, reason, person=click.person, key=click.key
        )
        return personal_access.revoked_already(t) if access is None else personal_access.revoked(access, t)

"""The buttons: deciding a request, and acting on what it opened."""

from bot.domain.request import Verdict
from bot.i18n.translator import Translator
from bot.ports import Message
from bot.services import RequestInput, Services, Vote
from bot.views import action_ids, responses
from bot.views.trusted_ips import notifications
from handlers.certificate_expiry import BUTTONS, CertificateExpiryButtons
from handlers.certificates import CertificateCommands
from handlers.download_links import DownloadLinkSender
from handlers.modals import Forms
from handlers.transport.payloads import BlockAction, MalformedError


class ButtonHandler:
    """Answers clicks."""

    def __init__(self, *, services: Services, forms: Forms, files: DownloadLinkSender) -> None:
        self._services = services
        self._files = files
        self._forms = forms
        self._minding = CertificateExpiryButtons(services=services)
        self._certificates = CertificateCommands(services=services, forms=forms.certificates)

    async def answer(self, click: BlockAction, t: Translator) -> Message | None:
        """Acts on a click; None when a form was opened instead of an answer.

        Raises:
            Refused: the person may not do this, or there is nothing (more) to do.
            StoreUnavailableError: nothing was recorded.
            MalformedError: it is no button of ours.
        """
        if click.action == action_ids.ASK:
            await self._services.members.require(click.person)
            await self._forms.open_add(click.trigger, RequestInput(), t)
            return None
        if click.action.startswith(action_ids.PICK):
            return await self._certificates.pick(click, t)
        try:
            request, version = action_ids.read_button(click.value)
        except ValueError as error:
            raise MalformedError("a button with a value that is not ours") from error
        if click.action in (action_ids.DENY, action_ids.CHANGE, action_ids.EXTEND):
            await self._open_form(click, request, version, t)
            return None
        if click.action in BUTTONS:
            return await self._minding.press(click, request, t)
        return await self._act(click, request, version, t)

    async def _open_form(self, click: BlockAction, request: int, version: int, t: Translator) -> None:
        """Opens a form, if its end could be acted on: nobody fills in a form in vain."""
        if click.action == action_ids.EXTEND:
            await self._services.members.require(click.person)
            case = await self._services.queries.request(request)
        else:
            case = await self._services.approvals.require_decidable(
                request, version=version, person=click.person
            )
        await self._forms.open_about(click.action, click.trigger, case, t)

    async def _act(self, click: BlockAction, request: int, version: int, t: Translator) -> Message:
        services, who = self._services, {"person": click.person, "key": click.key}
        match click.action:
            case action_ids.APPROVE:
                vote = Vote(verdict=Verdict.APPROVE, version=version)
                case = await services.approvals.decide(request, vote, **who)
                return responses.decided(case, Verdict.APPROVE, t)
            case action_ids.DETAILS:
                await services.members.require(click.person)
                return responses.showing(await services.queries.request(request), t=t, policy=services.policy)
            case action_ids.CANCEL:
                return responses.done("cancelled", await services.access_requests.cancel(request, **who), t)
            case action_ids.DONE:
                return responses.done("closing", await services.grants.end(request, **who), t)
            case action_ids.REVOKE:
                return responses.done("closing", await services.grants.revoke(request, **who), t)
            case action_ids.RETRY:
                return responses.tried_again(await services.grants.retry(request, **who), t)
            case action_ids.RESTORE:
                return responses.done("reopened", await services.grants.reopen(request, **who), t)
            case action_ids.FILES:
                return await self._files.answer(str(request), click, t)
            case action_ids.SUPPORT_DONE | action_ids.SUPPORT_WEB:
                web_only = click.action == action_ids.SUPPORT_WEB
                case = await services.support_tickets.resolve(request, web_only=web_only, **who)
                return notifications.settled(case, t, web_only=web_only)
            case action_ids.GIVE_UP:
                return responses.done("given_up", await services.grants.abandon(request, **who), t)
        raise MalformedError(f"a button called {click.action!r}")

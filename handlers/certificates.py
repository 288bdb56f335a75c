"""``/pgaccess mtls enable``, ``disable`` and ``certificate …``, with their form and their buttons."""

from dataclasses import replace
from typing import Final, assert_never

from bot.i18n.translator import Translator
from bot.ports import InteractiveSlack, Message
from bot.services import RequestInput, Services
from bot.views import action_ids, modals, responses
from bot.views.mtls import certificate_list
from bot.views.mtls import modals as mtls_modals
from handlers.certificate_typed import AskCertificate, AskDisable, AskDiscard, AskEnable, AskIssue, AskStock
from handlers.fields import said
from handlers.parsing.normalization import normalize_text
from handlers.transport.payloads import BlockAction, Command, MalformedError, ViewSubmission

FORMS: Final = (action_ids.FORM_DISABLE,)
"""The forms that are read here."""


class CertificateForms:
    """Opens and reads the form that disables mTLS."""

    def __init__(self, *, services: Services, interactive: InteractiveSlack) -> None:
        self._services = services
        self._interactive = interactive

    async def open_disable(self, command: Command, typed: AskDisable, t: Translator) -> None:
        """Opens the form, if there is something to disable.

        Raises:
            Refused: the person may not ask for it, or there is nothing.
        """
        found = await self._services.mtls.preview_disable(typed.target, person=command.person)
        needs_reason = modals.needs_reason(self._services.policy)
        view = mtls_modals.disable_form(found, reason=typed.reason, t=t, needs_reason=needs_reason)
        await self._interactive.open_view(command.trigger, view)

    async def submit(self, submission: ViewSubmission) -> None:
        """Acts on the form; raises ``Refused`` when something in it cannot be done."""
        typed = normalize_text(submission.values.get(action_ids.FIELD_NAME) or "")
        request_input = replace(said(submission), target=submission.data or None)
        await self._services.mtls.disable(
            request_input, typed=typed, person=submission.person, key=submission.key
        )


class CertificateCommands:
    """Answers what is typed and pressed about certificates."""

    def __init__(self, *, services: Services, forms: CertificateForms) -> None:
        self._services = services
        self._forms = forms

    async def answer(self, command: Command, typed: AskCertificate, t: Translator) -> Message | None:
        """Acts on a command; None when a form was opened instead of an answer.

        Raises:
            Refused: what was typed cannot be done as it stands.
            StoreUnavailableError: nothing was recorded.
        """
        services, person, key = self._services, command.person, command.key
        match typed:
            case AskEnable(target=target, reason=reason):
                request_input = RequestInput(target=target, reason=reason)
                case = await services.mtls.enable(request_input, person=person, key=key)
            case AskDisable():
                await self._forms.open_disable(command, typed, t)
                return None
            case AskIssue(target=target, reason=reason):
                case = await services.certificates.issue(
                    RequestInput(target=target, reason=reason), person=person, key=key
                )
            case AskStock(target=target):
                return certificate_list.listing(
                    await services.certificates.list_by_database(target, person=person), t
                )
            case AskDiscard(handle=handle, reason=reason):
                case = await services.certificates.revoke(handle, reason, person=person, key=key)
            case _ as never:
                assert_never(never)
        return responses.asked(case, t=t, policy=services.policy)

    async def pick(self, click: BlockAction, t: Translator) -> Message:
        """Acts on a button that says which certificate is the one.

        Raises:
            Refused: that is not in question (any more), or not theirs to say.
            StoreUnavailableError: nothing was recorded.
            MalformedError: its value is not ours.
        """
        try:
            request, certificate = action_ids.read_pick(click.value)
        except ValueError as error:
            raise MalformedError("a button with a value that is not ours") from error
        case = await self._services.certificates.choose(
            request, certificate, person=click.person, key=click.key
        )
        return responses.done("picked", case, t)

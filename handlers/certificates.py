"""Handlers of ``/pgaccess mtls enable``, ``disable`` and ``certificate …``, with their form."""

from dataclasses import replace

from bot.i18n.translator import Translator
from bot.ports import InteractiveSlack, Message
from bot.services import RequestInput, Services
from bot.views import action_ids, modals, responses
from bot.views.mtls import certificate_list
from bot.views.mtls import modals as mtls_modals
from handlers.form_values import form_input
from handlers.parsing.intents import Intent
from handlers.parsing.normalization import normalize_text
from handlers.transport.payloads import SlashCommand, ViewSubmission


class CertificateForms:
    """Opens and reads the form that disables mTLS."""

    def __init__(self, *, services: Services, interactive: InteractiveSlack) -> None:
        self._services = services
        self._interactive = interactive

    async def open_disable(self, command: SlashCommand, request_input: RequestInput, t: Translator) -> None:
        """Opens the form.

        Raises:
            Refused: the person may not request that, or mTLS is not enabled.
        """
        impact = await self._services.mtls.preview_disable(request_input.target, person=command.person)
        needs_reason = modals.needs_reason(self._services.policy)
        view = mtls_modals.disable_form(impact, reason=request_input.reason, t=t, needs_reason=needs_reason)
        await self._interactive.open_view(command.trigger, view)

    async def submit(self, submission: ViewSubmission) -> None:
        """Requests to disable mTLS; raises ``Refused`` when something in the form does not fit."""
        typed = normalize_text(submission.values.get(action_ids.FIELD_NAME) or "")
        # The form's own data names the database: what was typed confirms it, and must not choose another.
        request_input = replace(form_input(submission), target=submission.data or None)
        await self._services.mtls.disable(
            request_input, typed=typed, person=submission.person, key=submission.key
        )


class CertificateCommands:
    """Answers typed commands about the mTLS endpoint and client certificates."""

    def __init__(self, *, services: Services, forms: CertificateForms) -> None:
        self._services = services
        self._forms = forms

    async def enable(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Requests to enable mTLS on a database."""
        details = await self._services.mtls.enable(intent.input, person=command.person, key=command.key)
        return responses.submitted(details, t=t, policy=self._services.policy)

    async def disable(self, command: SlashCommand, intent: Intent, t: Translator) -> None:
        """Opens the form that disables mTLS on a database."""
        await self._forms.open_disable(command, intent.input, t)

    async def issue(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Requests a client certificate; the reason is its purpose."""
        details = await self._services.certificates.issue(
            intent.input, person=command.person, key=command.key
        )
        return responses.submitted(details, t=t, policy=self._services.policy)

    async def list(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Shows the certificates of one database, or of all."""
        certificates = await self._services.certificates.list_by_database(
            intent.input.target, person=command.person
        )
        return certificate_list.listing(certificates, t)

    async def rotate(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Requests a new certificate in place of an old one."""
        details = await self._services.certificate_rotation.rotate(
            intent.certificate, intent.input.reason, person=command.person, key=command.key
        )
        return responses.submitted(details, t=t, policy=self._services.policy)

    async def revoke(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Requests to revoke a certificate."""
        details = await self._services.certificates.revoke(
            intent.certificate, intent.input.reason, person=command.person, key=command.key
        )
        return responses.submitted(details, t=t, policy=self._services.policy)

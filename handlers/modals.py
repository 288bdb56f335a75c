"""Forms: opened with what is known already, and read when they come back."""

from dataclasses import replace
from typing import Any, Final

from bot.domain.method import Method
from bot.domain.request import Verdict
from bot.domain.target import choose
from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.ports import Block, InteractiveSlack, RequestDetails
from bot.services import RequestInput, Services, Vote
from bot.views import action_ids, form_fields, modals
from bot.views.mtls import modals as mtls_modals
from handlers import certificates, privatelink, trusted_ips
from handlers.certificates import CertificateForms
from handlers.fields import said
from handlers.parsing.normalization import normalize_text
from handlers.privatelink import LinkForms
from handlers.transport.payloads import BlockSuggestion, MalformedError, ViewSubmission
from handlers.trusted_ips import TrustedForms

_ABOUT: Final = {
    action_ids.DENY: modals.deny_form,
    action_ids.CHANGE: modals.change_form,
    action_ids.EXTEND: modals.extend_form,
}
"""The form that a button opens."""


class Forms:
    """Every form that people fill in."""

    def __init__(self, *, services: Services, interactive: InteractiveSlack) -> None:
        self._services = services
        self._interactive = interactive
        self.links = LinkForms(services=services, interactive=interactive)
        self.trusted = TrustedForms(services=services, interactive=interactive)
        self.certificates = CertificateForms(services=services, interactive=interactive)

    async def open_add(self, trigger: str, request_input: RequestInput, t: Translator) -> None:
        """Opens the form for an IP rule; raises ``Refused`` as `add_view` does."""
        await self._interactive.open_view(trigger, await self.add_view(request_input, t))

    async def add_view(self, request_input: RequestInput, t: Translator) -> Block:
        """The form for an IP rule, filled with what was typed.

        Raises:
            Refused: there is no database to ask for.
        """
        databases = await self._services.queries.databases()
        policy = self._services.policy
        certain = request_input.target or request_input.enables_mtls or not databases
        chosen = choose(databases, request_input.target, self._aliases) if certain else None
        filled = {
            action_ids.FIELD_ADDRESS: request_input.address,
            action_ids.FIELD_TARGET: None if chosen is None else str(chosen.id),
            action_ids.FIELD_DURATION: request_input.duration or request_input.until,
            action_ids.FIELD_REASON: request_input.reason,
        }
        return mtls_modals.add_form(
            databases=databases,
            filled=filled,
            t=t,
            needs_reason=modals.needs_reason(policy),
            enables_mtls=chosen if request_input.enables_mtls else None,
        )

    async def options(self, search: BlockSuggestion, t: Translator) -> list[Block]:
        """What fits what was typed into the search for a database.

        Raises:
            Refused: the person may not ask, and so sees no names.
        """
        await self._services.members.require(search.person)
        databases = await self._services.queries.databases()
        return form_fields.options_for(databases, self._aliases, normalize_text(search.typed), t)

    async def open_about(self, button: str, trigger: str, case: RequestDetails, t: Translator) -> None:
        """Opens the form that a button needs a word more for."""
        await self._interactive.open_view(trigger, _ABOUT[button](case, t))

    async def submit(self, submission: ViewSubmission) -> None:
        """Acts on a form that was sent.

        Raises:
            Refused: something in it cannot be done as it stands.
            MalformedError: it is none of our forms.
        """
        services, who = self._services, {"person": submission.person, "key": submission.key}
        if submission.form in privatelink.FORMS:
            await self.links.submit(submission)
            return
        if submission.form in trusted_ips.FORMS:
            await self.trusted.submit(submission)
            return
        if submission.form in certificates.FORMS:
            await self.certificates.submit(submission)
            return
        if submission.form == action_ids.FORM_ADD:
            await services.access_requests.submit(Method.MTLS, await self._request_input(submission), **who)
            return
        try:
            request, version = action_ids.read_button(submission.data)
        except ValueError as error:
            raise MalformedError("a form with data that is not ours") from error
        request_input = said(submission)
        match submission.form:
            case action_ids.FORM_DENY:
                vote = Vote(verdict=Verdict.DENY, version=version, reason=request_input.reason or "")
                await services.approvals.decide(request, vote, **who)
            case action_ids.FORM_CHANGE:
                vote = Vote(verdict=Verdict.APPROVE, version=version, changes=request_input)
                await services.approvals.decide(request, vote, **who)
            case action_ids.FORM_EXTEND:
                await services.extensions.extend(request, request_input, **who)
            case _:
                raise MalformedError(f"a form called {submission.form!r}")

    async def instead(self, submission: ViewSubmission, refused: Refused, t: Translator) -> Block | None:
        """The form that takes a refused one's place, because it asks for what was missing as well.

        Returns:
            None where nothing but the sentence at its field would help.
        """
        if submission.form != action_ids.FORM_ADD or refused.reason is not Refusal.MTLS_NOT_ENABLED:
            return None
        return await self.add_view(replace(await self._request_input(submission), enables_mtls=True), t)

    @property
    def _aliases(self) -> dict[str, str]:
        return {one.alias: one.database for one in self._services.policy.targets}

    async def _request_input(self, submission: ViewSubmission) -> RequestInput:
        """What the form says, in the words that a line would have used."""
        request_input = said(submission)
        if submission.data:
            # The form said that mTLS is enabled first, on this one database.
            return replace(
                request_input, address=request_input.address or "", target=submission.data, enables_mtls=True
            )
        chosen = submission.values.get(action_ids.FIELD_TARGET)
        named = {str(database.id): database.name for database in await self._services.queries.databases()}
        return RequestInput(
            address=request_input.address or "",
            target=named.get(chosen or "", normalize_text(chosen or "") or None),
            duration=request_input.duration,
            until=request_input.until,
            reason=request_input.reason or "",
        )


def errors_at_fields(refused: Refused, submission: ViewSubmission, t: Translator) -> dict[str, Any]:
    """Slack's answer that keeps the form open: the sentence at its field, or at the first one."""
    at_field = modals.field_error(refused, t)
    if at_field is None or not at_field.keys() <= submission.values.keys():
        first = next(iter(submission.values), action_ids.FIELD_REASON)
        at_field = {first: modals.plain_text(t(refused.key, **refused.params))}
    return {"response_action": "errors", "errors": at_field}

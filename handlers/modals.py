"""Forms: which handler reads which, and those about a request's decision."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from bot.domain.method import Method
from bot.domain.overlap import ALREADY
from bot.domain.request import Verdict
from bot.domain.times.readings import Readings, UnclearTime
from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.ports import Block, InteractiveSlack, MessageRef, RequestDetails
from bot.services import RequestInput, Services, Vote
from bot.views import action_ids, form_fields, modals, overlaps, responses
from handlers.certificates import CertificateForms
from handlers.findings import FindingButtons
from handlers.form_values import form_input, form_values, read_input_values
from handlers.mtls import MtlsForms
from handlers.parsing.normalization import normalize_text
from handlers.privatelink import PrivateLinkForms
from handlers.reviews.buttons import ReviewButtons
from handlers.transport.payload_model import MalformedError, read_value
from handlers.transport.payloads import BlockAction, BlockSuggestion, ViewSubmission
from handlers.trusted_ips import TrustedIpsForms

_BY_BUTTON: Final = {
    action_ids.DENY: modals.deny_form,
    action_ids.CHANGE: modals.change_form,
    action_ids.EXTEND: modals.extend_form,
}
"""Forms that a button opens."""

_FORMS: Final = {
    Method.MTLS: action_ids.FORM_ADD,
    Method.PRIVATELINK: action_ids.FORM_LINK_ADD,
    Method.TRUSTED: action_ids.FORM_RANGE_ADD,
}
"""The form that requests access, by access method."""

_ANYWAY: Final = {
    action_ids.FORM_ADD: action_ids.FORM_ADD_ANYWAY,
    action_ids.FORM_LINK_ADD: action_ids.FORM_LINK_ADD_ANYWAY,
    action_ids.FORM_RANGE_ADD: action_ids.FORM_RANGE_ADD_ANYWAY,
}
"""The form that takes the place of one whose person has to know first that they have it already."""

_FIRST: Final = {anyway: form for form, anyway in _ANYWAY.items()}
"""The form whose place was taken."""

_ADDING_RULES: Final = (action_ids.FORM_ADD, action_ids.FORM_ADD_ANYWAY)
"""Forms that can offer to enable mTLS first."""


class Forms:
    """Every form that people fill in.

    Attributes:
        mtls: forms about IP rules.
        privatelink: forms about PrivateLink.
        trusted_ips: forms about trusted IP ranges.
        certificates: forms about the mTLS endpoint.
        reviews: the buttons of reviews, and the form that one of them opens.
        findings: the buttons of findings, and the forms that they open.
    """

    def __init__(self, *, services: Services, interactive: InteractiveSlack) -> None:
        self._services = services
        self._interactive = interactive
        self.mtls = MtlsForms(services=services, interactive=interactive)
        self.privatelink = PrivateLinkForms(services=services, interactive=interactive)
        self.trusted_ips = TrustedIpsForms(services=services, interactive=interactive)
        self.certificates = CertificateForms(services=services, interactive=interactive)
        self.reviews = ReviewButtons(services=services, interactive=interactive)
        self.findings = FindingButtons(services=services, interactive=interactive)
        self._submit: Mapping[str, Callable[[ViewSubmission], Awaitable[None]]] = {
            action_ids.FORM_ADD: self.mtls.submit,
            action_ids.FORM_ADD_ANYWAY: self.mtls.submit,
            action_ids.FORM_LINK_ADD_ANYWAY: self.privatelink.submit_add,
            action_ids.FORM_RANGE_ADD_ANYWAY: self.trusted_ips.submit,
            action_ids.FORM_LINK_ADD: self.privatelink.submit_add,
            action_ids.FORM_LINK_CLOSE: self.privatelink.submit_close,
            action_ids.FORM_RANGE_ADD: self.trusted_ips.submit,
            action_ids.FORM_DISABLE: self.certificates.submit,
            action_ids.FORM_DENY: self._deny,
            action_ids.FORM_CHANGE: self._approve_with_changes,
            action_ids.FORM_EXTEND: self._extend,
            action_ids.FORM_ASSIGN: self.reviews.submit_assignment,
            action_ids.FORM_FINDING: self.findings.submit,
            action_ids.FORM_FINDINGS: self.findings.submit_choice,
            **self.reviews.access_review.forms,
        }
        self._adding: Mapping[str, MtlsForms | PrivateLinkForms | TrustedIpsForms] = {
            action_ids.FORM_ADD: self.mtls,
            action_ids.FORM_LINK_ADD: self.privatelink,
            action_ids.FORM_RANGE_ADD: self.trusted_ips,
        }

    async def options(self, search: BlockSuggestion, t: Translator) -> list[Block]:
        """Returns the menu entries that fit what was typed into the search for a database.

        Raises:
            Refused: the person may not request access, and so sees no names.
        """
        await self._services.members.require(search.person)
        databases = await self._services.queries.databases()
        known = self._services.policy.aliases(databases)
        return form_fields.options_for(databases, known, normalize_text(search.typed), t)

    async def open_for_button(
        self, button: str, trigger: str, details: RequestDetails, t: Translator
    ) -> None:
        """Opens the form of a button that needs more than a press."""
        await self._interactive.open_view(trigger, _BY_BUTTON[button](details, t))

    async def submit(self, submission: ViewSubmission) -> None:
        """Acts on a submitted form.

        Raises:
            Refused: something in it does not fit.
            MalformedError: it is none of our forms.
        """
        if submission.form not in self._submit:
            raise MalformedError(f"a form called {submission.form!r}")
        await self.require_same(submission.data)
        await self._submit[submission.form](submission)

    async def require_same(self, value: str, *, place: MessageRef | None = None) -> None:
        """Requires that what we gave a button or a form is about the request that has its number now.

        Args:
            value: of the button or form.
            place: of the message that has the button; None for a form.

        Raises:
            Refused: it is about a request of a store that was lost, or restored since.
        """
        about = action_ids.read_about(value)
        if about is not None:
            await self._services.queries.require_same(about[0], nonce=about[1], place=place)

    async def replacement(self, submission: ViewSubmission, refused: Refused, t: Translator) -> Block | None:
        """Returns the form that replaces a refused one, because it also asks for what was missing or unclear.

        Returns:
            None where an error at a field is enough.
        """
        if isinstance(refused, UnclearTime):
            return await self._choosing_view(submission, refused, t)
        if refused.reason in ALREADY.values() and submission.form in _ANYWAY:
            details = await self._services.queries.request(
                int(str(refused.params["id"])), person=submission.person
            )
            view = await self._adding[submission.form].same_view(submission, t)
            above = overlaps.warning(refused, details, t, self._services.policy)
            return _anyway({**view, "blocks": [*above, *view["blocks"]]})
        if refused.reason is not Refusal.MTLS_NOT_ENABLED or submission.form not in _ADDING_RULES:
            return None
        view = await self.mtls.enabling_view(submission, t)
        return _anyway(view) if submission.form == action_ids.FORM_ADD_ANYWAY else view

    async def open_anyway(self, click: BlockAction, t: Translator) -> None:
        """Opens the form of a request like one that there is already, filled with what was typed.

        Raises:
            MalformedError: the button's value is not ours.
        """
        method, values = read_value(action_ids.read_input, click.value)
        view = await self._adding[_FORMS[method]].add_view(read_input_values(values), t)
        await self._interactive.open_view(click.trigger, _anyway(view))

    async def open_extension(
        self,
        trigger: str,
        request: int,
        request_input: RequestInput,
        t: Translator,
        *,
        person: str,
        readings: Readings,
    ) -> None:
        """Opens the form that extends a grant, with the readings of an unclear time.

        Raises:
            Refused: the person cannot extend it.
        """
        details = await self._services.extensions.require_extendable(request, person=person)
        filled = form_values(request_input, None)
        view = modals.extend_form(details, t, filled=filled, readings=readings)
        await self._interactive.open_view(trigger, view)

    async def _choosing_view(
        self, submission: ViewSubmission, unclear: UnclearTime, t: Translator
    ) -> Block | None:
        """Returns a form once more, which now asks what the time in it means.

        Returns:
            None for a form whose error names the readings at its field.
        """
        match submission.form:
            case form if form in self._adding:
                return await self._adding[form].choosing_view(submission, unclear, t)
            case form if form in _FIRST:
                return _anyway(await self._adding[_FIRST[form]].choosing_view(submission, unclear, t))
            case action_ids.FORM_EXTEND:
                request, _ = _shown_terms(submission)
                details = await self._services.extensions.require_extendable(
                    request, person=submission.person
                )
                filled = form_values(form_input(submission), None)
                return modals.extend_form(details, t, filled=filled, readings=unclear.readings)
        return None

    async def _deny(self, submission: ViewSubmission) -> None:
        request, version = _shown_terms(submission)
        reason = form_input(submission).reason or ""
        vote = Vote(verdict=Verdict.DENY, version=version, reason=reason)
        await self._services.approvals.decide(request, vote, person=submission.person, key=submission.key)

    async def _approve_with_changes(self, submission: ViewSubmission) -> None:
        request, version = _shown_terms(submission)
        changes = form_input(submission)
        vote = Vote(verdict=Verdict.APPROVE, version=version, changes=changes, reason=changes.reason or "")
        await self._services.approvals.decide(request, vote, person=submission.person, key=submission.key)

    async def _extend(self, submission: ViewSubmission) -> None:
        # The version matters to decisions only: terms do not change any more once there is a grant to extend.
        request, _ = _shown_terms(submission)
        await self._services.extensions.extend(
            request, form_input(submission), person=submission.person, key=submission.key
        )


def field_errors(refused: Refused, submission: ViewSubmission, t: Translator) -> dict[str, Any]:
    """Returns Slack's answer that keeps a form open: the error at its field, or at the first one.

    A form that came without fields has no place for an error, and is replaced by a note.
    """
    if not submission.values:
        return {"response_action": "update", "view": modals.note(responses.refused(refused, t), t)}
    errors = modals.field_error(refused, t)
    # Slack shows nothing for a field that the form does not have.
    if errors is None or not errors.keys() <= submission.values.keys():
        first = next(iter(submission.values))
        errors = {first: modals.plain_text(t(refused.key, **refused.params))}
    return {"response_action": "errors", "errors": errors}


def _shown_terms(submission: ViewSubmission) -> tuple[int, int]:
    """The request that a form is about, and the version of the terms that it showed."""
    return read_value(action_ids.read_button, submission.data)


def _anyway(view: Block) -> Block:
    """The same form under the name by which it records a request like one that there is already."""
    return {**view, "callback_id": _ANYWAY[view["callback_id"]]}

"""Handlers of ``/pgaccess trusted …``, and their form."""

from functools import partial

from bot.domain.method import Method
from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.ports import InteractiveSlack, Message
from bot.services import RequestInput, Services
from bot.views import modals, responses
from bot.views.trusted_ips import modal, status
from handlers.common import INCOMPLETE, form_input, form_values, removal_response, with_target
from handlers.live_refresh import LiveRefresh
from handlers.parsing.intents import Intent
from handlers.transport.payloads import SlashCommand, ViewSubmission


class TrustedIpsForms:
    """Opens and reads the form that requests a trusted IP range."""

    def __init__(self, *, services: Services, interactive: InteractiveSlack) -> None:
        self._services = services
        self._interactive = interactive

    async def open_add(self, trigger: str, request_input: RequestInput, t: Translator) -> None:
        """Opens the form, filled with what was typed.

        Raises:
            Refused: no space has the name that was typed, or there is none at all.
        """
        spaces = await self._services.queries.spaces()
        if not spaces:
            raise Refused(Refusal.SPACE_NONE)
        space = (
            await self._services.queries.find_space(request_input.target) if request_input.target else None
        )
        view = modal.add_form(
            spaces=spaces,
            filled=form_values(request_input, space),
            t=t,
            needs_reason=modals.needs_reason(self._services.policy),
        )
        await self._interactive.open_view(trigger, view)

    async def submit(self, submission: ViewSubmission) -> None:
        """Requests the range; raises ``Refused`` when something in the form does not fit."""
        request_input = with_target(form_input(submission), submission, await self._services.queries.spaces())
        await self._services.access_requests.submit(
            Method.TRUSTED, request_input, person=submission.person, key=submission.key
        )


class TrustedIpsCommands:
    """Answers typed commands about trusted IP ranges."""

    def __init__(self, *, services: Services, forms: TrustedIpsForms, live_refresh: LiveRefresh) -> None:
        self._services = services
        self._forms = forms
        self._live_refresh = live_refresh

    async def add(self, command: SlashCommand, intent: Intent, t: Translator) -> Message | None:
        """Requests a range; opens the form where a value is missing."""
        try:
            case = await self._services.access_requests.submit(
                Method.TRUSTED, intent.input, person=command.person, key=command.key
            )
        except Refused as refused:
            if refused.reason not in INCOMPLETE:
                raise
            await self._forms.open_add(command.trigger, intent.input, t)
            return None
        return responses.asked(case, t=t, policy=self._services.policy)

    async def remove(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Ends what allows a range, or requests that."""
        removal = await self._services.access_requests.remove(
            Method.TRUSTED, intent.input, person=command.person, key=command.key
        )
        return removal_response(removal, t=t, policy=self._services.policy)

    async def adopt(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Requests to adopt an unmanaged range."""
        case = await self._services.access_requests.adopt(
            Method.TRUSTED, intent.input, person=command.person, key=command.key
        )
        return responses.asked(case, t=t, policy=self._services.policy)

    async def status(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Shows a space's ranges."""
        observed = await self._services.queries.refresh_space(intent.input.target, person=command.person)
        render = partial(status.status, t=t, refreshed=True)
        self._live_refresh.follow_space(observed, url=command.respond_to, render=render)
        return status.status(observed, t)

"""Handlers of ``/pgaccess trusted list`` and ``status``, and the form of trusted IP ranges."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from typing_extensions import override

from bot.domain.method import Method
from bot.domain.networks.named import written_out
from bot.domain.times.readings import Readings
from bot.domain.trusted_ips.alternatives import require_alternatives
from bot.errors import Refusal, Refused
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Block, Message
from bot.services import RequestInput, Services
from bot.views import action_ids, modals
from bot.views.request_fields import more_fields
from bot.views.request_limits import limits
from bot.views.trusted_ips import modal, status
from handlers.add_form import AddForm
from handlers.form_values import form_input, form_values, with_target
from handlers.live_refresh import LiveRefresh
from handlers.parsing.intents import Intent
from handlers.parsing.normalization import normalize_text
from handlers.transport.payloads import SlashCommand, ViewSubmission


class TrustedIpsForms(AddForm):
    """Opens and reads the form that requests a trusted IP range."""

    @override
    async def add_view(
        self,
        request_input: RequestInput,
        t: Translator,
        *,
        remarks: Sequence[Mrkdwn] = (),
        readings: Readings = (),
    ) -> Block:
        spaces = await self._services.queries.spaces()
        if not spaces:
            raise Refused(Refusal.SPACE_NONE)
        space = (
            await self._services.queries.find_space(request_input.target) if request_input.target else None
        )
        filled, policy = form_values(request_input, space), self._services.policy
        return modal.add_form(
            spaces=spaces,
            filled=filled,
            t=t,
            more=[*more_fields(policy, filled, t), *limits(policy, Method.TRUSTED, space, t)],
            needs_reason=modals.needs_reason(policy),
            remarks=remarks,
            readings=readings,
        )

    async def submit(self, submission: ViewSubmission) -> None:
        """Requests the range; raises ``Refused`` when something in the form does not fit."""
        request_input = await self._request_input(submission)
        request_input = replace(
            request_input, alternatives=require_alternatives(request_input.alternatives or "")
        )
        await self._services.access_requests.submit(
            Method.TRUSTED,
            request_input,
            person=submission.person,
            key=submission.key,
            again=submission.form == action_ids.FORM_RANGE_ADD_ANYWAY,
        )

    @override
    async def _request_input(self, submission: ViewSubmission) -> RequestInput:
        request_input = with_target(form_input(submission), submission, await self._services.queries.spaces())
        said = normalize_text(submission.values.get(action_ids.FIELD_ALTERNATIVES) or "")
        address = written_out(self._services.policy.networks, request_input.address)
        return replace(request_input, address=address, alternatives=said or None)


class TrustedIpsCommands:
    """Answers typed commands about a space's list; ``entries`` has those about single ranges."""

    def __init__(self, *, services: Services, live_refresh: LiveRefresh) -> None:
        self._services = services
        self._live_refresh = live_refresh

    async def status(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Shows a space's ranges."""
        observed = await self._services.queries.refresh_space(intent.input.target, person=command.person)
        render = partial(status.status, t=t, refreshed=True)
        self._live_refresh.follow_space(observed, url=command.respond_to, render=render)
        return status.status(observed, t)

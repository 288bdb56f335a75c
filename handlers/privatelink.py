"""Handlers of ``/pgaccess privatelink status`` and ``close``, and the forms of PrivateLink."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from typing_extensions import override

from bot.domain.method import Method
from bot.domain.times.readings import Readings
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Block, Message
from bot.services import RequestInput, Services
from bot.views import action_ids, modals
from bot.views.privatelink import modals as privatelink_modals
from bot.views.privatelink import status
from bot.views.request_fields import more_fields
from bot.views.request_limits import limits
from handlers.add_form import AddForm
from handlers.form_values import (
    chosen_database,
    form_input,
    form_values,
    with_target,
)
from handlers.live_refresh import LiveRefresh
from handlers.parsing.intents import Intent
from handlers.parsing.normalization import normalize_text
from handlers.transport.payloads import SlashCommand, ViewSubmission


class PrivateLinkForms(AddForm):
    """Opens and reads the forms of PrivateLink."""

    @override
    async def add_view(
        self,
        request_input: RequestInput,
        t: Translator,
        *,
        remarks: Sequence[Mrkdwn] = (),
        readings: Readings = (),
    ) -> Block:
        databases, policy = await self._services.queries.databases(), self._services.policy
        database = chosen_database(databases, request_input.target, policy)
        filled = form_values(request_input, database)
        return privatelink_modals.add_form(
            databases=databases,
            filled=filled,
            t=t,
            more=[*more_fields(policy, filled, t), *limits(policy, Method.PRIVATELINK, database, t)],
            needs_reason=modals.needs_reason(policy),
            remarks=remarks,
            readings=readings,
        )

    async def open_close(self, command: SlashCommand, request_input: RequestInput, t: Translator) -> None:
        """Opens the form that closes the endpoint.

        Raises:
            Refused: the person may not request that, or there is no endpoint.
        """
        impact = await self._services.privatelink.preview_close(request_input.target, person=command.person)
        view = privatelink_modals.close_form(
            impact.database,
            impact.observation,
            impact.requests,
            reason=request_input.reason,
            t=t,
            needs_reason=modals.needs_reason(self._services.policy),
        )
        await self._interactive.open_view(command.trigger, view)

    async def submit_add(self, submission: ViewSubmission) -> None:
        """Requests accounts; raises ``Refused`` when something in the form does not fit."""
        await self._services.access_requests.submit(
            Method.PRIVATELINK,
            await self._request_input(submission),
            person=submission.person,
            key=submission.key,
            again=submission.form == action_ids.FORM_LINK_ADD_ANYWAY,
        )

    @override
    async def _request_input(self, submission: ViewSubmission) -> RequestInput:
        databases = await self._services.queries.databases()
        return with_target(form_input(submission), submission, databases)

    async def submit_close(self, submission: ViewSubmission) -> None:
        """Requests to close the endpoint; raises ``Refused`` when something in the form does not fit."""
        typed = normalize_text(submission.values.get(action_ids.FIELD_NAME) or "")
        request_input = replace(form_input(submission), target=submission.data or None)
        await self._services.privatelink.close(
            request_input, typed=typed, person=submission.person, key=submission.key
        )


class PrivateLinkCommands:
    """Answers typed commands about PrivateLink endpoints; ``entries`` has those about accounts."""

    def __init__(self, *, services: Services, forms: PrivateLinkForms, live_refresh: LiveRefresh) -> None:
        self._services = services
        self._forms = forms
        self._live_refresh = live_refresh

    async def status(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Shows a database's endpoint, accounts and connections."""
        observed = await self._services.queries.refresh_database(intent.input.target, person=command.person)
        self._live_refresh.follow(
            observed,
            url=command.respond_to,
            person=command.person,
            render=partial(status.status, t=t),
            methods=(Method.PRIVATELINK,),
        )
        return status.status(observed, t)

    async def close(self, command: SlashCommand, intent: Intent, t: Translator) -> None:
        """Opens the form that closes the endpoint."""
        await self._forms.open_close(command, intent.input, t)

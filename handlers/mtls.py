"""The form that requests an IP rule of mTLS; ``entries`` has the commands."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.method import Method
from bot.domain.networks.named import written_out
from bot.domain.target import Database, choose
from bot.domain.times.readings import Readings, UnclearTime
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Block, InteractiveSlack
from bot.services import RequestInput, Services
from bot.views import action_ids, block_kit, modals, presets
from bot.views.mtls import modals as mtls_modals
from bot.views.request_fields import more_fields
from bot.views.request_limits import limits
from handlers.form_values import (
    chosen_database,
    form_input,
    form_values,
    with_target,
)
from handlers.transport.payloads import ViewSubmission


class MtlsForms:
    """Opens and reads the form that requests an IP rule."""

    def __init__(self, *, services: Services, interactive: InteractiveSlack) -> None:
        self._services = services
        self._interactive = interactive

    async def open_add(
        self,
        trigger: str,
        request_input: RequestInput,
        t: Translator,
        *,
        remarks: Sequence[Mrkdwn] = (),
        readings: Readings = (),
    ) -> None:
        """Opens the form; raises ``Refused`` as ``add_view`` does."""
        view = await self.add_view(request_input, t, remarks=remarks, readings=readings)
        await self._interactive.open_view(trigger, view)

    async def add_view(
        self,
        request_input: RequestInput,
        t: Translator,
        *,
        remarks: Sequence[Mrkdwn] = (),
        readings: Readings = (),
    ) -> Block:
        """Returns the form, filled in, below remarks, with the readings of an unclear time.

        Raises:
            Refused: no database has the name that was typed, or there is none at all.
        """
        databases, policy = await self._services.queries.databases(), self._services.policy
        enabled: Database | None = None
        if request_input.enables_mtls:
            enabled = choose(databases, request_input.target, policy.aliases(databases))
        database = enabled or chosen_database(databases, request_input.target, policy)
        filled = form_values(request_input, database)
        # What is filled in already needs no preset.
        prepared = (
            presets.buttons(policy.presets, inside_form=True) if request_input == RequestInput() else []
        )
        return mtls_modals.add_form(
            databases=databases,
            filled=filled,
            t=t,
            more=[*more_fields(policy, filled, t), *limits(policy, Method.MTLS, database, t)],
            before=[block_kit.context(t("form.presets")), *prepared] if prepared else [],
            needs_reason=modals.needs_reason(policy),
            enables_mtls=enabled,
            remarks=remarks,
            readings=readings,
        )

    async def submit(self, submission: ViewSubmission) -> None:
        """Requests the rule; raises ``Refused`` when something in the form does not fit."""
        request_input = await self._request_input(submission)
        await self._services.access_requests.submit(
            Method.MTLS,
            request_input,
            person=submission.person,
            key=submission.key,
            again=submission.form == action_ids.FORM_ADD_ANYWAY,
        )

    async def enabling_view(self, submission: ViewSubmission, t: Translator) -> Block:
        """Returns the same form once more, which now offers to enable mTLS first."""
        return await self.add_view(replace(await self._request_input(submission), enables_mtls=True), t)

    async def choosing_view(self, submission: ViewSubmission, unclear: UnclearTime, t: Translator) -> Block:
        """Returns the same form once more, which now asks what the time in it means."""
        return await self.add_view(await self._request_input(submission), t, readings=unclear.readings)

    async def same_view(self, submission: ViewSubmission, t: Translator) -> Block:
        """Returns the same form once more, with what was filled in."""
        return await self.add_view(await self._request_input(submission), t)

    async def _request_input(self, submission: ViewSubmission) -> RequestInput:
        request_input = form_input(submission)
        address = written_out(self._services.policy.networks, request_input.address)
        request_input = replace(request_input, address=address)
        if submission.data:
            # The form told the person that mTLS is enabled first, on the one database that its data names.
            return replace(request_input, target=submission.data, enables_mtls=True)
        return with_target(request_input, submission, await self._services.queries.databases())

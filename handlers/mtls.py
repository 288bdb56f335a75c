"""The form that requests an IP rule of mTLS; ``entries`` has the commands."""

from collections.abc import Sequence
from dataclasses import replace

from typing_extensions import override

from bot.domain.method import Method
from bot.domain.networks.named import written_out
from bot.domain.target import Database, choose
from bot.domain.times.readings import Readings
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Block
from bot.services import RequestInput
from bot.views import action_ids, block_kit, modals, presets
from bot.views.mtls import modals as mtls_modals
from bot.views.request_fields import more_fields
from bot.views.request_limits import limits
from handlers.add_form import AddForm
from handlers.form_values import (
    chosen_database,
    form_input,
    form_values,
    with_target,
)
from handlers.transport.payloads import ViewSubmission


class MtlsForms(AddForm):
    """Opens and reads the form that requests an IP rule."""

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

    @override
    async def _request_input(self, submission: ViewSubmission) -> RequestInput:
        request_input = form_input(submission)
        address = written_out(self._services.policy.networks, request_input.address)
        request_input = replace(request_input, address=address)
        if submission.data:
            # The form told the person that mTLS is enabled first, on the one database that its data names.
            return replace(request_input, target=submission.data, enables_mtls=True)
        return with_target(request_input, submission, await self._services.queries.databases())

"""Handlers of ``add``, ``remove`` and ``adopt``, which are the same for every access method."""

from dataclasses import replace
from typing import Final

from bot.domain.method import Method
from bot.domain.overlap import ALREADY
from bot.domain.times.readings import UnclearTime
from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.ports import Message
from bot.services import RequestInput, Services
from bot.views import overlaps, responses
from handlers.add_form import AddForm
from handlers.form_values import input_values
from handlers.parsing.intents import Intent
from handlers.transport.payloads import SlashCommand

INCOMPLETE: Final = frozenset(
    {
        Refusal.ADDRESS_EMPTY,
        Refusal.ACCOUNT_EMPTY,
        Refusal.TARGET_MISSING,
        Refusal.SPACE_MISSING,
        Refusal.REASON_SHORT,
        Refusal.MTLS_NOT_ENABLED,
    }
)
"""Refusals that a form can remove: it asks for the value that is missing, or whether to enable mTLS first."""


class EntryCommands:
    """Answers typed commands about the entries of one access method.

    An entry is an IP rule, the AWS accounts of a PrivateLink endpoint, or a trusted IP range.
    """

    def __init__(self, *, method: Method, services: Services, forms: AddForm) -> None:
        self._method = method
        self._services = services
        self._forms = forms

    async def add(self, command: SlashCommand, intent: Intent, t: Translator) -> Message | None:
        """Requests an entry; opens the form where something is missing or unclear."""
        try:
            details = await self._services.access_requests.submit(
                self._method, intent.input, person=command.person, key=command.key, again=False
            )
        except UnclearTime as unclear:
            await self._forms.open_add(command.trigger, intent.input, t, readings=unclear.readings)
            return None
        except Refused as refused:
            if refused.reason in ALREADY.values():
                return await self._already(refused, intent.input, command.person, t)
            if refused.reason not in INCOMPLETE:
                raise
            # A refusal records nothing: the form submits the same again, with a key of its own.
            enables_mtls = refused.reason is Refusal.MTLS_NOT_ENABLED
            await self._forms.open_add(command.trigger, replace(intent.input, enables_mtls=enables_mtls), t)
            return None
        return responses.submitted(details, t=t, policy=self._services.policy)

    async def _already(
        self, refused: Refused, request_input: RequestInput, person: str, t: Translator
    ) -> Message:
        """Says that the person has it already, and offers to extend it or to request it anyway."""
        details = await self._services.queries.request(_number(refused), person=person)
        return overlaps.answer(
            refused,
            details,
            method=self._method,
            values=input_values(request_input),
            t=t,
            policy=self._services.policy,
        )

    async def remove(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Ends what an entry allows: one's own at once; otherwise that is requested."""
        removal = await self._services.access_requests.remove(
            self._method, intent.input, person=command.person, key=command.key
        )
        if removal.requested is not None:
            return responses.submitted(removal.requested, t=t, policy=self._services.policy)
        return responses.removing(removal.details, removal.closing, t)

    async def adopt(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Requests to adopt an unmanaged entry."""
        details = await self._services.access_requests.adopt(
            self._method, intent.input, person=command.person, key=command.key
        )
        return responses.submitted(details, t=t, policy=self._services.policy)


def _number(refused: Refused) -> int:
    """The number of the request that a refusal names."""
    return int(str(refused.params["id"]))

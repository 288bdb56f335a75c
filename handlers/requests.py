"""Handlers of the commands that act on one request by its number: cancel, done, revoke, retry, extend."""

from bot.domain.times.readings import UnclearTime
from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.ports import Message
from bot.services import Services
from bot.views import responses
from bot.views.reviews import personal_access
from handlers.modals import Forms
from handlers.parsing.intents import Intent
from handlers.transport.payloads import SlashCommand


class RequestCommands:
    """Answers typed commands about one request, or what it opened."""

    def __init__(self, *, services: Services, forms: Forms) -> None:
        self._services = services
        self._forms = forms

    async def cancel(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Withdraws a request that nobody has decided."""
        details = await self._services.access_requests.cancel(
            numbered(intent), person=command.person, key=command.key
        )
        return responses.done("cancelled", details, t)

    async def done(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Ends one's own access."""
        details = await self._services.grants.end(numbered(intent), person=command.person, key=command.key)
        return responses.done("closing", details, t)

    async def revoke(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Ends anybody's access; for approvers and admins.

        Behind a mention, shows first what would end.
        """
        if intent.person is not None:
            reason = intent.input.reason
            if reason is None:
                raise Refused(Refusal.REVOKE_REASON)
            access = await self._services.personal_access.revocable(intent.person, person=command.person)
            return personal_access.asking(access, reason, t)
        details = await self._services.grants.revoke(numbered(intent), person=command.person, key=command.key)
        return responses.done("closing", details, t)

    async def retry(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Starts again what failed."""
        details = await self._services.grants.retry(numbered(intent), person=command.person, key=command.key)
        return responses.tried_again(details, t)

    async def extend(self, command: SlashCommand, intent: Intent, t: Translator) -> Message | None:
        """Moves the end of access, or requests that; opens the form where the time is unclear."""
        number = numbered(intent)
        try:
            details = await self._services.extensions.extend(
                number, intent.input, person=command.person, key=command.key
            )
        except UnclearTime as unclear:
            await self._forms.open_extension(
                command.trigger, number, intent.input, t, person=command.person, readings=unclear.readings
            )
            return None
        # What people may not extend alone is a request of its own, with a new number.
        if details.request.id != number:
            return responses.submitted(details, t=t, policy=self._services.policy)
        return responses.done("extended", details, t)


def numbered(intent: Intent) -> int:
    """Returns the number of the request that a command is about.

    Raises:
        Refused: none was typed.
    """
    if intent.number is None:
        (verb,) = intent.command
        raise Refused(Refusal.NUMBER_MISSING, verb=verb, example=f"/pgaccess {verb} 17")
    return intent.number

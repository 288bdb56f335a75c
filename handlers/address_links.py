"""Handler of ``/pgaccess mtls add me``: a private link to the page that shows a browser's address."""

from typing import Final

from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.ports import Message
from bot.services import Services
from bot.views.mtls import address_link
from handlers.entries import EntryCommands
from handlers.parsing.command_table import COMMANDS
from handlers.parsing.intents import Intent
from handlers.transport.payloads import SlashCommand

PATH: Final = "/ip/{id}"
"""Path at which a browser shows its address."""

ME: Final = "me"
"""What is typed in place of one's own address."""


class AddressLinkSender:
    """Answers ``mtls add`` with a link where ``me`` stands for the address.

    Args:
        services: issue links.
        rules: answers where an address was typed.
        public_url: where browsers reach us, without a slash at the end; None if unknown.
    """

    def __init__(self, *, services: Services, rules: EntryCommands, public_url: str | None) -> None:
        self._services = services
        self._rules = rules
        self._public_url = public_url

    async def add(self, command: SlashCommand, intent: Intent, t: Translator) -> Message | None:
        """Requests a rule, or returns the link; raises ``Refused`` if browsers cannot reach us."""
        if (intent.input.address or "").casefold() != ME:
            return await self._rules.add(command, intent, t)
        if self._public_url is None:
            raise Refused(Refusal.ADDRESS_ME, example=COMMANDS["mtls", "add"].example)
        await self._services.members.require(command.person)
        link = await self._services.address_checks.issue(intent.input, person=command.person)
        # The secret stands behind the ``#``: browsers do not send that part, so it reaches no access log.
        url = f"{self._public_url}{PATH.format(id=link.id)}#{link.secret}"
        return address_link.link(url, until=link.expires_at, t=t)

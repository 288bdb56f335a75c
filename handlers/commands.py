"""The handler of each typed command: one table, with the same rows as the parsers' command table."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from bot.domain.method import Method
from bot.domain.networks.named import written_out
from bot.errors import Refused
from bot.i18n.translator import Translator
from bot.ports import Message
from bot.services import Services
from bot.views import help
from handlers.address_links import AddressLinkSender
from handlers.advice import Advisor
from handlers.certificates import CertificateCommands
from handlers.download_links import DownloadLinkSender
from handlers.drafts import DraftForms
from handlers.entries import EntryCommands
from handlers.live_refresh import LiveRefresh
from handlers.modals import Forms
from handlers.parsing.command_table import HELP, parse
from handlers.parsing.drafts import Draft
from handlers.parsing.intents import CommandPath, Intent
from handlers.presets import PresetForms
from handlers.privatelink import PrivateLinkCommands
from handlers.queries import QueryCommands
from handlers.requests import RequestCommands
from handlers.transport.payloads import SlashCommand
from handlers.trusted_ips import TrustedIpsCommands

Handler = Callable[[SlashCommand, Intent, Translator], Awaitable[Message | None]]
"""Acts on a command, and returns the answer; None when it opened a form instead.

Raises ``Refused`` when the command cannot be carried out, and ``StoreUnavailableError`` when nothing was
recorded.
"""

MEMBERSHIP_CHECKED_LATER: Final = frozenset({HELP, ("mtls", "add")})
"""Commands without a membership check of their own: help is for everybody, and the transaction that records a
request checks too, which saves the most frequent command a query."""


class Commands:
    """Answers typed commands.

    Attributes:
        handlers: by path in the command table; the empty path is the bare command.
    """

    def __init__(
        self,
        *,
        services: Services,
        forms: Forms,
        live_refresh: LiveRefresh,
        advisor: Advisor,
        download_links: DownloadLinkSender,
        presets: PresetForms,
        public_url: str | None,
    ) -> None:
        self._services = services
        self._presets = presets
        self._forms = forms
        self._drafts = DraftForms(services=services, forms=forms)
        rules = EntryCommands(method=Method.MTLS, services=services, forms=forms.mtls)
        own = AddressLinkSender(services=services, rules=rules, public_url=public_url)
        accounts = EntryCommands(method=Method.PRIVATELINK, services=services, forms=forms.privatelink)
        ranges = EntryCommands(method=Method.TRUSTED, services=services, forms=forms.trusted_ips)
        certificates = CertificateCommands(services=services, forms=forms.certificates)
        privatelink = PrivateLinkCommands(
            services=services, forms=forms.privatelink, live_refresh=live_refresh
        )
        trusted_ips = TrustedIpsCommands(services=services, live_refresh=live_refresh)
        queries = QueryCommands(services=services, live_refresh=live_refresh, trusted_ips=trusted_ips)
        requests = RequestCommands(services=services, forms=forms)
        self.handlers: Mapping[CommandPath, Handler] = {
            (): self._open_form,
            ("mtls", "add"): own.add,
            ("mtls", "remove"): rules.remove,
            ("mtls", "adopt"): rules.adopt,
            ("mtls", "list"): queries.database_status,
            ("mtls", "enable"): certificates.enable,
            ("mtls", "disable"): certificates.disable,
            ("mtls", "certificate", "new"): certificates.issue,
            ("mtls", "certificate", "list"): certificates.list,
            ("mtls", "certificate", "get"): download_links.get,
            ("mtls", "certificate", "rotate"): certificates.rotate,
            ("mtls", "certificate", "remove"): certificates.revoke,
            ("privatelink", "open"): accounts.add,
            ("privatelink", "add"): accounts.add,
            ("privatelink", "remove"): accounts.remove,
            ("privatelink", "adopt"): accounts.adopt,
            ("privatelink", "status"): privatelink.status,
            ("privatelink", "close"): privatelink.close,
            ("trusted", "add"): ranges.add,
            ("trusted", "remove"): ranges.remove,
            ("trusted", "adopt"): ranges.adopt,
            ("trusted", "list"): trusted_ips.status,
            ("trusted", "status"): trusted_ips.status,
            ("list",): queries.list,
            ("show",): queries.show,
            ("status",): queries.status,
            ("who",): queries.who,
            ("why",): queries.why,
            ("advise",): advisor.advise,
            ("cancel",): requests.cancel,
            ("done",): requests.done,
            ("extend",): requests.extend,
            ("revoke",): requests.revoke,
            ("retry",): requests.retry,
            HELP: self._help,
        }

    async def answer(self, command: SlashCommand, t: Translator) -> Message | None:
        """Parses a command and has its handler answer it; returns and raises as ``Handler`` does."""
        if await self._presets.open_typed(command, t):
            return None
        # Before membership is queried: a typing error costs the store nothing, and is answered without it.
        try:
            intent = self._with_ranges(parse(command.text))
        except Refused as refused:
            await self._open_draft(command, self._drafts.of_line(command.text, refused), refused, t)
            return None
        if intent.command not in MEMBERSHIP_CHECKED_LATER:
            await self._services.members.require(command.person)
        try:
            return await self.handlers[intent.command](command, intent, t)
        except Refused as refused:
            draft = self._drafts.of_intent(command.text, intent, refused)
            await self._open_draft(command, draft, refused, t)
            return None

    def _with_ranges(self, intent: Intent) -> Intent:
        """The intent with the ranges of a network in place of its name."""
        address = intent.input.address
        if address is None:
            return intent
        address = written_out(self._services.policy.networks, address)
        return replace(intent, input=replace(intent.input, address=address))

    async def _open_draft(
        self, command: SlashCommand, draft: Draft | None, refused: Refused, t: Translator
    ) -> None:
        """Opens the form with what was understood; raises the refusal where that is nothing."""
        if draft is None:
            raise refused
        # The form shows names of databases.
        await self._services.members.require(command.person)
        await self._drafts.open(command, draft, t)

    async def _open_form(self, command: SlashCommand, intent: Intent, t: Translator) -> None:
        await self._forms.mtls.open_add(command.trigger, intent.input, t)

    async def _help(self, _command: SlashCommand, intent: Intent, t: Translator) -> Message:
        return help.helping(intent.topic, t)

"""Handlers of the commands that only read: list, show, status, why, ``mtls list``."""

from functools import partial

from bot.domain.network import parse_address
from bot.i18n.translator import Translator
from bot.ports import Message
from bot.services import LISTED, Services
from bot.views import database_status, diagnosis, responses, who
from bot.views import records as records_view
from bot.views.trusted_ips import diagnosis as space_diagnosis
from handlers.live_refresh import LiveRefresh
from handlers.parsing.intents import Intent
from handlers.parsing.parsers import ENDED
from handlers.requests import numbered
from handlers.transport.payloads import SlashCommand
from handlers.trusted_ips import TrustedIpsCommands


class QueryCommands:
    """Answers typed commands that change nothing."""

    def __init__(
        self, *, services: Services, live_refresh: LiveRefresh, trusted_ips: TrustedIpsCommands
    ) -> None:
        self._services = services
        self._live_refresh = live_refresh
        self._trusted_ips = trusted_ips

    async def list(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Lists requests: all that are open or waiting, one's own, pending ones, or those of one target.

        Behind a mention, an address or ``ended``, what was as well.
        """
        if intent.person is not None:
            return await self._person(intent.person, command, intent, t)
        if intent.input.address is not None or intent.input.target == ENDED:
            return await self._past(command, intent, t)
        requests = await self._services.queries.requests(intent.input.target, person=command.person)
        return responses.listing(requests, limit=LISTED, t=t, policy=self._services.policy)

    async def _person(self, owner: str, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Everything of a person: what is open with their certificates, and what was."""
        records, policy = self._services.records, self._services.policy
        page = await records.of_person(owner, person=command.person, before=intent.number)
        open_there, certificates = await self._services.personal_access.of(owner, person=command.person)
        return records_view.of_person(
            owner, page, open_there if intent.number is None else (), certificates, t=t, policy=policy
        )

    async def _past(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """What has ended, or what is recorded of an address."""
        records, policy, address = self._services.records, self._services.policy, intent.input.address
        if address is None:
            page = await records.ended(person=command.person, before=intent.number)
            return records_view.ended(page, t=t, policy=policy)
        page = await records.of_address(address, person=command.person, before=intent.number)
        return records_view.of_address(address, page, t=t, policy=policy)

    async def who(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Shows who could reach a target at a moment."""
        target = intent.input.target
        answer = await self._services.who.at(target, intent.moment, person=command.person)
        return who.answer(target or "", answer.access, t, zone=answer.zone, is_cut=answer.cut)

    async def show(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Shows one request with its history."""
        details, lines = await self._services.queries.history(numbered(intent), person=command.person)
        return responses.showing(details, lines, t=t, policy=self._services.policy)

    async def status(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Shows the status of a database or a space."""
        target = intent.input.target
        if target and await self._services.queries.names_space(target):
            return await self._trusted_ips.status(command, intent, t)
        return await self.database_status(command, intent, t)

    async def database_status(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Shows which addresses and accounts a database allows, and why."""
        observed = await self._services.queries.refresh_database(intent.input.target, person=command.person)
        render = partial(database_status.status, t=t, refreshed=True)
        self._live_refresh.follow(observed, url=command.respond_to, person=command.person, render=render)
        return database_status.status(observed, t)

    async def why(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Explains why the person, or an address, can or cannot reach a target now."""
        target, policy, typed = intent.input.target, self._services.policy, intent.input.address
        network = None if typed is None else parse_address(typed)
        if target and await self._services.queries.names_space(target):
            space = await self._services.queries.refresh_space(target, person=command.person)
            if network is not None:
                return space_diagnosis.address(space, network, t=t)
            own = [details for details in space.open if details.request.requester == command.person]
            return space_diagnosis.why(space, own, t=t, policy=policy)
        observed = await self._services.queries.refresh_database(target, person=command.person)
        if network is not None:
            return diagnosis.address(observed, network, t=t)
        return diagnosis.why(observed, t=t, policy=policy)

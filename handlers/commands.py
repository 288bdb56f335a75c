"""``/pgaccess``: what was typed becomes a use case, and its outcome the answer."""

from functools import partial
from typing import assert_never

from bot.domain.method import Method
from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.ports import Message
from bot.services import LISTED, RequestInput, Services
from bot.views import database_status, diagnosis, help, responses
from bot.views.trusted_ips import diagnosis as space_diagnosis
from handlers.advice import Advisor
from handlers.certificate_expiry import CertificateExpiryButtons
from handlers.certificate_typed import AskDisable, AskDiscard, AskEnable, AskIssue, AskStock
from handlers.certificates import CertificateCommands
from handlers.common import asked, removed
from handlers.download_links import DownloadLinkSender
from handlers.link_typed import AskLinkAdd, AskLinkAdopt, AskLinkClose, AskLinkRemove, AskLinkStatus
from handlers.live_refresh import LiveRefresh
from handlers.modals import Forms
from handlers.parsing.command_table import read
from handlers.parsing.intents import (
    AskAdopt,
    AskAdvice,
    AskExtend,
    AskFiles,
    AskForm,
    AskHelp,
    AskList,
    AskMtlsAdd,
    AskNumbered,
    AskRemove,
    AskRotate,
    AskRules,
    AskShow,
    AskStatus,
    AskWhy,
    NotYet,
)
from handlers.privatelink import LinkCommands
from handlers.transport.payloads import Command
from handlers.trusted_ips import TrustedCommands
from handlers.trusted_typed import AskTrusted, AskTrustedStatus


class Commands:
    """Answers typed commands."""

    def __init__(
        self,
        *,
        services: Services,
        forms: Forms,
        live_refresh: LiveRefresh,
        advisor: Advisor,
        files: DownloadLinkSender,
    ) -> None:
        self._services = services
        self._advisor = advisor
        self._live_refresh = live_refresh
        self._trusted = TrustedCommands(services=services, forms=forms.trusted, live_refresh=live_refresh)
        self._files = files
        self._forms = forms
        self._minding = CertificateExpiryButtons(services=services)
        self._certificates = CertificateCommands(services=services, forms=forms.certificates)
        self._links = LinkCommands(services=services, forms=forms.links, live_refresh=live_refresh)

    async def answer(self, command: Command, t: Translator) -> Message | None:
        """Acts on a command; None when a form was opened instead of an answer.

        Raises:
            Refused: what was typed cannot be done as it stands.
            StoreUnavailableError: nothing was recorded.
        """
        typed = read(command.text)
        match typed:
            case AskHelp(topic=topic):
                return help.helping(topic, t)
            case NotYet(words=said):
                return responses.not_yet(said, t)
        if isinstance(typed, AskMtlsAdd):
            # Who may ask is checked in the transaction that records it: one less on the busiest way.
            return await self._add(command, typed, t)
        await self._services.members.require(command.person)
        match typed:
            case AskForm():
                await self._forms.open_add(command.trigger, RequestInput(), t)
                return None
            case AskAdvice(target=target):
                await self._advisor.open(command.trigger, target, t)
                return None
            case AskRemove():
                return await self._remove(command, typed, t)
            case AskAdopt(address=address, target=target, reason=reason):
                request_input = RequestInput(address=address, target=target, reason=reason)
                case = await self._services.access_requests.adopt(
                    Method.MTLS, request_input, person=command.person, key=command.key
                )
                return responses.asked(case, t=t, policy=self._services.policy)
            case AskNumbered() | AskExtend():
                return await self._on_one(command, typed, t)
            case AskFiles(handle=handle):
                return await self._files.answer(handle, command, t)
            case AskRotate():
                return await self._minding.answer(command, typed, t)
            case AskTrusted() | AskTrustedStatus():
                return await self._trusted.answer(command, typed, t)
            case AskEnable() | AskDisable() | AskIssue() | AskStock() | AskDiscard():
                return await self._certificates.answer(command, typed, t)
            case AskLinkAdd() | AskLinkRemove() | AskLinkAdopt() | AskLinkStatus() | AskLinkClose():
                return await self._links.answer(command, typed, t)
        if (
            isinstance(typed, AskStatus)
            and typed.target
            and await self._services.queries.names_space(typed.target)
        ):
            return await self._trusted.answer(command, AskTrustedStatus(target=typed.target), t)
        return await self._observation(command, typed, t)

    async def _observation(
        self,
        command: Command,
        typed: AskList | AskShow | AskRules | AskStatus | AskWhy,
        t: Translator,
    ) -> Message:
        """Answers what only reads."""
        policy = self._services.policy
        match typed:
            case AskList(which=which):
                cases = await self._services.queries.requests(which, person=command.person)
                return responses.listing(cases, limit=LISTED, t=t, policy=policy)
            case AskShow(number=number):
                case = await self._services.queries.request(_numbered(number, "show"))
                return responses.showing(case, t=t, policy=policy)
            case AskRules(target=target) | AskStatus(target=target):
                situation = await self._services.queries.refresh_database(target, person=command.person)
                url, draw = command.respond_to, partial(database_status.status, t=t, refreshed=True)
                self._live_refresh.follow(situation, url=url, person=command.person, draw=draw)
                return database_status.status(situation, t)
            case AskWhy(target=target) if target and await self._services.queries.names_space(target):
                space = await self._services.queries.refresh_space(target, person=command.person)
                mine = [case for case in space.open if case.request.requester == command.person]
                return space_diagnosis.why(space, mine, t=t, policy=policy)
            case AskWhy(target=target):
                situation = await self._services.queries.refresh_database(target, person=command.person)
                return diagnosis.why(situation, t=t, policy=policy)
            case _ as never:
                assert_never(never)

    async def _add(self, command: Command, typed: AskMtlsAdd, t: Translator) -> Message | None:
        request_input = RequestInput(
            address=typed.address,
            target=typed.target,
            duration=typed.duration,
            until=typed.until,
            reason=typed.reason,
        )
        ask, open_form, policy = (
            partial(self._services.access_requests.submit, Method.MTLS),
            self._forms.open_add,
            self._services.policy,
        )
        return await asked(ask, open_form, command, request_input, t=t, policy=policy)

    async def _remove(self, command: Command, typed: AskRemove, t: Translator) -> Message:
        request_input = RequestInput(address=typed.address, target=typed.target, reason=typed.reason)
        policy = self._services.policy
        return await removed(
            partial(self._services.access_requests.remove, Method.MTLS),
            command,
            request_input,
            t=t,
            policy=policy,
        )

    async def _on_one(self, command: Command, typed: AskNumbered | AskExtend, t: Translator) -> Message:
        """Acts on one request, by its number."""
        services, who = self._services, {"person": command.person, "key": command.key}
        if isinstance(typed, AskExtend):
            number = _numbered(typed.number, "extend")
            request_input = RequestInput(duration=typed.duration, until=typed.until, reason=typed.reason)
            case = await services.extensions.extend(number, request_input, **who)
            if case.request.id != number:
                return responses.asked(case, t=t, policy=services.policy)
            return responses.done("extended", case, t)
        number = _numbered(typed.number, typed.verb)
        match typed.verb:
            case "cancel":
                return responses.done("cancelled", await services.access_requests.cancel(number, **who), t)
            case "done":
                return responses.done("closing", await services.grants.end(number, **who), t)
            case "revoke":
                return responses.done("closing", await services.grants.revoke(number, **who), t)
            case "retry":
                return responses.tried_again(await services.grants.retry(number, **who), t)


def _numbered(number: int | None, verb: str) -> int:
    if number is None:
        raise Refused(Refusal.NUMBER_MISSING, verb=verb, example=f"/pgaccess {verb} 17")
    return number

"""Handlers of the buttons: one table by action id."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.domain.request import Verdict
from bot.errors import Refusal, Refused, TryAgainError
from bot.i18n.translator import Translator
from bot.ports import Message
from bot.services import RequestInput, Services, Vote
from bot.views import action_ids, responses
from bot.views.mtls import compromise
from bot.views.requests import request_state
from bot.views.targets import replacement
from bot.views.trusted_ips import notifications
from handlers.certificate_expiry import CertificateExpiryButtons
from handlers.download_links import DownloadLinkSender
from handlers.modals import Forms
from handlers.presets import PresetForms
from handlers.refusals import RefusedForState
from handlers.repetitions import RepetitionButtons
from handlers.transport.payload_model import MalformedError, read_value
from handlers.transport.payloads import BlockAction

PAST: Final = frozenset(
    {
        *(Refusal.REQUEST_DECIDED, Refusal.REQUEST_CLOSED, Refusal.REQUEST_CHANGED, Refusal.REQUEST_OVER),
        *(Refusal.REQUEST_WITHDRAWN, Refusal.ALREADY_VOTED, Refusal.GRANT_CLOSING, Refusal.GRANT_OVER),
        *(Refusal.GRANT_NOT_OPEN, Refusal.GRANT_NOT_FAILED, Refusal.GRANT_NOT_INTERRUPTED),
        *(Refusal.REOPENING_PENDING, Refusal.RETRY_ASKS_AGAIN, Refusal.RETRY_DECIDED_ANEW),
        *(
            Refusal.REPEAT_NOT_OVER,
            Refusal.KEEP_NOT_NEEDED,
            Refusal.EXTEND_NOT_TIMED,
            Refusal.CERTIFICATE_NOT_OFFERED,
        ),
        Refusal.FINDING_PENDING,
        *(Refusal.ROTATION_NOT_WAITING, Refusal.ROTATION_OLD_GOING, Refusal.ROTATION_NO_TEST),
    }
)
"""Refusals of a press on a button whose request has moved on since the message was shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """A press on a button about a request.

    Attributes:
        click: as Slack sent it.
        request: number of the request.
        version: of the terms that the message showed.
    """

    click: BlockAction
    request: int
    version: int


Handler = Callable[[Press, Translator], Awaitable[Message | None]]
"""Acts on a press, and returns the answer; None when it opened a form instead."""


class ButtonHandler:
    """Answers presses on buttons."""

    def __init__(
        self,
        *,
        services: Services,
        forms: Forms,
        download_links: DownloadLinkSender,
        presets: PresetForms,
    ) -> None:
        self._services = services
        self._download_links = download_links
        self._forms = forms
        self._presets = presets
        self._handlers: Mapping[str, Handler] = {
            action_ids.APPROVE: self._approve,
            action_ids.DENY: self._open_decision,
            action_ids.CHANGE: self._open_decision,
            action_ids.DETAILS: self._details,
            action_ids.CANCEL: self._cancel,
            action_ids.DONE: self._done,
            action_ids.EXTEND: self._open_extension,
            action_ids.AGAIN: self._open_again,
            action_ids.REVOKE: self._revoke,
            action_ids.RETRY: self._retry,
            action_ids.RESTORE: self._restore,
            action_ids.GIVE_UP: self._give_up,
            action_ids.FILES: self._send_link,
            action_ids.SUPPORT_DONE: self._support_answered,
            action_ids.SUPPORT_WEB: self._support_answered,
        }
        self._expiry = CertificateExpiryButtons(services=services)
        self._repetitions = RepetitionButtons(services=services, forms=forms)

    async def answer(self, click: BlockAction, t: Translator) -> Message | None:
        """Acts on a press; None when a form was opened instead of an answer.

        Raises:
            Refused: the person may not do this, or there is nothing (more) to do; what became of the request
                is said with it.
            StoreUnavailableError: nothing was recorded.
            MalformedError: it is no button of ours.
        """
        # Before anything else: a number alone may mean another request than the one that was shown.
        await self._forms.require_same(click.value, place=click.message)
        try:
            return await self._act(click, t)
        except Refused as refused:
            raise await self._with_state(refused, click.person, t) from refused

    async def _with_state(self, refused: Refused, person: str, t: Translator) -> Refused:
        """A refusal with the line that says where the request stands, if it stands otherwise than shown."""
        id = refused.params.get("id")
        if refused.reason not in PAST or not isinstance(id, int):
            return refused
        try:
            details = await self._services.queries.request(id, person=person)
        except (Refused, TryAgainError):
            # Refused it is in any case.
            return refused
        line = request_state.state_line(details, t=t, policy=self._services.policy)
        return RefusedForState(refused, line=line)

    async def _act(self, click: BlockAction, t: Translator) -> Message | None:
        if click.action == action_ids.ASK:
            await self._services.members.require(click.person)
            await self._forms.mtls.open_add(click.trigger, RequestInput(), t)
            return None
        if click.action == action_ids.ANYWAY:
            await self._services.members.require(click.person)
            await self._forms.open_anyway(click, t)
            return None
        if click.action.startswith((action_ids.PRESET_OPEN, action_ids.PRESET_PUSH)):
            await self._presets.press(click, t)
            return None
        # Slack wants another action id for every button of a row; the certificate is in the value.
        if click.action.startswith(action_ids.PICK):
            return await self._pick(click, t)
        if click.action == action_ids.NOT_ME:
            return await self._revoke_compromised(click, t)
        if click.action.startswith((action_ids.REPLACE, action_ids.KEEP_APART)):
            return await self._tell_identity(click, t)
        if click.action in self._forms.reviews.handlers:
            return await self._forms.reviews.handlers[click.action](click, t)
        if click.action in self._forms.findings.handlers:
            return await self._forms.findings.handlers[click.action](click, t)
        if click.action.startswith(action_ids.FINDING_CHOOSE):
            await self._forms.findings.open_choice(click, t)
            return None
        request, version = read_value(action_ids.read_button, click.value)
        # A reminder has its step where others have a version.
        if click.action in self._expiry.handlers:
            return await self._expiry.handlers[click.action](click, request, version, t)
        if click.action not in self._handlers:
            raise MalformedError(f"a button called {click.action!r}")
        press = Press(click=click, request=request, version=version)
        return await self._handlers[click.action](press, t)

    async def _approve(self, press: Press, t: Translator) -> Message:
        # The version that the card showed: terms that were changed since are not approved unseen.
        vote = Vote(verdict=Verdict.APPROVE, version=press.version)
        click = press.click
        details = await self._services.approvals.decide(
            press.request, vote, person=click.person, key=click.key
        )
        return responses.decided(details, Verdict.APPROVE, t)

    async def _open_decision(self, press: Press, t: Translator) -> None:
        """Opens the form to deny or to change; checked first, so that nobody fills in a form in vain."""
        click = press.click
        details = await self._services.approvals.require_decidable(
            press.request, version=press.version, person=click.person
        )
        await self._forms.open_for_button(click.action, click.trigger, details, t)

    async def _open_extension(self, press: Press, t: Translator) -> None:
        click = press.click
        # Checked first, so that nobody fills in a form in vain.
        details = await self._services.extensions.require_extendable(press.request, person=click.person)
        await self._forms.open_for_button(click.action, click.trigger, details, t)

    async def _open_again(self, press: Press, t: Translator) -> None:
        click = press.click
        await self._repetitions.open(press.request, person=click.person, trigger=click.trigger, t=t)

    async def _details(self, press: Press, t: Translator) -> Message:
        # Reading a request checks nothing, and a guest in the channel can press the button too.
        await self._services.members.require(press.click.person)
        details, lines = await self._services.queries.history(press.request, person=press.click.person)
        return responses.showing(details, lines, t=t, policy=self._services.policy)

    async def _cancel(self, press: Press, t: Translator) -> Message:
        details = await self._services.access_requests.cancel(
            press.request, person=press.click.person, key=press.click.key
        )
        return responses.done("cancelled", details, t)

    async def _done(self, press: Press, t: Translator) -> Message:
        details = await self._services.grants.end(
            press.request, person=press.click.person, key=press.click.key
        )
        return responses.done("closing", details, t)

    async def _revoke(self, press: Press, t: Translator) -> Message:
        details = await self._services.grants.revoke(
            press.request, person=press.click.person, key=press.click.key
        )
        return responses.done("closing", details, t)

    async def _retry(self, press: Press, t: Translator) -> Message:
        details = await self._services.grants.retry(
            press.request, person=press.click.person, key=press.click.key
        )
        return responses.tried_again(details, t)

    async def _restore(self, press: Press, t: Translator) -> Message:
        details = await self._services.reopenings.reopen(
            press.request, person=press.click.person, key=press.click.key
        )
        return responses.reopened(details, t)

    async def _give_up(self, press: Press, t: Translator) -> Message:
        details = await self._services.grants.abandon(
            press.request, person=press.click.person, key=press.click.key
        )
        return responses.done("given_up", details, t)

    async def _send_link(self, press: Press, t: Translator) -> Message:
        return await self._download_links.send(str(press.request), press.click, t)

    async def _support_answered(self, press: Press, t: Translator) -> Message:
        click, web_only = press.click, press.click.action == action_ids.SUPPORT_WEB
        details = await self._services.support_tickets.resolve(
            press.request, web_only=web_only, person=click.person, key=click.key
        )
        return notifications.settled(details, t, web_only=web_only)

    async def _tell_identity(self, click: BlockAction, t: Translator) -> Message:
        """Records whether a target has replaced another."""
        target, entry = read_value(action_ids.read_identity, click.value)
        replaces = click.action.startswith(action_ids.REPLACE)
        answer = await self._services.replacements.answer(
            target, entry, replaces=replaces, person=click.person
        )
        return replacement.answered(answer.target, answer.alias, t, replaces=replaces)

    async def _revoke_compromised(self, click: BlockAction, t: Translator) -> Message:
        """Revokes a certificate whose files somebody else has downloaded."""
        request, certificate, link = read_value(action_ids.read_download, click.value)
        details = await self._services.compromises.revoke(
            request, certificate, link, person=click.person, key=click.key
        )
        return compromise.revoking(details, request, t)

    async def _pick(self, click: BlockAction, t: Translator) -> Message:
        """Records which of several certificates is the one that was issued."""
        request, certificate = read_value(action_ids.read_pick, click.value)
        details = await self._services.certificates.choose(
            request, certificate, person=click.person, key=click.key
        )
        return responses.done("picked", details, t)

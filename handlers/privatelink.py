"""``/pgaccess privatelink …``, and its forms."""

from dataclasses import replace
from functools import partial
from typing import Final, assert_never

from bot.domain.method import Method
from bot.domain.target import choose
from bot.i18n.translator import Translator
from bot.ports import Block, InteractiveSlack, Message
from bot.services import RequestInput, Services
from bot.views import action_ids, modals, responses
from bot.views.privatelink import modals as privatelink_modals
from bot.views.privatelink import status
from handlers.common import asked, removed
from handlers.fields import said
from handlers.link_typed import (
    AskLink,
    AskLinkAdd,
    AskLinkAdopt,
    AskLinkClose,
    AskLinkRemove,
    AskLinkStatus,
)
from handlers.live_refresh import LiveRefresh
from handlers.parsing.normalization import normalize_text
from handlers.transport.payloads import Command, ViewSubmission

FORMS: Final = (action_ids.FORM_LINK_ADD, action_ids.FORM_LINK_CLOSE)
"""The forms that are read here."""


class LinkForms:
    """Opens and reads the forms of PrivateLink."""

    def __init__(self, *, services: Services, interactive: InteractiveSlack) -> None:
        self._services = services
        self._interactive = interactive

    async def open_add(self, trigger: str, request_input: RequestInput, t: Translator) -> None:
        """Opens the form for accounts; raises ``Refused`` as `add_view` does."""
        await self._interactive.open_view(trigger, await self.add_view(request_input, t))

    async def add_view(self, request_input: RequestInput, t: Translator) -> Block:
        """The form for accounts, filled with what was typed.

        Raises:
            Refused: there is no database to ask for.
        """
        databases = await self._services.queries.databases()
        aliases = {one.alias: one.database for one in self._services.policy.targets}
        chosen = (
            choose(databases, request_input.target, aliases)
            if request_input.target or not databases
            else None
        )
        filled = {
            action_ids.FIELD_ADDRESS: request_input.address,
            action_ids.FIELD_TARGET: None if chosen is None else str(chosen.id),
            action_ids.FIELD_DURATION: request_input.duration or request_input.until,
            action_ids.FIELD_REASON: request_input.reason,
        }
        needs_reason = modals.needs_reason(self._services.policy)
        return privatelink_modals.add_form(databases=databases, filled=filled, t=t, needs_reason=needs_reason)

    async def open_close(self, command: Command, typed: AskLinkClose, t: Translator) -> None:
        """Opens the form that closes the whole, if there is something to close.

        Raises:
            Refused: the person may not ask for it, or there is nothing to close.
        """
        found = await self._services.privatelink.preview_close(typed.target, person=command.person)
        view = privatelink_modals.close_form(
            found.database,
            found.observation,
            found.requests,
            reason=typed.reason,
            t=t,
            needs_reason=modals.needs_reason(self._services.policy),
        )
        await self._interactive.open_view(command.trigger, view)

    async def submit(self, submission: ViewSubmission) -> None:
        """Acts on a form that was sent; raises ``Refused`` when something in it cannot be done."""
        who = {"person": submission.person, "key": submission.key}
        request_input = said(submission)
        if submission.form == action_ids.FORM_LINK_CLOSE:
            typed = normalize_text(submission.values.get(action_ids.FIELD_NAME) or "")
            request_input = replace(request_input, target=submission.data or None)
            await self._services.privatelink.close(request_input, typed=typed, **who)
            return
        chosen = submission.values.get(action_ids.FIELD_TARGET) or ""
        named = {str(database.id): database.name for database in await self._services.queries.databases()}
        target = named.get(chosen, normalize_text(chosen) or None)
        await self._services.access_requests.submit(
            Method.PRIVATELINK, replace(request_input, target=target), **who
        )


class LinkCommands:
    """Answers typed commands about PrivateLink."""

    def __init__(self, *, services: Services, forms: LinkForms, live_refresh: LiveRefresh) -> None:
        self._services = services
        self._forms = forms
        self._live_refresh = live_refresh

    async def answer(self, command: Command, typed: AskLink, t: Translator) -> Message | None:
        """Acts on a command; None when a form was opened instead of an answer.

        Raises:
            Refused: what was typed cannot be done as it stands.
            StoreUnavailableError: nothing was recorded.
        """
        match typed:
            case AskLinkAdd():
                return await self._add(command, typed, t)
            case AskLinkRemove():
                return await self._remove(command, typed, t)
            case AskLinkAdopt():
                request_input = RequestInput(address=typed.accounts, target=typed.target, reason=typed.reason)
                case = await self._services.access_requests.adopt(
                    Method.PRIVATELINK, request_input, person=command.person, key=command.key
                )
                return responses.asked(case, t=t, policy=self._services.policy)
            case AskLinkStatus(target=target):
                situation = await self._services.queries.refresh_database(target, person=command.person)
                draw = partial(status.status, t=t)
                ways = (Method.PRIVATELINK,)
                url, who = command.respond_to, command.person
                self._live_refresh.follow(situation, url=url, person=who, draw=draw, ways=ways)
                return status.status(situation, t)
            case AskLinkClose():
                await self._forms.open_close(command, typed, t)
                return None
            case _ as never:
                assert_never(never)

    async def _add(self, command: Command, typed: AskLinkAdd, t: Translator) -> Message | None:
        request_input = RequestInput(
            address=typed.accounts,
            target=typed.target,
            duration=typed.duration,
            until=typed.until,
            reason=typed.reason,
        )
        ask, open_form, policy = (
            partial(self._services.access_requests.submit, Method.PRIVATELINK),
            self._forms.open_add,
            self._services.policy,
        )
        return await asked(ask, open_form, command, request_input, t=t, policy=policy)

    async def _remove(self, command: Command, typed: AskLinkRemove, t: Translator) -> Message:
        request_input = RequestInput(address=typed.accounts, target=typed.target, reason=typed.reason)
        remove, policy = (
            partial(self._services.access_requests.remove, Method.PRIVATELINK),
            self._services.policy,
        )
        return await removed(remove, command, request_input, t=t, policy=policy)

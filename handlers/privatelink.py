"""``/pgaccess privatelink …``, and its forms."""

from dataclasses import replace
from functools import partial
from typing import Final, assert_never

from bot.domain.method import Method
from bot.domain.target import choose
from bot.i18n.translator import Translator
from bot.ports import Block, InteractiveSlack, Message
from bot.services import Access, RequestInput
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
from handlers.parsing.normalization import tidy
from handlers.transport.payloads import Command, ViewSubmission

FORMS: Final = (action_ids.FORM_LINK_ADD, action_ids.FORM_LINK_CLOSE)
"""The forms that are read here."""


class LinkForms:
    """Opens and reads the forms of PrivateLink."""

    def __init__(self, *, access: Access, desk: InteractiveSlack) -> None:
        self._access = access
        self._desk = desk

    async def open_add(self, trigger: str, wish: RequestInput, words: Translator) -> None:
        """Opens the form for accounts; raises ``Refused`` as `add_view` does."""
        await self._desk.open_view(trigger, await self.add_view(wish, words))

    async def add_view(self, wish: RequestInput, words: Translator) -> Block:
        """The form for accounts, filled with what was typed.

        Raises:
            Refused: there is no database to ask for.
        """
        databases = await self._access.databases()
        aliases = {one.alias: one.database for one in self._access.policy.targets}
        chosen = choose(databases, wish.target, aliases) if wish.target or not databases else None
        filled = {
            action_ids.FIELD_ADDRESS: wish.address,
            action_ids.FIELD_TARGET: None if chosen is None else str(chosen.id),
            action_ids.FIELD_DURATION: wish.duration or wish.until,
            action_ids.FIELD_REASON: wish.reason,
        }
        needs_reason = modals.needs_reason(self._access.policy)
        return privatelink_modals.add_form(
            databases=databases, filled=filled, words=words, needs_reason=needs_reason
        )

    async def open_close(self, command: Command, typed: AskLinkClose, words: Translator) -> None:
        """Opens the form that closes the whole, if there is something to close.

        Raises:
            Refused: the person may not ask for it, or there is nothing to close.
        """
        found = await self._access.may_close(typed.target, person=command.person)
        view = privatelink_modals.close_form(
            found.database,
            found.look,
            found.requests,
            reason=typed.reason,
            words=words,
            needs_reason=modals.needs_reason(self._access.policy),
        )
        await self._desk.open_view(command.trigger, view)

    async def submit(self, submission: ViewSubmission) -> None:
        """Acts on a form that was sent; raises ``Refused`` when something in it cannot be done."""
        who = {"person": submission.person, "key": submission.key}
        wish = said(submission)
        if submission.form == action_ids.FORM_LINK_CLOSE:
            typed = tidy(submission.values.get(action_ids.FIELD_NAME) or "")
            wish = replace(wish, target=submission.data or None)
            await self._access.close_link(wish, typed=typed, **who)
            return
        chosen = submission.values.get(action_ids.FIELD_TARGET) or ""
        named = {str(database.id): database.name for database in await self._access.databases()}
        target = named.get(chosen, tidy(chosen) or None)
        await self._access.ask_link(replace(wish, target=target), **who)


class LinkCommands:
    """Answers typed commands about PrivateLink."""

    def __init__(self, *, access: Access, forms: LinkForms, afresh: LiveRefresh) -> None:
        self._access = access
        self._forms = forms
        self._afresh = afresh

    async def answer(self, command: Command, typed: AskLink, words: Translator) -> Message | None:
        """Acts on a command; None when a form was opened instead of an answer.

        Raises:
            Refused: what was typed cannot be done as it stands.
            StoreUnavailableError: nothing was recorded.
        """
        match typed:
            case AskLinkAdd():
                return await self._add(command, typed, words)
            case AskLinkRemove():
                return await self._remove(command, typed, words)
            case AskLinkAdopt():
                wish = RequestInput(address=typed.accounts, target=typed.target, reason=typed.reason)
                case = await self._access.adopt_accounts(wish, person=command.person, key=command.key)
                return responses.asked(case, words=words, policy=self._access.policy)
            case AskLinkStatus(target=target):
                situation = await self._access.situation(target, person=command.person)
                draw = partial(status.status, words=words)
                ways = (Method.PRIVATELINK,)
                url, who = command.respond_to, command.person
                self._afresh.follow(situation, url=url, person=who, draw=draw, ways=ways)
                return status.status(situation, words)
            case AskLinkClose():
                await self._forms.open_close(command, typed, words)
                return None
            case _ as never:
                assert_never(never)

    async def _add(self, command: Command, typed: AskLinkAdd, words: Translator) -> Message | None:
        wish = RequestInput(
            address=typed.accounts,
            target=typed.target,
            duration=typed.duration,
            until=typed.until,
            reason=typed.reason,
        )
        ask, open_form, policy = self._access.ask_link, self._forms.open_add, self._access.policy
        return await asked(ask, open_form, command, wish, words=words, policy=policy)

    async def _remove(self, command: Command, typed: AskLinkRemove, words: Translator) -> Message:
        wish = RequestInput(address=typed.accounts, target=typed.target, reason=typed.reason)
        remove, policy = self._access.remove_accounts, self._access.policy
        return await removed(remove, command, wish, words=words, policy=policy)

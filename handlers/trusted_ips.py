"""``/pgaccess trusted …``: read, and answered."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from bot.errors import Refusal, Refused
from bot.i18n.translator import Translator
from bot.ports import InteractiveSlack, Message
from bot.services import Access, RequestInput
from bot.views import action_ids, modals, responses
from bot.views.trusted_ips import modal, status
from handlers.common import asked, removed
from handlers.fields import said
from handlers.live_refresh import LiveRefresh
from handlers.parsing.clauses import Clause
from handlers.parsing.normalization import tidy
from handlers.parsing.parsers import Path, address_and_clauses, target_of
from handlers.transport.payloads import Command, ViewSubmission
from handlers.trusted_typed import AskTrusted, AskTrustedStatus

FORMS: Final = (action_ids.FORM_RANGE_ADD,)
"""The forms that are read here."""


def read_trusted_add(_path: Path, words: Sequence[str], example: str) -> AskTrusted:
    """A range, and any clause."""
    address, said = address_and_clauses(words, example, tuple(Clause))
    wish = RequestInput(
        address=address,
        target=said.get(Clause.TARGET),
        duration=said.get(Clause.DURATION),
        until=said.get(Clause.UNTIL),
        reason=said.get(Clause.REASON),
    )
    return AskTrusted(verb="add", wish=wish)


def read_trusted_remove(_path: Path, words: Sequence[str], example: str) -> AskTrusted:
    """A range, and where and why."""
    return AskTrusted(verb="remove", wish=_where_and_why(words, example))


def read_trusted_adopt(_path: Path, words: Sequence[str], example: str) -> AskTrusted:
    """A range, and where and why."""
    return AskTrusted(verb="adopt", wish=_where_and_why(words, example))


def read_trusted_status(_path: Path, words: Sequence[str], example: str) -> AskTrustedStatus:
    """A space."""
    return AskTrustedStatus(target=target_of(words, example))


class TrustedForms:
    """Opens and reads the form for a range."""

    def __init__(self, *, access: Access, desk: InteractiveSlack) -> None:
        self._access = access
        self._desk = desk

    async def open_add(self, trigger: str, wish: RequestInput, words: Translator) -> None:
        """Opens the form, filled with what was typed.

        Raises:
            Refused: the space that was named is none that can be asked for.
        """
        spaces = await self._access.spaces()
        if not spaces:
            raise Refused(Refusal.SPACE_NONE)
        chosen = await self._access.space(wish.target) if wish.target else None
        filled = {
            action_ids.FIELD_ADDRESS: wish.address,
            action_ids.FIELD_TARGET: None if chosen is None else str(chosen.id),
            action_ids.FIELD_DURATION: wish.duration or wish.until,
            action_ids.FIELD_REASON: wish.reason,
        }
        needs_reason = modals.needs_reason(self._access.policy)
        view = modal.add_form(spaces=spaces, filled=filled, words=words, needs_reason=needs_reason)
        await self._desk.open_view(trigger, view)

    async def submit(self, submission: ViewSubmission) -> None:
        """Acts on the form that was sent; raises ``Refused`` when something in it cannot be done."""
        chosen = submission.values.get(action_ids.FIELD_TARGET) or ""
        named = {str(space.id): space.name for space in await self._access.spaces()}
        wish = replace(said(submission), target=named.get(chosen, tidy(chosen) or None))
        await self._access.ask_range(wish, person=submission.person, key=submission.key)


class TrustedCommands:
    """Answers typed commands about trusted ranges."""

    def __init__(self, *, access: Access, forms: TrustedForms, afresh: LiveRefresh) -> None:
        self._access = access
        self._forms = forms
        self._afresh = afresh

    async def answer(
        self, command: Command, typed: AskTrusted | AskTrustedStatus, words: Translator
    ) -> Message | None:
        """Acts on a command; None when a form was opened instead of an answer.

        Raises:
            Refused: what was typed cannot be done as it stands.
            StoreUnavailableError: nothing was recorded.
        """
        access, policy = self._access, self._access.policy
        if isinstance(typed, AskTrustedStatus):
            return await self._status(command, typed, words)
        if typed.verb == "remove":
            return await removed(access.remove_range, command, typed.wish, words=words, policy=policy)
        if typed.verb == "add":
            open_form = self._forms.open_add
            return await asked(access.ask_range, open_form, command, typed.wish, words=words, policy=policy)
        case = await access.adopt_range(typed.wish, person=command.person, key=command.key)
        return responses.asked(case, words=words, policy=policy)

    async def _status(self, command: Command, typed: AskTrustedStatus, words: Translator) -> Message:
        situation = await self._access.space_situation(typed.target, person=command.person)
        draw = partial(status.status, words=words, afresh=True)
        self._afresh.follow_space(situation, url=command.respond_to, draw=draw)
        return status.status(situation, words)


def _where_and_why(words: Sequence[str], example: str) -> RequestInput:
    address, said = address_and_clauses(words, example, (Clause.TARGET, Clause.REASON))
    return RequestInput(address=address, target=said.get(Clause.TARGET), reason=said.get(Clause.REASON))

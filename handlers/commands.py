"""``/pgaccess``: what was typed becomes a use case, and its outcome the answer."""

from typing import assert_never

from bot.access import LISTED, Access, Wish
from bot.errors import Refusal, Refused
from bot.messages import helping, looking, private
from bot.messages.words import Words
from bot.ports import Message
from handlers.forms import MISSING, Forms
from handlers.grammar import read
from handlers.incoming import Command
from handlers.typed import (
    AskExtend,
    AskForm,
    AskHelp,
    AskList,
    AskMtlsAdd,
    AskNumbered,
    AskRemove,
    AskRules,
    AskShow,
    AskStatus,
    AskWhy,
    NotYet,
)


class Commands:
    """Answers typed commands."""

    def __init__(self, *, access: Access, forms: Forms) -> None:
        self._access = access
        self._forms = forms

    async def answer(self, command: Command, words: Words) -> Message | None:
        """Acts on a command; None when a form was opened instead of an answer.

        Raises:
            Refused: what was typed cannot be done as it stands.
            StoreUnavailableError: nothing was recorded.
        """
        typed = read(command.text)
        match typed:
            case AskHelp(topic=topic):
                return helping.helping(topic, words)
            case NotYet(words=said):
                return private.not_yet(said, words)
        await self._access.require_member(command.person)
        match typed:
            case AskForm():
                await self._forms.open_add(command.trigger, Wish(), words)
                return None
            case AskMtlsAdd():
                return await self._add(command, typed, words)
            case AskRemove():
                return await self._remove(command, typed, words)
            case AskNumbered() | AskExtend():
                return await self._on_one(command, typed, words)
        return await self._look(command, typed, words)

    async def _look(
        self,
        command: Command,
        typed: AskList | AskShow | AskRules | AskStatus | AskWhy,
        words: Words,
    ) -> Message:
        """Answers what only reads."""
        policy = self._access.policy
        match typed:
            case AskList(which=which):
                cases = await self._access.list(which, person=command.person)
                return private.listing(cases, limit=LISTED, words=words, policy=policy)
            case AskShow(number=number):
                case = await self._access.show(_numbered(number, "show"))
                return private.showing(case, words=words, policy=policy)
            case AskRules(target=target) | AskStatus(target=target):
                return looking.status(await self._access.situation(target, person=command.person), words)
            case AskWhy(target=target):
                situation = await self._access.situation(target, person=command.person)
                return looking.why(situation, words=words, policy=policy)
            case _ as never:
                assert_never(never)

    async def _add(self, command: Command, typed: AskMtlsAdd, words: Words) -> Message | None:
        wish = Wish(
            address=typed.address,
            target=typed.target,
            duration=typed.duration,
            until=typed.until,
            reason=typed.reason,
        )
        try:
            case = await self._access.ask(wish, person=command.person, key=command.key)
        except Refused as refused:
            if refused.reason not in MISSING:
                raise
            await self._forms.open_add(command.trigger, wish, words)
            return None
        return private.asked(case, words=words, policy=self._access.policy)

    async def _remove(self, command: Command, typed: AskRemove, words: Words) -> Message:
        wish = Wish(address=typed.address, target=typed.target, reason=typed.reason)
        removal = await self._access.remove(wish, person=command.person, key=command.key)
        if removal.requested is not None:
            return private.asked(removal.requested, words=words, policy=self._access.policy)
        return private.removing(removal.case, removal.closing, words)

    async def _on_one(self, command: Command, typed: AskNumbered | AskExtend, words: Words) -> Message:
        """Acts on one request, by its number."""
        access, who = self._access, {"person": command.person, "key": command.key}
        if isinstance(typed, AskExtend):
            number = _numbered(typed.number, "extend")
            wish = Wish(duration=typed.duration, until=typed.until, reason=typed.reason)
            case = await access.extend(number, wish, **who)
            if case.request.id != number:
                return private.asked(case, words=words, policy=access.policy)
            return private.done("extended", case, words)
        number = _numbered(typed.number, typed.verb)
        match typed.verb:
            case "cancel":
                return private.done("cancelled", await access.cancel(number, **who), words)
            case "done":
                return private.done("closing", await access.done(number, **who), words)
            case "revoke":
                return private.done("closing", await access.revoke(number, **who), words)
            case "retry":
                return private.done("reopened", await access.retry(number, **who), words)


def _numbered(number: int | None, verb: str) -> int:
    if number is None:
        raise Refused(Refusal.NUMBER_MISSING, verb=verb, example=f"/pgaccess {verb} 17")
    return number

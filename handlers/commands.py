"""``/pgaccess``: what was typed becomes a use case, and its outcome the answer."""

from bot.access import LISTED, Access, Wish
from bot.errors import Refusal, Refused
from bot.messages import private
from bot.messages.words import Words
from bot.ports import Message
from handlers.forms import MISSING, Forms
from handlers.grammar import AskForm, AskHelp, AskList, AskMtlsAdd, AskShow, NotYet, read
from handlers.incoming import Command


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
        policy = self._access.policy
        match read(command.text):
            case AskMtlsAdd() as typed:
                return await self._add(command, typed, words)
            case AskForm():
                await self._forms.open_add(command.trigger, Wish(address=None), words)
                return None
            case AskList(which=which):
                mine = command.person if which == "mine" else None
                cases = await self._access.list(requester=mine)
                return private.listing(cases, limit=LISTED, words=words, policy=policy)
            case AskShow(number=None):
                return private.helping(("show",), words=words, policy=policy)
            case AskShow(number=int(number)):
                return private.showing(await self._access.show(number), words=words, policy=policy)
            case AskHelp(topic=topic):
                return private.helping(topic, words=words, policy=policy)
            case NotYet(words=typed_words):
                return private.not_yet(typed_words, words)
        raise Refused(Refusal.UNKNOWN_HERE, word=command.text, known="help", example="/pgaccess help")

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

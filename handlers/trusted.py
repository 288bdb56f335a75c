"""``/pgaccess trusted …``: read, and answered."""

from collections.abc import Sequence
from functools import partial

from bot.access import Access, Wish
from bot.messages import private, trusted
from bot.messages.words import Words
from bot.ports import Message
from handlers.afresh import Afresh
from handlers.clauses import Clause
from handlers.incoming import Command
from handlers.readers import Path, address_and_clauses, target_of
from handlers.trusted_typed import AskTrusted, AskTrustedStatus


def read_trusted_add(_path: Path, words: Sequence[str], example: str) -> AskTrusted:
    """A range, and any clause."""
    address, said = address_and_clauses(words, example, tuple(Clause))
    wish = Wish(
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


class TrustedCommands:
    """Answers typed commands about trusted ranges."""

    def __init__(self, *, access: Access, afresh: Afresh) -> None:
        self._access = access
        self._afresh = afresh

    async def answer(self, command: Command, typed: AskTrusted | AskTrustedStatus, words: Words) -> Message:
        """Acts on a command.

        Raises:
            Refused: what was typed cannot be done as it stands.
            StoreUnavailableError: nothing was recorded.
        """
        access, policy = self._access, self._access.policy
        if isinstance(typed, AskTrustedStatus):
            return await self._status(command, typed, words)
        if typed.verb == "remove":
            removal = await access.remove_range(typed.wish, person=command.person, key=command.key)
            if removal.requested is None:
                return private.removing(removal.case, removal.closing, words)
            return private.asked(removal.requested, words=words, policy=policy)
        ask = access.ask_range if typed.verb == "add" else access.adopt_range
        case = await ask(typed.wish, person=command.person, key=command.key)
        return private.asked(case, words=words, policy=policy)

    async def _status(self, command: Command, typed: AskTrustedStatus, words: Words) -> Message:
        situation = await self._access.space_situation(typed.target, person=command.person)
        draw = partial(trusted.status, words=words, afresh=True)
        self._afresh.follow_space(situation, url=command.respond_to, draw=draw)
        return trusted.status(situation, words)


def _where_and_why(words: Sequence[str], example: str) -> Wish:
    address, said = address_and_clauses(words, example, (Clause.TARGET, Clause.REASON))
    return Wish(address=address, target=said.get(Clause.TARGET), reason=said.get(Clause.REASON))

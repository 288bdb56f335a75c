"""What may be typed after ``/pgaccess``, and what it asks for: words in natural order, no flags to learn.

Everything here is a function of the line alone. Values stay words: what an address or a duration means, the
domain knows.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.text import cite
from bot.errors import Refusal, Refused
from handlers.clauses import LISTED, Clause, read_clauses, split
from handlers.spelling import unknown
from handlers.tidy import bare, normalise

COMMAND: Final = "/pgaccess"
"""The slash command that the app's manifest registers."""


@dataclass(frozen=True, slots=True)
class AskForm:
    """The bare command: open the form."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AskMtlsAdd:
    """Let an address in to a database; what is None was not said.

    Attributes:
        address: one word, without quotes and punctuation around it.
        target: a database's or an app's name.
        duration: for ``parse_duration``; never together with ``until``.
        until: for ``parse_until``.
        reason: in the person's own words.
    """

    address: str | None = None
    target: str | None = None
    duration: str | None = None
    until: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskList:
    """Show what there is: ``mine``, ``pending``, a target's name, or None for everything."""

    which: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskShow:
    """Show one request; None when its number was not said."""

    number: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskHelp:
    """Explain a command, a group of them, or, with an empty topic, everything."""

    topic: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class NotYet:
    """A command that is planned and cannot be carried out yet."""

    words: tuple[str, ...]


Typed = AskForm | AskMtlsAdd | AskList | AskShow | AskHelp | NotYet

Path = tuple[str, ...]
"""The words of a command: ``("mtls", "add")``."""


@dataclass(frozen=True, slots=True)
class _Command:
    """One line of the table: how the words behind a command are read, and a line that is right."""

    read: Callable[[Path, Sequence[str]], Typed]
    example: str


def read(text: str) -> Typed:
    """Reads one command.

    Args:
        text: the ``text`` of the slash command, as Slack sent it.

    Returns:
        What is asked for.

    Raises:
        Refused: what is wrong with the line, and an example that is right; nothing else is ever raised.
    """
    words = normalise(text).split()
    if not words:
        return AskForm()
    path, rest = _walk(words)
    if path not in COMMANDS or (len(rest) == 1 and _key(rest[0]) in _HELP):
        return AskHelp(topic=path)
    return COMMANDS[path].read(path, rest)


def _walk(words: Sequence[str]) -> tuple[Path, Sequence[str]]:
    """Follows the words down the table as far as it goes.

    Returns:
        The command, or the group of commands when the words end or ask for help before there is one; and the
        words left over.
    """
    path: Path = ()
    for place, word in enumerate(words):
        choices = _choices(path)
        if not choices:
            return path, words[place:]
        chosen = _key(word)
        if path and chosen in _HELP:
            return path, ()
        chosen = _ALIASES.get(chosen, chosen)
        if chosen not in choices:
            raise unknown(word, choices, example=_example(path))
        path = (*path, chosen)
    return path, ()


def _key(word: str) -> str:
    """The form in which a word is compared; a lone ``?`` is a word, not punctuation."""
    return (bare(word) or word).casefold()


def _choices(path: Path) -> tuple[str, ...]:
    """The words that may follow, in the order of the table."""
    depth = len(path)
    return tuple(
        dict.fromkeys(full[depth] for full in COMMANDS if full[:depth] == path and len(full) > depth)
    )


def _example(path: Path) -> str:
    return next(command.example for full, command in COMMANDS.items() if full[: len(path)] == path)


def _mtls_add(path: Path, words: Sequence[str]) -> Typed:
    example = COMMANDS[path].example
    before, after = split(words)
    _require_one_address(before, example)
    address = bare(before[0]) if before else None
    said = read_clauses(after, example=example)
    if address is not None and address.casefold() == "me":
        return NotYet(words=(*path, "me"))
    return AskMtlsAdd(
        address=address or None,
        target=said.get(Clause.TARGET),
        duration=said.get(Clause.DURATION),
        until=said.get(Clause.UNTIL),
        reason=said.get(Clause.REASON),
    )


def _require_one_address(words: Sequence[str], example: str) -> None:
    if len(words) > 1 and _ADDRESS_LIKE.match(words[1]):
        raise Refused(Refusal.ADDRESS_SEVERAL, given=cite(" ".join(words)))
    if len(words) > 1:
        raise unknown(words[1], LISTED, example=example)


def _list(path: Path, words: Sequence[str]) -> AskList:
    _require_no_more(words[1:], path)
    which = bare(words[0]) if words else ""
    return AskList(which=(which.casefold() if which.casefold() in _LISTS else which) or None)


def _show(path: Path, words: Sequence[str]) -> AskShow:
    _require_no_more(words[1:], path)
    if not words:
        return AskShow()
    number = bare(words[0]).removeprefix("#")
    if _NUMBER.fullmatch(number) is None:
        raise Refused(Refusal.NUMBER_UNREADABLE, word=cite(words[0]), example=COMMANDS[path].example)
    return AskShow(number=int(number))


def _help(_path: Path, words: Sequence[str]) -> AskHelp:
    return AskHelp(topic=_walk(words)[0])


def _not_yet(path: Path, _words: Sequence[str]) -> NotYet:
    return NotYet(words=path)


def _require_no_more(words: Sequence[str], path: Path) -> None:
    if words:
        raise Refused(Refusal.WORD_TOO_MANY, word=cite(words[0]), example=COMMANDS[path].example)


_HELP: Final = frozenset(("help", "?", "-h", "--help", "—help", "ヘルプ"))
"""Slack's own editor makes a long dash of two hyphens."""

_ALIASES: Final = dict.fromkeys(_HELP, "help")
_LISTS: Final = ("mine", "pending")
_ADDRESS_LIKE: Final = re.compile(r"[0-9]+\.[0-9]")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}", re.A)
"""Nine digits stay below what any of Postgres' integer columns holds."""

COMMANDS: Final[Mapping[Path, _Command]] = {
    ("mtls", "add"): _Command(
        _mtls_add, f"{COMMAND} mtls add 203.0.113.4 to billing for 8h because migration check"
    ),
    ("mtls", "remove"): _Command(_not_yet, f"{COMMAND} mtls remove 203.0.113.4 from billing"),
    ("mtls", "enable"): _Command(_not_yet, f"{COMMAND} mtls enable billing"),
    ("mtls", "disable"): _Command(_not_yet, f"{COMMAND} mtls disable billing"),
    ("mtls", "certificate", "new"): _Command(_not_yet, f"{COMMAND} mtls certificate new on billing"),
    ("mtls", "certificate", "list"): _Command(_not_yet, f"{COMMAND} mtls certificate list"),
    ("mtls", "certificate", "get"): _Command(_not_yet, f"{COMMAND} mtls certificate get 17"),
    ("mtls", "certificate", "rotate"): _Command(_not_yet, f"{COMMAND} mtls certificate rotate 17"),
    ("mtls", "certificate", "remove"): _Command(_not_yet, f"{COMMAND} mtls certificate remove 17"),
    ("privatelink", "open"): _Command(_not_yet, f"{COMMAND} privatelink open 123456789012 to billing"),
    ("privatelink", "add"): _Command(_not_yet, f"{COMMAND} privatelink add 123456789012 to billing"),
    ("privatelink", "remove"): _Command(_not_yet, f"{COMMAND} privatelink remove 123456789012 from billing"),
    ("privatelink", "status"): _Command(_not_yet, f"{COMMAND} privatelink status billing"),
    ("privatelink", "close"): _Command(_not_yet, f"{COMMAND} privatelink close billing"),
    ("trusted", "add"): _Command(_not_yet, f"{COMMAND} trusted add 203.0.113.4 to acme-private"),
    ("trusted", "remove"): _Command(_not_yet, f"{COMMAND} trusted remove 203.0.113.4 from acme-private"),
    ("list",): _Command(_list, f"{COMMAND} list mine"),
    ("show",): _Command(_show, f"{COMMAND} show 17"),
    ("status",): _Command(_not_yet, f"{COMMAND} status billing"),
    ("why",): _Command(_not_yet, f"{COMMAND} why billing"),
    ("advise",): _Command(_not_yet, f"{COMMAND} advise"),
    ("cancel",): _Command(_not_yet, f"{COMMAND} cancel 17"),
    ("done",): _Command(_not_yet, f"{COMMAND} done 17"),
    ("extend",): _Command(_not_yet, f"{COMMAND} extend 17 for 4h"),
    ("revoke",): _Command(_not_yet, f"{COMMAND} revoke 17"),
    ("retry",): _Command(_not_yet, f"{COMMAND} retry 17"),
    ("help",): _Command(_help, f"{COMMAND} help mtls add"),
}
"""Every command there is or will be; a command that is carried out gets a reader in place of ``_not_yet``."""

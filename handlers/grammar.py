"""What may be typed after ``/pgaccess``, and what it asks for: words in natural order, no flags to learn.

Everything here is a function of the line alone: the table at the end has every command, and how to read what
stands behind it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bot.domain.text import cite
from bot.errors import Refusal, Refused
from handlers.clauses import Clause, listed, read_clauses, split
from handlers.spelling import unknown
from handlers.tidy import bare, normalise
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
    Typed,
)

COMMAND: Final = "/pgaccess"
"""The slash command that the app's manifest registers."""


Path = tuple[str, ...]
"""The words of a command: ``("mtls", "add")``."""


@dataclass(frozen=True, slots=True)
class _Command:
    """One line of the table.

    Attributes:
        read: how the words behind the command are read.
        example: a line that is right.
        does: what comes of it, for the reference.
    """

    read: Callable[[Path, Sequence[str]], Typed]
    example: str
    does: str

    @property
    def planned(self) -> bool:
        """Whether it is understood, but cannot be carried out yet."""
        return self.read is _not_yet


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
    address, said = _address(path, words, tuple(Clause))
    if address is not None and address.casefold() == "me":
        return NotYet(words=(*path, "me"))
    return AskMtlsAdd(
        address=address,
        target=said.get(Clause.TARGET),
        duration=said.get(Clause.DURATION),
        until=said.get(Clause.UNTIL),
        reason=said.get(Clause.REASON),
    )


def _mtls_remove(path: Path, words: Sequence[str]) -> Typed:
    address, said = _address(path, words, (Clause.TARGET, Clause.REASON))
    if address is not None and address.casefold() == "me":
        return NotYet(words=(*path, "me"))
    return AskRemove(address=address, target=said.get(Clause.TARGET), reason=said.get(Clause.REASON))


def _address(
    path: Path, words: Sequence[str], allowed: Sequence[Clause]
) -> tuple[str | None, Mapping[Clause, str]]:
    """One address, and the clauses behind it."""
    before, after = split(words)
    if len(before) > 1 and _ADDRESS_LIKE.match(before[1]):
        raise Refused(Refusal.ADDRESS_SEVERAL, given=cite(" ".join(before)))
    said = _clauses(path, before[1:], after, allowed)
    return (bare(before[0]) if before else "") or None, said


def _clauses(
    path: Path, stray: Sequence[str], words: Sequence[str], allowed: Sequence[Clause]
) -> Mapping[Clause, str]:
    """The clauses behind a value; a stray word between the two was probably to begin one."""
    example = COMMANDS[path].example
    if stray:
        raise unknown(stray[0], listed(allowed), example=example)
    return read_clauses(words, example=example, allowed=allowed)


def _numbered(path: Path, words: Sequence[str]) -> AskNumbered:
    before, after = split(words)
    number = _number(path, before)
    said = _clauses(path, before[1:], after, (Clause.REASON,))
    return AskNumbered(verb=_VERBS[path], number=number, reason=said.get(Clause.REASON))


def _extend(path: Path, words: Sequence[str]) -> AskExtend:
    before, after = split(words)
    number = _number(path, before)
    said = _clauses(path, before[1:], after, (Clause.DURATION, Clause.UNTIL, Clause.REASON))
    return AskExtend(
        number=number,
        duration=said.get(Clause.DURATION),
        until=said.get(Clause.UNTIL),
        reason=said.get(Clause.REASON),
    )


def _show(path: Path, words: Sequence[str]) -> AskShow:
    _require_no_more(words[1:], path)
    return AskShow(number=_number(path, words))


def _number(path: Path, words: Sequence[str]) -> int | None:
    """The number of a request, with or without its sign; None when nothing was said."""
    if not words:
        return None
    number = bare(words[0]).removeprefix("#").removesuffix("番")
    if _NUMBER.fullmatch(number) is None:
        raise Refused(Refusal.NUMBER_UNREADABLE, word=cite(words[0]), example=COMMANDS[path].example)
    return int(number)


def _list(path: Path, words: Sequence[str]) -> AskList:
    which = _target(path, words)
    return AskList(which=which.casefold() if which and which.casefold() in _LISTS else which)


def _rules(path: Path, words: Sequence[str]) -> AskRules:
    return AskRules(target=_target(path, words))


def _status(path: Path, words: Sequence[str]) -> AskStatus:
    return AskStatus(target=_target(path, words))


def _why(path: Path, words: Sequence[str]) -> AskWhy:
    return AskWhy(target=_target(path, words))


def _target(path: Path, words: Sequence[str]) -> str | None:
    """A name alone, or behind ``on``; None when nothing was said."""
    before, after = split(words)
    _require_no_more(before[1:] or (after if before else ()), path)
    said = _clauses(path, (), after, (Clause.TARGET,))
    return (bare(before[0]) if before else said.get(Clause.TARGET)) or None


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

_VERBS: Final[Mapping[Path, Literal["cancel", "done", "revoke", "retry"]]] = {
    ("cancel",): "cancel",
    ("done",): "done",
    ("revoke",): "revoke",
    ("retry",): "retry",
}

COMMANDS: Final[Mapping[Path, _Command]] = {
    ("mtls", "add"): _Command(
        _mtls_add,
        f"{COMMAND} mtls add 203.0.113.4 to billing for 8h because migration check",
        "Asks to let an address in to a database. `until 18:00` names the end, `for ever` says that there is "
        "none; what is missing opens a form.",
    ),
    ("mtls", "remove"): _Command(
        _mtls_remove,
        f"{COMMAND} mtls remove 203.0.113.4 from billing",
        "Ends what lets an address in: one's own at once, anybody else's after a decision.",
    ),
    ("mtls", "list"): _Command(
        _rules,
        f"{COMMAND} mtls list billing",
        "Shows which addresses a database lets in, and who made which.",
    ),
    ("mtls", "enable"): _Command(
        _not_yet, f"{COMMAND} mtls enable billing", "Makes a database reachable through mTLS at all."
    ),
    ("mtls", "disable"): _Command(
        _not_yet, f"{COMMAND} mtls disable billing", "Ends mTLS on a database, and with it all its rules."
    ),
    ("mtls", "certificate", "new"): _Command(
        _not_yet, f"{COMMAND} mtls certificate new on billing", "Asks for a client certificate."
    ),
    ("mtls", "certificate", "list"): _Command(
        _not_yet, f"{COMMAND} mtls certificate list", "Shows certificates, and when they expire."
    ),
    ("mtls", "certificate", "get"): _Command(
        _not_yet, f"{COMMAND} mtls certificate get 17", "Hands out a certificate's files, once."
    ),
    ("mtls", "certificate", "rotate"): _Command(
        _not_yet,
        f"{COMMAND} mtls certificate rotate 17",
        "Has a new certificate made in place of an old one.",
    ),
    ("mtls", "certificate", "remove"): _Command(
        _not_yet, f"{COMMAND} mtls certificate remove 17", "Has a certificate revoked."
    ),
    ("privatelink", "open"): _Command(
        _not_yet,
        f"{COMMAND} privatelink open 123456789012 to billing",
        "Opens PrivateLink for an AWS account.",
    ),
    ("privatelink", "add"): _Command(
        _not_yet, f"{COMMAND} privatelink add 123456789012 to billing", "Lets one more AWS account in."
    ),
    ("privatelink", "remove"): _Command(
        _not_yet,
        f"{COMMAND} privatelink remove 123456789012 from billing",
        "Lets an AWS account in no longer.",
    ),
    ("privatelink", "status"): _Command(
        _not_yet, f"{COMMAND} privatelink status billing", "Shows how it stands with PrivateLink."
    ),
    ("privatelink", "close"): _Command(
        _not_yet, f"{COMMAND} privatelink close billing", "Ends PrivateLink on a database."
    ),
    ("trusted", "add"): _Command(
        _not_yet, f"{COMMAND} trusted add 203.0.113.4 to acme-private", "Asks for a range of a whole space."
    ),
    ("trusted", "remove"): _Command(
        _not_yet, f"{COMMAND} trusted remove 203.0.113.4 from acme-private", "Takes a range from a space."
    ),
    ("list",): _Command(
        _list,
        f"{COMMAND} list mine",
        "Shows what is open or waiting: everything, `mine`, `pending`, or that of one database.",
    ),
    ("show",): _Command(_show, f"{COMMAND} show 17", "Shows one request with its history."),
    ("status",): _Command(_status, f"{COMMAND} status billing", "Shows how it stands with a database."),
    ("why",): _Command(
        _why,
        f"{COMMAND} why billing",
        "Says why you can, or cannot, reach a database just now.",
    ),
    ("advise",): _Command(_not_yet, f"{COMMAND} advise", "Finds out which way in fits, by a few questions."),
    ("cancel",): _Command(_numbered, f"{COMMAND} cancel 17", "Takes back a request that is not decided yet."),
    ("done",): _Command(_numbered, f"{COMMAND} done 17", "Ends one's own access, at once."),
    ("extend",): _Command(
        _extend,
        f"{COMMAND} extend 17 for 4h because the migration takes longer",
        "Asks for a later end: longer by `for 4h`, or `until 18:00`.",
    ),
    ("revoke",): _Command(
        _numbered,
        f"{COMMAND} revoke 17 because the laptop was lost",
        "Ends somebody's access, at once; for approvers and admins.",
    ),
    ("retry",): _Command(_numbered, f"{COMMAND} retry 17", "Tries once more what failed."),
    ("help",): _Command(_help, f"{COMMAND} help mtls add", "Explains a command, or all of them."),
}
"""Every command there is or will be; a command that is carried out gets a reader in place of ``_not_yet``."""

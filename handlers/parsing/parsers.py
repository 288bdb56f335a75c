"""How the words behind a command are read; what each command is, ``command_table`` has."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from bot.domain.text import cite
from bot.errors import Refusal, Refused
from handlers.parsing.clauses import Clause, listed, read_clauses, split
from handlers.parsing.intents import (
    AskAdopt,
    AskAdvice,
    AskExtend,
    AskFiles,
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
from handlers.parsing.normalization import bare
from handlers.spelling import unknown

Path = tuple[str, ...]
"""The words of a command: ``("mtls", "add")``."""


def read_mtls_add(path: Path, words: Sequence[str], example: str) -> Typed:
    """An address, and any clause."""
    address, said = address_and_clauses(words, example, tuple(Clause))
    if address is not None and address.casefold() == "me":
        return NotYet(words=(*path, "me"))
    return AskMtlsAdd(
        address=address,
        target=said.get(Clause.TARGET),
        duration=said.get(Clause.DURATION),
        until=said.get(Clause.UNTIL),
        reason=said.get(Clause.REASON),
    )


def read_mtls_remove(path: Path, words: Sequence[str], example: str) -> Typed:
    """An address, and where and why."""
    address, said = address_and_clauses(words, example, (Clause.TARGET, Clause.REASON))
    if address is not None and address.casefold() == "me":
        return NotYet(words=(*path, "me"))
    return AskRemove(address=address, target=said.get(Clause.TARGET), reason=said.get(Clause.REASON))


def read_mtls_adopt(path: Path, words: Sequence[str], example: str) -> Typed:
    """An address, and where and why."""
    address, said = address_and_clauses(words, example, (Clause.TARGET, Clause.REASON))
    if address is not None and address.casefold() == "me":
        return NotYet(words=(*path, "me"))
    return AskAdopt(address=address, target=said.get(Clause.TARGET), reason=said.get(Clause.REASON))


def address_and_clauses(
    words: Sequence[str], example: str, allowed: Sequence[Clause]
) -> tuple[str | None, Mapping[Clause, str]]:
    """One address, and the clauses behind it."""
    before, after = split(words)
    if len(before) > 1 and _ADDRESS_LIKE.match(before[1]):
        raise Refused(Refusal.ADDRESS_SEVERAL, given=cite(" ".join(before)))
    said = clauses_behind(before[1:], after, example, allowed)
    return (bare(before[0]) if before else "") or None, said


def clauses_behind(
    orphan: Sequence[str], words: Sequence[str], example: str, allowed: Sequence[Clause]
) -> Mapping[Clause, str]:
    """The clauses behind a value; a stray word between the two was probably to begin one."""
    if orphan:
        raise unknown(orphan[0], listed(allowed), example=example)
    return read_clauses(words, example=example, allowed=allowed)


def read_numbered(path: Path, words: Sequence[str], example: str) -> AskNumbered:
    """The number of a request, and why."""
    before, after = split(words)
    number = number_of(before, example)
    said = clauses_behind(before[1:], after, example, (Clause.REASON,))
    return AskNumbered(verb=_VERBS[path], number=number, reason=said.get(Clause.REASON))


def read_extend(_path: Path, words: Sequence[str], example: str) -> AskExtend:
    """The number of a request, and how much longer."""
    before, after = split(words)
    number = number_of(before, example)
    said = clauses_behind(before[1:], after, example, (Clause.DURATION, Clause.UNTIL, Clause.REASON))
    return AskExtend(
        number=number,
        duration=said.get(Clause.DURATION),
        until=said.get(Clause.UNTIL),
        reason=said.get(Clause.REASON),
    )


def read_files(_path: Path, words: Sequence[str], example: str) -> AskFiles:
    """What people call a certificate."""
    return AskFiles(handle=handle_of(words, example))


def handle_of(words: Sequence[str], example: str) -> str | None:
    """A certificate's number, or the beginning of its id; None when nothing was said."""
    require_no_more(words[1:], example)
    return bare(words[0]).removeprefix("#").removesuffix("番") if words else None


def read_show(_path: Path, words: Sequence[str], example: str) -> AskShow:
    """The number of a request."""
    require_no_more(words[1:], example)
    return AskShow(number=number_of(words, example))


def number_of(words: Sequence[str], example: str) -> int | None:
    """The number of a request, with or without its sign; None when nothing was said."""
    if not words:
        return None
    number = bare(words[0]).removeprefix("#").removesuffix("番")
    if _NUMBER.fullmatch(number) is None:
        raise Refused(Refusal.NUMBER_UNREADABLE, word=cite(words[0]), example=example)
    return int(number)


def read_list(_path: Path, words: Sequence[str], example: str) -> AskList:
    """Which requests."""
    which = target_of(words, example)
    return AskList(which=which.casefold() if which and which.casefold() in _LISTS else which)


def read_rules(_path: Path, words: Sequence[str], example: str) -> AskRules:
    """A database."""
    return AskRules(target=target_of(words, example))


def read_status(_path: Path, words: Sequence[str], example: str) -> AskStatus:
    """A target."""
    return AskStatus(target=target_of(words, example))


def read_why(_path: Path, words: Sequence[str], example: str) -> AskWhy:
    """A database."""
    return AskWhy(target=target_of(words, example))


def read_advise(_path: Path, words: Sequence[str], example: str) -> AskAdvice:
    """A database."""
    return AskAdvice(target=target_of(words, example))


def target_of(words: Sequence[str], example: str) -> str | None:
    """A name alone, or behind ``on``; None when nothing was said."""
    before, after = split(words)
    require_no_more(before[1:] or (after if before else ()), example)
    said = clauses_behind((), after, example, (Clause.TARGET,))
    return (bare(before[0]) if before else said.get(Clause.TARGET)) or None


def read_later(path: Path, _words: Sequence[str], _example: str) -> NotYet:
    """Anything: the command is known, and cannot be carried out yet."""
    return NotYet(words=path)


def require_no_more(words: Sequence[str], example: str) -> None:
    """Refuses words that nothing asks for."""
    if words:
        raise Refused(Refusal.WORD_TOO_MANY, word=cite(words[0]), example=example)


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

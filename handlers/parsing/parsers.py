"""Parsers of the words behind a command that several commands share; ``command_table`` says which has which.

Each takes the command's path, the words behind it and a correct example, returns an ``Intent``, and raises
``Refused`` for what it cannot parse.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.command_text import COMMAND
from bot.domain.outside.text import cite
from bot.errors import Refusal, Refused
from bot.services import RequestInput
from handlers.parsing.clauses import WHERE_AND_WHY, Clause, clauses_behind, split_at_clauses
from handlers.parsing.intents import CommandPath, Intent
from handlers.parsing.normalization import bare, mentioned

_LISTS: Final = ("mine", "pending")
ENDED: Final = "ended"
"""What ``list`` lists behind this word: what has ended."""

_BEFORE: Final = ("before", "以前")
"""Words behind which the number stands that a page begins behind."""

_AT: Final = ("at", "時刻")
"""Words behind which a moment stands."""
_ADDRESS_LIKE: Final = re.compile(r"[0-9]+\.[0-9]")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}", re.A)
"""Nine digits stay below the maximum of Postgres' integer columns."""


def parse_target(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses a target."""
    return Intent(command=path, input=RequestInput(target=_target(words, example)))


def parse_target_or_address(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses a target, alone or behind an address."""
    if not words or not _ADDRESS_LIKE.match(words[0]):
        return parse_target(path, words, example)
    return parse_address(path, words, example, (Clause.TARGET,))


def parse_target_and_reason(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses a target, alone or behind ``on``, and a reason."""
    before, after = split_at_clauses(words)
    # A target that stands alone leaves no room for a second one behind ``on``.
    allowed = (Clause.REASON,) if before else WHERE_AND_WHY
    values = clauses_behind(before[1:], after, example, allowed)
    target = (bare(before[0]) if before else values.get(Clause.TARGET)) or None
    return Intent(command=path, input=RequestInput(target=target, reason=values.get(Clause.REASON)))


def parse_list(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses what to list: ``mine``, ``pending``, or what is of a target.

    Or a page of what has ended, of what is of a person, or of an address.
    """
    first = words[0] if words else ""
    if _names_person(first):
        number = _page(words[1:], example)
        return Intent(command=path, person=_person(first, f"{COMMAND} list"), number=number)
    if _ADDRESS_LIKE.match(bare(first)):
        number = _page(words[1:], example)
        return Intent(command=path, input=RequestInput(address=bare(first)), number=number)
    if bare(first).casefold() == ENDED:
        number = _page(words[1:], example)
        return Intent(command=path, input=RequestInput(target=ENDED), number=number)
    which = _target(words, example)
    # Only the keywords ignore case here: a name goes on as typed, and refusals quote it.
    keyword = which.casefold() if which else None
    return Intent(command=path, input=RequestInput(target=keyword if keyword in _LISTS else which))


def parse_who(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses a target, and a moment behind ``at``."""
    index = next((i for i, word in enumerate(words) if i and word.casefold() in _AT), len(words))
    moment = " ".join(words[index + 1 :])
    if index < len(words) and not moment:
        raise Refused(Refusal.CLAUSE_EMPTY, word=words[index], example=f"{words[index]} 2026-03-03 14:00")
    return Intent(
        command=path,
        input=RequestInput(target=_target(words[:index], example)),
        moment=moment or None,
    )


def _page(words: Sequence[str], example: str) -> int | None:
    """The number of the request that a page begins behind; None for the first page."""
    if not words:
        return None
    if words[0].casefold() not in _BEFORE:
        _require_no_more(words, example)
    if len(words) == 1:
        raise Refused(Refusal.CLAUSE_EMPTY, word=words[0], example=f"{words[0]} 17")
    _require_no_more(words[2:], example)
    return _number(words[1:], f"{COMMAND} list {ENDED} before 17")


def parse_number(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses the number of a request."""
    _require_no_more(words[1:], example)
    return Intent(command=path, number=_number(words, example))


def parse_number_and_reason(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses the number of a request, and a reason."""
    return _numbered(path, words, example, (Clause.REASON,))


def parse_revocation(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses whose access to end, or the number of a request; and a reason."""
    if not words or not _names_person(words[0]):
        return _numbered(path, words, example, (Clause.REASON,))
    before, after = split_at_clauses(words)
    values = clauses_behind(before[1:], after, example, (Clause.REASON,))
    return Intent(command=path, person=_person(words[0], f"{COMMAND} revoke"), input=request_input(values))


def parse_extension(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses the number of a request, how much longer or until when, and a reason."""
    return _numbered(path, words, example, (Clause.DURATION, Clause.UNTIL, Clause.REASON))


def parse_addresses(
    path: CommandPath, words: Sequence[str], example: str, allowed: Sequence[Clause]
) -> Intent:
    """Parses addresses, apart by blanks or commas, and the allowed clauses behind them."""
    before, after = split_at_clauses(words)
    of_list = (bool(_ADDRESS_LIKE.search(word)) or not word.strip(",;") for word in before)
    count = next((i for i, fits in enumerate(of_list) if not fits), len(before))
    several = " ".join(map(bare, before[:count]))
    return parse_address(path, [*([several] if several else []), *before[count:], *after], example, allowed)


def parse_address(path: CommandPath, words: Sequence[str], example: str, allowed: Sequence[Clause]) -> Intent:
    """Parses one address, and the allowed clauses behind it."""
    before, after = split_at_clauses(words)
    # A second address has a refusal of its own; otherwise it would be reported as an unknown word.
    if len(before) > 1 and _ADDRESS_LIKE.match(before[1]):
        raise Refused(Refusal.ADDRESS_SEVERAL, given=cite(" ".join(before)))
    values = clauses_behind(before[1:], after, example, allowed)
    address = (bare(before[0]) if before else "") or None
    return Intent(
        command=path, input=request_input(values, address=address, target=values.get(Clause.TARGET))
    )


def request_input(
    values: Mapping[Clause, str], *, address: str | None = None, target: str | None = None
) -> RequestInput:
    """Returns the input that clauses make, for an address or accounts on a target."""
    return RequestInput(
        address=address,
        target=target,
        duration=values.get(Clause.DURATION),
        until=values.get(Clause.UNTIL),
        start=values.get(Clause.START),
        reason=values.get(Clause.REASON),
        on_behalf=values.get(Clause.PERSON),
    )


def handle(word: str) -> str:
    """Returns the number of a request or certificate without its sign: ``17``, ``#17`` and ``17番`` alike."""
    return bare(word).removeprefix("#").removesuffix("番")


def _numbered(path: CommandPath, words: Sequence[str], example: str, allowed: Sequence[Clause]) -> Intent:
    before, after = split_at_clauses(words)
    number = _number(before, example)
    values = clauses_behind(before[1:], after, example, allowed)
    return Intent(command=path, number=number, input=request_input(values))


def _number(words: Sequence[str], example: str) -> int | None:
    """The number of a request; None when nothing was typed."""
    if not words:
        return None
    number = handle(words[0])
    if _NUMBER.fullmatch(number) is None:
        raise Refused(Refusal.NUMBER_UNREADABLE, word=cite(words[0]), example=example)
    return int(number)


def _names_person(word: str) -> bool:
    return word.startswith("@")


def _person(word: str, command: str) -> str:
    """The Slack id of a mentioned person; a name alone is not enough, as two people may have the same."""
    person = mentioned(bare(word))
    if person is None:
        raise Refused(Refusal.PERSON_NAMELESS, word=cite(word), command=command)
    return person


def _target(words: Sequence[str], example: str) -> str | None:
    """A name alone, or behind ``on``; None when nothing was typed."""
    before, after = split_at_clauses(words)
    _require_no_more(before[1:] or (after if before else ()), example)
    values = clauses_behind((), after, example, (Clause.TARGET,))
    return (bare(before[0]) if before else values.get(Clause.TARGET)) or None


def _require_no_more(words: Sequence[str], example: str) -> None:
    if words:
        raise Refused(Refusal.WORD_TOO_MANY, word=cite(words[0]), example=example)

"""The clauses behind a command: target, duration, start, end and reason, in any order."""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from bot.domain.command_text import COMMAND
from bot.domain.duration import FOREVER
from bot.domain.outside.text import cite, nearest
from bot.domain.times.tokens import begins_time, continues_time, tokenize
from bot.domain.times.vocabulary import DURATION_WORDS
from bot.errors import Refusal, Refused
from handlers.parsing.normalization import bare, mentioned, unquoted


class Clause(StrEnum):
    """Kind of a clause."""

    TARGET = "target"
    PERSON = "person"
    DURATION = "duration"
    START = "start"
    UNTIL = "until"
    REASON = "reason"


WORDS: Final[Mapping[str, Clause]] = {
    "to": Clause.TARGET,
    "on": Clause.TARGET,
    "from": Clause.TARGET,
    "対象": Clause.TARGET,
    "利用者": Clause.PERSON,
    "for": Clause.DURATION,
    "期間": Clause.DURATION,
    "at": Clause.START,
    "開始": Clause.START,
    "until": Clause.UNTIL,
    "期限": Clause.UNTIL,
    "because": Clause.REASON,
    "理由": Clause.REASON,
}
"""Keywords that begin a clause; each may be followed by a colon."""

ENDLESS: Final = frozenset(("permanently", FOREVER, "無期限"))
"""Words that are a whole clause by themselves: a duration without an end."""

VALUES: Final[Mapping[Clause, str]] = {
    Clause.TARGET: "billing",
    Clause.PERSON: "@ayumi",
    Clause.DURATION: "8h",
    Clause.START: "23:00",
    Clause.UNTIL: "18:00",
    Clause.REASON: "migration check",
}
"""Sample value of each clause, for examples."""

ANY: Final = tuple(Clause)
"""Every clause: of commands that open access."""

WHERE_AND_WHY: Final = (Clause.TARGET, Clause.REASON)
"""Clauses of commands about what exists already."""

_EVER: Final = frozenset(("ever", "good", *ENDLESS))
"""Words behind ``for`` that make a duration endless."""

_AMOUNT: Final = re.compile(r"[0-9]+\w*")
_TIME_WORDS: Final = ("at", "on")
"""Keywords that are a part of an end where a time follows: ``until tomorrow at 9:00``."""


def split_at_clauses(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Splits words into those before the first clause, and the clauses."""
    for index, word in enumerate(words):
        if _starts(words[index:]) or _spelled(word):
            return words[:index], words[index:]
    return words, ()


def _starts(words: Sequence[str]) -> bool:
    """Whether a clause begins here; ``at`` alone may be the name of a database."""
    begun = _clause_of(words[0])
    return begun is not None and (begun[0] != "at" or bool(begun[2]) or len(words) > 1)


def clauses_behind(
    extra: Sequence[str], words: Sequence[str], example: str, allowed: Sequence[Clause]
) -> Mapping[Clause, str]:
    """Parses the clauses behind a value.

    Args:
        extra: words between the value and the first clause; the first was probably meant to begin one.
        words: as for ``parse_clauses``.
        example: as for ``parse_clauses``.
        allowed: as for ``parse_clauses``.

    Raises:
        Refused: as ``parse_clauses``, or because of an extra word.
    """
    if extra:
        raise unknown_word(extra[0], keywords(allowed), example=example)
    return parse_clauses(words, example=example, allowed=allowed)


def parse_clauses(
    words: Sequence[str], *, example: str, allowed: Sequence[Clause] = ANY
) -> Mapping[Clause, str]:
    """Parses clauses to the end of the line.

    Args:
        words: of a normalised line, the first of them a keyword.
        example: a correct command line, for refusals.
        allowed: the clauses that the command has.

    Returns:
        The raw value of each clause that was typed. A duration without an end is ``FOREVER``.

    Raises:
        Refused: a word that begins no allowed clause, a clause that is repeated or empty, or both a duration
            and an end.
    """
    left, values = deque(words), dict[Clause, str]()
    while left:
        word = left.popleft()
        if spelled := _spelled(word):
            left.extendleft(reversed(spelled))
            continue
        begun = _begun(word, left, values, allowed)
        if begun is None or begun[1] not in allowed:
            raise unknown_word(word, keywords(allowed), example=example)
        keyword, clause, glued = begun
        if glued:
            # What is joined to the keyword, as in ``理由:監査``, is the value's first word.
            left.appendleft(glued)
        if clause is Clause.DURATION and keyword not in ENDLESS and left and left[0].startswith("@"):
            # ``for`` begins both: a person is mentioned, and no duration begins like that.
            clause = Clause.PERSON
            if clause not in allowed:
                raise Refused(Refusal.WORD_TOO_MANY, word=cite(left[0]), example=example)
        if clause in values:
            raise Refused(Refusal.CLAUSE_TWICE, word=keyword, example=_example(keyword, clause))
        values[clause] = FOREVER if keyword in ENDLESS else _take_value(clause, left)
        if not values[clause]:
            raise Refused(Refusal.CLAUSE_EMPTY, word=keyword, example=_example(keyword, clause))
    if Clause.DURATION in values and Clause.UNTIL in values:
        raise Refused(Refusal.CLAUSE_BOTH_ENDS)
    return values


def keywords(allowed: Sequence[Clause]) -> tuple[str, ...]:
    """Returns the keywords to suggest in place of an unknown word."""
    words = tuple(word for word, clause in WORDS.items() if word.isascii() and clause in allowed)
    return (*words, "permanently") if Clause.DURATION in allowed else words


def unknown_word(word: str, known: Sequence[str], *, example: str) -> Refused:
    """Returns the refusal of an unknown word, with "did you mean" where a known one is near.

    Args:
        word: as typed.
        known: correct words, in the order in which they are listed.
        example: a correct command line.
    """
    suggestion = nearest(word, known)
    if suggestion is None:
        return Refused(Refusal.UNKNOWN_HERE, word=cite(word), known=", ".join(known), example=example)
    return Refused(Refusal.UNKNOWN_WORD, word=cite(word), suggestion=suggestion, example=example)


def _example(keyword: str, clause: Clause) -> str:
    """A correct clause with the typed keyword; with ``for`` where that keyword takes no value."""
    return f"{'for' if keyword in ENDLESS else keyword} {VALUES[clause]}"


def _clause_of(word: str) -> tuple[str, Clause, str] | None:
    """The keyword, its clause, and a value behind its colon: ``理由:監査`` is both in one word."""
    if bare(word).casefold() in ENDLESS:
        return bare(word).casefold(), Clause.DURATION, ""
    keyword, _, glued = word.partition(":")
    clause = WORDS.get(keyword.casefold())
    # ``from::DATABASE`` names a database of an app that is called like a keyword.
    return None if clause is None or glued.startswith(":") else (keyword.casefold(), clause, glued)


def _begun(
    word: str, left: Sequence[str], values: Mapping[Clause, str], allowed: Sequence[Clause]
) -> tuple[str, Clause, str] | None:
    """The clause that a word begins, as ``_clause_of``; ``from`` and ``to`` may stand before a time too."""
    begun = _clause_of(word)
    if begun is None or Clause.START not in allowed:
        return begun
    if not begins_time(bare(begun[2] or (left[0] if left else ""))):
        return begun
    keyword, _, glued = begun
    if keyword == "from":
        return keyword, Clause.START, glued
    return (keyword, Clause.UNTIL, glued) if keyword == "to" and Clause.START in values else begun


def _spelled(word: str) -> Sequence[str]:
    """A Japanese word of times, with its keywords in front; empty for any other word.

    Japanese has them behind the times: ``22時から23時半まで``.
    """
    start, since, end = bare(word).rpartition("から")
    end, until = end.removesuffix("まで"), end.endswith("まで")
    if since and tokenize(start) and (not end or tokenize(end)):
        return ("開始", start, *(("期限", end) if end else ()))
    return ("期限", end) if until and not since and tokenize(end) else ()


def _take_value(clause: Clause, left: deque[str]) -> str:
    """Removes a clause's value from the words left, and returns it; empty when there is none."""
    if clause is Clause.REASON:
        # Comes last and is free text: a keyword in it is a word like any other.
        reason = unquoted(" ".join(left))
        left.clear()
        return reason
    if clause is Clause.PERSON:
        return _person(left.popleft()) if left else ""
    if clause is Clause.DURATION and left and bare(left[0]).casefold() in _EVER:
        left.popleft()
        return FOREVER
    taken: list[str] = []
    # Only the first word is taken whatever it is: a later one that does not fit is reported, not swallowed.
    while left and not _begins_next(clause, left) and (not taken or _continues(clause, left[0])):
        taken.append(bare(left.popleft()))
    return " ".join(filter(None, taken))


def _begins_next(clause: Clause, left: Sequence[str]) -> bool:
    """Whether the next word begins another clause, and so ends this one."""
    word = left[0]
    if clause in (Clause.START, Clause.UNTIL) and word.casefold() in _TIME_WORDS and len(left) > 1:
        return not begins_time(bare(left[1]))
    # Within an end a Japanese time has its own word behind it.
    return _clause_of(word) is not None or (clause is not Clause.UNTIL and bool(_spelled(word)))


def _person(word: str) -> str:
    """The Slack id of a mentioned person; a name alone is not enough, as two people may have the same."""
    person = mentioned(bare(word))
    if person is None:
        raise Refused(Refusal.PERSON_NAMELESS, word=cite(word), command=f"{COMMAND} mtls add 203.0.113.4 for")
    return person


def _continues(clause: Clause, word: str) -> bool:
    """Whether a further word belongs to the same value: ``1h 30m``, ``half an hour``, ``tomorrow 9:00``."""
    if clause is Clause.DURATION:
        return bare(word).casefold() in DURATION_WORDS or _AMOUNT.fullmatch(bare(word)) is not None
    return clause in (Clause.START, Clause.UNTIL) and continues_time(bare(word))

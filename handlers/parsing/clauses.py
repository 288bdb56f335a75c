"""The clauses after a verb: to what, for how long or until when, and why, in any order."""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from bot.domain.duration import DAY_WORDS, FOREVER, HOUR_WORDS, MINUTE_WORDS
from bot.errors import Refusal, Refused
from handlers.parsing.normalization import bare, unquoted
from handlers.spelling import unknown


class Clause(StrEnum):
    """What a clause tells."""

    TARGET = "target"
    DURATION = "duration"
    UNTIL = "until"
    REASON = "reason"


WORDS: Final[Mapping[str, Clause]] = {
    "to": Clause.TARGET,
    "on": Clause.TARGET,
    "from": Clause.TARGET,
    "対象": Clause.TARGET,
    "for": Clause.DURATION,
    "期間": Clause.DURATION,
    "until": Clause.UNTIL,
    "期限": Clause.UNTIL,
    "because": Clause.REASON,
    "理由": Clause.REASON,
}
"""The words that begin a clause; each may be followed by a colon."""

ENDLESS: Final = frozenset(("permanently", FOREVER, "無期限"))
"""Words that are a whole clause: a duration without an end."""

VALUES: Final[Mapping[Clause, str]] = {
    Clause.TARGET: "billing",
    Clause.DURATION: "8h",
    Clause.UNTIL: "18:00",
    Clause.REASON: "migration check",
}
"""What may stand behind a clause's word, for examples."""

_EVER: Final = frozenset(("ever", "good", *ENDLESS))
"""What makes a duration endless behind ``for``."""

_UNITS: Final = frozenset((*DAY_WORDS, *HOUR_WORDS, *MINUTE_WORDS))
_AMOUNT: Final = re.compile(r"[0-9]+\w*")
_CLOCK: Final = re.compile(r"at|[0-9]{1,2}[:時].*", re.I)


def split(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Parts the words before the first clause from the rest."""
    for place, word in enumerate(words):
        if _begins(word) is not None:
            return words[:place], words[place:]
    return words, ()


def listed(allowed: Sequence[Clause]) -> tuple[str, ...]:
    """The words that may be offered when one is not known."""
    words = tuple(word for word, clause in WORDS.items() if word.isascii() and clause in allowed)
    return (*words, "permanently") if Clause.DURATION in allowed else words


def read_clauses(
    words: Sequence[str], *, example: str, allowed: Sequence[Clause] = tuple(Clause)
) -> Mapping[Clause, str]:
    """Reads clauses to the end of the line.

    Args:
        words: of a normalised line, the first of them a clause word.
        example: a whole line that is right, for refusals.
        allowed: the clauses that make sense here.

    Returns:
        What each clause says, in the words of the person; only the clauses that were there. A duration
        without an end is ``FOREVER``.

    Raises:
        Refused: a word that begins no clause that makes sense here, a clause said twice or without anything
            behind it, or both a duration and an end.
    """
    left, said = deque(words), dict[Clause, str]()
    while left:
        word = left.popleft()
        begun = _begins(word)
        if begun is None or begun[1] not in allowed:
            raise unknown(word, listed(allowed), example=example)
        name, clause, glued = begun
        if clause in said:
            raise Refused(Refusal.CLAUSE_TWICE, word=name, example=_example(name, clause))
        if glued:
            left.appendleft(glued)
        said[clause] = FOREVER if name in ENDLESS else _take(clause, left)
        if not said[clause]:
            raise Refused(Refusal.CLAUSE_EMPTY, word=name, example=_example(name, clause))
    if Clause.DURATION in said and Clause.UNTIL in said:
        raise Refused(Refusal.CLAUSE_BOTH_ENDS)
    return said


def _example(name: str, clause: Clause) -> str:
    """The clause as it would be right, with its own word, unless that word has nothing behind it."""
    return f"{'for' if name in ENDLESS else name} {VALUES[clause]}"


def _begins(word: str) -> tuple[str, Clause, str] | None:
    """The clause that a word begins, and what hangs on its colon: ``理由:監査`` is two words in one."""
    if bare(word).casefold() in ENDLESS:
        return bare(word).casefold(), Clause.DURATION, ""
    name, _, glued = word.partition(":")
    clause = WORDS.get(name.casefold())
    return None if clause is None else (name.casefold(), clause, glued)


def _take(clause: Clause, left: deque[str]) -> str:
    """Takes what belongs to a clause; empty when nothing does."""
    if clause is Clause.REASON:
        reason = unquoted(" ".join(left))
        left.clear()
        return reason
    if clause is Clause.DURATION and left and bare(left[0]).casefold() in _EVER:
        left.popleft()
        return FOREVER
    taken: list[str] = []
    while left and _begins(left[0]) is None and (not taken or _goes_on(clause, left[0])):
        taken.append(bare(left.popleft()))
    return " ".join(filter(None, taken))


def _goes_on(clause: Clause, word: str) -> bool:
    """Whether a further word belongs to the same value: ``1h 30m``, ``8 hours``, ``tomorrow 9:00``."""
    if clause is Clause.DURATION:
        return bare(word).casefold() in _UNITS or _AMOUNT.fullmatch(bare(word)) is not None
    return clause is Clause.UNTIL and _CLOCK.fullmatch(word) is not None

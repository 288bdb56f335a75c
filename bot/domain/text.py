"""Naming what a person typed, and what they probably meant, so that a refusal can say it."""

from collections.abc import Iterable
from typing import Final

CITED: Final = 60
"""Characters of a cited text: enough to recognise one's own word, too few to fill a message."""

SHORT_WORD: Final = 4
"""Letters; in a word so short a second slip leaves nothing to recognise it by."""

FAR: Final = 3
"""Slips; from here on two words are not related."""


def cite(text: str) -> str:
    """Returns the text as one short printable line that fits between backticks.

    Args:
        text: anything at all, also hostile.

    Returns:
        At most ``CITED`` characters, the last one an ellipsis where something was cut; never empty. What
        cannot be seen, or reorders what can, becomes a space. Slack's own ``&<>`` are not escaped here.
    """
    seen = "".join(char if char.isprintable() and char != "`" else " " for char in text[: CITED * 4])
    line = " ".join(seen.split())
    if len(line) > CITED:
        return line[: CITED - 1] + "…"
    return line or "…"


def slips(one: str, other: str) -> int:
    """How many slips lead from one word to the other: a letter left out, added, mistaken, or two swapped.

    This is the optimal string alignment distance (restricted Damerau-Levenshtein).
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and (a, b) == (other[j - 2], one[i - 2]):
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None when none is near.

    Hyphens before the word do not count, for here are no flags. Among equally near words one with the same
    first letter is taken, then the one nearest in length, then the first in the alphabet.
    """
    typed = word.casefold().lstrip("-–—")
    near = (
        (slips(typed, candidate), typed[:1] != candidate[:1], abs(len(candidate) - len(typed)), candidate)
        for candidate in known
        if abs(len(candidate) - len(typed)) < FAR
    )
    count, _, _, meant = min(near, default=(FAR, True, 0, ""))
    allowed = 1 if min(len(typed), len(meant)) <= SHORT_WORD else FAR - 1
    return meant if count <= allowed else None

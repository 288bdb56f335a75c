"""Text of others: quoted in error messages, matched with what they probably meant, made harmless to show."""

import re
from collections.abc import Iterable
from typing import Final

CITED: Final = 60
"""Maximum characters of a quotation: enough to recognize the word, too few to fill a message."""

UNREADABLE: Final = "?"
"""What stands for a word of Heroku's that could not be read; as a status it means "in progress"."""

SHORT_WORD: Final = 4
"""Maximum letters of a word in which only one typing error is accepted."""

FAR: Final = 3
"""Typing errors from which two words count as unrelated."""

NAME: Final = 100
"""Maximum characters of a name; Heroku's have at most 63, Slack's 80."""

DESCRIPTION: Final = 500
"""Maximum characters of a description, at Heroku without a documented limit; ours are far shorter."""

_ESCAPE: Final = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\\\)?|\x1b.?"
)
"""Sequences that control a terminal (ECMA-48, 5.4 and 5.6), with their parameters."""

_BREAKS: Final = re.compile("[\t\r\x0b\x0c\x85\u2028\u2029\u115f\u1160\u2800\u3164\uffa0]")
"""Spaces and line breaks of other kinds, and letters without a shape."""

_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufeff\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
"""Control characters, direction marks and overrides, zero-width characters, tags and halves of pairs."""


def visible(text: str) -> str:
    """Returns a text without what controls a terminal, reorders other text or cannot be seen.

    Line feeds stay; other breaks become spaces.
    """
    # Most text is plain, which is quick to know.
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub("", _BREAKS.sub(" ", _ESCAPE.sub("", text)))


def clean(text: str, *, limit: int = NAME) -> str:
    """Returns a name or a description that others chose as one visible line of a bounded length.

    Args:
        text: as Heroku or Slack have it; anybody with access there may have chosen it.
        limit: characters; more is cut, with an ellipsis.
    """
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


class Names(tuple[str, ...]):
    """Names that an error lists. Whoever shows it cuts them to what fits, and counts those left out."""

    __slots__ = ()

    def __str__(self) -> str:
        """All of them, with commas."""
        return ", ".join(self)


def cite(text: str) -> str:
    """Returns the text as one short printable line that fits between backticks.

    Args:
        text: any input, also hostile.

    Returns:
        At most ``CITED`` characters, ending in an ellipsis if it was cut; never empty. Invisible and
        bidirectional control characters become spaces. Slack's ``&<>`` are not escaped here.
    """
    # Cut first, since the input may be of any length; the rest leaves room for spaces that are dropped.
    seen = "".join(char if char.isprintable() and char != "`" else " " for char in text[: CITED * 4])
    line = " ".join(seen.split())
    if len(line) > CITED:
        return line[: CITED - 1] + "…"
    return line or "…"


def slips(one: str, other: str) -> int:
    """Returns the optimal string alignment distance (restricted Damerau-Levenshtein) of two words.

    It counts letters left out, added or replaced, and swapped neighbors. ``difflib`` is no alternative: it
    matches ``remvoe`` with ``revoke``.
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
    """Returns the known word that was probably meant, or None if none is close.

    Leading hyphens do not count, since commands have no flags. Ties go to the same first letter, then to the
    closest length, then to alphabetical order.
    """
    typed = word.casefold().lstrip("-–—")
    near = (
        (slips(typed, candidate), typed[:1] != candidate[:1], abs(len(candidate) - len(typed)), candidate)
        for candidate in known
        # Words are at least as many errors apart as their lengths differ, which is quicker to know.
        if abs(len(candidate) - len(typed)) < FAR
    )
    count, _, _, meant = min(near, default=(FAR, True, 0, ""))
    allowed = 1 if min(len(typed), len(meant)) <= SHORT_WORD else FAR - 1
    return meant if count <= allowed else None

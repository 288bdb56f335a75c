"""Text in Slack's markup: its length as Slack counts it, and shortening that breaks no token.

Facts: Slack developer documentation, "Escaping text" and "Formatting with mrkdwn", 2026-11.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from bot.i18n.translator import Mrkdwn, Translator, cut

ELLIPSIS: Final = "…"

NOTHING: Final = "–"
"""Stands where a text is empty: Slack rejects empty text objects."""

_SEQUENCE: Final = r"<(?:[@#!][^<>]+|(?:https?|mailto|tel|slack):[^<>]+)>"
_ENTITY: Final = r"&(?:amp|lt|gt);"
_FENCE: Final = "```"

_COUNTED: Final = {
    True: re.compile(rf"{_SEQUENCE}|{_ENTITY}|[&<>]", re.IGNORECASE),
    False: re.compile(rf"{_ENTITY}|[&<>]", re.IGNORECASE),
}
"""What counts otherwise than by its characters, in mrkdwn (True) and in plain text (False)."""

# The first alternative that matches is taken: a fence has to come before a code span, and single characters
# last.
_PIECES: Final = {
    True: re.compile(rf"{_SEQUENCE}|{_ENTITY}|{_FENCE}|`[^`\n]+`|.", re.IGNORECASE | re.DOTALL),
    False: re.compile(rf"{_ENTITY}|.", re.IGNORECASE | re.DOTALL),
}
"""What is kept or dropped as a whole."""

_WORD: Final = 60
"""Characters given up, at most, to end a shortened text behind a whole word."""


def length(text: str, *, mrkdwn: bool = True) -> int:
    """Counts characters as Slack does: a bare ``&``, ``<`` or ``>`` is stored as an entity."""
    bare = (found[0] for found in _COUNTED[mrkdwn].finditer(text))
    # By so many characters an entity is longer than what it stands for.
    return len(text) + sum({"&": 4, "<": 3, ">": 3}.get(special, 0) for special in bare)


def shorten(text: str, limit: int, *, mrkdwn: bool = True) -> str:
    """Cuts a text to a limit, with an ellipsis where something is missing.

    Never cuts inside an entity, a ``<…>`` token or a code span, and not inside a word where a blank is near;
    a code block that is cut is closed.

    Args:
        text: already escaped, as the catalogs make it.
        limit: characters as Slack counts them.
        mrkdwn: False for plain text, where ``<…>`` tokens mean nothing.
    """
    if length(text, mrkdwn=mrkdwn) <= limit:
        return text
    # Reserved wherever there is a code block: whether the cut falls into one is not known yet.
    closing = f"\n{_FENCE}" if mrkdwn and _FENCE in text else ""
    kept = _at_word(list(_fitting(text, limit - len(ELLIPSIS + closing), mrkdwn=mrkdwn)))
    is_open = kept.count(_FENCE) % 2 == 1
    return f"{kept.rstrip()}{ELLIPSIS}{closing if is_open else ''}"


def one_line(text: str) -> str:
    """A person's text without line breaks, which would end a quotation."""
    return " ".join(text.split())


def as_code(text: str, limit: int) -> Mrkdwn:
    """Text of others that can stand between backticks: escaped, on one line, at most ``limit`` characters."""
    # A backtick would end the code, and Slack has no escape for one.
    return cut(one_line(text).replace("`", "'"), limit)


def first_key(t: Translator, *keys: str) -> str:
    """The first of some keys that the catalogs have: the most specific one is tried first.

    Raises:
        StopIteration: they have none of them.
    """
    return next(key for key in keys if key in t)


def numbers(requests: Iterable[int]) -> list[str]:
    """Requests as people call them: ``#17``."""
    return [f"#{id}" for id in requests]


def _fitting(text: str, limit: int, *, mrkdwn: bool) -> Iterator[str]:
    """The pieces from the beginning that fit together."""
    for found in _PIECES[mrkdwn].finditer(text):
        limit -= length(found[0], mrkdwn=mrkdwn)
        if limit < 0:
            return
        yield found[0]


def _at_word(pieces: list[str]) -> str:
    """Drops an unfinished last word, unless there is no blank near: Japanese has none."""
    for dropped in range(min(_WORD, len(pieces))):
        if pieces[-1 - dropped].isspace():
            return "".join(pieces[: len(pieces) - dropped])
    return "".join(pieces)

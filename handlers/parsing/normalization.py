"""What a keyboard, a clipboard or Slack made of a line, turned back into what the person meant to type."""

import re
import unicodedata
from typing import Final

from bot.errors import Refusal, Refused

LONGEST_LINE: Final = 2000
"""Characters: room for every clause and a long reason, far below Slack's 4,000 for a whole message."""

_MARK: Final = re.compile(r"<(?P<what>[^<>|]*)(?:\|(?P<label>[^<>]*))?>")
_ENTITY: Final = re.compile(r"&(amp|lt|gt);")
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">"}
_SIGN: Final = {"@": "@", "#": "#", "!": "@"}
"""What Slack's reference marks look like to a reader: a person, a channel, a group or ``@here``."""

_JOINERS: Final = dict.fromkeys(map(ord, "\u00ad\u200c\u200d\u200e\u200f\u061c\u2060\ufeff"))
"""Invisible and no space: soft hyphen, joiners, direction marks, byte order mark. Clipboards add them."""

_BLANKS: Final = dict.fromkeys(map(ord, "\u115f\u1160\u180e\u200b\u2800\u3164"), " ")
"""Blank but no space to ``str.split``: Hangul and Mongolian fillers, zero-width space, empty Braille."""

_QUOTES: Final = dict.fromkeys(map(ord, "“”„‟«»"), '"') | dict.fromkeys(map(ord, "‘’‚‛‹›"), "'")

_UNREADABLE: Final = ("Cc", "Cf", "Cs")
"""Unicode categories: control, format (direction overrides, tags) and half a surrogate pair."""

_AROUND: Final = "\"'`「」『』()"
_BEHIND: Final = ",.;!?、。"
_PAIRS: Final = ('""', "''", "``", "「」", "『』")


def normalize_command(text: str) -> str:
    """Tidies the text of a slash command.

    Slack escapes what was typed and marks up links and mentions (Slack documentation, "Formatting text": only
    ``&``, ``<`` and ``>`` are escaped; ``<http://a.example|a.example>`` is an automatic link).

    Args:
        text: the ``text`` of a slash command as Slack sent it.

    Returns:
        One line with single spaces, as ``normalize_text`` makes it; empty when nothing was typed.

    Raises:
        Refused: too long, or with control characters.
    """
    _require_short(text)
    plain = _MARK.sub(_shown, text)
    return normalize_text(_ENTITY.sub(lambda entity: _ENTITIES[entity[1]], plain))


def normalize_text(text: str) -> str:
    """Tidies text that Slack did not escape, such as the value of a form's field.

    Full-width and other compatibility forms become plain ones (NFKC), curly quotes straight ones, spaces of
    every kind a single one; what is invisible goes.

    Raises:
        Refused: too long, or with characters that control a terminal or reorder what is read.
    """
    _require_short(text)
    visible = unicodedata.normalize("NFKC", text.translate(_JOINERS)).translate(_BLANKS | _QUOTES)
    for char in visible:
        if char not in "\t\r\n" and unicodedata.category(char) in _UNREADABLE:
            raise Refused(Refusal.LINE_CONTROL, code=f"U+{ord(char):04X}")
    # Once more, for NFKC may write one character as up to eighteen.
    _require_short(visible)
    return " ".join(visible.split())


def bare(word: str) -> str:
    """A word without the quotes and brackets around it and the punctuation behind it."""
    return word.strip(_AROUND).rstrip(_BEHIND + _AROUND)


def unquoted(text: str) -> str:
    """A text without the one pair of quotes that encloses the whole of it."""
    inner = text.strip()
    if len(inner) > 1 and inner[0] + inner[-1] in _PAIRS:
        return inner[1:-1].strip()
    return inner


def _require_short(text: str) -> None:
    if len(text) > LONGEST_LINE:
        raise Refused(Refusal.LINE_TOO_LONG, limit=LONGEST_LINE)


def _shown(mark: re.Match[str]) -> str:
    """What a reader sees in place of Slack's markup."""
    what, label = mark["what"], mark["label"]
    if what[:1] in _SIGN:
        return _SIGN[what[0]] + (label or what[1:]).lstrip("@#")
    return label or what.removeprefix("mailto:").removeprefix("tel:")

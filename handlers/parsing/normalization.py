"""Normalization of typed text: undoes what keyboards, clipboards and Slack's markup do to it."""

import re
import unicodedata
from typing import Final

from bot.domain.outside.secret_text import holds_secret
from bot.errors import Refusal, Refused

LONGEST_LINE: Final = 2000
"""Maximum characters: room for every clause and a long reason, far below Slack's 4,000 for a message."""

_MARKUP: Final = re.compile(r"<(?P<what>[^<>|]*)(?:\|(?P<label>[^<>]*))?>")
_PERSON: Final = re.compile(r"@(?P<id>[UW][A-Z0-9]{2,20})", re.A)
_FIRST_PERSON: Final = re.compile(r"^(?P<command>\s*[^\s<>]+\s+)<@(?P<id>[UW][A-Z0-9]{2,20})(?:\|[^<>]*)?>")
"""A mention behind the command's one word, as in ``list @person``: it is what the command is about."""

_FOR_PERSON: Final = re.compile(
    r"(?P<word>(?:^|\s)(?i:for|利用者)[:：]?\s*)<@(?P<id>[UW][A-Z0-9]{2,20})(?:\|[^<>]*)?>"
)
"""A mention of whom a request is for, as in ``for @person``."""

_REASON: Final = re.compile(r"\s(?i:because|理由)")
"""Where the reason begins, in which a mention is text like any other."""

_ENTITY: Final = re.compile(r"&(amp|lt|gt);")
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">"}
_SIGN: Final = {"@": "@", "#": "#", "!": "@"}
"""How Slack shows a mention, by the first character of its markup: a person, a channel, or a group."""

_JOINERS: Final = dict.fromkeys(map(ord, "\u00ad\u200c\u200d\u200e\u200f\u061c\u2060\ufeff"))
"""Invisible characters that are removed: soft hyphen, joiners, direction marks, byte order mark."""

_BLANKS: Final = dict.fromkeys(map(ord, "\u115f\u1160\u180e\u200b\u2800\u3164"), " ")
"""Blank characters that ``str.split`` does not take for spaces: fillers, zero-width space, empty Braille."""

_QUOTES: Final = dict.fromkeys(map(ord, "“”„‟«»"), '"') | dict.fromkeys(map(ord, "‘’‚‛‹›"), "'")

_FORBIDDEN: Final = ("Cc", "Cf", "Cs")
"""Unicode categories that are refused: control, format (direction overrides, tags), half a surrogate pair."""

_ENCLOSING: Final = "\"'`「」『』()"
_TRAILING: Final = ",.;!?、。"
_PAIRS: Final = ('""', "''", "``", "「」", "『』")


def normalize_command(text: str) -> str:
    """Normalizes the text of a slash command.

    Slack escapes what was typed and marks up links and mentions (Slack documentation, "Formatting text": only
    ``&``, ``<`` and ``>`` are escaped; ``<http://a.example|a.example>`` is an automatic link).

    Args:
        text: the ``text`` of a slash command as Slack sent it.

    Returns:
        One line with single spaces, as ``normalize_text`` returns it; empty when nothing was typed.

    Raises:
        Refused: it is too long, has control characters, or looks like it holds a credential.
    """
    _require_short(text)
    # Before labels take the place of ids: anybody can take a display name, and nobody an id.
    text = _with_person(_FIRST_PERSON.sub(r"\g<command>@\g<id>", text))
    # Markup first: a typed ``<`` arrives as ``&lt;``, and must not become markup when it is decoded.
    plain = _MARKUP.sub(_as_shown, text)
    # In one pass: ``&amp;lt;`` stands for a typed ``&lt;``, and not for ``<``.
    return normalize_text(_ENTITY.sub(lambda entity: _ENTITIES[entity[1]], plain))


def _with_person(text: str) -> str:
    """The text with the id of whom a request is for in place of the mention's markup."""
    reason = _REASON.search(text)
    end = len(text) if reason is None else reason.start()
    return _FOR_PERSON.sub(r"\g<word>@\g<id>", text[:end]) + text[end:]


def mentioned(word: str) -> str | None:
    """Returns the Slack id of the person that a word mentions, as ``normalize_command`` leaves it."""
    found = _PERSON.fullmatch(word)
    return None if found is None else found["id"]


def normalize_text(text: str) -> str:
    """Normalizes text that Slack did not escape, such as the value of a form's field.

    Compatibility forms such as full-width letters become plain ones (NFKC), curly quotes straight ones, and
    runs of spaces of any kind one space; invisible characters are removed.

    Raises:
        Refused: it is too long, has characters that control a terminal or reorder the text, or looks like it
            holds a credential, which the refusal does not repeat.
    """
    _require_short(text)
    # Joiners go before NFKC, since they would keep a letter and its accent apart; blanks after it, since it
    # makes new ones (U+1160 of U+FFA0).
    visible = unicodedata.normalize("NFKC", text.translate(_JOINERS)).translate(_BLANKS | _QUOTES)
    for char in visible:
        # These three are control characters too, and become spaces below.
        if char not in "\t\r\n" and unicodedata.category(char) in _FORBIDDEN:
            raise Refused(Refusal.LINE_CONTROL, code=f"U+{ord(char):04X}")
    # Again, because NFKC may expand one character to eighteen.
    _require_short(visible)
    line = " ".join(visible.split())
    # Here, where everything passes that people type: errors quote words, and a reason is stored and shown.
    if holds_secret(line):
        raise Refused(Refusal.REASON_CREDENTIAL)
    return line


def bare(word: str) -> str:
    """Returns a word without the quotes and brackets around it and the punctuation behind it."""
    return word.strip(_ENCLOSING).rstrip(_TRAILING + _ENCLOSING)


def unquoted(text: str) -> str:
    """Returns a text without the pair of quotes that encloses the whole of it."""
    inner = text.strip()
    if len(inner) > 1 and inner[0] + inner[-1] in _PAIRS:
        return inner[1:-1].strip()
    return inner


def _require_short(text: str) -> None:
    if len(text) > LONGEST_LINE:
        raise Refused(Refusal.LINE_TOO_LONG, limit=LONGEST_LINE)


def _as_shown(markup: re.Match[str]) -> str:
    """The text that Slack shows in place of its markup."""
    what, label = markup["what"], markup["label"]
    if what[:1] in _SIGN:
        return _SIGN[what[0]] + (label or what[1:]).lstrip("@#")
    # The label is what was typed: Slack adds the scheme of an automatic link by itself.
    return label or what.removeprefix("mailto:").removeprefix("tel:")

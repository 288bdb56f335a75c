"""Tickets that requests name: which texts are one under a rule, and where one is found in a reason.

A rule's pattern is a small part of regular expressions, without groups: what could be slow to match cannot be
written. Each branch has at most ``MOST_REPEATED`` parts of variable length, and each of these matches at most
``LONGEST_PART`` characters, so that the work for a text is bounded by its length.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle, islice
from typing import Final
from urllib.parse import quote

LONGEST_PATTERN: Final = 100
"""Characters of a pattern: room for the projects of a tracker, one branch each."""

LONGEST_PART: Final = 30
"""Characters that one repeated part matches at most: a ticket is a short word."""

MOST_REPEATED: Final = 2
"""Parts of variable length in one branch: with more of them the work would grow with a further power."""

LONGEST_LINK: Final = 500
"""Characters of a link template: with the ticket it fits into a sentence of a card."""

PLACE: Final = "{ticket}"
"""Where the ticket stands in a link template."""

_EXAMPLE: Final = 3
"""Characters of a repeated part in an example."""

_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS: Final = "1234567890"
_WORD: Final = _UPPER + _UPPER.lower() + _DIGITS + "_"
_LITERALS: Final = frozenset(_WORD + "-#/:")
"""Characters that stand for themselves; a backslash makes one of ``.`` ``+`` and the like."""

_ESCAPED: Final = frozenset("-#/:._+*?")
_TOKEN: Final = re.compile(
    r"(?P<class>\[(?:[A-Za-z0-9_](?:-[A-Za-z0-9])?|\\[-dw._#/:]|[.#/:])+-?\])"
    r"|\\(?P<escape>[-dw#/:._+*?])"
    r"|(?P<literal>[A-Za-z0-9_#/:-])",
    re.A,
)
_REPEAT: Final = re.compile(r"[+*?]|\{(?P<least>[0-9]{1,2})(?P<open>,(?P<most>[0-9]{1,2})?)?\}", re.A)
_RANGE: Final = re.compile(r"\\([-dw._#/:])|([A-Za-z0-9])-([A-Za-z0-9])|(.)", re.A)

_LINK: Final = re.compile(r"https://[!-;=?-{}~]+", re.A)
"""Printable characters without blanks and without what Slack's links end with: ``<``, ``>`` and ``|``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketPattern:
    """The tickets that one rule takes.

    Attributes:
        source: as the policy has it.
        example: a ticket that fits.
    """

    source: str
    example: str
    _found: re.Pattern[str] = field(repr=False, compare=False)
    _whole: re.Pattern[str] = field(repr=False, compare=False)

    def find(self, text: str) -> str | None:
        """Returns the first ticket in a text; none that is only a part of a word."""
        found = self._found.search(text)
        return None if found is None else found[0]

    def fits(self, text: str) -> bool:
        """Whether the whole of a text is a ticket."""
        return self._whole.fullmatch(text) is not None


@cache
def read_pattern(source: str) -> TicketPattern:
    r"""Reads a rule's pattern, such as ``[A-Z]+-\d+`` or ``OPS-\d{1,6}|DBA-\d{1,6}``.

    Args:
        source: letters, digits, ``- # / : _``, classes in brackets, ``\d``, ``\w``, each optionally repeated
            by ``+ * ? {2} {2,5}``; branches are separated by ``|``.

    Raises:
        ValueError: it is longer, or has anything else; the message is for the policy's author.
    """
    if not 0 < len(source) <= LONGEST_PATTERN:
        raise ValueError(f"must have 1 to {LONGEST_PATTERN} characters")
    branches = [list(_parts(branch)) for branch in source.split("|")]
    for parts in branches:
        if sum(part.least != part.most for part in parts) > MOST_REPEATED:
            raise ValueError(
                f"may repeat at most {MOST_REPEATED} parts by + * ? or {{2,5}}: use fixed numbers, {{3}}"
            )
        if not sum(part.least for part in parts):
            raise ValueError("would match an empty text")
    pattern = "|".join("".join(part.written for part in parts) for parts in branches)
    return TicketPattern(
        source=source,
        example="".join(part.example for part in branches[0]),
        # Neither side may go on as a word or a number: ``XOPS-1`` and ``OPS-12`` are not ``OPS-1``.
        _found=re.compile(rf"(?<![A-Za-z0-9])(?:{pattern})(?![A-Za-z0-9])", re.A),
        _whole=re.compile(pattern, re.A),
    )


def link_to(ticket: str, template: str) -> str:
    """Returns the address of a ticket by a rule's template."""
    return template.replace(PLACE, quote(ticket, safe=""))


def require_link(template: str) -> str:
    """Returns a link template; raises ``ValueError`` with a sentence for the policy's author."""
    fits = _LINK.fullmatch(template) is not None and len(template) <= LONGEST_LINK
    rest = template.replace(PLACE, "", 1)
    if not fits or rest == template or "{" in rest or "}" in rest:
        raise ValueError(f'must be an address such as "https://tracker.example.com/{PLACE}"')
    return template


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """Characters of one kind, repeated: how it is matched, and how an example shows it."""

    written: str
    shown: str
    least: int
    most: int

    @property
    def example(self) -> str:
        count = max(self.least, min(_EXAMPLE, self.most))
        return "".join(islice(cycle(self.shown), count))


def _parts(branch: str) -> Iterator[_Part]:
    place = 0
    while place < len(branch):
        token = _TOKEN.match(branch, place)
        if token is None:
            raise ValueError(
                f"cannot have {branch[place]!r} at {branch[place:][:10]!r}: it is made of letters, digits, "
                r"classes such as [A-Z], \d and \w, and + * ? {2,5}, without groups"
            )
        repeat = _REPEAT.match(branch, token.end())
        place = token.end() if repeat is None else repeat.end()
        least, most = (1, 1) if repeat is None else _times(repeat)
        yield _Part(written=f"{token[0]}{{{least},{most}}}", shown=_characters(token), least=least, most=most)
    if not branch:
        raise ValueError("has an empty branch beside |")


def _times(repeat: re.Match[str]) -> tuple[int, int]:
    match repeat[0]:
        case "+":
            return 1, LONGEST_PART
        case "*":
            return 0, LONGEST_PART
        case "?":
            return 0, 1
    least = int(repeat["least"])
    most = least if repeat["open"] is None else int(repeat["most"] or LONGEST_PART)
    if not least <= most <= LONGEST_PART or most == 0:
        raise ValueError(f"cannot repeat {repeat[0]}: at most {LONGEST_PART} times, the lower number first")
    return least, most


def _characters(token: re.Match[str]) -> str:
    """Characters that a token matches, those of an example first."""
    if token["literal"]:
        return token["literal"]
    if token["escape"]:
        return _escaped(token["escape"])
    return "".join(_of_class(token["class"][1:-1]))


def _escaped(character: str) -> str:
    return {"d": _DIGITS, "w": _WORD}.get(character, character)


def _of_class(inner: str) -> Iterable[str]:
    for found in _RANGE.finditer(inner):
        escaped, first, last, single = found.groups()
        if escaped:
            yield _escaped(escaped)
        elif single:
            yield single
        else:
            if first > last:
                raise ValueError(f"has a class with {first}-{last}, the wrong way round")
            yield "".join(map(chr, range(ord(first), ord(last) + 1)))

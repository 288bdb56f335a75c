"""Reads the networks in a pasted text: lists, tables, ranges and other spellings than the strict one."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from bot.domain.network import covers, parse_address, show
from bot.domain.outside.text import cite
from bot.errors import Refusal, Refused

NamedRanges = Mapping[str, Sequence[IPv4Network]]
"""Ranges by the name that stands for them, in lower case."""

NO_NAMES: Final[NamedRanges] = MappingProxyType({})
"""The names of a policy that has none."""

_QUAD: Final = r"[0-9]+(?:\.[0-9]+){3}"
_DASH: Final = r"(?:[-‐‑‒–—―−~〜]|\.\.+|から)"
_MARKUP: Final = re.compile(r"<[^<>|\s]*\|([^<>|]*)>")
_UNSEEN: Final = re.compile("[\xad\u200b-\u200f\u2060\ufeff]")
_BULLET: Final = re.compile(r"\s*(?:[-*•・‣>]+|[0-9]{1,3}[.)])\s+")
_BETWEEN: Final = re.compile(r"""[\s,;、。と|"'`()\[\]{}<>「」『』“”‘’=]+""")
_AROUND: Final = "*_:.!?。"
_SPELLING: Final = re.compile(rf"(?P<address>{_QUAD})(?:/(?P<suffix>[0-9.]*))?(?::(?P<port>[0-9]+))?")
_PAIR: Final = re.compile(rf"(?P<first>{_QUAD}){_DASH}(?P<last>{_QUAD}|[0-9]+)(?:まで)?")
_SEPARATE_DASH: Final = re.compile(rf"{_DASH}|to|through")
_WILDCARD: Final = re.compile(r"(?P<fixed>[0-9]+(?:\.[0-9]+){0,2})(?P<open>(?:\.[*xX]){1,3})")
_ADDRESS_LIKE: Final = re.compile(r"[0-9]+(?:\.[0-9]+){3}|[0-9]+(?:\.[0-9]+){1,2}/[0-9]")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^@/\s]*@)?(?=[0-9])", re.I)
_MASK: Final = re.compile(r"255(?:\.[0-9]+){3}")
_HOST: Final = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z]{2,63}(?:[:/]\S*)?|[a-z][a-z0-9+.-]*://\S+", re.I | re.A)


class Spelling(StrEnum):
    """How a piece of text named its networks, where that was not the strict spelling."""

    STRICT = "strict"
    NETMASK = "netmask"
    PORT = "port"
    RANGE = "range"
    WILDCARD = "wildcard"
    LINK = "link"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Understood:
    """A network, and the piece of text that named it; a range or a name may stand for several."""

    piece: str
    network: IPv4Network
    spelling: Spelling = Spelling.STRICT


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A piece of text that names no network that could be allowed, and why."""

    piece: str
    refused: Refused


@dataclass(frozen=True, slots=True)
class Redundant:
    """A network that needs no rule of its own, and the one that covers it; the same one for a duplicate."""

    piece: str
    network: IPv4Network
    by: IPv4Network


@dataclass(frozen=True, slots=True)
class Joined:
    """Several networks that are exactly one."""

    parts: tuple[IPv4Network, ...]
    whole: IPv4Network


@dataclass(frozen=True, kw_only=True, slots=True)
class PastedNetworks:
    """What a text says of networks, in its order.

    Attributes:
        understood: the networks to allow; none of them covers another.
        redundant: networks that are among these already.
        refused: pieces that look like an address, and cannot be allowed.
        other: everything else, such as names, dates and ports.
    """

    understood: tuple[Understood, ...]
    redundant: tuple[Redundant, ...]
    refused: tuple[NotUnderstood, ...]
    other: tuple[str, ...]

    @property
    def networks(self) -> tuple[IPv4Network, ...]:
        """The networks to allow."""
        return tuple(each.network for each in self.understood)

    @property
    def rewritten(self) -> tuple[Understood, ...]:
        """Those of the networks that were spelt otherwise."""
        return tuple(each for each in self.understood if each.spelling is not Spelling.STRICT)

    @property
    def joined(self) -> tuple[Joined, ...]:
        """Networks that could be one wider network without allowing anything more."""
        whole = ipaddress.collapse_addresses(self.networks)
        groups = (
            Joined(parts=tuple(part for part in self.networks if covers(one, part)), whole=one)
            for one in whole
        )
        return tuple(group for group in groups if len(group.parts) > 1)


_Found = Understood | NotUnderstood


def read_networks(text: str, *, named: NamedRanges = NO_NAMES) -> PastedNetworks:
    """Reads every network in a text, whatever stands between and around them.

    Nothing is guessed: what has two readings, such as an address inside a network or a leading zero, is
    refused with a suggestion.

    Args:
        text: as typed or pasted: one network, a list, lines, a table, JSON, with or without markup.
        named: names that stand for ranges.

    Returns:
        What was understood, what was not and why, each with its piece of text.
    """
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", _MARKUP.sub(r" \1 ", text)))
    rows = [_Row.of(line) for line in plain.splitlines() if line.strip()]
    # In a table, a word beside an address says whose it is; in a single line it is one more of the list.
    is_table = sum(row.has_address for row in rows) > 1
    found: list[_Found] = []
    other: list[str] = []
    for row in rows:
        for item in _read_row(row, named, beside=is_table and row.has_address):
            if isinstance(item, str):
                other.append(item)
            else:
                found.append(item)
    understood, redundant = _distinct([each for each in found if isinstance(each, Understood)])
    return PastedNetworks(
        understood=understood,
        redundant=redundant,
        refused=tuple(each for each in found if isinstance(each, NotUnderstood)),
        other=tuple(other),
    )


def looks_like_network(word: str) -> bool:
    """Whether a word is meant as an address, a network or a range, right or wrong."""
    plain = unicodedata.normalize("NFKC", word)
    return any(_is_network_like(piece) for piece in _pieces(plain))


# --- rows and pieces ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """One line as pieces; ``listed`` where a dash between them separates the members of a list."""

    pieces: tuple[str, ...]
    listed: bool

    @classmethod
    def of(cls, line: str) -> "_Row":
        bullet = _BULLET.match(line)
        pieces = tuple(_pieces(line[bullet.end() :] if bullet else line))
        # ``- a - b`` is a list that has lost its line breaks, and ``a - b - c`` cannot be a range.
        dashes = [
            index
            for index, piece in enumerate(pieces)
            if _SEPARATE_DASH.fullmatch(piece)
            and _QUAD_ALONE.fullmatch("".join(pieces[index + 1 : index + 2]))
        ]
        chained = any(later - earlier == 2 for earlier, later in pairwise(dashes))
        return cls(
            pieces, listed=chained or (bullet is not None and bullet[0].strip() == "-" and bool(dashes))
        )

    @property
    def has_address(self) -> bool:
        """Whether any piece looks like an address."""
        return any(map(_is_network_like, self.pieces))


_QUAD_ALONE: Final = re.compile(_QUAD)


def _pieces(line: str) -> Iterator[str]:
    for piece in _BETWEEN.split(line):
        bare = piece.strip(_AROUND) if not _WILDCARD.fullmatch(piece) else piece
        if bare.strip("*_") and not bare.isspace():
            # A wildcard ends in the same character as bold text.
            starred = piece.lstrip(_AROUND).removesuffix(".")
            yield starred if _WILDCARD.fullmatch(starred) else bare
        elif _SEPARATE_DASH.fullmatch(piece):
            yield piece


def _is_network_like(piece: str) -> bool:
    rest = _SCHEME.sub("", piece)
    return bool(_ADDRESS_LIKE.match(rest) or _WILDCARD.fullmatch(rest)) or _is_ipv6(rest)


def _is_ipv6(piece: str) -> bool:
    if piece.count(":") < 2:
        return False
    try:
        ipaddress.IPv6Interface(piece)
    except ValueError:
        return False
    return True


def _read_row(row: _Row, named: NamedRanges, *, beside: bool) -> Iterator[_Found | str]:
    pieces = list(row.pieces)
    while pieces:
        taken, result = _read_first(pieces, listed=row.listed)
        piece = " ".join(pieces[:taken])
        del pieces[:taken]
        if result is not None:
            yield from result
        elif not beside and piece.casefold() in named:
            yield from (Understood(piece, each, Spelling.NAME) for each in named[piece.casefold()])
        elif not beside and _HOST.fullmatch(piece):
            yield NotUnderstood(piece, Refused(Refusal.ADDRESS_HOST_NAME, given=cite(piece)))
        elif any(map(str.isalnum, piece)) and not _SEPARATE_DASH.fullmatch(piece):
            yield piece


def _read_first(pieces: Sequence[str], *, listed: bool) -> tuple[int, list[_Found] | None]:
    """Reads what begins at the first piece; returns how many pieces it took, and None for no network."""
    first, *more = pieces
    if _QUAD_ALONE.fullmatch(first) and more:
        if (
            not listed
            and len(more) > 1
            and _SEPARATE_DASH.fullmatch(more[0])
            and _QUAD_ALONE.fullmatch(more[1])
        ):
            return 3, _range(f"{first} {more[0]} {more[1]}", first, more[1])
        if _MASK.fullmatch(more[0]):
            return 2, _spelt(f"{first} {more[0]}", f"{first}/{more[0]}")
    pair, wildcard = _PAIR.fullmatch(first), _WILDCARD.fullmatch(first)
    if pair is not None:
        last = pair["last"] if "." in pair["last"] else f"{pair['first'].rpartition('.')[0]}.{pair['last']}"
        return 1, _range(first, pair["first"], last)
    if wildcard is not None:
        return 1, _wildcard(first, wildcard)
    return (1, _spelt(first, first)) if _is_network_like(first) else (1, None)


# --- spellings ----------------------------------------------------------------------------------------


def _spelt(piece: str, given: str) -> list[_Found]:
    """Reads one address or network, in the strict spelling or with a netmask, a port or a scheme."""
    plain = _SCHEME.sub("", given).rstrip("/") if _SCHEME.match(given) else given
    spelling = Spelling.STRICT if plain == given else Spelling.LINK
    parts = _SPELLING.fullmatch(plain)
    if parts is not None and parts["port"] is not None:
        plain, spelling = plain.rpartition(":")[0], Spelling.PORT
    if parts is not None and "." in (parts["suffix"] or ""):
        length = _mask_length(parts["suffix"])
        if length is not None:
            plain, spelling = f"{parts['address']}/{length}", Spelling.NETMASK
    try:
        return [Understood(piece, parse_address(plain), spelling)]
    except Refused as refused:
        return [NotUnderstood(piece, refused)]


def _mask_length(mask: str) -> int | None:
    try:
        return IPv4Network(f"0.0.0.0/{mask}").prefixlen
    except ValueError:
        return None


def _wildcard(piece: str, parts: re.Match[str]) -> list[_Found]:
    fixed = parts["fixed"].split(".")
    if len(fixed) + parts["open"].count(".") != 4:
        return [NotUnderstood(piece, Refused(Refusal.ADDRESS_UNREADABLE, given=cite(piece)))]
    address = ".".join([*fixed, *["0"] * (4 - len(fixed))])
    try:
        return [Understood(piece, parse_address(f"{address}/{8 * len(fixed)}"), Spelling.WILDCARD)]
    except Refused as refused:
        return [NotUnderstood(piece, refused)]


def _range(piece: str, first: str, last: str) -> list[_Found]:
    """Reads a range as the networks that it exactly is; refused as a whole where one of them is."""
    try:
        ends = [parse_address(first).network_address, parse_address(last).network_address]
        networks = list(ipaddress.summarize_address_range(*ends)) if ends[0] <= ends[1] else []
        if not networks:
            raise Refused(Refusal.ADDRESS_UNREADABLE, given=cite(piece))
        checked = [parse_address(show(network)) for network in networks]
    except Refused as refused:
        return [NotUnderstood(piece, refused)]
    return [Understood(piece, network, Spelling.RANGE) for network in checked]


def _distinct(found: Sequence[Understood]) -> tuple[tuple[Understood, ...], tuple[Redundant, ...]]:
    """Separates networks that are covered by another, or that were named before."""
    wide = _widest(each.network for each in found)
    kept: dict[IPv4Network, Understood] = {}
    redundant = []
    for each in found:
        by = next(network for network in wide if covers(network, each.network))
        if by == each.network and by not in kept:
            kept[by] = each
        else:
            redundant.append(Redundant(each.piece, each.network, by))
    return tuple(kept.values()), tuple(redundant)


def _widest(networks: Iterable[IPv4Network]) -> list[IPv4Network]:
    wide: list[IPv4Network] = []
    for network in sorted(set(networks), key=lambda each: each.prefixlen):
        if not any(covers(other, network) for other in wide):
            wide.append(network)
    return wide

"""Drafts: what can be understood of a line that is no complete command, so that the form opens with it.

A line is read as a draft only after it was refused as a command. Nothing in it is guessed: a word that has no
clear meaning is kept, and shown above the form.
"""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from bot.domain.duration import FOREVER
from bot.domain.method import Method
from bot.domain.networks.pasted import (
    NO_NAMES,
    NamedRanges,
    PastedNetworks,
    looks_like_network,
    read_networks,
)
from bot.domain.outside.text import nearest
from bot.domain.times.durations import is_duration
from bot.domain.times.ends import looks_like_end
from bot.domain.times.tokens import tokenize
from bot.errors import Refusal, Refused
from handlers.parsing.clauses import ENDLESS, WORDS, Clause, parse_clauses
from handlers.parsing.command_table import COMMANDS, HELP
from handlers.parsing.normalization import bare, mentioned, normalize_command, unquoted

OPENING: Final = frozenset(
    {
        *(Refusal.UNKNOWN_WORD, Refusal.UNKNOWN_HERE, Refusal.WORD_TOO_MANY),
        *(Refusal.ADDRESS_SEVERAL, Refusal.ADDRESS_ME, Refusal.CLAUSE_EMPTY, Refusal.CLAUSE_TWICE),
    }
)
"""Refusals of a line that may be read as a draft: a word is wrong, missing, or one too many."""

ME: Final = frozenset(("me", "myself", "自分", "私"))
"""Words for the address that the person connects from."""

_GROUPS: Final = {str(method): method for method in Method}
_ADDING: Final = {("mtls", "add"), ("privatelink", "add"), ("privatelink", "open"), ("trusted", "add")}
_OPENING_WORDS: Final = frozenset(
    (
        *("add", "allow", "open", "grant", "request", "permit", "allowlist", "whitelist", "need", "want"),
        *("追加", "許可", "申請", "開放"),
    )
)
"""Words that ask for access, whatever the command is called."""

_CLOSING_WORDS: Final = frozenset(
    (
        *(
            "remove",
            "delete",
            "revoke",
            "close",
            "end",
            "drop",
            "block",
            "deny",
            "disable",
            "cancel",
            "adopt",
        ),
        *("rm", "del", "extend", "move", "list", "削除", "解除", "取消", "終了", "延長"),
    )
)
"""Words that ask for something else: a line with one of these is never read as a request for access."""

_FILLERS: Final = frozenset(
    (
        *(
            "please",
            "pls",
            "access",
            "address",
            "addresses",
            "ip",
            "ips",
            "rule",
            "network",
            "range",
            "ranges",
        ),
        *("the", "a", "an", "my", "i", "give", "get", "have", "via", "with", "through", "using", "database"),
        *("databases", "db", "of", "and", "&", "+", "ok", "hi", "hello", "=", "->", "→", ":"),
        *("を", "に", "へ", "の", "は", "で", "が", "と", "ください", "下さい", "お願いします", "アクセス"),
        *("アドレス", "データベース", "してください", "したい", "まで", "から", "間", "をお願いします"),
    )
)
"""Words that change nothing."""

_AND: Final = frozenset(("and", "&", "+", "と", "および"))
_DASHES: Final = frozenset(("-", "–", "—", "~", "〜"))
_ACCOUNT: Final = re.compile(r"arn:aws\S*|[0-9]{12}(?::(?:user|root)\S*)?", re.A)
_REASON_WORDS: Final = frozenset(("reason", "why", "目的"))
_PARTICLE: Final = re.compile(
    r"(?<=[0-9A-Za-z])(を|に|へ|の|は|で|から(?![0-9]+\.[0-9]+\.))(?=[\s0-9A-Za-z]|$)"
)
_GLUED_VERB: Final = re.compile(r"(?<=[0-9日時間分])(許可|追加|申請|開放)")
_PURPOSE: Final = re.compile(r"(?P<reason>.+?)の?ため(?:に|です)?[。.]?")
_UNTIL_JA: Final = re.compile(r"(?P<end>.+)まで")
_CLOCK_LIKE: Final = re.compile(r"[0-9]{1,2}(?::[0-9]{2}|時)|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST_CLAUSE: Final = 6
"""Words of a duration or an end, its keyword included: ``until tomorrow at 9:00`` has four."""

_LEAST: Final = 4
"""Letters from which a misspelt keyword is still recognized: shorter ones may be words of their own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A request for access as far as a line says it.

    Attributes:
        method: the access method; None where the line does not say.
        networks: the addresses and ranges.
        accounts: AWS accounts, for PrivateLink.
        targets: names behind ``to`` or ``on``.
        words: words without a clear meaning, each of which may be the name of a target.
        me: whether it asks for the address that the person connects from.
        duration: for example ``8h``.
        until: an absolute end.
        reason: why access is needed.
        on_behalf: Slack id of the person whom it is for; None for the one who types.
    """

    method: Method | None = None
    networks: PastedNetworks = field(default_factory=lambda: read_networks(""))
    accounts: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    me: bool = False
    duration: str | None = None
    until: str | None = None
    reason: str | None = None
    on_behalf: str | None = None

    @property
    def has_subject(self) -> bool:
        """Whether it names anything that could be allowed, right or wrong."""
        return bool(self.networks.networks or self.networks.refused or self.accounts or self.me)


def read_draft(text: str, *, named: NamedRanges = NO_NAMES) -> Draft | None:
    """Reads a line that was refused as a command.

    Args:
        text: the ``text`` of the slash command, as Slack sent it.
        named: the ranges of the policy's networks, by name.

    Returns:
        None where the line does not ask for access, or contradicts itself.

    Raises:
        Refused: as ``normalize_command``.
    """
    words = normalize_command(text).split()
    head, reason = _split_at_reason(words)
    led = _lead(head, named)
    if led is None:
        return None
    method, is_addition, taken = led
    spaced = _GLUED_VERB.sub(r" \1 ", _PARTICLE.sub(r" \1 ", " ".join(head[taken:])))
    if _asks_to_close(spaced.split()):
        return None
    reader = _Reader(deque(spaced.split()), named, Draft(method=method, reason=reason))
    draft = reader.read()
    return draft if draft is not None and (is_addition or draft.has_subject) else None


def _asks_to_close(words: Sequence[str]) -> bool:
    """Whether a line asks for something else than access; ``end of day`` is a time."""
    pairs = zip(words, (*words[1:], ""), strict=False)
    return any(_key(word) in _CLOSING_WORDS and _key(following) != "of" for word, following in pairs)


def _key(word: str) -> str:
    return (bare(word) or word).casefold()


def _split_at_reason(words: Sequence[str]) -> tuple[Sequence[str], str | None]:
    """Splits a line into what stands before the reason, and the reason, which runs to the end."""
    for index, word in enumerate(words):
        keyword, colon, glued = word.partition(":")
        clause = WORDS.get(keyword.casefold())
        misspelt = clause is None and len(keyword) > _LEAST and nearest(keyword, ("because",)) is not None
        named = keyword.casefold() in _REASON_WORDS and bool(colon)
        if clause is Clause.REASON or misspelt or named:
            rest = " ".join(filter(None, (glued, *words[index + 1 :])))
            return words[:index], unquoted(rest) or None
    return words, None


def _lead(words: Sequence[str], named: NamedRanges) -> tuple[Method | None, bool, int] | None:
    """Reads the command's own words at the beginning.

    Returns:
        The access method, whether an addition is clearly meant, and how many words say so; None where another
        command is meant.
    """
    if not words:
        return None
    first = _key(words[0])
    if first in _GROUPS or first in {path[0] for path in COMMANDS} | set(HELP):
        meant: str | None = first
    elif looks_like_network(words[0]) or first in ME or first in _OPENING_WORDS or first in named:
        meant = None
    else:
        meant = nearest(first, tuple(dict.fromkeys(path[0] for path in COMMANDS)))
    if meant is None:
        return None, False, 0
    if meant not in _GROUPS:
        return None
    return _verb(meant, words)


def _verb(group: str, words: Sequence[str]) -> tuple[Method | None, bool, int] | None:
    """Reads the verb behind an access method; None where it is another than one that asks for access."""
    method, verbs = _GROUPS[group], tuple(path[1] for path in COMMANDS if path[0] == group)
    second = _key(words[1]) if len(words) > 1 else ""
    if second in _OPENING_WORDS:
        return method, True, 2
    verb = second if second in verbs else nearest(second, verbs) if second else None
    if verb is None:
        # Without a verb at all; whether access is asked for depends on what follows.
        return method, False, 1
    return (method, True, 2) if (group, verb) in _ADDING else None


@dataclass(slots=True)
class _Reader:
    """Reads the words behind the command, from left to right, into a draft."""

    left: deque[str]
    named: NamedRanges
    draft: Draft
    network_words: list[str] = field(default_factory=list)
    contradicts: bool = False

    def read(self) -> Draft | None:
        """Returns the draft; None where a duration or an end is given twice."""
        while self.left:
            for step in (self._clause, self._networks, self._time, self._quoted):
                if step():
                    break
            else:
                self._word(self.left.popleft())
        if self.contradicts:
            return None
        networks = read_networks(" ".join(self.network_words), named=self.named)
        me = self.draft.me and not networks.networks
        return replace(self.draft, networks=networks, me=me)

    def _keyword(self) -> tuple[Clause | None, str]:
        """The clause that the next word begins, and what is joined to its keyword."""
        word = self.left[0]
        keyword, _, glued = word.partition(":")
        clause = WORDS.get(keyword.casefold())
        if clause is None and len(keyword) >= _LEAST and keyword.isascii() and keyword.isalpha():
            meant = nearest(keyword, ("until",))
            clause = None if meant is None else WORDS[meant]
        return (None, "") if clause is None or glued.startswith(":") else (clause, glued)

    def _clause(self) -> bool:
        """Reads a clause, if its value is clear; its keyword alone is dropped otherwise."""
        if bare(self.left[0]).casefold() in ENDLESS:
            self.left.popleft()
            self._set_length(duration=FOREVER)
            return True
        clause, glued = self._keyword()
        if clause is None:
            return False
        if clause in (Clause.DURATION, Clause.UNTIL) and self._length(clause):
            return True
        self.left.popleft()
        if glued:
            self.left.appendleft(glued)
        if clause is not Clause.TARGET or not self.left:
            return True
        if not self._begins_other():
            self._targets()
        elif self.network_words and self._is_network(self.left[0]):
            # ``203.0.113.0 to 203.0.113.15`` is a range.
            self.network_words.append("-")
        return True

    def _length(self, clause: Clause) -> bool:
        """Reads the longest duration or end that stands here."""
        words = list(self.left)
        keyword = "for" if clause is Clause.DURATION else "until"
        glued = words[0].partition(":")[2] if words[0].partition(":")[0].casefold() in WORDS else ""
        behind = [*filter(None, (glued,)), *words[1:]]
        for count in range(min(len(behind), _LONGEST_CLAUSE), 0, -1):
            try:
                values = parse_clauses([keyword, *behind[:count]], example="", allowed=(clause,))
            except Refused:
                continue
            value = values[clause]
            # Behind its keyword a number alone is an end too: what it means, the form asks.
            if not (_is_duration(value) if clause is Clause.DURATION else tokenize(value)):
                continue
            for _ in range(count + 1 - bool(glued)):
                self.left.popleft()
            self._set_length(**{str(clause): value})
            return True
        return False

    def _targets(self) -> None:
        """Reads one or more names, with commas or ``and`` between them."""
        names: list[str] = []
        while self.left:
            word = self.left.popleft()
            names += [bare(part) for part in re.split("[,、;]", word) if bare(part)]
            follows = self.left and (_key(self.left[0]) in _AND or word.endswith((",", "、", ";")))
            while self.left and (_key(self.left[0]) in _AND or not bare(self.left[0])):
                self.left.popleft()
            if not follows or not self.left or self._begins_other():
                break
        self.draft = replace(self.draft, targets=tuple(dict.fromkeys((*self.draft.targets, *names))))

    def _begins_other(self) -> bool:
        """Whether the next word is no name of a target: a keyword, a network or a time."""
        word = self.left[0]
        is_keyword = self._keyword()[0] is not None or bare(word).casefold() in ENDLESS
        return is_keyword or self._is_network(word) or _is_duration(bare(word))

    def _is_network(self, word: str) -> bool:
        return looks_like_network(word) or any(
            piece.casefold() in self.named for piece in re.split("[,、;]", word) if piece
        )

    def _networks(self) -> bool:
        """Reads a network, and a dash between two of them."""
        word = self.left[0]
        between = word in _DASHES and bool(self.network_words) and len(self.left) > 1
        if not self._is_network(word) and not (between and self._is_network(self.left[1])):
            return False
        self.network_words.append(self.left.popleft())
        return True

    def _time(self) -> bool:
        """Reads a duration or an end without its keyword, of two words before one."""
        for count in (2, 1):
            words = [bare(each) for each in list(self.left)[:count]]
            value = " ".join(words)
            if len(words) < count or (count == 2 and self._is_network(words[1])):
                continue
            until = _UNTIL_JA.fullmatch(value)
            ends = until["end"].strip() if until else value
            if until is None and _is_duration(value):
                self._set_length(duration=value)
            elif (until or _CLOCK_LIKE.search(value)) and _is_end(ends):
                self._set_length(until=ends)
            else:
                continue
            for _ in range(count):
                self.left.popleft()
            return True
        return False

    def _quoted(self) -> bool:
        """Takes a text in quotes at the end as the reason."""
        rest = " ".join(self.left)
        if self.draft.reason is not None or len(self.left) < 2 or unquoted(rest) == rest:
            return False
        self.left.clear()
        self.draft = replace(self.draft, reason=unquoted(rest))
        return True

    def _set_length(self, *, duration: str | None = None, until: str | None = None) -> None:
        draft = self.draft
        if draft.duration is not None or draft.until is not None:
            self.contradicts = True
        self.draft = replace(draft, duration=duration, until=until)

    def _word(self, word: str) -> None:
        key, draft = _key(word), self.draft
        purpose = _PURPOSE.fullmatch(word)
        if key in ME:
            self.draft = replace(draft, me=True)
        elif _ACCOUNT.fullmatch(bare(word)):
            self.draft = replace(draft, accounts=(*draft.accounts, bare(word)), method=Method.PRIVATELINK)
        elif key in _GROUPS:
            self.draft = replace(draft, method=_GROUPS[key])
        elif purpose is not None and draft.reason is None:
            self.draft = replace(draft, reason=word)
        elif draft.on_behalf is None and (person := mentioned(bare(word))) is not None:
            self.draft = replace(draft, on_behalf=person)
        elif key not in _FILLERS | _OPENING_WORDS | _DASHES:
            names = [bare(part) for part in re.split("[,、;]", word) if bare(part)]
            self.draft = replace(draft, words=tuple(dict.fromkeys((*draft.words, *names))))


def _is_duration(text: str) -> bool:
    return text == FOREVER or is_duration(text)


def _is_end(text: str) -> bool:
    """Whether every word of a text belongs to an end; a form's field takes more, and says what is wrong."""
    return bool(tokenize(text)) and looks_like_end(text)

"""How the words behind ``privatelink …`` are read: accounts, where, for how long and why."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.text import cite
from bot.errors import Refusal, Refused
from handlers.link_typed import AskLinkAdd, AskLinkAdopt, AskLinkClose, AskLinkRemove, AskLinkStatus
from handlers.parsing.clauses import Clause, read_clauses, split
from handlers.parsing.normalization import bare
from handlers.parsing.parsers import Path, clauses_behind, target_of

_ACCOUNT: Final = frozenset(("account", "accounts", "アカウント"))
"""Words that stand between a database and the accounts: ``open billing account 123456789012``."""

_ACCOUNT_LIKE: Final = re.compile(r"[0-9]|arn:", re.I | re.A)
"""How an account begins; no app or add-on is called so, for their names begin with a letter."""


def read_link_add(_path: Path, words: Sequence[str], example: str) -> AskLinkAdd:
    """Accounts, and any clause; the database may stand before them."""
    accounts, target, said = _accounts(words, example, tuple(Clause))
    return AskLinkAdd(
        accounts=accounts,
        target=target,
        duration=said.get(Clause.DURATION),
        until=said.get(Clause.UNTIL),
        reason=said.get(Clause.REASON),
    )


def read_link_remove(_path: Path, words: Sequence[str], example: str) -> AskLinkRemove:
    """Accounts, and where and why."""
    accounts, target, said = _accounts(words, example, (Clause.TARGET, Clause.REASON))
    return AskLinkRemove(accounts=accounts, target=target, reason=said.get(Clause.REASON))


def read_link_adopt(_path: Path, words: Sequence[str], example: str) -> AskLinkAdopt:
    """Accounts, and where and why."""
    accounts, target, said = _accounts(words, example, (Clause.TARGET, Clause.REASON))
    return AskLinkAdopt(accounts=accounts, target=target, reason=said.get(Clause.REASON))


def read_link_status(_path: Path, words: Sequence[str], example: str) -> AskLinkStatus:
    """A database."""
    return AskLinkStatus(target=target_of(words, example))


def read_link_close(_path: Path, words: Sequence[str], example: str) -> AskLinkClose:
    """A database, and why."""
    before, after = split(words)
    allowed = (Clause.REASON,) if before else (Clause.TARGET, Clause.REASON)
    said = clauses_behind(before[1:], after, example, allowed)
    target = (bare(before[0]) if before else said.get(Clause.TARGET)) or None
    return AskLinkClose(target=target, reason=said.get(Clause.REASON))


def _accounts(
    words: Sequence[str], example: str, allowed: Sequence[Clause]
) -> tuple[str | None, str | None, Mapping[Clause, str]]:
    """The accounts, the database, and what the clauses say."""
    before, after = split(words)
    said = read_clauses(after, example=example, allowed=allowed)
    ahead, accounts = _parted(before, said)
    if len(ahead) > 1 or (ahead and Clause.TARGET in said):
        raise Refused(Refusal.WORD_TOO_MANY, word=cite(ahead[-1]), example=example)
    target = bare(ahead[0]) if ahead else said.get(Clause.TARGET)
    return " ".join(filter(None, map(bare, accounts))) or None, target or None, said


def _parted(before: Sequence[str], said: Mapping[Clause, str]) -> tuple[Sequence[str], Sequence[str]]:
    """What stands before the accounts, and they: parted by a word that says so, or by how they begin."""
    for place, word in enumerate(before):
        if bare(word).casefold() in _ACCOUNT:
            return before[:place], before[place + 1 :]
    named = before and Clause.TARGET not in said and _ACCOUNT_LIKE.match(bare(before[0])) is None
    return (before[:1], before[1:]) if named else ((), before)

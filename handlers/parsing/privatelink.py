"""Parsers of ``privatelink open``, ``add``, ``remove`` and ``adopt``."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.outside.text import cite
from bot.errors import Refusal, Refused
from handlers.parsing.clauses import ANY, WHERE_AND_WHY, Clause, parse_clauses, split_at_clauses
from handlers.parsing.intents import CommandPath, Intent
from handlers.parsing.normalization import bare
from handlers.parsing.parsers import request_input

_ACCOUNT: Final = frozenset(("account", "accounts", "アカウント"))
"""Words between a database and the accounts: ``open billing account 123456789012``."""

_ACCOUNT_LIKE: Final = re.compile(r"[0-9]|arn:", re.I | re.A)
"""How an account begins; names of apps and add-ons begin with a letter."""


def parse_new_accounts(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses accounts, and any clause; the database may also come before the accounts."""
    return _accounts(path, words, example, ANY)


def parse_existing_accounts(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses accounts, a database and a reason."""
    return _accounts(path, words, example, WHERE_AND_WHY)


def _accounts(path: CommandPath, words: Sequence[str], example: str, allowed: Sequence[Clause]) -> Intent:
    before, after = split_at_clauses(words)
    values = parse_clauses(after, example=example, allowed=allowed)
    ahead, accounts = _split_at_accounts(before, values)
    if len(ahead) > 1 or (ahead and Clause.TARGET in values):
        raise Refused(Refusal.WORD_TOO_MANY, word=cite(ahead[-1]), example=example)
    target = (bare(ahead[0]) if ahead else values.get(Clause.TARGET)) or None
    address = " ".join(filter(None, map(bare, accounts))) or None
    return Intent(command=path, input=request_input(values, address=address, target=target))


def _split_at_accounts(
    before: Sequence[str], values: Mapping[Clause, str]
) -> tuple[Sequence[str], Sequence[str]]:
    """Splits words into database and accounts: at the word ``account``, or by how an account begins."""
    for index, word in enumerate(before):
        if bare(word).casefold() in _ACCOUNT:
            return before[:index], before[index + 1 :]
    named = before and Clause.TARGET not in values and _ACCOUNT_LIKE.match(bare(before[0])) is None
    return (before[:1], before[1:]) if named else ((), before)

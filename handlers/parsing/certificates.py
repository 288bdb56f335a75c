"""Parsers of ``mtls certificate get``, ``rotate`` and ``remove``."""

from collections.abc import Sequence

from bot.domain.outside.text import cite
from bot.errors import Refusal, Refused
from bot.services import RequestInput
from handlers.parsing.clauses import Clause, clauses_behind, split_at_clauses
from handlers.parsing.intents import CommandPath, Intent
from handlers.parsing.parsers import handle


def parse_certificate(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses a certificate."""
    if len(words) > 1:
        raise Refused(Refusal.WORD_TOO_MANY, word=cite(words[1]), example=example)
    return Intent(command=path, certificate=handle(words[0]) if words else None)


def parse_certificate_and_reason(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses a certificate, and a reason."""
    before, after = split_at_clauses(words)
    values = clauses_behind(before[1:], after, example, (Clause.REASON,))
    certificate = handle(before[0]) if before else ""
    reason = values.get(Clause.REASON)
    return Intent(command=path, certificate=certificate or None, input=RequestInput(reason=reason))

"""Parsers of ``trusted add``, ``remove`` and ``adopt``."""

from collections.abc import Sequence

from handlers.parsing.clauses import ANY, WHERE_AND_WHY
from handlers.parsing.intents import CommandPath, Intent
from handlers.parsing.parsers import parse_addresses


def parse_new_range(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses address ranges, and any clause."""
    return parse_addresses(path, words, example, ANY)


def parse_existing_range(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses address ranges, a space and a reason."""
    return parse_addresses(path, words, example, WHERE_AND_WHY)

"""Parsers of ``mtls add``, ``remove`` and ``adopt``."""

from collections.abc import Sequence

from bot.errors import Refusal, Refused
from handlers.parsing.clauses import ANY, WHERE_AND_WHY
from handlers.parsing.intents import CommandPath, Intent
from handlers.parsing.parsers import parse_addresses


def parse_new_rule(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses addresses, or ``me`` for that of the person's browser, and any clause."""
    return parse_addresses(path, words, example, ANY)


def parse_existing_rule(path: CommandPath, words: Sequence[str], example: str) -> Intent:
    """Parses addresses, a target and a reason."""
    intent = parse_addresses(path, words, example, WHERE_AND_WHY)
    address = intent.input.address
    # No payload of Slack's holds a person's address, so that nothing could be put in its place.
    if address is not None and address.casefold() == "me":
        raise Refused(Refusal.ADDRESS_ME, example=example)
    return intent

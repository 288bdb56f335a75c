"""Reads the sentences of every language from their TOML files, and refuses a catalogue that is not whole."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from bot.errors import Refusal
from bot.ports import MessageKind

LANGUAGES: Final = ("en", "ja")
"""Languages that have a file; English comes first, and the others are held against it."""

_FOLDER: Final = Path(__file__).parent

_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


class CatalogueError(Exception):
    """A sentence is missing, or has other placeholders than in English; the text names file and key."""


def read(language: str, folder: Path = _FOLDER) -> Mapping[str, str]:
    """Reads the file of one language.

    Args:
        language: a file's name without its ending.
        folder: where the file is.

    Returns:
        Sentences by key.

    Raises:
        CatalogueError: the file is not there, is no TOML, or holds something other than sentences.
    """
    file = folder / f"{language}.toml"
    try:
        sentences = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CatalogueError(f"{file.name}: {error}") from error
    for key, sentence in sentences.items():
        # A dotted key without quotes is a table to TOML, and would hide its sentences from every check.
        if not isinstance(sentence, str):
            raise CatalogueError(f"{file.name}: {key} is no sentence; write '{key}.…' between apostrophes")
    return sentences


def check(catalogue: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    """Checks that every language says the same things, and that all that must be said has a sentence.

    Args:
        catalogue: sentences by language and key; the first language is the one the others are held against.

    Returns:
        The same catalogue.

    Raises:
        CatalogueError: with every fault found, one a line.
    """
    if faults := list(_faults(catalogue)):
        raise CatalogueError("\n".join(faults))
    return catalogue


def _faults(catalogue: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    first, *others = catalogue
    for key in sorted(_required(catalogue[first])):
        yield f"{first}.toml: {key} has no sentence"
    for other in others:
        # In both directions: a key that only a translation has is out of date.
        for key in sorted(catalogue[first].keys() ^ catalogue[other].keys()):
            lacking = other if key in catalogue[first] else first
            yield f"{lacking}.toml: {key} has no sentence"
        for key in catalogue[first].keys() & catalogue[other].keys():
            expected, found = _placeholders(catalogue[first][key]), _placeholders(catalogue[other][key])
            if expected != found:
                yield f"{other}.toml: {key} has the placeholders {sorted(found)}, not {sorted(expected)}"


def _required(sentences: Mapping[str, str]) -> set[str]:
    """Keys that must have a sentence and have none: one for each refusal and each notification."""
    refusals = {f"refused.{reason}" for reason in Refusal}
    # A decision has one sentence for each outcome instead of one for its kind.
    notifications = {kind.value for kind in MessageKind if kind.startswith("notification.")}
    notifications -= {MessageKind.DECIDED.value}
    return (refusals | notifications) - sentences.keys()


def _placeholders(sentence: str) -> set[str]:
    return set(_PLACEHOLDER.findall(sentence))


CATALOGUE: Final[Mapping[str, Mapping[str, str]]] = check(
    {language: read(language) for language in LANGUAGES}
)
"""Sentences by language and key; every language has the same keys and placeholders."""

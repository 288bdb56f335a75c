"""The project uses the field's terms: no coined word is left in a name, a comment or a document."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

WORDS: Final[Mapping[str, str]] = {
    "keeper": "reconciler",
    "keepers": "reconcilers",
    "courier": "notifier",
    "couriers": "notifiers",
    "census": "directory sync",
    "errand": "background task",
    "errands": "background tasks",
    "chore": "periodic task",
    "chores": "periodic tasks",
    "bell": "wake-up",
    "bells": "wake-ups",
    "lane": "reconcile queue; in prose: a target's method",
    "lanes": "reconcile queue; in prose: a target's methods",
    "desk": "interactive Slack",
    "desks": "interactive Slack",
    "wish": "request input",
    "wishes": "request input",
    "afresh": "live refresh; in prose: again",
    "tidy": "normalize",
    "tidied": "normalized",
    "handout": "download link",
    "handouts": "download links",
    "weather": "outages, fault injection",
    "minding": "certificate expiry",
    "lately": "recently removed; in prose: recently",
    "hands": "executor, observer; as a verb: passes",
    "doomed": "kill target",
    "drawn": "plan; of a message: rendered",
    "foreign": "unmanaged; in messages: not managed by pgaccess",
    "house": "structure, application",
    "ladder": "expiry reminders, reminder schedule",
    "mirror": "external system",
    "mirrors": "external systems",
    "mortal": "crashing store",
    "nursery": "process supervisor",
    "played": "emulated, simulated",
    "stray": "orphan",
    "strays": "orphans",
    "wall": "TLS gateway",
    "witness": "write recorder",
}
"""Coined words that the project once used, each with the term that stands in its place."""

PHRASES: Final[Mapping[str, str]] = {
    "birth mark": "marker",
    "let in": "allowed",
    "lets in": "allows",
    "way in": "access method",
    "ways in": "access methods",
    "twelve sentences": "invariants",
}
"""The same for coined meanings of ordinary words: only the phrase tells them apart."""


@dataclass(frozen=True)
class Allowed:
    """A legitimate use of one of the words.

    where: what the file's path begins with.
    text: a regular expression for the use.
    reason: why the word is the right one there.
    """

    where: str
    text: str
    reason: str


ALLOWED: Final[Sequence[Allowed]] = (
    Allowed("storage/", r"(?i)foreign[ _]?key", "SQL's own term, and SQLAlchemy's class"),
    Allowed("tests/bench/", r"Foreign-key", "SQL's own term"),
    Allowed("tests/unit/test_i18n.py", r"(\(\?:ways\?|\|give up).*", "its own list: words no message has"),
    Allowed("bot/i18n/", r":bell:", "Slack's emoji, in front of a reminder"),
    Allowed("sandbox/page/emoji.js", r"\bbell:", "the same emoji on the demo's page"),
    Allowed("sandbox/page/", r"\bwall\b|\bwallOf\b", "wall time: the time that a clock in a zone shows"),
    Allowed("sandbox/page/emoji.js", r"\b(bell|house): ", "Slack's names of emoji"),
)

FOLDERS: Final = ("bot", "handlers", "storage", "sandbox", "tests", "docs", ".ci")
FILES: Final = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "Procfile"),
    *("app.json", "pgaccess.example.toml", "pyproject.toml"),
)
SUFFIXES: Final = frozenset(
    {".css", ".html", ".js", ".json", ".mako", ".md", ".py", ".sql", ".toml", ".txt", ""}
)

REPLACEMENTS: Final[Mapping[str, str]] = {**WORDS, **PHRASES}


@cache
def sources() -> Sequence[Path]:
    """Every text file of the product, its tests and its documents, but for this one."""
    return list(_sources())


def _sources() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in SUFFIXES and path != Path(__file__):
                yield path
    yield from (ROOT / name for name in FILES)


def words_of(text: str) -> Iterator[str]:
    """The words of a text in lower case; identifiers are split at underscores and capitals."""
    for run in re.findall(r"[A-Za-z]+", text):
        yield run.lower()
        yield from (part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", run))


def coined(text: str, *, path: str = "") -> list[str]:
    """The coined words and phrases in a text, with legitimate uses left out."""
    for allowed in ALLOWED:
        if path.startswith(allowed.where):
            text = re.sub(allowed.text, " ", text)
    spoken = " ".join(re.findall(r"[a-z]+", text.lower()))
    return sorted(
        {word for word in words_of(text) if word in WORDS}
        | {phrase for phrase in PHRASES if re.search(rf"\b{phrase}\b", spoken)}
    )


def hits(path: Path) -> Iterator[str]:
    """Each coined word in a file's name and in its lines, as ``file:line``."""
    name = path.relative_to(ROOT).as_posix()
    for word in coined(name):
        yield f"{name}: {word!r} in the file's name, say {REPLACEMENTS[word]!r}"
    text = path.read_text(encoding="utf-8")
    if not ANY.search(text):
        return
    for number, line in enumerate(text.splitlines(), start=1):
        for word in coined(line, path=name) if ANY.search(line) else ():
            yield f"{name}:{number}: {word!r}, say {REPLACEMENTS[word]!r}: {line.strip()[:100]}"


def _any(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(word.replace(" ", r"\W+") for word in words), re.IGNORECASE)


ANY: Final = _any((*WORDS, *PHRASES))
"""Tells quickly whether a text has to be read word by word at all."""


@pytest.mark.parametrize("folder", [*FOLDERS, "."])
def test_no_coined_word_is_left_in_names_comments_and_documents(folder: str) -> None:
    found = [
        hit
        for path in sources()
        if path.relative_to(ROOT).parts[0] == folder or (folder == "." and path.parent == ROOT)
        for hit in hits(path)
    ]
    assert found == [], "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("class RulesKeeper:", "keeper"),
        ("KEEPER_LANES = 3", "keeper"),
        ("an HTTPCourier", "courier"),
        ("def ring_the_bell() -> None:", "bell"),
        ("# whose hands these are", "hands"),
        ("the ways in that it is for", "ways in"),
        ("card.lets_in", "lets in"),
    ],
)
def test_a_coined_word_is_found_in_any_spelling(text: str, word: str) -> None:
    assert word in coined(text)


@pytest.mark.parametrize("text", ["withdrawn", "PlaneLanding", "the label", "handshake", "warehouse"])
def test_a_word_that_only_contains_a_coined_one_is_none(text: str) -> None:
    assert coined(text) == []


@pytest.mark.parametrize("allowed", ALLOWED, ids=lambda allowed: allowed.text)
def test_every_exception_is_still_needed(allowed: Allowed) -> None:
    used = any(
        re.search(allowed.text, path.read_text(encoding="utf-8"))
        for path in sources()
        if path.relative_to(ROOT).as_posix().startswith(allowed.where)
    )
    assert used, f"nothing below {allowed.where} uses {allowed.text!r} any more"

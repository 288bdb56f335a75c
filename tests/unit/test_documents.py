"""What the documents name exists: tests, files, folders, pages and their headings."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bot.i18n.catalogue import CATALOGUE
from bot.ports import MessageKind
from bot.ports.assertions import TOPICS, Topic

ROOT: Final = Path(__file__).parents[2]

DOCUMENTS: Final = sorted(
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)

PATH: Final = re.compile(r"(?:bot|handlers|storage|sandbox|tests|docs)(?:/[\w.-]+)*/?")
"""A file or folder of the project, as prose names it; a module may be named without its ``.py``."""


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def prose(document: str) -> str:
    """A document without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", read(document), flags=re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub gives to a document's headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(document: str) -> Iterator[str]:
    """The relative links of a document that lead nowhere."""
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (ROOT / document).parent / file if file else ROOT / document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_test_that_a_document_names_exists(document: str) -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", read(document)))
    missing = [
        f"{file}::{test}"
        for file, test in sorted(named)
        if not (ROOT / file).exists() or (test and f"def {test}(" not in read(file))
    ]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    assert list(broken_links(document)) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_exists(document: str) -> None:
    named = {name for name in re.findall(r"`([^`\s]+)`", prose(document)) if PATH.fullmatch(name)}
    missing = [name for name in named if not (ROOT / name).exists() and not (ROOT / f"{name}.py").is_file()]
    assert sorted(missing) == []


GUIDES: Final = [
    document for document in DOCUMENTS if re.fullmatch(r"docs/guides/[a-z-]+(\.ja)?\.md", document)
]


@pytest.mark.parametrize("guide", GUIDES)
def test_what_a_guide_quotes_from_pgaccess_is_a_sentence_of_pgaccess(guide: str) -> None:
    sentences = CATALOGUE["ja" if guide.endswith(".ja.md") else "en"].values()
    rows = re.findall(r"^\| pgaccess: (.+?) \|", read(guide), re.MULTILINE)
    quoted = [quote for row in rows for quote in re.findall(r"`([^`]+)`", row)]
    assert quoted != []
    assert [quote for quote in quoted if not any(quote in sentence for sentence in sentences)] == []


def test_the_tests_of_the_documents_read_all_of_them() -> None:
    assert {"README.md", "docs/architecture.md", "docs/guides/mtls.ja.md"} <= set(DOCUMENTS)


# --- the table of messages -----------------------------------------------------------------------------


def messages() -> Iterator[tuple[str, str, str, str]]:
    """The rows of the table of messages: each kind, what it is about, what ends it, and what it becomes."""
    section = (
        read("docs/architecture.md").partition("## Messages that stop being true")[2].partition("\n## ")[0]
    )
    for row in re.findall(r"^\| (`.+)$", section, re.MULTILINE):
        kinds, about, until, becomes = (cell.strip() for cell in row.rstrip("|").split("|"))
        for kind in re.findall(r"`([^`]+)`", kinds):
            yield kind, about, until, becomes


def test_the_table_of_messages_says_of_each_kind_once_what_it_is_about() -> None:
    kinds = [kind for kind, *_ in messages()]
    assert len(kinds) == len(set(kinds))
    topics = {kind.removeprefix("notification."): topic for kind, topic in TOPICS.items()}
    assert {kind: about for kind, about, *_ in messages()} == topics


def test_every_kind_of_message_is_about_something() -> None:
    assert TOPICS.keys() == set(MessageKind)


@pytest.mark.parametrize("row", [*messages()], ids=lambda row: row[0])
def test_what_can_stop_being_true_becomes_something_else(row: tuple[str, str, str, str]) -> None:
    _, about, until, becomes = row
    assert bool(until and becomes) is (about != Topic.PAST)

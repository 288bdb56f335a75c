"""What the documents say is tested is tested: each test that they name exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("document", ["docs/security.md", "docs/reliability.md"])
def test_every_test_that_a_document_names_exists(document: str) -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / document).read_text()))
    missing = [
        f"{file}::{test}"
        for file, test in sorted(named)
        if not (ROOT / file).exists() or (test and f"def {test}(" not in (ROOT / file).read_text())
    ]
    assert missing == []

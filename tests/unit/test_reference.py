"""The reference pages are up to date with the code, and their examples are valid."""

import re
import tomllib

import pytest
from pydantic import BaseModel

from bot.domain.command_text import COMMAND
from bot.policy.loader import parse_policy
from bot.policy.schema import (
    AccessReviewKeys,
    KeepKeys,
    MatchKeys,
    NetworkKeys,
    PolicyKeys,
    RuleKeys,
    TargetKeys,
)
from handlers.parsing.command_table import COMMANDS, parse
from tests.reference import FOLDER, pages

PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == PAGES[name], "run `make docs`"


def test_every_page_in_the_folder_is_generated() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


def test_every_command_on_the_page_can_be_typed() -> None:
    lines = re.findall(rf"`{COMMAND} ([^`]+)`", PAGES["commands.md"])
    assert len(lines) >= len(COMMANDS)
    for line in lines:
        parse(line)


def test_every_command_and_every_key_has_one_row() -> None:
    for words in COMMANDS:
        assert PAGES["commands.md"].count(f"\n| `{' '.join(words)}` |") == 1
    for model in SECTIONS:
        for key in model.model_fields:
            assert section(model).count(f"\n| `{key}` |") == 1


def test_the_minimal_policy_on_the_page_is_valid() -> None:
    minimal = re.search(r"```toml\n(.+?)```", PAGES["policy.md"], re.S)
    assert minimal is not None
    assert len(parse_policy(minimal[1], source="the page").rules) == 1


SECTIONS: dict[type[BaseModel], str] = {
    PolicyKeys: "## Top level",
    TargetKeys: "## `[targets.<alias>]`",
    AccessReviewKeys: "## `[access_review]`",
    KeepKeys: "## `[keep]`",
    NetworkKeys: "## `[networks.<name>]`",
    MatchKeys: "## `[[match]]`",
    RuleKeys: "## `[[rules]]`",
}


def section(model: type[BaseModel]) -> str:
    """The section of the policy page with the table of a model's keys."""
    return PAGES["policy.md"].partition(f"\n{SECTIONS[model]}\n")[2].partition("\n## ")[0]


MINIMAL: dict[type[BaseModel], dict[str, object]] = {
    PolicyKeys: {"approvals_channel": "C0123ABCD", "rules": [{}]},
    TargetKeys: {"database": "acme"},
    AccessReviewKeys: {},
    KeepKeys: {},
    NetworkKeys: {"ranges": ["198.51.100.0/28"]},
    MatchKeys: {"environment": "production"},
    RuleKeys: {},
}
KEYS = [
    (model, key)
    for model in MINIMAL
    for key in model.model_fields
    if key not in ("access_review", "keep", "targets", "networks", "presets", "match", "rules")
]


def cell(model: type[BaseModel], key: str, column: int) -> str:
    """A cell of a table of the policy page, by model, key and column."""
    row = next(line for line in section(model).splitlines() if line.startswith(f"| `{key}` |"))
    return row.removeprefix("| ").removesuffix(" |").split(" | ")[column].strip("`")


@pytest.mark.parametrize(("model", "key"), KEYS)
def test_every_example_value_is_valid(model: type[BaseModel], key: str) -> None:
    example = tomllib.loads(cell(model, key, 3))
    assert set(example) == {key}
    assert getattr(model.model_validate(MINIMAL[model] | example), key) is not None


@pytest.mark.parametrize(("model", "key"), [pair for pair in KEYS if cell(*pair, 2)])
def test_the_default_on_the_page_is_the_one_that_applies(model: type[BaseModel], key: str) -> None:
    if model.model_fields[key].is_required():
        assert cell(model, key, 2) == "required"
        return
    example = tomllib.loads(f"{key} = {cell(model, key, 2)}")
    assert model.model_validate(MINIMAL[model] | example) == model.model_validate(MINIMAL[model])

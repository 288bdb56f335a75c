"""Makes the pages of ``docs/reference`` from the code that they describe: ``python -m tests.reference``."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.domain.duration import show_duration
from bot.policy.schema import PolicyKeys, RuleKeys, TargetKeys
from handlers.parsing.clauses import ENDLESS, VALUES, WORDS, Clause
from handlers.parsing.command_table import COMMAND, COMMANDS
from handlers.parsing.intents import CommandPath

FOLDER: Final = Path(__file__).parents[1] / "docs" / "reference"
"""Where the pages are."""

MADE: Final = "<!-- Made by `make docs` from the code; edit that instead. -->"

_TELLS: Final[Mapping[Clause, str]] = {
    Clause.TARGET: "on which database: its alias in the policy, its add-on's name, or its app's",
    Clause.DURATION: "for how long: `90m`, `8h`, `2d`, `1h30m`, `8 hours`, or `ever`",
    Clause.UNTIL: "until when: `18:00`, `tomorrow 9:00`, `2026-11-25 18:00`, on the person's own clock",
    Clause.REASON: "why: everything to the end of the line",
}

_TRIED: Final = """\
pgaccess policy check [FILE]
pgaccess policy test [FILE] --as U0123ABCD,S0789ENGR --on billing \\
    [--environment production] [--method mtls]"""


def pages() -> dict[str, str]:
    """Every page's text by its file's name."""
    return {"commands.md": _commands(), "policy.md": _policy()}


def main() -> None:
    """Writes the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def _commands() -> str:
    endless = ", ".join(f"`{word}`" for word in sorted(ENDLESS))
    return _page(
        "# Commands",
        MADE,
        f"`{COMMAND}` alone opens the form. Behind it stand words in natural order, in upper or lower case, "
        "full-width or not; what is missing is asked for. `help` works at every level, a misspelt word gets "
        '"did you mean", and the number of a request is `17`, `#17` or `17番`.',
        _table(("command", "what it does", "for example"), map(_command, COMMANDS)),
        "## Clauses",
        "In any order, each at most once; the reason comes last. A duration and an end exclude each other. "
        f"By themselves, {endless} say that there is no end.",
        _table(("words", "they say", "for example"), map(_clause, Clause)),
    )


def _command(words: CommandPath) -> Sequence[str]:
    command = COMMANDS[words]
    return f"`{' '.join(words)}`", command.does, f"`{command.example}`"


def _clause(clause: Clause) -> Sequence[str]:
    words = [word for word, meant in WORDS.items() if meant is clause]
    return ", ".join(f"`{word}`" for word in words), _TELLS[clause], f"`{words[0]} {VALUES[clause]}`"


def _policy() -> str:
    return _page(
        "# The policy file",
        MADE,
        "TOML, in `pgaccess.toml`, in the file that `PGACCESS_POLICY` names, or as text in "
        "`PGACCESS_POLICY_TOML`. An unknown key or a contradiction is refused at start, in a sentence that "
        "names it. `pgaccess.example.toml` has every key with a comment; this is the least that will do:",
        '```toml\napprovals_channel = "C0123ABCD"\n\n[[rules]]\napprovers = ["U0123ABCD"]\n```',
        "## At the top",
        _keys(PolicyKeys),
        "## `[targets.<alias>]`",
        f"The alias is what people may type: `{COMMAND} mtls add 203.0.113.4 to billing`. No two databases "
        "may be mistaken for each other.",
        _keys(TargetKeys),
        "## `[[rules]]`",
        "The first rule that matches counts, by the environment of the database, the method and the "
        "requester; one that denies wins over all that match, wherever it stands; what no rule matches is "
        "refused. A rule that could never count, because one that goes before it matches all it does, is "
        "refused at start.",
        _keys(RuleKeys),
        "## Trying it",
        f"```\n{_TRIED}\n```",
        "`check` says whether the policy is right; `test` says what somebody may ask for, by which rule and "
        "why, who decides, and on which terms. Neither needs any other setting; the exit status is 0, or 2 "
        "with a sentence about what is wrong.",
    )


def _keys(model: type[BaseModel]) -> str:
    rows = ((f"`{key}`", *_key(key, field)) for key, field in model.model_fields.items())
    return _table(("key", "meaning", "when left out", "for example"), rows)


def _key(key: str, field: FieldInfo) -> Sequence[str]:
    example = str((field.examples or [""])[0])
    # A table is its own example, and not a value behind a key.
    shown = example if example.startswith("[") and key in example else f"{key} = {example}"
    return field.description or "", _default(key, field), f"`{shown}`"


def _default(key: str, field: FieldInfo) -> str:
    if field.is_required():
        return "has to be there"
    return "" if field.default in (None, {}) else f"`{_toml(key, field.default)}`"


def _toml(key: str, value: Any) -> str:
    """A default as it would be written in the file."""
    match value:
        case bool():
            return str(value).lower()
        case timedelta():
            return f'"{show_duration(value)}"'
        case list():
            return "[" + ", ".join(_toml(key, one) for one in value) + "]"
        case int() if key == "widest":
            return f'"/{value}"'
        case int():
            return str(value)
    return f'"{value}"'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _page(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()

"""Generates ``docs/reference`` from the code: ``python -m tests.reference``."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.domain.command_text import COMMAND
from bot.domain.duration import show_duration
from bot.policy.schema import (
    AccessReviewKeys,
    KeepKeys,
    MatchKeys,
    NetworkKeys,
    PolicyKeys,
    PresetKeys,
    RuleKeys,
    TargetKeys,
)
from handlers.parsing.clauses import ENDLESS, VALUES, WORDS, Clause
from handlers.parsing.command_table import COMMANDS
from handlers.parsing.intents import CommandPath

FOLDER: Final = Path(__file__).parents[1] / "docs" / "reference"
"""Where the pages are written."""

MADE: Final = "<!-- Generated from the code by `make docs`; edit the code instead. -->"

_TELLS: Final[Mapping[Clause, str]] = {
    Clause.TARGET: "the database: its alias in the policy, `app`, `app::ATTACHMENT`, or its add-on",
    Clause.DURATION: "the duration: `90m`, `8h`, `2d`, `1h30m`, `1 week`, `half a day`, or `ever`",
    Clause.START: "a start: only `now`, since access starts once it is approved",
    Clause.UNTIL: "the end: `18:00`, `tomorrow 9am`, `Friday`, `24 Dec 18:00`, in your own time zone; see "
    "[times](../guides/times.md)",
    Clause.PERSON: "whom it is for, where the policy allows that: a person of the list that Slack offers",
    Clause.REASON: "the reason: everything to the end of the line",
}

_TRIED: Final = """\
pgaccess policy check [FILE]
pgaccess policy test [FILE] --as U0123ABCD,S0789ENGR --on billing \\
    [--space acme-private] [--app billing] [--addon postgresql-1] [--environment production] [--method mtls]
pgaccess policy test [FILE] --as U0123ABCD --on acme-private --method trusted --inside billing --inside ledger
pgaccess policy matrix [FILE] [--format csv]"""


def pages() -> dict[str, str]:
    """Returns the text of every page, by file name."""
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
        f"`{COMMAND}` alone opens the request form. Commands are words in natural order, in upper or lower "
        "case, full-width or not; anything missing is asked for in a form. `help` works at every level, a "
        'misspelled word gets "did you mean", and a request is `17`, `#17` or `17番`.',
        _table(("command", "description", "example"), map(_command, COMMANDS)),
        "## Clauses",
        "In any order, each at most once; the reason comes last. A duration and an end exclude each other. "
        f"{endless} request access without an end.",
        _table(("words", "meaning", "example"), map(_clause, Clause)),
    )


def _command(words: CommandPath) -> Sequence[str]:
    command = COMMANDS[words]
    return f"`{' '.join(words)}`", command.does, f"`{command.example}`"


def _clause(clause: Clause) -> Sequence[str]:
    words = [word for word, meant in WORDS.items() if meant is clause]
    # It begins both: a mention behind it is a person, anything else a duration.
    words = ["for", *words] if clause is Clause.PERSON else words
    return ", ".join(f"`{word}`" for word in words), _TELLS[clause], f"`{words[0]} {VALUES[clause]}`"


def _policy() -> str:
    return _page(
        "# The policy file",
        MADE,
        "TOML, in `pgaccess.toml`, in the file named by `PGACCESS_POLICY`, or as text in "
        "`PGACCESS_POLICY_TOML`. Unknown keys and contradictions are reported at start, by name. "
        "`pgaccess.example.toml` has every key with a comment. The minimum:",
        '```toml\napprovals_channel = "C0123ABCD"\nunmatched = "default"\n\n'
        '[[rules]]\nname = "everything"\napprovers = ["U0123ABCD"]\n```',
        "## Top level",
        _keys(PolicyKeys),
        "## `[targets.<alias>]`",
        f"The alias is what people can type: `{COMMAND} mtls add 203.0.113.4 to billing`. It must not be "
        "the name or alias of another database.",
        _keys(TargetKeys),
        "## `[access_review]`",
        "Approvers are asked what to keep and what to end of all that has no end, or lasts long. The weekly "
        "review of what the policy would refuse now is another one, and has no keys.",
        _keys(AccessReviewKeys),
        "## `[keep]`",
        "How long is kept what is no evidence. [retention.md](../operations/retention.md) has every table.",
        _keys(KeepKeys),
        "## `[networks.<name>]`",
        f"The name is what people can type: `{COMMAND} mtls add office to billing`. It must not be a word "
        "of a command, an alias, or read as an address. The ranges of one network, and of two, must not "
        "overlap; none may be wider than every rule allows.",
        _keys(NetworkKeys),
        "## `[presets.<name>]`",
        f"A request that people make again and again: `{COMMAND} etl`, or a button in the form and the App "
        "Home, opens the form filled in. Whoever submits it asks as always, and the same rules decide.",
        _keys(PresetKeys),
        "## `[[match]]`",
        "Environments by pattern, for what no `[targets]` table names. The first table that matches counts.",
        _keys(MatchKeys),
        "## `[[rules]]`",
        "The first rule that matches the environment of the database, the method and the requester applies. "
        "A matching rule that denies wins at any position. What no rule matches is refused. A rule or a "
        "pattern that can never apply, because an earlier one matches everything that it does, is an error.",
        _keys(RuleKeys),
        "## Testing a policy",
        f"```\n{_TRIED}\n```",
        "`check` validates the policy. With `DATABASE_URL` it also says what does not fit what pgaccess "
        "knows of Heroku and Slack: entries and patterns that match nothing, databases that nothing covers, "
        "spaces whose own entry is laxer than the databases in them, groups that are empty or cannot be "
        "read, and rules that too few people can decide.",
        "`test` shows what a person may request, by which rule, who decides, and on which terms; `matrix` "
        "shows the same for every environment and method, for everybody and for each person or group that a "
        "rule names as requester. Both ask the code that decides requests.",
        "The exit status is 0; 1 if `check` found something to mend; or 2 with an error message.",
        "## A policy that cannot be read",
        "`release` validates the policy before it migrates: a release with a wrong one fails, and the old "
        "one stays. Heroku runs it for every deploy and every changed config var.",
        "A process that starts without a readable policy goes on with what the store keeps of the last one: "
        "its channels, its language and `warn_before`. Access ends on time, warnings are sent, owners can "
        "end their own access, and everything can be looked at. Nothing is requested, approved or opened. "
        "The log has an error each minute, the operations channel a message each hour, and `/readyz` and "
        "`check` say so. What was approved before waits, and is opened once the policy can be read, unless "
        "its deadline for opening has passed: then it has failed, and can be retried.",
        "The policy is read when a process starts: restart the processes after mending a file. On Heroku, "
        "changing a config var restarts them. Where no policy was ever read, the process ends with exit "
        "status 2 and the error message.",
    )


def _keys(model: type[BaseModel]) -> str:
    rows = ((f"`{key}`", *_key(key, field)) for key, field in model.model_fields.items())
    return _table(("key", "meaning", "default", "example"), rows)


def _key(key: str, field: FieldInfo) -> Sequence[str]:
    example = str((field.examples or [""])[0])
    # The example of a table is the table itself, not `key = value`.
    shown = example if example.startswith("[") and key in example else f"{key} = {example}"
    return field.description or "", _default(key, field), f"`{shown}`"


def _default(key: str, field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    # The keys of a table have their own defaults.
    absent = field.default in (None, {}) or isinstance(field.default, BaseModel)
    return "" if absent else f"`{_toml(key, field.default)}`"


def _toml(key: str, value: Any) -> str:
    """Formats a default as in the file."""
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

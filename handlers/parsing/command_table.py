"""The command table: every command behind ``/pgaccess``, its parser, and how a line finds its row.

Everything here is a pure function of the line.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from handlers.parsing.certificates import parse_certificate, parse_certificate_and_reason
from handlers.parsing.clauses import unknown_word
from handlers.parsing.intents import CommandPath, Intent
from handlers.parsing.mtls import parse_existing_rule, parse_new_rule
from handlers.parsing.normalization import bare, normalize_command
from handlers.parsing.parsers import (
    parse_extension,
    parse_list,
    parse_number,
    parse_number_and_reason,
    parse_target,
    parse_target_and_reason,
)
from handlers.parsing.privatelink import parse_existing_accounts, parse_new_accounts
from handlers.parsing.trusted_ips import parse_existing_range, parse_new_range

COMMAND: Final = "/pgaccess"
"""The slash command that the app's manifest registers."""


@dataclass(frozen=True, slots=True)
class CommandRow:
    """One row of the command table.

    Attributes:
        parse: parser of the words behind the command.
        example: a correct line.
        does: what the command does, for the reference.
    """

    parse: Callable[[CommandPath, Sequence[str], str], Intent]
    example: str
    does: str


def parse(text: str) -> Intent:
    """Parses one command line.

    Args:
        text: the ``text`` of the slash command, as Slack sent it.

    Raises:
        Refused: what is wrong with the line, and a correct example; nothing else is ever raised.
    """
    words = normalize_command(text).split()
    if not words:
        return Intent(command=())
    path, rest = _walk(words)
    if path not in COMMANDS or (len(rest) == 1 and _key(rest[0]) in _HELP):
        return Intent(command=HELP, topic=path)
    row = COMMANDS[path]
    return row.parse(path, rest, row.example)


def _walk(words: Sequence[str]) -> tuple[CommandPath, Sequence[str]]:
    """Follows the words down the table as far as it goes.

    Returns:
        The command, or the group of commands when the words end or ask for help before there is one; and the
        words left over.
    """
    path: CommandPath = ()
    for index, word in enumerate(words):
        choices = _choices(path)
        if not choices:
            return path, words[index:]
        chosen = _key(word)
        if path and chosen in _HELP:
            return path, ()
        chosen = _ALIASES.get(chosen, chosen)
        if chosen not in choices:
            raise unknown_word(word, choices, example=_example(path))
        path = (*path, chosen)
    return path, ()


def _key(word: str) -> str:
    """The form in which a word is compared; a lone ``?`` is a word, not punctuation."""
    return (bare(word) or word).casefold()


def _choices(path: CommandPath) -> tuple[str, ...]:
    """The words that may follow, in the order of the table."""
    depth = len(path)
    return tuple(
        dict.fromkeys(full[depth] for full in COMMANDS if full[:depth] == path and len(full) > depth)
    )


def _example(path: CommandPath) -> str:
    return next(row.example for full, row in COMMANDS.items() if full[: len(path)] == path)


def _parse_help(path: CommandPath, words: Sequence[str], _example: str) -> Intent:
    return Intent(command=path, topic=_walk(words)[0])


HELP: Final = ("help",)
"""Path of the command that explains the others."""

_HELP: Final = frozenset(("help", "?", "-h", "--help", "—help", "ヘルプ"))
"""Words that ask for help; Slack's editor turns two hyphens into a long dash."""

_ALIASES: Final = dict.fromkeys(_HELP, "help")

COMMANDS: Final[Mapping[CommandPath, CommandRow]] = {
    ("mtls", "add"): CommandRow(
        parse_new_rule,
        f"{COMMAND} mtls add 203.0.113.4 to billing for 8h because migration check",
        "Asks to let an address in to a database. `until 18:00` names the end, `for ever` says that there is "
        "none; what is missing opens a form.",
    ),
    ("mtls", "remove"): CommandRow(
        parse_existing_rule,
        f"{COMMAND} mtls remove 203.0.113.4 from billing",
        "Ends what lets an address in: one's own at once, anybody else's after a decision.",
    ),
    ("mtls", "adopt"): CommandRow(
        parse_existing_rule,
        f"{COMMAND} mtls adopt 203.0.113.4 on billing because it is the ETL vendor's",
        "Asks to take over a rule that somebody else made; nothing changes at Heroku.",
    ),
    ("mtls", "list"): CommandRow(
        parse_target,
        f"{COMMAND} mtls list billing",
        "Shows which addresses a database lets in, and who made which.",
    ),
    ("mtls", "enable"): CommandRow(
        parse_target_and_reason,
        f"{COMMAND} mtls enable billing because nightly export",
        "Asks to make a database reachable through mTLS at all; the first client certificate is yours.",
    ),
    ("mtls", "disable"): CommandRow(
        parse_target_and_reason,
        f"{COMMAND} mtls disable billing",
        "Asks to end mTLS on a database; a form shows first every rule and certificate that goes with it.",
    ),
    ("mtls", "certificate", "new"): CommandRow(
        parse_target_and_reason,
        f"{COMMAND} mtls certificate new on billing because nightly export",
        "Asks for a client certificate; the reason is kept as its purpose.",
    ),
    ("mtls", "certificate", "list"): CommandRow(
        parse_target,
        f"{COMMAND} mtls certificate list billing",
        "Shows certificates, whose they are, what for, and when they expire; foreign ones too.",
    ),
    ("mtls", "certificate", "get"): CommandRow(
        parse_certificate,
        f"{COMMAND} mtls certificate get 17",
        "Sends a link to the files of one's own certificate, directly; it works once, for 15 minutes.",
    ),
    ("mtls", "certificate", "rotate"): CommandRow(
        parse_certificate_and_reason,
        f"{COMMAND} mtls certificate rotate 17",
        "Asks to have a new certificate made in place of an old one, which is removed once the new one is "
        "installed.",
    ),
    ("mtls", "certificate", "remove"): CommandRow(
        parse_certificate_and_reason,
        f"{COMMAND} mtls certificate remove 17 because the laptop was lost",
        "Asks to make a certificate worthless at once, and for good.",
    ),
    ("privatelink", "open"): CommandRow(
        parse_new_accounts,
        f"{COMMAND} privatelink open billing account 123456789012 for 2d because nightly export",
        "Asks to open PrivateLink for one or more AWS accounts; what is missing opens a form.",
    ),
    ("privatelink", "add"): CommandRow(
        parse_new_accounts,
        f"{COMMAND} privatelink add 123456789012:user/etl to billing for 8h because nightly export",
        "Asks to let one or more AWS accounts or users in; where there is no PrivateLink, it is opened.",
    ),
    ("privatelink", "remove"): CommandRow(
        parse_existing_accounts,
        f"{COMMAND} privatelink remove 123456789012 from billing",
        "Ends what lets AWS accounts in: one's own at once, anybody else's after a decision.",
    ),
    ("privatelink", "adopt"): CommandRow(
        parse_existing_accounts,
        f"{COMMAND} privatelink adopt 123456789012 on billing because it is the data team's",
        "Asks to take AWS accounts over that somebody else let in; nothing changes at Heroku.",
    ),
    ("privatelink", "status"): CommandRow(
        parse_target,
        f"{COMMAND} privatelink status billing",
        "Shows service name, accounts, connections, and the next step on the AWS side.",
    ),
    ("privatelink", "close"): CommandRow(
        parse_target_and_reason,
        f"{COMMAND} privatelink close billing",
        "Asks to close PrivateLink on a database; a form shows first whom that cuts off.",
    ),
    ("trusted", "add"): CommandRow(
        parse_new_range,
        f"{COMMAND} trusted add 203.0.113.4 to acme-private for 8h because the BI tool knows no certificates",
        "Asks to let a range in to a whole space, its web traffic included: the last resort.",
    ),
    ("trusted", "remove"): CommandRow(
        parse_existing_range,
        f"{COMMAND} trusted remove 203.0.113.4 from acme-private",
        "Takes a range out of a space: one's own at once, anybody else's after a decision.",
    ),
    ("trusted", "adopt"): CommandRow(
        parse_existing_range,
        f"{COMMAND} trusted adopt 203.0.113.4 on acme-private because nobody knows whose it is",
        "Asks to take over a range that somebody else wrote.",
    ),
    ("trusted", "list"): CommandRow(
        parse_target,
        f"{COMMAND} trusted list acme-private",
        "Shows a space's ranges, and who made which.",
    ),
    ("trusted", "status"): CommandRow(
        parse_target,
        f"{COMMAND} trusted status acme-private",
        "The same: ranges, who made which, and how it stands with Heroku's support.",
    ),
    ("list",): CommandRow(
        parse_list,
        f"{COMMAND} list mine",
        "Shows what is open or waiting: everything, `mine`, `pending`, or that of one database.",
    ),
    ("show",): CommandRow(parse_number, f"{COMMAND} show 17", "Shows one request with its history."),
    ("status",): CommandRow(
        parse_target, f"{COMMAND} status billing", "Shows how it stands with a database."
    ),
    ("why",): CommandRow(
        parse_target,
        f"{COMMAND} why billing",
        "Says why you can, or cannot, reach a database just now.",
    ),
    ("advise",): CommandRow(
        parse_target, f"{COMMAND} advise billing", "Finds out which way in fits, by a few questions."
    ),
    ("cancel",): CommandRow(
        parse_number_and_reason, f"{COMMAND} cancel 17", "Takes back a request that is not decided yet."
    ),
    ("done",): CommandRow(parse_number_and_reason, f"{COMMAND} done 17", "Ends one's own access, at once."),
    ("extend",): CommandRow(
        parse_extension,
        f"{COMMAND} extend 17 for 4h because the migration takes longer",
        "Asks for a later end: longer by `for 4h`, or `until 18:00`.",
    ),
    ("revoke",): CommandRow(
        parse_number_and_reason,
        f"{COMMAND} revoke 17 because the laptop was lost",
        "Ends somebody's access, at once; for approvers and admins.",
    ),
    ("retry",): CommandRow(parse_number_and_reason, f"{COMMAND} retry 17", "Tries once more what failed."),
    HELP: CommandRow(_parse_help, f"{COMMAND} help mtls add", "Explains a command, or all of them."),
}
"""Every command by its path, in the order in which help and the reference list them."""

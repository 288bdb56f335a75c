"""The command table: every command behind ``/pgaccess``, its parser, and how a line finds its row.

Everything here is a pure function of the line.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from bot.domain.command_text import COMMAND
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
    parse_revocation,
    parse_target,
    parse_target_and_reason,
    parse_target_or_address,
    parse_who,
)
from handlers.parsing.privatelink import parse_existing_accounts, parse_new_accounts
from handlers.parsing.trusted_ips import parse_existing_range, parse_new_range


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
    # Behind a whole command, ``help`` asks for help only if it stands alone: a reason may contain the word.
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
        # Only behind another word: at the beginning of a line ``help`` is a command, which may have a topic.
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


@cache
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
        "Requests access from an address to a database. With `me` for the address it answers with a link to "
        "a page that shows yours. `until 6pm` or `until Friday` sets an absolute end, `for ever` none; "
        "anything missing or unclear opens a form.",
    ),
    ("mtls", "remove"): CommandRow(
        parse_existing_rule,
        f"{COMMAND} mtls remove 203.0.113.4 from billing",
        "Removes an address: your own access immediately, anybody else's after approval.",
    ),
    ("mtls", "adopt"): CommandRow(
        parse_existing_rule,
        f"{COMMAND} mtls adopt 203.0.113.4 on billing because it is the ETL vendor's",
        "Requests to adopt a rule that is not managed by pgaccess; nothing changes at Heroku.",
    ),
    ("mtls", "list"): CommandRow(
        parse_target,
        f"{COMMAND} mtls list billing",
        "Shows the addresses that a database allows, and whose they are.",
    ),
    ("mtls", "enable"): CommandRow(
        parse_target_and_reason,
        f"{COMMAND} mtls enable billing because nightly export",
        "Requests to enable mTLS on a database; the first client certificate is yours.",
    ),
    ("mtls", "disable"): CommandRow(
        parse_target_and_reason,
        f"{COMMAND} mtls disable billing",
        "Requests to disable mTLS on a database; a form first lists every rule and certificate it removes.",
    ),
    ("mtls", "certificate", "new"): CommandRow(
        parse_target_and_reason,
        f"{COMMAND} mtls certificate new on billing because nightly export",
        "Requests a client certificate; the reason is stored as its purpose.",
    ),
    ("mtls", "certificate", "list"): CommandRow(
        parse_target,
        f"{COMMAND} mtls certificate list billing",
        "Shows certificates with owner, purpose and expiry, including those not managed by pgaccess.",
    ),
    ("mtls", "certificate", "get"): CommandRow(
        parse_certificate,
        f"{COMMAND} mtls certificate get 17",
        "Sends you a link to your certificate's files in a direct message; it works once, for 15 minutes.",
    ),
    ("mtls", "certificate", "rotate"): CommandRow(
        parse_certificate_and_reason,
        f"{COMMAND} mtls certificate rotate 17",
        "Requests a new certificate in place of an old one, which is removed once the new one is installed.",
    ),
    ("mtls", "certificate", "remove"): CommandRow(
        parse_certificate_and_reason,
        f"{COMMAND} mtls certificate remove 17 because the laptop was lost",
        "Requests to revoke a certificate, immediately and permanently.",
    ),
    ("privatelink", "open"): CommandRow(
        parse_new_accounts,
        f"{COMMAND} privatelink open billing account 123456789012 for 2d because nightly export",
        "Requests PrivateLink for one or more AWS accounts; anything missing opens a form.",
    ),
    ("privatelink", "add"): CommandRow(
        parse_new_accounts,
        f"{COMMAND} privatelink add 123456789012:user/etl to billing for 8h because nightly export",
        "Requests access for one or more AWS accounts or users; creates the PrivateLink endpoint if needed.",
    ),
    ("privatelink", "remove"): CommandRow(
        parse_existing_accounts,
        f"{COMMAND} privatelink remove 123456789012 from billing",
        "Removes AWS accounts: your own access immediately, anybody else's after approval.",
    ),
    ("privatelink", "adopt"): CommandRow(
        parse_existing_accounts,
        f"{COMMAND} privatelink adopt 123456789012 on billing because it is the data team's",
        "Requests to adopt AWS accounts that are not managed by pgaccess; nothing changes at Heroku.",
    ),
    ("privatelink", "status"): CommandRow(
        parse_target,
        f"{COMMAND} privatelink status billing",
        "Shows service name, accounts, connections, and the next step in AWS.",
    ),
    ("privatelink", "close"): CommandRow(
        parse_target_and_reason,
        f"{COMMAND} privatelink close billing",
        "Requests to remove a database's PrivateLink endpoint; a form first lists who loses access.",
    ),
    ("trusted", "add"): CommandRow(
        parse_new_range,
        f"{COMMAND} trusted add 203.0.113.4 to acme-private for 8h because the BI tool knows no certificates",
        "Requests access from a range to a whole space, including its web traffic: the last resort.",
    ),
    ("trusted", "remove"): CommandRow(
        parse_existing_range,
        f"{COMMAND} trusted remove 203.0.113.4 from acme-private",
        "Removes a range from a space: your own access immediately, anybody else's after approval.",
    ),
    ("trusted", "adopt"): CommandRow(
        parse_existing_range,
        f"{COMMAND} trusted adopt 203.0.113.4 on acme-private because nobody knows whose it is",
        "Requests to adopt a range that is not managed by pgaccess.",
    ),
    ("trusted", "list"): CommandRow(
        parse_target,
        f"{COMMAND} trusted list acme-private",
        "Shows a space's ranges, and whose they are.",
    ),
    ("trusted", "status"): CommandRow(
        parse_target,
        f"{COMMAND} trusted status acme-private",
        "Shows a space's ranges, whose they are, and the state of Heroku's support tickets.",
    ),
    ("list",): CommandRow(
        parse_list,
        f"{COMMAND} list mine",
        "Lists active and pending requests: all, `mine`, `pending`, or those of one database. `list ended`, "
        "`list @person` and `list 203.0.113.4` list what was, too: your own, for approvers that of their "
        "targets, for auditors and admins all.",
    ),
    ("show",): CommandRow(parse_number, f"{COMMAND} show 17", "Shows one request with its history."),
    ("status",): CommandRow(
        parse_target, f"{COMMAND} status billing", "Shows the status of a database or a space."
    ),
    ("who",): CommandRow(
        parse_who,
        f"{COMMAND} who billing at 2026-03-03 14:00",
        "Shows who could reach a database or a space at a moment, or can now; for auditors, admins and the "
        "target's approvers.",
    ),
    ("why",): CommandRow(
        parse_target_or_address,
        f"{COMMAND} why billing",
        "Explains why you can, or cannot, reach a database now. `why 203.0.113.4 on billing` says what "
        "allows an address.",
    ),
    ("advise",): CommandRow(
        parse_target, f"{COMMAND} advise billing", "Recommends an access method after a few questions."
    ),
    ("cancel",): CommandRow(
        parse_number_and_reason, f"{COMMAND} cancel 17", "Withdraws a request that is not decided yet."
    ),
    ("done",): CommandRow(parse_number_and_reason, f"{COMMAND} done 17", "Ends your own access immediately."),
    ("extend",): CommandRow(
        parse_extension,
        f"{COMMAND} extend 17 for 4h because the migration takes longer",
        "Requests a later end: `for 4h` longer, or `until 18:00`.",
    ),
    ("revoke",): CommandRow(
        parse_revocation,
        f"{COMMAND} revoke 17 because the laptop was lost",
        "Ends anybody's access immediately; for approvers and admins. `revoke @person because …` first shows "
        "everything that it would end, with a button.",
    ),
    ("retry",): CommandRow(parse_number_and_reason, f"{COMMAND} retry 17", "Retries what failed."),
    HELP: CommandRow(_parse_help, f"{COMMAND} help mtls add", "Explains a command, or all of them."),
}
"""Every command by its path, in the order in which help and the reference list them."""

"""What may be typed after ``/pgaccess``, and what it asks for: words in natural order, no flags to learn.

Everything here is a function of the line alone: the table at the end has every command, and how to read what
stands behind it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from handlers.certificate_expiry import read_rotate
from handlers.parsing.certificates import read_disable, read_discard, read_enable, read_issue, read_stock
from handlers.parsing.intents import AskForm, AskHelp, Typed
from handlers.parsing.normalization import bare, normalize_command
from handlers.parsing.parsers import (
    Path,
    read_advise,
    read_extend,
    read_files,
    read_later,
    read_list,
    read_mtls_add,
    read_mtls_adopt,
    read_mtls_remove,
    read_numbered,
    read_rules,
    read_show,
    read_status,
    read_why,
)
from handlers.parsing.privatelink import (
    read_link_add,
    read_link_adopt,
    read_link_close,
    read_link_remove,
    read_link_status,
)
from handlers.spelling import unknown
from handlers.trusted_ips import (
    read_trusted_add,
    read_trusted_adopt,
    read_trusted_remove,
    read_trusted_status,
)

COMMAND: Final = "/pgaccess"
"""The slash command that the app's manifest registers."""


@dataclass(frozen=True, slots=True)
class _Command:
    """One line of the table.

    Attributes:
        read: how the words behind the command are read.
        example: a line that is right.
        does: what comes of it, for the reference.
    """

    read: Callable[[Path, Sequence[str], str], Typed]
    example: str
    does: str

    @property
    def planned(self) -> bool:
        """Whether it is understood, but cannot be carried out yet."""
        return self.read is read_later


def read(text: str) -> Typed:
    """Reads one command.

    Args:
        text: the ``text`` of the slash command, as Slack sent it.

    Returns:
        What is asked for.

    Raises:
        Refused: what is wrong with the line, and an example that is right; nothing else is ever raised.
    """
    words = normalize_command(text).split()
    if not words:
        return AskForm()
    path, rest = _walk(words)
    if path not in COMMANDS or (len(rest) == 1 and _key(rest[0]) in _HELP):
        return AskHelp(topic=path)
    command = COMMANDS[path]
    return command.read(path, rest, command.example)


def _walk(words: Sequence[str]) -> tuple[Path, Sequence[str]]:
    """Follows the words down the table as far as it goes.

    Returns:
        The command, or the group of commands when the words end or ask for help before there is one; and the
        words left over.
    """
    path: Path = ()
    for place, word in enumerate(words):
        choices = _choices(path)
        if not choices:
            return path, words[place:]
        chosen = _key(word)
        if path and chosen in _HELP:
            return path, ()
        chosen = _ALIASES.get(chosen, chosen)
        if chosen not in choices:
            raise unknown(word, choices, example=_example(path))
        path = (*path, chosen)
    return path, ()


def _key(word: str) -> str:
    """The form in which a word is compared; a lone ``?`` is a word, not punctuation."""
    return (bare(word) or word).casefold()


def _choices(path: Path) -> tuple[str, ...]:
    """The words that may follow, in the order of the table."""
    depth = len(path)
    return tuple(
        dict.fromkeys(full[depth] for full in COMMANDS if full[:depth] == path and len(full) > depth)
    )


def _example(path: Path) -> str:
    return next(command.example for full, command in COMMANDS.items() if full[: len(path)] == path)


def _help(_path: Path, words: Sequence[str], _example: str) -> AskHelp:
    return AskHelp(topic=_walk(words)[0])


_HELP: Final = frozenset(("help", "?", "-h", "--help", "—help", "ヘルプ"))
"""Slack's own editor makes a long dash of two hyphens."""

_ALIASES: Final = dict.fromkeys(_HELP, "help")

COMMANDS: Final[Mapping[Path, _Command]] = {
    ("mtls", "add"): _Command(
        read_mtls_add,
        f"{COMMAND} mtls add 203.0.113.4 to billing for 8h because migration check",
        "Asks to let an address in to a database. `until 18:00` names the end, `for ever` says that there is "
        "none; what is missing opens a form.",
    ),
    ("mtls", "remove"): _Command(
        read_mtls_remove,
        f"{COMMAND} mtls remove 203.0.113.4 from billing",
        "Ends what lets an address in: one's own at once, anybody else's after a decision.",
    ),
    ("mtls", "adopt"): _Command(
        read_mtls_adopt,
        f"{COMMAND} mtls adopt 203.0.113.4 on billing because it is the ETL vendor's",
        "Asks to take over a rule that somebody else made; nothing changes at Heroku.",
    ),
    ("mtls", "list"): _Command(
        read_rules,
        f"{COMMAND} mtls list billing",
        "Shows which addresses a database lets in, and who made which.",
    ),
    ("mtls", "enable"): _Command(
        read_enable,
        f"{COMMAND} mtls enable billing because nightly export",
        "Asks to make a database reachable through mTLS at all; the first client certificate is yours.",
    ),
    ("mtls", "disable"): _Command(
        read_disable,
        f"{COMMAND} mtls disable billing",
        "Asks to end mTLS on a database; a form shows first every rule and certificate that goes with it.",
    ),
    ("mtls", "certificate", "new"): _Command(
        read_issue,
        f"{COMMAND} mtls certificate new on billing because nightly export",
        "Asks for a client certificate; the reason is kept as its purpose.",
    ),
    ("mtls", "certificate", "list"): _Command(
        read_stock,
        f"{COMMAND} mtls certificate list billing",
        "Shows certificates, whose they are, what for, and when they expire; foreign ones too.",
    ),
    ("mtls", "certificate", "get"): _Command(
        read_files,
        f"{COMMAND} mtls certificate get 17",
        "Sends a link to the files of one's own certificate, directly; it works once, for 15 minutes.",
    ),
    ("mtls", "certificate", "rotate"): _Command(
        read_rotate,
        f"{COMMAND} mtls certificate rotate 17",
        "Asks to have a new certificate made in place of an old one, which is removed once the new one is "
        "installed.",
    ),
    ("mtls", "certificate", "remove"): _Command(
        read_discard,
        f"{COMMAND} mtls certificate remove 17 because the laptop was lost",
        "Asks to make a certificate worthless at once, and for good.",
    ),
    ("privatelink", "open"): _Command(
        read_link_add,
        f"{COMMAND} privatelink open billing account 123456789012 for 2d because nightly export",
        "Asks to open PrivateLink for one or more AWS accounts; what is missing opens a form.",
    ),
    ("privatelink", "add"): _Command(
        read_link_add,
        f"{COMMAND} privatelink add 123456789012:user/etl to billing for 8h because nightly export",
        "Asks to let one or more AWS accounts or users in; where there is no PrivateLink, it is opened.",
    ),
    ("privatelink", "remove"): _Command(
        read_link_remove,
        f"{COMMAND} privatelink remove 123456789012 from billing",
        "Ends what lets AWS accounts in: one's own at once, anybody else's after a decision.",
    ),
    ("privatelink", "adopt"): _Command(
        read_link_adopt,
        f"{COMMAND} privatelink adopt 123456789012 on billing because it is the data team's",
        "Asks to take AWS accounts over that somebody else let in; nothing changes at Heroku.",
    ),
    ("privatelink", "status"): _Command(
        read_link_status,
        f"{COMMAND} privatelink status billing",
        "Shows service name, accounts, connections, and the next step on the AWS side.",
    ),
    ("privatelink", "close"): _Command(
        read_link_close,
        f"{COMMAND} privatelink close billing",
        "Asks to close PrivateLink on a database; a form shows first whom that cuts off.",
    ),
    ("trusted", "add"): _Command(
        read_trusted_add,
        f"{COMMAND} trusted add 203.0.113.4 to acme-private for 8h because the BI tool knows no certificates",
        "Asks to let a range in to a whole space, its web traffic included: the last resort.",
    ),
    ("trusted", "remove"): _Command(
        read_trusted_remove,
        f"{COMMAND} trusted remove 203.0.113.4 from acme-private",
        "Takes a range out of a space: one's own at once, anybody else's after a decision.",
    ),
    ("trusted", "adopt"): _Command(
        read_trusted_adopt,
        f"{COMMAND} trusted adopt 203.0.113.4 on acme-private because nobody knows whose it is",
        "Asks to take over a range that somebody else wrote.",
    ),
    ("trusted", "list"): _Command(
        read_trusted_status,
        f"{COMMAND} trusted list acme-private",
        "Shows a space's ranges, and who made which.",
    ),
    ("trusted", "status"): _Command(
        read_trusted_status,
        f"{COMMAND} trusted status acme-private",
        "The same: ranges, who made which, and how it stands with Heroku's support.",
    ),
    ("list",): _Command(
        read_list,
        f"{COMMAND} list mine",
        "Shows what is open or waiting: everything, `mine`, `pending`, or that of one database.",
    ),
    ("show",): _Command(read_show, f"{COMMAND} show 17", "Shows one request with its history."),
    ("status",): _Command(read_status, f"{COMMAND} status billing", "Shows how it stands with a database."),
    ("why",): _Command(
        read_why,
        f"{COMMAND} why billing",
        "Says why you can, or cannot, reach a database just now.",
    ),
    ("advise",): _Command(
        read_advise, f"{COMMAND} advise billing", "Finds out which way in fits, by a few questions."
    ),
    ("cancel",): _Command(
        read_numbered, f"{COMMAND} cancel 17", "Takes back a request that is not decided yet."
    ),
    ("done",): _Command(read_numbered, f"{COMMAND} done 17", "Ends one's own access, at once."),
    ("extend",): _Command(
        read_extend,
        f"{COMMAND} extend 17 for 4h because the migration takes longer",
        "Asks for a later end: longer by `for 4h`, or `until 18:00`.",
    ),
    ("revoke",): _Command(
        read_numbered,
        f"{COMMAND} revoke 17 because the laptop was lost",
        "Ends somebody's access, at once; for approvers and admins.",
    ),
    ("retry",): _Command(read_numbered, f"{COMMAND} retry 17", "Tries once more what failed."),
    ("help",): _Command(_help, f"{COMMAND} help mtls add", "Explains a command, or all of them."),
}
"""Every command there is or will be; one that is carried out has a reader of its own, not ``read_later``."""

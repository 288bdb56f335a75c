"""``pgaccess policy check``, ``test`` and ``matrix``: they need the policy, and no other setting."""

import argparse
import asyncio
import os
import re
from collections.abc import Mapping
from typing import Final

from bot.cli.answer import Answer
from bot.config import policy_text
from bot.domain.method import Method
from bot.domain.policy.rules import Policy
from bot.errors import MisconfiguredError
from bot.policy.loader import parse_policy
from bot.policy.matrix import as_csv, as_text, matrix
from bot.policy.simulation import SimulatedRequest, simulate

SUMMARY: Final = "validate the policy, show it as a table, or show what it allows a person to do"
"""Help text of the command in ``pgaccess --help``."""

_ID: Final = re.compile(r"[UWS][A-Z0-9]{2,}", re.A)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands to the parser of ``pgaccess policy``."""
    commands = parser.add_subparsers(dest="policy_command", required=True)
    check = commands.add_parser(
        "check", help="validate the policy; with DATABASE_URL, also beside what pgaccess knows"
    )
    test = commands.add_parser("test", help="show what a person may do, and which rule applies")
    table = commands.add_parser("matrix", help="show who may do what in which environment")
    for command in (check, test, table):
        command.add_argument(
            "file", nargs="?", help="policy file; PGACCESS_POLICY_TOML or PGACCESS_POLICY by default"
        )
    table.add_argument("--format", choices=["text", "csv"], default="text", help="text by default")
    _add_test_arguments(test)


def _add_test_arguments(test: argparse.ArgumentParser) -> None:
    test.add_argument(
        "--as",
        dest="ids",
        type=_ids,
        required=True,
        metavar="U…[,S…]",
        help="Slack id of a person, and those of their user groups",
    )
    test.add_argument(
        "--on",
        required=True,
        metavar="DATABASE",
        help="alias, add-on name or app name; a space with --method trusted",
    )
    test.add_argument("--environment", help="simulate this environment")
    test.add_argument(
        "--method",
        choices=[method.value for method in Method],
        default=Method.MTLS.value,
        help="mtls by default",
    )
    test.add_argument("--space", default="", help="the database's space, which patterns may match")
    test.add_argument("--app", default="", help="the app that owns the database, if --on is its add-on")
    test.add_argument("--addon", default="", help="the database's add-on, if --on is its app")
    test.add_argument(
        "--inside",
        action="append",
        default=[],
        metavar="DATABASE",
        help="a database in the space, with --method trusted; may be repeated",
    )


def run(arguments: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> Answer:
    """Run a subcommand and return what to print.

    Args:
        arguments: Parsed arguments.
        environ: Environment that names the policy when no file is given, and perhaps the store.

    Raises:
        MisconfiguredError: The policy is missing or invalid, or an argument does not fit it.
    """
    policy = _policy(arguments.file, environ)
    match arguments.policy_command:
        case "check":
            # Imported here: SQLAlchemy takes its time, and only this needs the store.
            from bot.cli.policy_check import check

            return asyncio.run(check(policy, environ))
        case "matrix":
            rows = matrix(policy)
            return Answer(lines=as_csv(rows) if arguments.format == "csv" else as_text(policy, rows))
    return Answer(lines=simulate(policy, _simulated(arguments)))


def current_policy(environ: Mapping[str, str] = os.environ) -> Policy:
    """Return the policy that the bot would be started with; raises ``MisconfiguredError``."""
    return _policy(None, environ)


def _simulated(arguments: argparse.Namespace) -> SimulatedRequest:
    method = Method(arguments.method)
    of_database = (arguments.space, arguments.app, arguments.addon)
    if method.on_space and any(of_database):
        raise MisconfiguredError(
            "--space, --app and --addon are about a database: leave them out with trusted"
        )
    if arguments.inside and not method.on_space:
        raise MisconfiguredError("--inside is about a space: use it with --method trusted")
    return SimulatedRequest(
        ids=arguments.ids,
        on=arguments.on,
        environment=arguments.environment,
        method=method,
        space=arguments.space,
        app=arguments.app,
        addon=arguments.addon,
        inside=tuple(arguments.inside),
    )


def _policy(file: str | None, environ: Mapping[str, str]) -> Policy:
    # A file that is named goes before the whole environment, PGACCESS_POLICY_TOML included.
    file_text = policy_text(environ if file is None else {"PGACCESS_POLICY": file})
    return parse_policy(file_text.text, source=file_text.source)


def _ids(text: str) -> tuple[str, ...]:
    ids = tuple(part.strip() for part in text.split(",") if part.strip())
    wrong = next((id for id in ids if _ID.fullmatch(id) is None), None)
    if wrong is not None or not ids:
        raise argparse.ArgumentTypeError(
            f"{wrong or text!r} is not the Slack id of a person (U…, W…) or a user group (S…)"
        )
    return ids

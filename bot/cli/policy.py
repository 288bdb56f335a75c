"""``pgaccess policy check`` and ``pgaccess policy test``: need the policy, and no other setting."""

import argparse
import os
import re
from collections.abc import Mapping
from typing import Final

from bot.config import policy_text
from bot.domain.method import Method
from bot.domain.policy.rules import Policy
from bot.policy.loader import parse_policy
from bot.policy.simulation import SimulatedRequest, simulate, summary

SUMMARY: Final = "validate the policy, or show what it lets a person do"
"""Help text of the command in ``pgaccess --help``."""

_ID: Final = re.compile(r"[UWS][A-Z0-9]{2,}", re.A)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the two subcommands to the parser of ``pgaccess policy``."""
    commands = parser.add_subparsers(dest="policy_command", required=True)
    check = commands.add_parser("check", help="validate the policy")
    test = commands.add_parser("test", help="show what a person may do, and which rule applies")
    for command in (check, test):
        command.add_argument(
            "file", nargs="?", help="policy file; PGACCESS_POLICY_TOML or PGACCESS_POLICY by default"
        )
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


def run(arguments: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Run a subcommand and return the lines to print.

    Args:
        arguments: Parsed arguments.
        environ: Environment that names the policy when no file is given.

    Raises:
        MisconfiguredError: The policy is missing or invalid, or the environment to simulate is unknown.
    """
    policy = _policy(arguments.file, environ)
    if arguments.policy_command == "check":
        return [summary(policy)]
    simulated = SimulatedRequest(
        ids=arguments.ids,
        on=arguments.on,
        environment=arguments.environment,
        method=Method(arguments.method),
    )
    return simulate(policy, simulated)


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

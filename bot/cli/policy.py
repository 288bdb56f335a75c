"""``pgaccess policy check`` and ``pgaccess policy test``: the policy alone, no other setting is needed."""

import argparse
import os
import re
from collections.abc import Mapping
from typing import Final

from bot.config import policy_text
from bot.domain.method import Method
from bot.domain.policy import Policy
from bot.policy.loader import parse_policy
from bot.policy.simulation import SimulatedRequest, check_lines, try_policy

EXPLAINED: Final = "look at the policy: whether it is right, and who may do what under it"
"""What ``pgaccess --help`` says of the command."""

_ID: Final = re.compile(r"[UWS][A-Z0-9]{2,}", re.A)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Gives the parser of ``pgaccess policy`` its two commands."""
    commands = parser.add_subparsers(dest="policy_command", required=True)
    check = commands.add_parser("check", help="says whether the policy is right")
    test = commands.add_parser("test", help="says who may do what, and which rule counts")
    for command in (check, test):
        command.add_argument(
            "file", nargs="?", help="a policy file; else PGACCESS_POLICY_TOML or PGACCESS_POLICY counts"
        )
    test.add_argument(
        "--as",
        dest="ids",
        type=_ids,
        required=True,
        metavar="U…[,S…]",
        help="a person by Slack id, and the user groups they are in",
    )
    test.add_argument(
        "--on",
        required=True,
        metavar="DATABASE",
        help="its alias, or its add-on's or app's name; a space with --method trusted",
    )
    test.add_argument("--environment", help="as if the database were in this one")
    test.add_argument(
        "--method", choices=[method.value for method in Method], default=Method.MTLS.value, help="else mtls"
    )


def run(arguments: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Runs one of the two.

    Args:
        arguments: as the parser read them.
        environ: where the policy is looked for when no file is named.

    Returns:
        The lines to be printed.

    Raises:
        MisconfiguredError: the policy cannot be read or is wrong, or the question cannot be answered.
    """
    policy = _policy(arguments.file, environ)
    if arguments.policy_command == "check":
        return check_lines(policy)
    question = SimulatedRequest(
        ids=arguments.ids,
        on=arguments.on,
        environment=arguments.environment,
        method=Method(arguments.method),
    )
    return try_policy(policy, question)


def _policy(file: str | None, environ: Mapping[str, str]) -> Policy:
    found = policy_text(environ if file is None else {"PGACCESS_POLICY": file})
    return parse_policy(found.text, source=found.source)


def _ids(text: str) -> tuple[str, ...]:
    ids = tuple(part.strip() for part in text.split(",") if part.strip())
    wrong = next((id for id in ids if _ID.fullmatch(id) is None), None)
    if wrong is not None or not ids:
        raise argparse.ArgumentTypeError(
            f"{wrong or text!r} is no Slack id of a person (U…, W…) or of a user group (S…)"
        )
    return ids

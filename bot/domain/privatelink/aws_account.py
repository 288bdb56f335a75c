"""AWS accounts and users that may connect through PrivateLink: every spelling becomes one canonical ARN."""

import re
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

from bot.domain.outside.text import cite
from bot.domain.subject import Accounts
from bot.errors import Refusal, Refused

PARTITION: Final = "aws"
"""Every region of a Heroku space lies in Amazon's commercial partition (Heroku Dev Center, "Private Spaces",
2024-10), and PrivateLink does not reach from one partition into another (AWS, "Partitions")."""

DIGITS: Final = 12
"""Digits of an account's number (AWS, "View AWS account identifiers")."""

SHOWN: Final = 1_800
"""Characters of all accounts of one request: what a card shows in full (a field of Slack takes 2,000), since
an approver approves only what they can read."""

_ARN: Final = re.compile(r"arn:(?P<partition>[^:]*):(?P<service>[^:]*):(?P<region>[^:]*):(?P<rest>.*)", re.S)
_PRINCIPAL: Final = re.compile(
    r"(?P<account>[0-9]+)(?::(?P<who>root|user/(?:[\w!-%'-.:;=?@^|~-]+/)*[\w+=,.@-]{1,64}))?", re.A
)
"""A user's path and name: AWS, "IAM and AWS STS quotas", names of users and paths. A path may have brackets,
ampersands and backticks too; those are not taken, for nobody can read such a name in Slack."""

_NUMBER: Final = re.compile(r"[0-9]{4}-[0-9]{4}-[0-9]{4}")
"""How Amazon's console writes an account's number."""

_ROLE: Final = re.compile(r"[0-9]+:(?:role|assumed-role|federated-user|group)/.*", re.S)
_COMMA: Final = re.compile(r"[,、;]+(?=\s*(?:arn:|[0-9]{4}))|[,、;]+(?=\s|$)|\s+", re.I)
"""What parts one account from the next. A comma within a user's name belongs to it."""


def parse_account(text: str) -> str:
    """Reads one account or user.

    Heroku takes ``123456789012``, ``123456789012:root`` and ``123456789012:user/etl``, and returns full ARNs
    (heroku/heroku-data-privatelink-cli 2.0.1, 2026-08).

    Args:
        text: what was typed, in one of these spellings, as a full ARN, or as the console shows a number.

    Returns:
        The ARN, for example ``arn:aws:iam::123456789012:root``; a number alone stands for the whole account.

    Raises:
        Refused: a reason of its own for every mistake, each with an example.
    """
    given = text.strip()
    if not given:
        raise Refused(Refusal.ACCOUNT_EMPTY)
    local = _local(given)
    found = _PRINCIPAL.fullmatch(local)
    if found is None:
        raise Refused(_mistake(local), given=cite(given))
    if len(found["account"]) != DIGITS:
        raise Refused(Refusal.ACCOUNT_DIGITS, given=cite(found["account"]), count=len(found["account"]))
    return f"arn:{PARTITION}:iam::{found['account']}:{found['who'] or 'root'}"


def parse_accounts(text: str) -> Accounts:
    """Reads several accounts, apart by spaces or commas; each counts once.

    Raises:
        Refused: there is none, one of them is wrong, or they are more than an approver can be shown.
    """
    given = [part for part in _COMMA.split(text.strip()) if part]
    if not given:
        raise Refused(Refusal.ACCOUNT_EMPTY)
    parsed = accounts(parse_account(part) for part in given)
    fitting = _fitting(parsed.arns)
    if fitting < len(parsed.arns):
        raise Refused(Refusal.ACCOUNTS_TOO_MANY, count=len(parsed.arns), limit=fitting)
    return parsed


def _fitting(arns: Iterable[str]) -> int:
    """How many of these accounts one card shows in full."""
    # Between backticks, and each on a line of its own.
    ends = accumulate(len(arn) + 3 for arn in arns)
    return sum(end <= SHOWN for end in ends)


def accounts(arns: Iterable[str]) -> Accounts:
    """The subject that these ARNs are: sorted, each once."""
    # Sorted, because subjects are compared by their stored text.
    return Accounts(tuple(sorted(set(arns))))


def canonical(listed: str) -> str:
    """Returns a listed account as an ARN where Heroku lists its mere number; all else as it is.

    Without that, one of ours would pass for absent if Heroku began to list numbers.
    """
    if listed.startswith("arn:"):
        return listed
    try:
        return parse_account(listed)
    except Refused:
        return listed


def number_of(arn: str) -> str:
    """The account's number in an ARN: ``123456789012``; empty where there is none, as in ``*``."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 else ""


def short(arn: str) -> str:
    """An account as people write it: ``123456789012``, or ``123456789012:user/etl``."""
    return arn.removeprefix(f"arn:{PARTITION}:iam::").removesuffix(":root")


def _local(given: str) -> str:
    """What stands behind the partition and the service of an ARN; everything else as it is."""
    if _NUMBER.fullmatch(given):
        return given.replace("-", "")
    arn = _ARN.fullmatch(given)
    if arn is None:
        return given
    # AWS shows the session of a role as an ARN of STS, so that is what people copy for a role.
    if arn["service"] == "sts":
        raise Refused(Refusal.ACCOUNT_ROLE, given=cite(given))
    if arn["service"] != "iam" or arn["region"]:
        raise Refused(Refusal.ACCOUNT_OTHER, given=cite(given), service=cite(arn["service"]))
    if arn["partition"] != PARTITION:
        raise Refused(Refusal.ACCOUNT_PARTITION, given=cite(given), partition=cite(arn["partition"]))
    # A bare number behind ``arn:aws:iam::`` names nobody: an ARN always says whom.
    return arn["rest"] if ":" in arn["rest"] else f"{arn['rest']}:?"


def _mistake(local: str) -> Refusal:
    if _ROLE.fullmatch(local):
        return Refusal.ACCOUNT_ROLE
    return Refusal.ACCOUNT_UNREADABLE

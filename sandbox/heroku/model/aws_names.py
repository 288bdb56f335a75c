"""AWS names: principals and account numbers.

Facts: heroku/heroku-data-privatelink-cli (2.0.1, 2026-08): the spellings of an account that are taken, and
that a full ARN comes back. Amazon, IAM user guide, "IAM identifiers": what an ARN and a path consist of.
"""

import re
from typing import Final

from sandbox.heroku.http_types import Refused

_PRINCIPAL: Final = re.compile(
    r"(?:arn:aws:iam::)?(?P<account>[0-9]{12})"
    r"(?::(?P<who>root|(?:user|role)/(?:[\x21-\x2e\x30-\x7e]+/)*[\w+=,.@-]{1,64}))?",
    re.ASCII,
)
_EXAMPLE: Final = "123456789012, 123456789012:root or 123456789012:user/etl"


def principal(given: object) -> str:
    """Return the ARN of an account, a user or a role; raises `Refused` ``invalid_params``."""
    found = _PRINCIPAL.fullmatch(given) if isinstance(given, str) else None
    if found is None or (found[0].startswith("arn:") and not found["who"]):
        raise Refused(422, f"An account must be written like {_EXAMPLE}.")
    return f"arn:aws:iam::{found['account']}:{found['who'] or 'root'}"


def account_of(arn: str) -> str:
    """Return the account number in an ARN."""
    return arn.split(":")[4]


def root_of(arn: str) -> str:
    """Return the ARN of the root of an ARN's account, which stands for everybody in it."""
    return f"arn:aws:iam::{account_of(arn)}:root"

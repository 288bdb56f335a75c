"""Which accounts of a database's PrivateLink allow an AWS account or user."""

from typing import Final

from bot.domain.listed_entry import ListedEntry, Listing
from bot.domain.method import Method
from bot.domain.outside.text import UNREADABLE
from bot.domain.privatelink.aws_account import number_of
from bot.domain.privatelink.observation import (
    LEAVING,
    OPERATIONAL,
    AllowedAccount,
    PrivateLinkObservation,
)

EVERYBODY: Final = "*"
"""Allows every account (AWS, "Configure an endpoint service", manage permissions)."""

_WHOLE_ACCOUNT: Final = ":root"
"""What the ARN of a whole account ends with: it allows every user of the account (AWS, same page)."""


def listing(observation: PrivateLinkObservation | None, arn: str) -> Listing:
    """Returns the accounts that allow an account or user, or one of an account's users."""
    if observation is None:
        return Listing(at=None)
    # An endpoint that is being destroyed allows nobody to connect, whatever it still lists.
    if observation.status is None or observation.status in LEAVING:
        return Listing(at=observation.at)
    idle = "" if observation.status == OPERATIONAL else observation.status
    found = [
        ListedEntry(
            method=Method.PRIVATELINK,
            name=each.arn,
            exact=each.arn == arn,
            whole=_covers(each.arn, arn),
            owned=each.arn in observation.ours,
            status=idle or _status(each),
        )
        for each in observation.accounts
        if _covers(each.arn, arn) or _covers(arn, each.arn)
    ]
    clear = all(each.arn != UNREADABLE for each in observation.accounts)
    return Listing(at=observation.at, entries=tuple(found), clear=clear)


def _covers(wide: str, narrow: str) -> bool:
    """Whether allowing one account or user allows another: a whole account allows its users."""
    if wide in (narrow, EVERYBODY):
        return True
    number = number_of(wide)
    return bool(number) and wide.endswith(_WHOLE_ACCOUNT) and number == number_of(narrow)


def _status(account: AllowedAccount) -> str:
    return "" if account.may_connect else account.status or UNREADABLE

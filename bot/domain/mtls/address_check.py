"""Requests whose address is that of the requester's browser: a link that works once, for 15 minutes.

The link is an id, which anybody may see, and a secret, of which only the digest is known here.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bot.domain.one_time_link import is_secret


class CheckAnswer(StrEnum):
    """What somebody is told who comes with a link."""

    OPEN = "open"
    WRONG = "wrong"
    USED = "used"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressCheck:
    """A request that lacks only its address.

    Attributes:
        id: the public part of its link.
        digest: SHA-256 of its link's secret.
        owner: Slack id of the requester, who alone is told of the link.
        target: the database as typed; None if it was left out.
        duration: as typed.
        until: as typed.
        reason: as typed.
        expires_at: business time from which the link does nothing any more.
        request: number of the request that the link led to; None before.
    """

    id: UUID
    digest: bytes = field(repr=False)
    owner: str
    target: str | None
    duration: str | None
    until: str | None
    reason: str | None
    expires_at: datetime
    request: int | None = None


def judge(check: AddressCheck | None, secret: str, *, now: datetime) -> CheckAnswer:
    """Returns what somebody gets who comes with a secret; only the right one learns how a link stands.

    Args:
        check: what belongs to the id; None where there is nothing.
        secret: as it came.
        now: business time.
    """
    known = None if check is None else check.digest
    if check is None or not is_secret(known, secret):
        return CheckAnswer.WRONG
    if check.request is not None:
        return CheckAnswer.USED
    return CheckAnswer.EXPIRED if check.expires_at <= now else CheckAnswer.OPEN

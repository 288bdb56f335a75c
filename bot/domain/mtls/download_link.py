"""Handing out a certificate's files: a link that works once, for a quarter of an hour.

The link is an id, which anybody may see, and a secret, of which only the digest is known here.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from bot.domain.one_time_link import LIFE, digest, is_secret

GUESSES: Final = 5
"""Wrong secrets that end a link: whoever has the right one copies it wrong once or twice, not five times."""

FETCH: Final = timedelta(seconds=20)
"""How long fetching the files from Heroku may take in all; somebody waits in front of a page."""

HELD: Final = FETCH + timedelta(seconds=10)
"""How long one attempt keeps others out: what it fetched in time it must still be able to record."""


class DownloadLinkState(StrEnum):
    """Where a link stands; all but ``open`` are final. An open one may have expired."""

    OPEN = "open"
    DELIVERED = "delivered"
    REPLACED = "replaced"
    BURNT = "burnt"
    UNSENT = "unsent"
    WITHDRAWN = "withdrawn"


class DownloadAnswer(StrEnum):
    """What somebody is told who comes with a link; the last two only turn out on the way to the files."""

    GIVE = "give"
    WRONG = "wrong"
    BUSY = "busy"
    EXPIRED = "expired"
    DELIVERED = "delivered"
    REPLACED = "replaced"
    BURNT = "burnt"
    UNSENT = "unsent"
    WITHDRAWN = "withdrawn"
    GONE = "gone"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadLink:
    """One link to one certificate's files.

    Attributes:
        id: its public part.
        certificate: Heroku's id.
        request: the number of the request that the certificate was made for.
        target: the database.
        owner: the Slack id of the one person who is told of it.
        digest: of its secret.
        expires_at: business time from which it gives nothing any more.
        guesses: wrong secrets so far.
        busy: somebody came with it just now and is being served.
        delivered_at: business time at which the files went out.
    """

    id: UUID
    certificate: UUID
    request: int
    target: UUID
    owner: str
    digest: bytes = field(repr=False)
    state: DownloadLinkState
    made_at: datetime
    expires_at: datetime
    guesses: int = 0
    busy: bool = False
    delivered_at: datetime | None = None

    @classmethod
    def begin(
        cls,
        *,
        id: UUID,
        secret: str,
        certificate: UUID,
        request: int,
        target: UUID,
        owner: str,
        now: datetime,
    ) -> Self:
        """A new link; only the digest of its secret stays."""
        return cls(
            id=id,
            certificate=certificate,
            request=request,
            target=target,
            owner=owner,
            digest=digest(secret),
            state=DownloadLinkState.OPEN,
            made_at=now,
            expires_at=now + LIFE,
        )


def judge(download_link: DownloadLink | None, secret: str, *, now: datetime) -> DownloadAnswer:
    """What somebody gets who comes with a secret.

    Only the right secret learns how a link stands: to any other, one that was used, one that expired and one
    that never was are the same.

    Args:
        download_link: the link of that id; None where there is none.
        secret: as it came.
        now: business time.
    """
    known = None if download_link is None else download_link.digest
    if download_link is None or not is_secret(known, secret):
        return DownloadAnswer.WRONG
    if download_link.state is not DownloadLinkState.OPEN:
        return DownloadAnswer(download_link.state)
    if download_link.expires_at <= now:
        return DownloadAnswer.EXPIRED
    return DownloadAnswer.BUSY if download_link.busy else DownloadAnswer.GIVE


def guessed(download_link: DownloadLink) -> DownloadLink:
    """The link after a wrong secret: one that was guessed at too often is over, also for the right one."""
    guesses = download_link.guesses + 1
    # A link that is over already keeps the state that its owner has been shown.
    over = download_link.state is DownloadLinkState.OPEN and guesses >= GUESSES
    return replace(
        download_link, guesses=guesses, state=DownloadLinkState.BURNT if over else download_link.state
    )


def delivered(download_link: DownloadLink, *, now: datetime) -> DownloadLink:
    """The link once the files went out."""
    return replace(download_link, state=DownloadLinkState.DELIVERED, delivered_at=now)

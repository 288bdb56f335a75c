"""Making the link to a certificate's files: for its owner alone, and for a quarter of an hour."""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from bot.domain.mtls.certificate import READY, KnownCertificate
from bot.domain.mtls.download_link import LIFE, SECRET_BYTES, DownloadLink, DownloadLinkState
from bot.errors import Refusal, Refused
from bot.ports import MessageKind, MessageRef, RequestDetails, Transaction
from bot.services.base import UseCases

POST_KEY: Final = "download_link:{id}"
"""The key of the direct message that holds a link: by it the message loses the link once that is over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuedLink:
    """A link at the one moment at which its secret is known: it is sent, and then forgotten.

    Attributes:
        post: the number of the direct message that is to hold it.
        owner: who gets that message.
        handle: what people call the certificate.
        database: the name of the database's app.
    """

    id: UUID
    secret: str = field(repr=False)
    post: int
    owner: str
    handle: str
    database: str
    expires_at: datetime


class Handing(UseCases):
    """The link is made in one transaction, and sent after it: the store only ever has the secret's digest."""

    async def make_link(self, handle: str | None, *, person: str, key: str) -> IssuedLink | None:
        """Makes a link, and ends those to the same files that nobody used.

        Args:
            handle: what people call the certificate; None where nothing was said.
            person: who wants it.
            key: what tells this command or click from every other.

        Returns:
            What is to be sent to the person at once; None when this very command was carried out before.

        Raises:
            Refused: there is no such certificate, it is not theirs, or it cannot be used.
            StoreUnavailableError: nothing was recorded.
        """
        secret = secrets.token_urlsafe(SECRET_BYTES)
        made: list[tuple[DownloadLink, int]] = []

        async def work(tx: Transaction) -> int:
            await self._member(tx, person)
            known = await self._their_own(tx, handle, person)
            download_link = self._begin(known, secret, person)
            made.append((download_link, await self._record_download_link(tx, download_link)))
            return download_link.request

        case = await self._once(key, person, work)
        if not made or not await self._is_there(made[0][0].id):
            # The same command came before, and all that was done now was rolled back.
            return None
        return _ticket(made[0], secret, case)

    async def sent(self, ticket: IssuedLink, place: MessageRef) -> None:
        """Notes where the message with a link stands."""
        async with self._store.transaction() as tx:
            await tx.outbox.stands(ticket.post, place)
            await tx.commit()

    async def not_sent(self, ticket: IssuedLink) -> None:
        """Ends a link that Slack did not take: nobody has its secret any more."""
        async with self._store.transaction() as tx:
            download_link = await tx.download_links.lock(ticket.id)
            if download_link is not None and download_link.state is DownloadLinkState.OPEN:
                unsent = replace(download_link, state=DownloadLinkState.UNSENT)
                await tx.download_links.move(download_link, unsent, doing=self._by(ticket.owner))
            await tx.outbox.take_back(ticket.post)
            await tx.commit()

    async def _is_there(self, id: UUID) -> bool:
        async with self._store.transaction() as tx:
            return await tx.download_links.lock(id) is not None

    async def _their_own(self, tx: Transaction, handle: str | None, person: str) -> KnownCertificate:
        known = await self._certificate(tx, handle)
        if known.unmanaged:
            raise Refused(Refusal.FILES_FOREIGN, handle=known.handle)
        if known.owner != person:
            raise Refused(Refusal.FILES_NOT_YOURS, handle=known.handle)
        if known.status != READY:
            raise Refused(Refusal.CERTIFICATE_NOT_READY, handle=known.handle)
        return known

    def _begin(self, known: KnownCertificate, secret: str, person: str) -> DownloadLink:
        if known.request is None:
            raise TypeError(f"certificate {known.handle} was made for no request")
        return DownloadLink.begin(
            id=uuid4(),
            secret=secret,
            certificate=known.id,
            request=known.request,
            target=known.target,
            owner=person,
            now=self._clock.now(),
        )

    async def _record_download_link(self, tx: Transaction, download_link: DownloadLink) -> int:
        """Writes a link and its message; returns the message's number."""
        doing = self._by(download_link.owner)
        for older in await tx.download_links.open_of(download_link.certificate):
            await tx.download_links.move(older, replace(older, state=DownloadLinkState.REPLACED), doing=doing)
            await tx.outbox.refresh(
                POST_KEY.format(id=older.id), params={"state": DownloadLinkState.REPLACED}
            )
        await tx.download_links.make(download_link, doing=doing)
        return await tx.outbox.announce(
            MessageKind.DOWNLOAD_LINK,
            to=download_link.owner,
            key=POST_KEY.format(id=download_link.id),
            request=download_link.request,
            again=LIFE,
        )


def _ticket(made: tuple[DownloadLink, int], secret: str, case: RequestDetails) -> IssuedLink:
    download_link, post = made
    return IssuedLink(
        id=download_link.id,
        secret=secret,
        post=post,
        owner=download_link.owner,
        handle=str(download_link.request),
        database=case.target.label,
        expires_at=download_link.expires_at,
    )

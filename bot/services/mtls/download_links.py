"""Download links: issued to a certificate's owner alone, valid for a quarter of an hour."""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from bot.domain.method import Method
from bot.domain.mtls.certificate import READY, KnownCertificate
from bot.domain.mtls.download_link import DownloadLink, DownloadLinkState
from bot.domain.one_time_link import LIFE, SECRET_BYTES
from bot.errors import Refusal, Refused
from bot.ports import MessageKind, MessageRef, RequestDetails, Transaction
from bot.services.context import ServiceContext
from bot.services.lookups import database_of, find_certificate

MESSAGE_KEY: Final = "download_link:{id}"
"""The outbox key of the direct message with a link; by it the link is taken out once it is over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuedLink:
    """A link at the one moment at which its secret is known: it is sent, and then forgotten.

    Attributes:
        message_id: the number of the outbox message that is to carry it.
        owner: Slack id of the recipient.
        handle: what people call the certificate.
        database: the name of the database's app.
    """

    id: UUID
    secret: str = field(repr=False)
    message_id: int
    owner: str
    handle: str
    database: str
    expires_at: datetime


class DownloadLinkService:
    """Issues links in one transaction, to be sent after it: the store only has the secret's digest.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def issue(self, handle: str | None, *, person: str, key: str) -> IssuedLink | None:
        """Issues a link, and replaces unused ones to the same files.

        Args:
            handle: what people call the certificate; None if the person gave none.
            person: Slack id of who asks.
            key: identifies the command or click.

        Returns:
            What to send to the person now; None if the key was used before.

        Raises:
            Refused: there is no such certificate, it is somebody else's, or it cannot be used.
            StoreUnavailableError: nothing was recorded.
        """
        secret = secrets.token_urlsafe(SECRET_BYTES)
        recorded: list[tuple[DownloadLink, int]] = []

        async def record_link(tx: Transaction) -> int:
            member = await self._context.member(tx, person)
            certificate = await _own_certificate(tx, handle, person)
            # The files are a private key: whom a rule denies today gets none, whoever issued it.
            database = await database_of(tx, certificate)
            await self._context.rule(tx, member, target=database, method=Method.MTLS)
            link = self._begin(certificate, secret, person)
            recorded.append((link, await self._record(tx, link)))
            return link.request

        details = await self._context.once(key, person, record_link)
        if not recorded or not await self._is_stored(recorded[0][0].id):
            # The key was used before, and what was recorded now was rolled back.
            return None
        return _issued(*recorded[0], secret, details)

    async def record_sent(self, link: IssuedLink, message: MessageRef) -> None:
        """Records where the message with a link stands in Slack."""
        async with self._context.transaction() as tx:
            await tx.outbox.confirm(link.message_id, message)
            await tx.commit()

    async def record_unsent(self, link: IssuedLink) -> None:
        """Ends a link that Slack did not take: nobody has its secret any more."""
        async with self._context.transaction() as tx:
            stored = await tx.download_links.lock(link.id)
            # A newer link may have replaced it since; then its state already says so.
            if stored is not None and stored.state is DownloadLinkState.OPEN:
                unsent = replace(stored, state=DownloadLinkState.UNSENT)
                await tx.download_links.update(stored, unsent, doing=self._context.audit(link.owner))
            await tx.outbox.cancel(link.message_id)
            await tx.commit()

    async def _is_stored(self, id: UUID) -> bool:
        async with self._context.transaction() as tx:
            return await tx.download_links.lock(id) is not None

    def _begin(self, certificate: KnownCertificate, secret: str, person: str) -> DownloadLink:
        if certificate.request is None:
            raise TypeError(f"certificate {certificate.handle} was issued for no request")
        return DownloadLink.begin(
            id=uuid4(),
            secret=secret,
            certificate=certificate.id,
            request=certificate.request,
            target=certificate.target,
            owner=person,
            now=self._context.now(),
        )

    async def _record(self, tx: Transaction, link: DownloadLink) -> int:
        """Records a link and its message; returns the message's number."""
        doing, replaced = self._context.audit(link.owner), DownloadLinkState.REPLACED
        for older in await tx.download_links.open_of(link.certificate):
            await tx.download_links.update(older, replace(older, state=replaced), doing=doing)
            await tx.outbox.refresh(MESSAGE_KEY.format(id=older.id), params={"state": replaced})
        await tx.download_links.add(link, doing=doing)
        # The notifier takes it up only once the link is over: it does not know the secret, and cannot send
        # it.
        return await tx.outbox.reserve(
            MessageKind.DOWNLOAD_LINK,
            to=link.owner,
            key=MESSAGE_KEY.format(id=link.id),
            request=link.request,
            again=LIFE,
        )


async def _own_certificate(tx: Transaction, handle: str | None, person: str) -> KnownCertificate:
    """The certificate that a person names, if it is their own and ready for use."""
    certificate = await find_certificate(tx, handle)
    if certificate.unmanaged:
        raise Refused(Refusal.FILES_UNMANAGED, handle=certificate.handle)
    if certificate.owner != person:
        raise Refused(Refusal.FILES_NOT_YOURS, handle=certificate.handle)
    if certificate.status != READY:
        raise Refused(Refusal.CERTIFICATE_NOT_READY, handle=certificate.handle)
    return certificate


def _issued(link: DownloadLink, message: int, secret: str, details: RequestDetails) -> IssuedLink:
    return IssuedLink(
        id=link.id,
        secret=secret,
        message_id=message,
        owner=link.owner,
        handle=str(link.request),
        database=details.target.label,
        expires_at=link.expires_at,
    )

"""Downloads: a certificate's files, delivered once to whoever has the right link, and stored nowhere."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from bot.domain.mtls import download_link as download_links
from bot.domain.mtls.connection_parameters import ConnectionParameters
from bot.domain.mtls.download_link import FETCH, HELD, DownloadAnswer, DownloadLink, DownloadLinkState
from bot.domain.person import require_member
from bot.domain.target import Database
from bot.errors import HerokuError, HerokuNotFoundError, Refused
from bot.ports import BOT, AuditContext, Clock, Credential, Heroku, Store, Transaction
from bot.services.lookups import request_details
from bot.services.mtls.download_links import MESSAGE_KEY

_PARAMETERS: Final = timedelta(seconds=3)
"""How long reading the connection parameters may take: the files are there already, and somebody waits."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateFiles:
    """What a download delivers.

    Attributes:
        database: the certificate's.
        handle: what people call the certificate.
        credential: the certificate with its chain, and its private key.
        root: the chain by which a client verifies the server, PEM.
        parameters: where the database is; None where Heroku did not tell.
    """

    database: Database
    handle: str
    credential: Credential = field(repr=False)
    root: str = field(repr=False)
    parameters: ConnectionParameters | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _LeasedLink:
    """A link that no other request is served with until the lease is over."""

    link: DownloadLink
    lease: UUID
    database: Database


class DownloadService:
    """Redeems links. Heroku is asked between two transactions, while no lock is held.

    Args:
        store: has the links.
        heroku: has the files.
        clock: business time.
        within: how long Heroku may take in total.
    """

    def __init__(self, *, store: Store, heroku: Heroku, clock: Clock, within: timedelta = FETCH) -> None:
        self._store = store
        self._heroku = heroku
        self._clock = clock
        self._within = within

    async def redeem(self, id: UUID, secret: str) -> CertificateFiles | DownloadAnswer:
        """Returns the files, once, or why there are none.

        A link is used up only when its files are about to leave: if Heroku does not answer in time, it works
        again at once; if the process dies, it works again when its lease is over.

        Args:
            id: the link's public part.
            secret: as it came.

        Raises:
            StoreUnavailableError: nothing is delivered, because nothing could record it.
        """
        leased = await self._lease(id, secret)
        if isinstance(leased, DownloadAnswer):
            return leased
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                files = await self._fetch(leased)
        except HerokuNotFoundError:
            return await self._release(leased, DownloadAnswer.GONE)
        except (HerokuError, TimeoutError) as error:
            # Heroku's own words are left out: such an answer may contain a secret.
            status = error.status if isinstance(error, HerokuError) else 0
            log.warning("download_link.not_fetched", link=str(id), error=type(error).__name__, status=status)
            return await self._release(leased, DownloadAnswer.UNREACHABLE)
        # After the deadline of the files, which must not fail for want of it, and well within the lease.
        files = replace(files, parameters=await self._parameters(files.database))
        return files if await self._record_delivery(leased) else DownloadAnswer.BUSY

    async def _lease(self, id: UUID, secret: str) -> _LeasedLink | DownloadAnswer:
        """Leases a link to the first request with the right secret, and counts wrong secrets."""
        async with self._store.transaction() as tx:
            link = await tx.download_links.lock(id)
            answer = download_links.judge(link, secret, now=self._clock.now())
            if link is None:
                return answer
            if answer is DownloadAnswer.WRONG:
                await self._count_wrong(tx, link)
            if answer is not DownloadAnswer.GIVE:
                return answer
            if await _has_left(tx, link.owner):
                # The link itself is ended with everything else that they hold, a moment later.
                return DownloadAnswer.WITHDRAWN
            # Committed before Heroku is asked: of two requests at once, one gets the files.
            lease = await tx.download_links.lease(link, within=HELD)
            details = await request_details(tx, link.request)
            await tx.commit()
        return _LeasedLink(link=link, lease=lease, database=details.database)

    async def _count_wrong(self, tx: Transaction, link: DownloadLink) -> None:
        """Records a wrong secret; after too many the link is over, and its owner is shown so."""
        if link.state is not DownloadLinkState.OPEN:
            return
        await self._move(tx, link, download_links.guessed(link))
        # Committed although the answer is a refusal: a count that rolls back would allow any number of
        # guesses.
        await tx.commit()

    async def _fetch(self, leased: _LeasedLink) -> CertificateFiles:
        """Asks Heroku for the files."""
        # Where it knows names only: under an old one its 404 would read as a certificate that is gone.
        # The README names its config var, which may have become another database's since the discovery.
        database = await self._heroku.current(leased.database)
        credential = await self._heroku.credential(database, leased.link.certificate)
        root = await self._heroku.authority(database)
        handle = str(leased.link.request)
        return CertificateFiles(database=database, handle=handle, credential=credential, root=root)

    async def _parameters(self, database: Database) -> ConnectionParameters | None:
        """Asks where the database is, without its password; the files are delivered without that too."""
        if not database.config_var:
            return None
        try:
            async with asyncio.timeout(_PARAMETERS.total_seconds()):
                login = await self._heroku.login(database.app, database.config_var)
        except (HerokuError, TimeoutError) as error:
            # As above: such an answer holds every secret of the app.
            log.warning("download_link.no_parameters", error=type(error).__name__)
            return None
        return ConnectionParameters.of(host=login.host, port=login.port, base=login.base, user=login.user)

    async def _release(self, leased: _LeasedLink, answer: DownloadAnswer) -> DownloadAnswer:
        async with self._store.transaction() as tx:
            await tx.download_links.release(leased.link.id, leased.lease)
            await tx.commit()
        return answer

    async def _record_delivery(self, leased: _LeasedLink) -> bool:
        """Uses up the link before its files leave; returns False if the lease was lost meanwhile."""
        async with self._store.transaction() as tx:
            link = await tx.download_links.lock_leased(leased.link.id, leased.lease)
            if link is None or link.state is not DownloadLinkState.OPEN:
                return False
            now = self._clock.now()
            await self._move(tx, link, download_links.delivered(link, now=now))
            await tx.certificates.delivered(link.certificate, at=now)
            await tx.outbox.refresh_cards(link.request)
            await tx.commit()
        return True

    async def _move(self, tx: Transaction, before: DownloadLink, after: DownloadLink) -> None:
        """Records a link's new state; once it is over, its message is updated without it."""
        now = self._clock.now()
        # Who tried a wrong secret is unknown; whoever has the right one has it from the owner.
        actor = before.owner if after.state is DownloadLinkState.DELIVERED else BOT
        await tx.download_links.update(before, after, doing=AuditContext(actor=actor, at=now))
        if after.state is not before.state:
            params = {"state": after.state, "at": now.isoformat(), "certificate": str(after.certificate)}
            params["link"] = str(after.id)
            await tx.outbox.refresh(MESSAGE_KEY.format(id=before.id), params=params)


async def _has_left(tx: Transaction, person: str) -> bool:
    """Whether somebody was no full member when they were read last; unknown people have not left."""
    found = await tx.slack_users.find(person, however_old=True)
    if found is None:
        return False
    try:
        require_member(found)
    except Refused:
        return True
    return False

"""Giving out a certificate's files to whoever comes with the right link: once, and kept nowhere."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog

from bot.domain.mtls import download_link as download_links
from bot.domain.mtls.download_link import FETCH, HELD, DownloadAnswer, DownloadLink, DownloadLinkState
from bot.domain.target import Database
from bot.errors import HerokuError, HerokuNotFoundError
from bot.ports import BOT, AuditContext, Clock, Credential, Heroku, Store, Transaction
from bot.services.base import details_of
from bot.services.download_links import POST_KEY

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """What is handed out.

    Attributes:
        handle: what people call the certificate.
        credential: the certificate with its chain, and its key.
        root: the chain by which a client knows the server, PEM.
    """

    database: Database
    handle: str
    credential: Credential = field(repr=False)
    root: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held:
    """A link that nobody else is served with for a while."""

    download_link: DownloadLink
    lease: UUID
    database: Database


class Delivering:
    """Between two transactions Heroku is asked, with neither a lock nor a transaction open meanwhile.

    Args:
        store: knows the links.
        heroku: has the files.
        clock: business time.
        within: how long Heroku may take in all.
    """

    def __init__(self, *, store: Store, heroku: Heroku, clock: Clock, within: timedelta = FETCH) -> None:
        self._store = store
        self._heroku = heroku
        self._clock = clock
        self._within = within

    async def take(self, id: UUID, secret: str) -> Files | DownloadAnswer:
        """The files, once; or why there are none.

        A link is over only when its files are on their way: one that Heroku did not answer for in time works
        again at once, and one whose process died works again when its turn is over.

        Args:
            id: the link's public part.
            secret: as it came.

        Raises:
            StoreUnavailableError: nothing is given out, for nobody could tell that it was.
        """
        held = await self._admit(id, secret)
        if isinstance(held, DownloadAnswer):
            return held
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                files = await self._fetch(held)
        except HerokuNotFoundError:
            return await self._release(held, DownloadAnswer.GONE)
        except (HerokuError, TimeoutError) as error:
            # Heroku's own words are left out: nothing of such an answer belongs in a log.
            status = error.status if isinstance(error, HerokuError) else 0
            log.warning("download_link.not_fetched", link=str(id), error=type(error).__name__, status=status)
            return await self._release(held, DownloadAnswer.UNREACHABLE)
        return files if await self._record(held) else DownloadAnswer.BUSY

    async def _admit(self, id: UUID, secret: str) -> _Held | DownloadAnswer:
        """Lets the first through who brings the right secret, and counts the wrong ones."""
        async with self._store.transaction() as tx:
            download_link = await tx.download_links.lock(id)
            answer = download_links.judge(download_link, secret, now=self._clock.now())
            if download_link is None:
                return answer
            if answer is DownloadAnswer.WRONG:
                await self._count(tx, download_link)
            if answer is not DownloadAnswer.GIVE:
                return answer
            lease = await tx.download_links.hold(download_link, within=HELD)
            case = await details_of(tx, download_link.request)
            await tx.commit()
        return _Held(download_link=download_link, lease=lease, database=case.database)

    async def _count(self, tx: Transaction, download_link: DownloadLink) -> None:
        """Notes a wrong secret; its owner sees when a link is over because of too many."""
        if download_link.state is not DownloadLinkState.OPEN:
            return
        guessed = download_links.guessed(download_link)
        await self._move(tx, download_link, guessed)
        await tx.commit()

    async def _fetch(self, held: _Held) -> Files:
        """Asks Heroku, by the database's present name; raises ``HerokuError`` as the answer is."""
        name = await self._heroku.database_name(held.database.id)
        credential = await self._heroku.credential(name, held.download_link.certificate)
        root = await self._heroku.authority(name)
        return Files(
            database=held.database, handle=str(held.download_link.request), credential=credential, root=root
        )

    async def _release(self, held: _Held, answer: DownloadAnswer) -> DownloadAnswer:
        async with self._store.transaction() as tx:
            await tx.download_links.release(held.download_link.id, held.lease)
            await tx.commit()
        return answer

    async def _record(self, held: _Held) -> bool:
        """Ends the link before its files leave; False when the turn was over, and nothing is to leave."""
        async with self._store.transaction() as tx:
            download_link = await tx.download_links.holds(held.download_link.id, held.lease)
            if download_link is None or download_link.state is not DownloadLinkState.OPEN:
                return False
            now = self._clock.now()
            await self._move(tx, download_link, download_links.delivered(download_link, now=now))
            await tx.certificates.handed_out(download_link.certificate, at=now)
            await tx.outbox.refresh_cards(download_link.request)
            await tx.commit()
        return True

    async def _move(self, tx: Transaction, before: DownloadLink, after: DownloadLink) -> None:
        """Writes a link's new state, and has the message without it drawn that stands in its place."""
        now = self._clock.now()
        # Nobody knows who guessed; whoever has the right secret has it from its owner.
        actor = before.owner if after.state is DownloadLinkState.DELIVERED else BOT
        await tx.download_links.move(before, after, doing=AuditContext(actor=actor, at=now))
        if after.state is not before.state:
            said = {"state": after.state, "at": now.isoformat()}
            await tx.outbox.refresh(POST_KEY.format(id=before.id), params=said)

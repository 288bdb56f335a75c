"""``/pgaccess mtls certificate get`` and its button: a link to the files, for their owner alone."""

from typing import Final

import structlog

from bot.errors import Refusal, Refused, SlackError, StoreUnavailableError
from bot.i18n.translator import Translator
from bot.ports import InteractiveSlack, Message, MessageRef
from bot.services import IssuedLink, Services
from bot.views.mtls import download
from handlers.transport.payloads import BlockAction, Command

PATH: Final = "/c/{id}"
"""Where a browser gets a certificate's files."""

log = structlog.get_logger(__name__)


class DownloadLinkSender:
    """Makes a link, sends it in a direct message, and says so where it was asked for.

    Args:
        access: makes links.
        desk: sends them: a courier could not, for the store must not know what they say.
        public_url: where browsers reach us, without a slash at the end; None is unknown.
    """

    def __init__(self, *, services: Services, interactive: InteractiveSlack, public_url: str | None) -> None:
        self._services = services
        self._interactive = interactive
        self._public_url = public_url

    async def answer(self, handle: str | None, came: BlockAction | Command, t: Translator) -> Message:
        """Hands a link out, and returns what whoever asked is told of it.

        Args:
            handle: what people call the certificate; None where nothing was said.
            came: the click or command that asks for it.
            words: the language of whoever asks.

        Raises:
            Refused: they may not have it, or Slack did not take it.
            StoreUnavailableError: nothing was recorded.
        """
        if self._public_url is None:
            raise Refused(Refusal.FILES_NO_ADDRESS)
        ticket = await self._services.download_links.issue(handle, person=came.person, key=came.key)
        if ticket is None:
            return download.sent_already(handle or "", t)
        return await self._send(ticket, self._public_url, t)

    async def _send(self, ticket: IssuedLink, public_url: str, t: Translator) -> Message:
        url = f"{public_url}{PATH.format(id=ticket.id)}#{ticket.secret}"
        until = ticket.expires_at
        message = download.link(url, handle=ticket.handle, app=ticket.database, until=until, t=t)
        try:
            place = await self._interactive.hand(ticket.owner, message, post=ticket.post)
        except SlackError as error:
            log.warning("files.not_sent", link=str(ticket.id), code=error.code)
            if error.unclear:
                # It may stand there: a courier looks for it when the link is over, and says so in its place.
                return download.unclear(ticket.handle, t)
            await self._services.download_links.record_unsent(ticket)
            raise Refused(Refusal.FILES_UNSENT, handle=ticket.handle) from None
        await self._note(ticket, place)
        return download.sent(ticket.handle, until=until, t=t)

    async def _note(self, ticket: IssuedLink, place: MessageRef) -> None:
        try:
            await self._services.download_links.record_sent(ticket, place)
        except StoreUnavailableError:
            # The message has its number with it, and is found by that.
            log.info("files.place_unknown", link=str(ticket.id))

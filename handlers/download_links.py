"""Handlers of ``/pgaccess mtls certificate get`` and its button: a one-time link to a certificate's files."""

from typing import Final

import structlog

from bot.errors import Refusal, Refused, SlackError, StoreUnavailableError
from bot.i18n.translator import Translator
from bot.ports import InteractiveSlack, Message, MessageRef
from bot.services import IssuedLink, Services
from bot.views.mtls import download
from handlers.parsing.intents import Intent
from handlers.transport.payloads import BlockAction, SlashCommand

PATH: Final = "/c/{id}"
"""Path at which a browser downloads a certificate's files."""

log = structlog.get_logger(__name__)


class DownloadLinkSender:
    """Issues download links, and sends them to the certificate's owner in a direct message.

    Args:
        access: issues links.
        interactive: sends them. They do not go through the outbox, because the store must not hold a secret.
        public_url: where browsers reach us, without a slash at the end; None if unknown.
    """

    def __init__(self, *, services: Services, interactive: InteractiveSlack, public_url: str | None) -> None:
        self._services = services
        self._interactive = interactive
        self._public_url = public_url

    async def get(self, command: SlashCommand, intent: Intent, t: Translator) -> Message:
        """Sends the link for the certificate that was typed; raises as ``send`` does."""
        return await self.send(intent.certificate, command, t)

    async def send(self, handle: str | None, source: BlockAction | SlashCommand, t: Translator) -> Message:
        """Issues and sends a link, and returns the answer to the person who asked for it.

        Args:
            handle: number of a certificate's request, or the beginning of its id; None if none was typed.
            source: the click or command that asks for it.
            t: language of the person.

        Raises:
            Refused: the person may not have it, or Slack did not take the message.
            StoreUnavailableError: nothing was recorded.
        """
        if self._public_url is None:
            raise Refused(Refusal.FILES_NO_ADDRESS)
        link = await self._services.download_links.issue(handle, person=source.person, key=source.key)
        # The same click or command came twice: only the first one has the secret, so none can be sent again.
        if link is None:
            return download.sent_already(handle or "", t)
        return await self._send(link, self._public_url, t)

    async def _send(self, link: IssuedLink, public_url: str, t: Translator) -> Message:
        # The secret stands behind the ``#``: browsers do not send that part, so it reaches no access log.
        url = f"{public_url}{PATH.format(id=link.id)}#{link.secret}"
        until = link.expires_at
        message = download.link(url, handle=link.handle, app=link.database, until=until, t=t)
        try:
            place = await self._interactive.hand(link.owner, message, number=link.message_id)
        except SlackError as error:
            log.warning("files.not_sent", link=str(link.id), code=error.code)
            if error.unclear:
                # The message may have arrived: when the link expires, the notifier finds it by its metadata
                # and edits it. A second link now would leave the first one's message behind.
                return download.unclear(link.handle, t)
            # A definite rejection: nobody has the secret, and the link must not stay open.
            await self._services.download_links.record_unsent(link)
            raise Refused(Refusal.FILES_UNSENT, handle=link.handle) from None
        await self._record_place(link, place)
        return download.sent(link.handle, until=until, t=t)

    async def _record_place(self, link: IssuedLink, place: MessageRef) -> None:
        try:
            await self._services.download_links.record_sent(link, place)
        except StoreUnavailableError:
            # The message carries the link's id in its metadata, and is found by that.
            log.info("files.place_unknown", link=str(link.id))

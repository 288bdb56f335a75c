"""Download links for a certificate's files: the message with the link, and what replaces it."""

from datetime import datetime
from typing import Final

from bot.domain.mtls.download_link import DownloadLinkState
from bot.i18n.translator import Translator
from bot.ports import Block, Message, OutboxMessage, RequestDetails
from bot.views import block_kit, buttons
from bot.views.mtls import compromise

_EXPIRED: Final = "expired"
"""What replaces a link that was not used in time."""

_GONE: Final = "gone"
"""What replaces a link to the files of a database that Heroku no longer has."""


def link(url: str, *, handle: str, app: str, until: datetime, t: Translator) -> Message:
    """To the owner, directly: the one message that holds a link.

    The link is in a block and not in the text, which phones show on a locked screen.

    Args:
        url: with its secret after the ``#``.
        handle: what people call the certificate.
        app: the database's.
        until: when the link ends.
        t: the owner's language.
    """
    text = t("notification.download_link", handle=handle, app=app)
    label = t("notification.download_link.link")
    shown = [
        block_kit.section(text),
        block_kit.section(f"*<{url}|{label}>*"),
        block_kit.context(
            t("notification.download_link.once", until=until), t("notification.download_link.care")
        ),
    ]
    return block_kit.message(text, shown)


def over(message: OutboxMessage, details: RequestDetails, t: Translator) -> Message:
    """Replaces a link that is over: what became of it, and the button to a new one."""
    # Whatever ends a link records a state; without one, the message was due because its time was over.
    state = message.params.get("state", _EXPIRED)
    if details.target.gone_at is not None:
        state = _GONE
    at = datetime.fromisoformat(message.params["at"]) if "at" in message.params else None
    params = {"handle": details.request.id, "app": details.target.label, "at": at}
    if "revocation" in message.params and state != _GONE:
        id = int(message.params["revocation"])
        if state == DownloadLinkState.WITHDRAWN:
            # Another link to the same files, which nobody has used.
            return block_kit.paragraphs(t("notification.download_link.revoked.unused", id=id, **params))
        return block_kit.paragraphs(t("notification.download_link.revoked", id=id, **params))
    key = f"notification.download_link.{state}"
    not_me: list[Block] = []
    if state == DownloadLinkState.DELIVERED:
        not_me = compromise.not_me(message, details, t)
        # One from before there was a button has none.
        key = key if not_me else f"{key}.only" if "link" in message.params else f"{key}.before"
    text = t(key, **params)
    return block_kit.message(text, [block_kit.section(text), *not_me, *buttons.for_files(details, t)])


def sent(handle: str, *, until: datetime, t: Translator) -> Message:
    """To the person who asked: where to look for the link."""
    return block_kit.paragraphs(t("files.sent", handle=handle, until=until))


def sent_already(handle: str, t: Translator) -> Message:
    """To the person who asked, when the same click or command was delivered twice."""
    return block_kit.paragraphs(t("files.sent.already", handle=handle))


def unclear(handle: str, t: Translator) -> Message:
    """To the person who asked, when it is not known whether the link arrived."""
    return block_kit.paragraphs(t("files.unclear", handle=handle))

"""Handing out a certificate's files: the message with the link, what takes its place, and the README."""

from datetime import UTC, datetime
from typing import Final

from bot.domain.target import Database
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Message, OutboxMessage, RequestDetails
from bot.views import block_kit, buttons, notifications

_EXPIRED: Final = "expired"
"""What stands in a link's place when nothing else came of it in time."""


def link(url: str, *, handle: str, app: str, until: datetime, t: Translator) -> Message:
    """To the owner, directly: the one message that holds a link.

    The link is in a block and not in the text, which phones show on a locked screen.

    Args:
        url: with its secret behind the ``#``.
        handle: what people call the certificate.
        app: the database's.
        until: when the link ends.
        words: the owner's language.
    """
    said = t("notification.download_link", handle=handle, app=app)
    label = t("notification.download_link.link")
    shown = [
        block_kit.section(said),
        block_kit.section(f"*<{url}|{label}>*"),
        block_kit.context(
            t("notification.download_link.once", until=until), t("notification.download_link.care")
        ),
    ]
    return Message(text=said, blocks=shown)


def over(post: OutboxMessage, case: RequestDetails, t: Translator) -> Message:
    """What the courier draws where a link stood: what came of it, and the button to a new one."""
    state = post.params.get("state", _EXPIRED)
    at = datetime.fromisoformat(post.params["at"]) if "at" in post.params else None
    said = t(f"notification.download_link.{state}", handle=case.request.id, app=case.target.label, at=at)
    return Message(text=said, blocks=[block_kit.section(said), *buttons.for_files(case, t)])


def sent(handle: str, *, until: datetime, t: Translator) -> Message:
    """To whoever asked: where to look for the link."""
    return _short(t("files.sent", handle=handle, until=until))


def sent_already(handle: str, t: Translator) -> Message:
    """To whoever asked, whose very click or command came twice."""
    return _short(t("files.sent.already", handle=handle))


def unclear(handle: str, t: Translator) -> Message:
    """To whoever asked, when nobody knows whether the link arrived."""
    return _short(t("files.unclear", handle=handle))


def readme(database: Database, *, handle: str, at: datetime, t: Translator) -> str:
    """What stands beside the files: which they are, and the ready line, with no password in it."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    paragraphs = [
        t("readme.title", handle=handle, app=database.app, at=moment),
        t("readme.files"),
        t("readme.connect"),
        Mrkdwn(f"    {notifications.connection_line(database)}"),
        t("readme.beside"),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _short(said: Mrkdwn) -> Message:
    return Message(text=said, blocks=[block_kit.section(said)])

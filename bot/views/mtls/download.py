"""Handing out a certificate's files: the message with the link, what takes its place, and the README."""

from datetime import UTC, datetime
from typing import Final

from bot.domain.target import Database
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Message, OutboxMessage, RequestDetails
from bot.views import block_kit, buttons, notifications

_EXPIRED: Final = "expired"
"""What stands in a link's place when nothing else came of it in time."""


def link(url: str, *, handle: str, app: str, until: datetime, words: Translator) -> Message:
    """To the owner, directly: the one message that holds a link.

    The link is in a block and not in the text, which phones show on a locked screen.

    Args:
        url: with its secret behind the ``#``.
        handle: what people call the certificate.
        app: the database's.
        until: when the link ends.
        words: the owner's language.
    """
    said = words("notice.handout", handle=handle, app=app)
    label = words("notice.handout.link")
    shown = [
        block_kit.section(said),
        block_kit.section(f"*<{url}|{label}>*"),
        block_kit.context(words("notice.handout.once", until=until), words("notice.handout.care")),
    ]
    return Message(text=said, blocks=shown)


def over(post: OutboxMessage, case: RequestDetails, words: Translator) -> Message:
    """What the courier draws where a link stood: what came of it, and the button to a new one."""
    state = post.params.get("state", _EXPIRED)
    at = datetime.fromisoformat(post.params["at"]) if "at" in post.params else None
    said = words(f"notice.handout.{state}", handle=case.request.id, app=case.target.label, at=at)
    return Message(text=said, blocks=[block_kit.section(said), *buttons.for_files(case, words)])


def sent(handle: str, *, until: datetime, words: Translator) -> Message:
    """To whoever asked: where to look for the link."""
    return _short(words("files.sent", handle=handle, until=until))


def sent_already(handle: str, words: Translator) -> Message:
    """To whoever asked, whose very click or command came twice."""
    return _short(words("files.sent.already", handle=handle))


def unclear(handle: str, words: Translator) -> Message:
    """To whoever asked, when nobody knows whether the link arrived."""
    return _short(words("files.unclear", handle=handle))


def readme(database: Database, *, handle: str, at: datetime, words: Translator) -> str:
    """What stands beside the files: which they are, and the ready line, with no password in it."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    paragraphs = [
        words("readme.title", handle=handle, app=database.app, at=moment),
        words("readme.files"),
        words("readme.connect"),
        Mrkdwn(f"    {notifications.connection_line(database)}"),
        words("readme.beside"),
    ]
    return "\n\n".join(paragraphs) + "\n"


def _short(said: Mrkdwn) -> Message:
    return Message(text=said, blocks=[block_kit.section(said)])

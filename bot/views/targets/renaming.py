"""What operations read of a name that has changed at Heroku."""

from typing import Final

from bot.i18n.translator import Translator
from bot.ports import Message, MessageKind, OutboxMessage
from bot.views import block_kit
from bot.views.text import NOTHING

KINDS: Final = frozenset({MessageKind.ADDON_RENAMED, MessageKind.APP_RENAMED, MessageKind.SPACE_RENAMED})
"""One for everything that has a name."""


def renamed(message: OutboxMessage, t: Translator) -> Message:
    """The old name and the new one, and that nothing else has changed."""
    params = message.params
    stays = t("renamed.stays", environment=params["environment"]) if params["environment"] else ""
    # All databases of a space are called here when it is renamed.
    labels = t.names(filter(None, params["labels"].split(", "))) or NOTHING
    text = t(message.kind, before=params["before"], after=params["after"], labels=labels)
    return block_kit.paragraphs(f"{text} {stays or t('renamed.uncovered')}")

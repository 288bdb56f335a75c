"""The private answer with a link to the page that shows a browser's address."""

from datetime import datetime

from bot.i18n.translator import Translator
from bot.ports import Message
from bot.views import block_kit


def link(url: str, *, until: datetime, t: Translator) -> Message:
    """Returns the answer to whoever typed ``me``; the link is in a block and not in the text.

    Args:
        url: with its secret after the ``#``.
        until: when the link ends.
        t: the person's language.
    """
    text = t("address_link.text")
    label = t("address_link.link")
    shown = [
        block_kit.section(text),
        block_kit.section(f"*<{url}|{label}>*"),
        block_kit.context(t("address_link.once", until=until)),
    ]
    return block_kit.message(text, shown)

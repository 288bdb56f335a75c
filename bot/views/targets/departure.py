"""What operations read of a target that Heroku no longer has, or has again."""

from typing import Final

from bot.i18n.translator import Translator
from bot.ports import Message, OutboxMessage
from bot.views import block_kit
from bot.views.text import first_key, numbers

_LISTS: Final = ("grants", "pending", "operations")
"""Numbers of requests that a summary lists, in this order."""

LIST: Final = 2000
"""Characters of one of these lists."""


def gone(message: OutboxMessage, t: Translator) -> Message:
    """What is gone, and what ended with it; or that it is there again."""
    params = message.params
    if message.settled_at is not None:
        said = {"name": params["name"], "label": params["label"], "at": message.settled_at}
        return block_kit.paragraphs(t(f"{message.kind}.over", **said))
    title = t(_key(message, t), name=params["name"], label=params["label"])
    found = {name: params.get(name, "").split() for name in _LISTS}
    lines = [
        t(f"target_gone.{name}", list=t.names(numbers(map(int, each)), limit=LIST))
        for name, each in found.items()
        if each
    ]
    certificates = params.get("certificates", "").split()
    if certificates:
        lines.append(t("target_gone.certificates", list=t.names(certificates, limit=LIST)))
    return block_kit.message(title, [block_kit.section(title), *block_kit.sections(lines, by="\n")])


def back(message: OutboxMessage, t: Translator) -> Message:
    """That it is there again, and that nothing was opened again."""
    params = message.params
    return block_kit.paragraphs(t(_key(message, t), name=params["name"], label=params["label"]))


def _key(message: OutboxMessage, t: Translator) -> str:
    """The sentence about a database, or the one about a space."""
    return first_key(t, f"{message.kind}.{message.params['kind']}", message.kind)

"""Help, at every level: what can be typed, with two fitting examples."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot.i18n.translator import Translator
from bot.ports import Message
from bot.views import block_kit

_ASKING: Final = ("help.example.short", "help.example.long")
_READING: Final = ("help.example.list", "help.example.show")
_ACTING: Final = ("help.example.extend", "help.example.done")

_MTLS: Final = (
    "help.mtls",
    "help.mtls.add",
    "help.mtls.remove",
    "help.mtls.adopt",
    "help.mtls.list",
    "help.form",
)
_CERTIFICATES: Final = (
    "help.certificates", "help.mtls.enable", "help.certificates.new", "help.certificates.list",
    "help.certificates.get", "help.certificates.rotate", "help.certificates.remove",
)  # fmt: skip
_LINK: Final = (
    "help.link", "help.link.open", "help.link.add", "help.link.remove", "help.link.adopt", "help.link.status",
    "help.link.close",
)  # fmt: skip
_TRUSTED: Final = (
    "help.trusted", "help.trusted.add", "help.trusted.remove", "help.trusted.list", "help.trusted.adopt",
)  # fmt: skip
_LOOKING: Final = ("help.reading", "help.list", "help.show", "help.status", "help.why", "help.advise")
_ONE: Final = ("help.acting", "help.cancel", "help.done", "help.extend", "help.revoke", "help.retry")

_HELP: Final[Mapping[str, tuple[Sequence[str], Sequence[str]]]] = {
    "": (
        (
            "help.title",
            "",
            *_MTLS,
            "",
            *_CERTIFICATES,
            "",
            *_LINK,
            "",
            *_TRUSTED,
            "",
            *_LOOKING,
            "",
            *_ONE,
            "",
            "help.help",
        ),
        _ASKING,
    ),
    "mtls": ((*_MTLS, "", *_CERTIFICATES), _ASKING),
    "trusted": (_TRUSTED, ("help.example.trusted", "help.example.trusted_list")),
    "privatelink": (_LINK, ("help.example.link", "help.example.link_add")),
    **dict.fromkeys(("list", "show", "status", "why", "advise"), (_LOOKING, _READING)),
    **dict.fromkeys(("cancel", "done", "extend", "revoke", "retry"), (_ONE, _ACTING)),
}
"""By topic: the lines, and two examples that fit."""


def helping(topic: Sequence[str], t: Translator) -> Message:
    """What can be typed about a topic; about everything when the topic has no help of its own."""
    lines, examples = _HELP.get(topic[0] if topic else "", _HELP[""])
    said = [t(key) if key else "" for key in [*lines, "", "help.examples", *examples]]
    shown = [block_kit.section("\n".join(said))]
    if "help.mtls.add" in lines:
        shown.append(block_kit.context(t("help.limits")))
    return Message(text=t("help.title"), blocks=shown)

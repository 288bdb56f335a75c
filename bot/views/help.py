"""Help, at every level: what can be typed, with two fitting examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bot.i18n.translator import Translator
from bot.ports import Message
from bot.views import block_kit
from bot.views.methods import DEFAULT, METHOD_VIEWS

_READING: Final = (
    *("help.reading", "help.list", "help.list.past", "help.show", "help.status", "help.who"),
    *("help.why", "help.why.address", "help.advise"),
)
_ACTING: Final = ("help.acting", "help.cancel", "help.done", "help.extend", "help.revoke", "help.retry")

_TIMES: Final = (("help.times",),)
"""What can be typed as a time, below the examples."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    """One page of help: keys of paragraphs' lines, of two examples, of what follows them, and of a note."""

    paragraphs: Sequence[Sequence[str]]
    examples: Sequence[str]
    note: str | None = None
    closing: Sequence[Sequence[str]] = ()


_METHODS: Final = {
    view.help.name: _Page(
        paragraphs=view.help.paragraphs, examples=view.help.examples, note=view.help.note, closing=_TIMES
    )
    for view in METHOD_VIEWS.values()
}

_EVERYTHING: Final = _Page(
    paragraphs=(
        ("help.title",),
        *(paragraph for page in _METHODS.values() for paragraph in page.paragraphs),
        _READING,
        _ACTING,
        ("help.help",),
    ),
    examples=DEFAULT.help.examples,
    note=DEFAULT.help.note,
    closing=_TIMES,
)

_PAGES: Final[Mapping[str, _Page]] = {
    **_METHODS,
    **dict.fromkeys(
        ("list", "show", "status", "who", "why", "advise"),
        _Page(paragraphs=(_READING,), examples=("help.example.list", "help.example.show")),
    ),
    **dict.fromkeys(
        ("cancel", "done", "extend", "revoke", "retry"),
        _Page(paragraphs=(_ACTING,), examples=("help.example.extend", "help.example.done"), closing=_TIMES),
    ),
}
"""By what is typed first."""


def helping(topic: Sequence[str], t: Translator) -> Message:
    """What can be typed about a topic; about everything when the topic has no page of its own."""
    page = _PAGES.get(topic[0], _EVERYTHING) if topic else _EVERYTHING
    paragraphs = [*page.paragraphs, ("help.examples", *page.examples), *page.closing]
    shown = block_kit.sections(
        ["\n".join(t(key) for key in paragraph) for paragraph in paragraphs], by="\n\n"
    )
    note = [] if page.note is None else [block_kit.context(t(page.note))]
    return block_kit.message(t("help.title"), [*shown, *note])

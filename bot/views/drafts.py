"""What the form says above its fields when it opens with what was understood of a line."""

from collections.abc import Iterable, Sequence
from typing import Final

from bot.domain.networks.pasted import PastedNetworks, Redundant, Spelling, Understood
from bot.domain.outside.text import cite
from bot.errors import Refused
from bot.i18n.translator import Mrkdwn, Translator

NAMED: Final = 8
"""Networks, names or pieces that one sentence names; how many more there are, it says."""

SAID: Final = 5
"""Sentences of one kind; what is left is counted."""


def remarks(
    networks: PastedNetworks,
    *,
    targets: Sequence[str],
    unknown: Sequence[Refused],
    words: Sequence[str],
    me: bool,
    t: Translator,
) -> list[Mrkdwn]:
    """Returns what a person has to know before they submit a form that was filled from a line.

    Args:
        networks: of the line.
        targets: names of the databases or spaces of the line, where there are several.
        unknown: why the others that it names could not be found.
        words: that mean nothing here.
        me: the line asks for the address that the person connects from.
        t: the reader's language.
    """
    said = [t("form.draft.me")] if me else []
    if len(networks.networks) > 1:
        said.append(t("form.draft.addresses", count=len(networks.networks)))
    said += [_joined(each.parts, each.whole, t) for each in networks.joined[:SAID]]
    if len(targets) > 1:
        said.append(t("form.draft.targets", names=_cited(targets, t)))
    said += _cut((t(each.key, **each.params) for each in unknown), t)
    said += _cut((t(each.refused.key, **each.refused.params) for each in networks.refused), t)
    said += _cut(_rewritten(networks.rewritten, t), t)
    said += _cut((_redundant(each, t) for each in networks.redundant), t)
    if words:
        said.append(t("form.draft.words", words=_cited(words, t)))
    return said


def _joined(parts: Sequence[object], whole: object, t: Translator) -> Mrkdwn:
    return t("form.draft.joined", parts=t.names(parts, most=NAMED), whole=whole)


def _rewritten(found: Sequence[Understood], t: Translator) -> list[Mrkdwn]:
    """Says once for each piece of text what it was read as."""
    pieces: dict[str, list[Understood]] = {}
    for each in found:
        pieces.setdefault(each.piece, []).append(each)
    return [
        t(
            "form.draft.named" if every[0].spelling is Spelling.NAME else "form.draft.read",
            piece=cite(piece),
            networks=t.names([each.network for each in every], most=NAMED),
        )
        for piece, every in pieces.items()
    ]


def _redundant(each: Redundant, t: Translator) -> Mrkdwn:
    if each.network == each.by:
        return t("form.draft.twice", network=each.network)
    return t("form.draft.covered", network=each.network, by=each.by)


def _cited(names: Iterable[str], t: Translator) -> Mrkdwn:
    return t.names([t("form.draft.word", word=cite(name)) for name in names], most=NAMED)


def _cut(sentences: Iterable[Mrkdwn], t: Translator) -> list[Mrkdwn]:
    every = list(sentences)
    more = len(every) - SAID
    return [*every[:SAID], t("form.draft.more", count=more)] if more > 0 else every

"""Drift in the status of a database or a space: where Heroku differs from what was left there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from bot.domain.drift import Drift
from bot.domain.grant import GrantState
from bot.domain.subject import Subject
from bot.i18n.translator import Mrkdwn, Translator, join
from bot.ports import Block, RequestDetails
from bot.views import block_kit, reach
from bot.views.text import as_code, numbers

SHOWN: Final = 10
"""Lines that one answer shows, and requests that one line names."""

ENTRY: Final = 120
"""Characters of an entry; an AWS user's path may have up to 512."""


def _itself(subject: Subject) -> tuple[str, ...]:
    return (str(subject),)


def paragraph(
    drift: Drift,
    requests: Iterable[RequestDetails],
    t: Translator,
    *,
    entries: Callable[[Subject], Iterable[str]] = _itself,
    name: Callable[[str], str] = str,
) -> list[Block]:
    """A paragraph about the drift of one method; none where everything is as it was left.

    Args:
        drift: of the last observation.
        requests: those for access by the method, pending or open.
        t: the reader's language.
        entries: of a grant's subject, as the drift names them.
        name: how an entry is called.
    """

    def entry(text: str) -> Mrkdwn:
        return as_code(name(text), ENTRY)

    lines = [
        *(
            _missing(missing, entry(missing), about, t)
            for missing, about in _interrupted(requests, entries).items()
        ),
        # Sorted, since sets have no order: rendered twice, a message is the same text.
        *(t("drift.missing", entry=entry(each)) for each in sorted(drift.missing)),
        *(t("drift.back", entry=entry(each)) for each in sorted(drift.back)),
        *(t("drift.unapplied", entry=entry(each)) for each in sorted(drift.unapplied)),
    ]
    if not lines:
        return []
    shown = join(
        lines,
        more=lambda count: t("drift.more", count=count),
        most=SHOWN,
        # The rest is for the title above the lines.
        limit=block_kit.SECTION_TEXT - 100,
        by="\n",
    )
    return [block_kit.section(f"{t('drift.title')}\n{shown}")]


def _missing(address: str, entry: Mrkdwn, about: Sequence[RequestDetails], t: Translator) -> Mrkdwn:
    """An entry that was removed outside pgaccess, and what still allows the same address."""
    ids = numbers(details.request.id for details in about)
    params = {"entry": entry, "requests": t.names(ids, most=SHOWN)}
    left = reach.left(about[0], address)
    if not left:
        return t("drift.interrupted", **params)
    return t("drift.interrupted.still", by=reach.by(left, about[0].nearby.space, t), **params)


def _interrupted(
    requests: Iterable[RequestDetails], entries: Callable[[Subject], Iterable[str]]
) -> Mapping[str, list[RequestDetails]]:
    """Entries of interrupted grants, which were removed outside pgaccess, with these grants' requests."""
    missing: dict[str, list[RequestDetails]] = {}
    for details in requests:
        grant = details.grant
        if grant is None or grant.state is not GrantState.INTERRUPTED:
            continue
        for entry in entries(grant.subject):
            missing.setdefault(entry, []).append(details)
    return missing

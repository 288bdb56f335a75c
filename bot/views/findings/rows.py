"""Unmanaged entries on a status and in lists: since when, ignored until when, and the way to decide."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from bot.domain.method import Method
from bot.domain.reports.finding import is_ignored
from bot.domain.target import Target
from bot.i18n.translator import Mrkdwn, Translator, cut, mention
from bot.ports import Block
from bot.ports.unmanaged_entries import UnmanagedEntry
from bot.views import action_ids, block_kit
from bot.views.text import one_line

BECAUSE: Final = 60
"""Characters of the reason for which an entry is ignored, at the end of its row."""


def remark(
    entries: Iterable[UnmanagedEntry], method: Method, entry: object, now: datetime | None, t: Translator
) -> Mrkdwn:
    """Says since when an entry is seen and until when it is ignored; nothing where that is not recorded.

    Args:
        entries: all that are recorded of the target.
        method: the access method whose list has the entry.
        entry: how findings name it: Heroku's id of an IP rule, an ARN, a range's source.
        now: business time.
        t: the reader's language.
    """
    found = next((each for each in entries if each.method is method and each.entry == str(entry)), None)
    if found is None or now is None:
        return Mrkdwn("")
    since = t("status.unmanaged.since", since=found.first_seen_at)
    return Mrkdwn(f"{since}{ignored(found, now, t)}")


def ignored(entry: UnmanagedEntry, now: datetime, t: Translator) -> Mrkdwn:
    """Says until when an entry is ignored, by whom and why; nothing where it is not."""
    if not is_ignored(entry.ignored_until, now=now):
        return Mrkdwn("")
    by, why = mention(entry.ignored_by or ""), because(entry.ignored_because, t, limit=BECAUSE)
    return t("status.unmanaged.ignored", until=entry.ignored_until, person=by, because=why)


def because(reason: str | None, t: Translator, *, limit: int) -> Mrkdwn:
    """Returns why an entry is ignored, or that whoever reads it here may not know."""
    text = one_line(reason or "")
    return cut(text, limit) if text else t("finding.because.hidden")


def choice(target: Target, method: Method, entries: Iterable[UnmanagedEntry], t: Translator) -> list[Block]:
    """The button to the form about a target's unmanaged entries; none where there are none."""
    if target.gone_at is not None or all(each.method is not method for each in entries):
        return []
    button = block_kit.button(
        t("button.finding.choose"),
        action=f"{action_ids.FINDING_CHOOSE}.{method}",
        value=action_ids.finding_list_value(str(target.id), method),
    )
    return [block_kit.actions(button)]

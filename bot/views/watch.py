"""What the watch tells: a message in the operations channel, and the same as plain text on the pager."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from bot.domain.watch.alarm import Notice, NoticeKind
from bot.domain.watch.condition import SEVERITIES, Condition, Item, Severity, in_order
from bot.i18n.translator import Mrkdwn, Translator, join
from bot.ports import Message, Page, PageAction
from bot.views import block_kit

SHOWN: Final = 10
"""Items that one message names."""

ITEMS: Final = 700
"""Characters of the items: with the sentence around them they fit PagerDuty's summary of 1,024."""

_OVER: Final = ":white_check_mark:"

_EMOJI: Final = {
    Severity.CRITICAL: ":rotating_light:",
    Severity.ERROR: ":warning:",
    Severity.WARNING: ":warning:",
    Severity.INFO: ":information_source:",
}


def message(notice: Notice, t: Translator, *, doubtful: bool) -> Message:
    """The message in Slack.

    Args:
        notice: what is told.
        t: the language of the operations channel.
        doubtful: whether it was judged without the store, which knows more.
    """
    emoji = _OVER if notice.is_over else _EMOJI[SEVERITIES[notice.condition]]
    first, *more = _sentences(notice, t, doubtful=doubtful, plain=False)
    return block_kit.paragraphs(f"{emoji} {first}", *more)


def page(notice: Notice, t: Translator, *, doubtful: bool, installation: str) -> Page:
    """The page; arguments as for ``message``, and the installation's name, which may be empty."""
    sentences = _sentences(notice, t, doubtful=doubtful, plain=True)
    items = [_item(item, t, plain=True) for item in in_order(notice.items)][:SHOWN]
    return Page(
        action=PageAction.RESOLVE if notice.is_over else PageAction.TRIGGER,
        key="/".join(part for part in ("pgaccess", installation, str(notice.condition)) if part),
        summary=" ".join(sentences),
        severity=SEVERITIES[notice.condition],
        component=str(notice.condition),
        at=notice.at,
        details={"items": [] if notice.is_over else items, "since": notice.since.isoformat()},
    )


def _sentences(notice: Notice, t: Translator, *, doubtful: bool, plain: bool) -> list[str]:
    """What there is to say, the most important first."""
    since = _time(notice.since, t, plain=plain)
    if notice.is_over:
        return [t(f"watch.over.{notice.condition}", since=since, until=_time(notice.at, t, plain=plain))]
    items = _items((_item(item, t, plain=plain) for item in in_order(notice.items)), t)
    said: list[str] = [t(f"watch.{notice.condition}", items=items)]
    if doubtful and notice.condition in (Condition.ENTRY, Condition.END):
        said.append(t(f"watch.doubt.{notice.condition}"))
    if notice.kind in (NoticeKind.REPEATED, NoticeKind.GROWN):
        said.append(t("watch.since", since=since))
    return said


def _items(shown: Iterable[Mrkdwn], t: Translator) -> Mrkdwn:
    return join(shown, more=lambda count: t("names.more", count=count), most=SHOWN, limit=ITEMS)


def _item(item: Item, t: Translator, *, plain: bool) -> Mrkdwn:
    name = Mrkdwn(item.name) if plain else item.name
    if item.at is None:
        return t(f"watch.item.{item.kind}", name=name)
    return t(f"watch.item.{item.kind}", name=name, at=_time(item.at, t, plain=plain))


def _time(moment: datetime, t: Translator, *, plain: bool) -> Mrkdwn:
    """A time as Slack shows it in the reader's zone, or as text that names its zone."""
    return Mrkdwn(moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")) if plain else t.date(moment)

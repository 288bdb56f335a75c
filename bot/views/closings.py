"""To whoever ended something: that it is closed, or that it takes longer and why."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.grant import GrantState
from bot.domain.operation import OperationState
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import block_kit, notifications
from bot.views.requests import request_state
from bot.views.text import numbers

KINDS: Final = frozenset({MessageKind.CLOSED, MessageKind.CLOSING_LATE})
"""Messages to people who ended something."""

SHOWN: Final = 20
"""Grants of which one message says each by itself that it has ended."""


def concerned(message: OutboxMessage) -> tuple[int, ...]:
    """The requests that a message is about."""
    return tuple(int(id) for id in message.params["requests"].split())


def message(message: OutboxMessage, listed: Mapping[int, RequestDetails], t: Translator) -> Message:
    """What became of what the reader ended, as things stand now.

    Args:
        message: of the outbox.
        listed: the requests that it is about, by number.
        t: the reader's language.
    """
    found = [listed[id] for id in concerned(message) if id in listed]
    late = [details for details in found if _is_open(details)]
    if late:
        return _late(late, t)
    if message.kind is MessageKind.CLOSING_LATE:
        closes = t.names(numbers(details.request.id for details in found))
        return block_kit.paragraphs(t("notification.closing_late.over", closes=closes))
    return _closed(found, t)


def _closed(found: Sequence[RequestDetails], t: Translator) -> Message:
    lines = [line for details in found[:SHOWN] for line in _ended(details, t)]
    if len(found) > 1:
        closes = t.names(numbers(details.request.id for details in found))
        lines.insert(0, t("notification.closed", count=len(found), closes=closes))
    return block_kit.paragraphs(*lines)


def _ended(details: RequestDetails, t: Translator) -> Sequence[Mrkdwn]:
    """What its owner reads as well."""
    return [] if details.grant is None else notifications.ended(details, details.grant, t)


def _late(found: Sequence[RequestDetails], t: Translator) -> Message:
    """Which are not closed yet, and what Heroku keeps them from it."""
    closes = t.names(numbers(details.request.id for details in found))
    holds = [details.hold for details in found if details.hold is not None]
    if holds:
        hold = min(holds, key=lambda each: each.since)
        why = t("notification.closing_late.held", why=request_state.trouble(hold, t), since=hold.since)
    else:
        why = t("notification.closing_late.listed")
    return block_kit.paragraphs(t("notification.closing_late", closes=closes), why)


def _is_open(details: RequestDetails) -> bool:
    if details.grant is not None:
        return details.grant.state is not GrantState.ENDED
    return details.operation is not None and details.operation.state is OperationState.DOING

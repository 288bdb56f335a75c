"""To whoever ended something: that it is closed, that it takes longer and why, or that it failed."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot.domain.command_text import line_again
from bot.domain.grant import BY_PEOPLE
from bot.domain.operation import Operation
from bot.domain.reports.closing import PartState, part_state
from bot.domain.request import Kind
from bot.i18n.translator import Mrkdwn, Translator
from bot.ports import Message, MessageKind, OutboxMessage, RequestDetails
from bot.views import block_kit, notifications
from bot.views.requests import request_state
from bot.views.text import numbers

KINDS: Final = frozenset({MessageKind.CLOSED, MessageKind.CLOSING_LATE})
"""Messages to people who ended something."""

SHOWN: Final = 20
"""Grants of which one message says each by itself that it has ended, or operations that it has failed."""


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
    by_state: dict[PartState, list[RequestDetails]] = {state: [] for state in PartState}
    for details in found:
        by_state[part_state(details.grant, details.operation)].append(details)
    late, failed = by_state[PartState.OPEN], [*by_state[PartState.FAILED], *by_state[PartState.ABANDONED]]
    if message.kind is not MessageKind.CLOSING_LATE and not late and not failed:
        return _closed(found, t)
    lines = _late(late, t) if late else []
    lines += [_failed(details, details.operation, t) for details in failed[:SHOWN] if details.operation]
    if not late and by_state[PartState.CLOSED]:
        closes = _names(by_state[PartState.CLOSED], t)
        lines.append(t("notification.closing_late.over", closes=closes))
    return block_kit.paragraphs(*lines)


def _closed(found: Sequence[RequestDetails], t: Translator) -> Message:
    lines = [line for details in found[:SHOWN] for line in _ended(details, t)]
    if len(found) > 1:
        closes = t.names(numbers(details.request.id for details in found))
        lines.insert(0, t("notification.closed", count=len(found), closes=closes))
    return block_kit.paragraphs(*lines)


def _ended(details: RequestDetails, t: Translator) -> Sequence[Mrkdwn]:
    """What its owner reads as well."""
    return [] if details.grant is None else notifications.ended(details, details.grant, t)


def _late(found: Sequence[RequestDetails], t: Translator) -> list[Mrkdwn]:
    """Which are not closed yet, and what keeps them from it."""
    holds = [details.hold for details in found if details.hold is not None]
    if holds:
        hold = min(holds, key=lambda each: each.since)
        why = t("notification.closing_late.held", **request_state.held(hold, t))
    else:
        why = t("notification.closing_late.listed")
    return [t("notification.closing_late", closes=_names(found, t)), why]


def _failed(details: RequestDetails, operation: Operation, t: Translator) -> Mrkdwn:
    """Which one is not closed, why, and what to do: a retry where the decision still answers the failure."""
    params = {"closes": _name(details, t), "why": request_state.why(operation, t)}
    if part_state(None, operation) is PartState.ABANDONED:
        return t("notification.closing_late.abandoned", command=_again(details), **params)
    if operation.reason_code in BY_PEOPLE:
        return t("notification.closing_late.failed.anew", command=_again(details), **params)
    return t("notification.closing_late.failed", id=details.request.id, **params)


def _again(details: RequestDetails) -> str:
    """The command that asks for the same once more."""
    if details.request.kind is Kind.DISCARD and details.certificate is not None:
        return f"/pgaccess mtls certificate remove {details.certificate.handle}"
    return line_again(details.request, details.target.label)


def _names(found: Sequence[RequestDetails], t: Translator) -> Mrkdwn:
    return t.names(_name(details, t) for details in found)


def _name(details: RequestDetails, t: Translator) -> Mrkdwn:
    """What is being closed, as people know it; a grant by its number, as everywhere."""
    (number,) = numbers([details.request.id])
    if details.grant is not None or details.operation is None:
        return t.show(number)
    params = {"number": number, "app": details.target.label}
    if details.certificate is not None:
        return t("closing.certificate", handle=details.certificate.handle, **params)
    return t("closing.entry", network=details.request.terms.subject, **params)

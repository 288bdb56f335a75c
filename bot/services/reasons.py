"""Who may read the reasons of requests and decisions, where the policy does not show them to everyone."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from bot.domain.policy.rules import Policy, Reasons
from bot.errors import Refused
from bot.ports import AuditLine, MessageKind, OutboxMessage, RequestDetails, Transaction
from bot.ports.unmanaged_entries import UnmanagedEntry
from bot.services.authorization import approvers_of
from bot.services.context import ServiceContext

TO_DECIDERS: Final = frozenset({MessageKind.CARD_DIRECT})
"""Direct messages that only approvers and admins get."""

_WRITTEN: Final = frozenset({"because", "with_because"})
"""What an audit line calls a reason that a person gave."""


def readable_in(policy: Policy, details: RequestDetails, message: OutboxMessage) -> RequestDetails:
    """Returns what a message may show of a request.

    In a channel everybody reads, and a direct message is somebody else's unless it is the requester's or asks
    for a decision.
    """
    own = message.recipient in details.request.parties
    if policy.reasons is Reasons.EVERYONE or own or message.kind in TO_DECIDERS:
        return details
    return details.without_reasons()


async def readable_by(
    context: ServiceContext, tx: Transaction, details: RequestDetails, *, person: str
) -> RequestDetails:
    """Returns what a person may read of a request: without reasons, unless they are among those who may.

    Args:
        context: the policy.
        tx: an open transaction.
        details: the request.
        person: Slack id of who reads it.
    """
    if context.policy.reasons is Reasons.EVERYONE or person in details.request.parties:
        return details
    try:
        ids = (await context.closing_member(tx, person)).ids
    except Refused:
        # Somebody who is unknown, or no member, reads no more than a stranger.
        return details.without_reasons()
    if context.policy.is_auditor(ids) or not (await approvers_of(context, tx, details)).isdisjoint(ids):
        return details
    return details.without_reasons()


def details_readable(policy: Policy, requests: Iterable[RequestDetails]) -> tuple[RequestDetails, ...]:
    """Returns requests as anybody may read them in a channel."""
    if policy.reasons is Reasons.EVERYONE:
        return tuple(requests)
    return tuple(each.without_reasons() for each in requests)


def entries_readable(policy: Policy, entries: Iterable[UnmanagedEntry]) -> tuple[UnmanagedEntry, ...]:
    """Returns entries as anybody may read them: maybe without the reasons for which they are ignored."""
    if policy.reasons is Reasons.EVERYONE:
        return tuple(entries)
    return tuple(replace(each, ignored_because="") if each.ignored_because else each for each in entries)


def lines_beside(details: RequestDetails, lines: Sequence[AuditLine]) -> tuple[AuditLine, ...]:
    """Returns audit lines as they may be shown beside a request: without reasons where it has none."""
    if not details.reasons_hidden:
        return tuple(lines)
    return tuple(
        replace(line, details={key: said for key, said in line.details.items() if key not in _WRITTEN})
        for line in lines
    )

"""What each kind of message says that can stop being true, and whether it still is.

`docs/architecture.md` has the same table in words: what ends a message, and what it becomes.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from bot.domain.grant import Grant, GrantState
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind, RequestState
from bot.ports.messages import MessageKind, OutboxMessage
from bot.ports.values import RequestDetails

LISTED_REQUEST: Final = "request "
"""What the name of a request begins with in what a message is about."""

SUPERSEDED: Final = "superseded"
"""The param of a message about a finding that a newer message asks about."""


class Topic(StrEnum):
    """What a message is about: a change of that may end what it says."""

    REQUEST = "request"
    GRANT = "grant"
    OPERATION = "operation"
    CERTIFICATE = "certificate"
    FINDING = "finding"
    ITSELF = "itself"
    PAST = "past"

    @property
    def follows_request(self) -> bool:
        """Whether every change of its request, and of what hangs on that, renders the message again."""
        return self in (Topic.REQUEST, Topic.GRANT, Topic.OPERATION, Topic.CERTIFICATE)


TOPICS: Final[Mapping[MessageKind, Topic]] = {
    MessageKind.CARD_APPROVAL: Topic.REQUEST,
    MessageKind.CARD_REQUESTER: Topic.REQUEST,
    MessageKind.DECIDED: Topic.REQUEST,
    MessageKind.IN_FORCE: Topic.GRANT,
    MessageKind.ENDING: Topic.GRANT,
    MessageKind.ENDED: Topic.PAST,
    MessageKind.FAILED: Topic.GRANT,
    MessageKind.INTERRUPTED: Topic.GRANT,
    MessageKind.DONE: Topic.CERTIFICATE,
    MessageKind.NOT_DONE: Topic.OPERATION,
    MessageKind.LAPSED: Topic.PAST,
    MessageKind.WITHDRAWN: Topic.PAST,
    MessageKind.REPLACEMENT: Topic.ITSELF,
    MessageKind.ADDON_RENAMED: Topic.PAST,
    MessageKind.APP_RENAMED: Topic.PAST,
    MessageKind.SPACE_RENAMED: Topic.PAST,
    MessageKind.UNDECIDABLE: Topic.REQUEST,
    MessageKind.REOPENING: Topic.REQUEST,
    MessageKind.REMINDER: Topic.REQUEST,
    MessageKind.EXPIRY: Topic.CERTIFICATE,
    MessageKind.EXPIRY_COPY: Topic.CERTIFICATE,
    MessageKind.EXPIRY_ORPHAN: Topic.CERTIFICATE,
    MessageKind.UNOWNED: Topic.PAST,
    MessageKind.INSTALL: Topic.OPERATION,
    MessageKind.ROTATION_READY: Topic.OPERATION,
    MessageKind.HOME: Topic.ITSELF,
    MessageKind.HEROKU_DENIED: Topic.ITSELF,
    MessageKind.HEROKU_TROUBLE: Topic.ITSELF,
    MessageKind.GROUPS_UNREADABLE: Topic.FINDING,
    MessageKind.GROUPS_READABLE: Topic.PAST,
    MessageKind.ORPHAN: Topic.FINDING,
    MessageKind.ORPHAN_OVERDUE: Topic.FINDING,
    MessageKind.REBUILT: Topic.PAST,
    MessageKind.NOTE: Topic.PAST,
    MessageKind.REBUILD_LEFT: Topic.PAST,
    MessageKind.RULE_UNMANAGED: Topic.FINDING,
    MessageKind.RULES_UNMANAGED: Topic.FINDING,
    MessageKind.RULE_BACK: Topic.FINDING,
    MessageKind.RULE_RESTORED: Topic.FINDING,
    MessageKind.RULE_MISSING: Topic.FINDING,
    MessageKind.RULE_UNAPPLIED: Topic.FINDING,
    MessageKind.DOWNLOAD_LINK: Topic.ITSELF,
    MessageKind.CERTIFICATE_READY: Topic.CERTIFICATE,
    MessageKind.CERTIFICATE_GONE: Topic.CERTIFICATE,
    MessageKind.CERTIFICATE_LEFT: Topic.CERTIFICATE,
    MessageKind.CERTIFICATE_ASSIGNED: Topic.CERTIFICATE,
    MessageKind.LEAVER: Topic.PAST,
    MessageKind.ENTITLEMENTS: Topic.GRANT,
    MessageKind.ACCESS_REVIEW: Topic.ITSELF,
    MessageKind.REVIEW_UNANSWERED: Topic.PAST,
    MessageKind.CERTIFICATE_UNMANAGED: Topic.FINDING,
    MessageKind.RANGE_BACK: Topic.FINDING,
    MessageKind.RANGE_STUCK: Topic.FINDING,
    MessageKind.RANGE_MISSING: Topic.FINDING,
    MessageKind.RANGE_UNMANAGED: Topic.FINDING,
    MessageKind.RANGES_CONTENDED: Topic.PAST,
    MessageKind.RANGES_UNSEEN: Topic.PAST,
    MessageKind.RANGES_UNAPPLIED: Topic.FINDING,
    MessageKind.TICKET: Topic.ITSELF,
    MessageKind.LINK_READY: Topic.GRANT,
    MessageKind.LINK_CONNECTED: Topic.GRANT,
    MessageKind.LINK_URL: Topic.GRANT,
    MessageKind.LINK_UNMANAGED: Topic.FINDING,
    MessageKind.LINK_BACK: Topic.FINDING,
    MessageKind.LINK_MISSING: Topic.FINDING,
    MessageKind.LINK_UNAPPLIED: Topic.FINDING,
    MessageKind.LINK_STAYS: Topic.FINDING,
    MessageKind.POLICY_UNREADABLE: Topic.ITSELF,
    MessageKind.POLICY_READABLE: Topic.PAST,
    MessageKind.AUDIT_HEAD: Topic.PAST,
    MessageKind.CARD_DIRECT: Topic.REQUEST,
    MessageKind.ASKED_DIRECTLY: Topic.REQUEST,
    MessageKind.CLOSED: Topic.PAST,
    MessageKind.CLOSING_LATE: Topic.ITSELF,
    MessageKind.CHANNEL_LOST: Topic.ITSELF,
    MessageKind.CHANNEL_BACK: Topic.PAST,
    MessageKind.HEROKU_RESTORED: Topic.PAST,
    MessageKind.CONNECTION_CHANGED: Topic.GRANT,
    MessageKind.TARGET_GONE: Topic.FINDING,
    MessageKind.TARGET_BACK: Topic.PAST,
    MessageKind.TARGETS_MISSING: Topic.FINDING,
    MessageKind.CERTIFICATE_COMPROMISED: Topic.CERTIFICATE,
}
"""What each kind is about: findings are settled by the run that no longer shows them, and what keeps itself
up to date is refreshed by its key. A message about the past stays as it was sent."""


def of_grant(kind: MessageKind, grant: Grant) -> str | None:
    """Returns what a message of a kind asserts of a grant as it stands; None where it would be false.

    The moment is part of it: what failed, was retried and has failed again is another failure.
    """
    return _written(_MOMENTS[kind](grant)) if grant.state is TRUE_WHILE[kind] else None


def of_operation(operation: Operation) -> str | None:
    """Returns what the message about a failure asserts of an operation; None where it has not failed."""
    return _written(operation.closed_at) if operation.state is OperationState.FAILED else None


def listed_request(request: int) -> str:
    """The name of a request in what a message that lists several is about."""
    return f"{LISTED_REQUEST}{request}"


def listed_requests(about: Iterable[str]) -> tuple[int, ...]:
    """Returns the numbers of the requests among what a message is about, in their order."""
    return tuple(int(each.removeprefix(LISTED_REQUEST)) for each in about if each.startswith(LISTED_REQUEST))


def holds(message: OutboxMessage, details: RequestDetails) -> bool:
    """Tells whether a message about a request is as true as it was when it was recorded.

    Args:
        message: of the outbox.
        details: its request as it stands now.
    """
    present = _PRESENT.get(message.kind)
    if present is None:
        return True
    found = present(details)
    # One that was recorded before messages kept what they assert is judged by the state alone.
    return found is not None and message.asserts in (None, found)


def _written(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat()


TRUE_WHILE: Final[Mapping[MessageKind, GrantState]] = {
    MessageKind.IN_FORCE: GrantState.IN_FORCE,
    MessageKind.ENDING: GrantState.IN_FORCE,
    MessageKind.INTERRUPTED: GrantState.INTERRUPTED,
    MessageKind.FAILED: GrantState.FAILED,
}
"""The state of which a notification speaks in the present tense; an end is final."""

_MOMENTS: Final[Mapping[MessageKind, Callable[[Grant], datetime | None]]] = {
    MessageKind.IN_FORCE: lambda grant: grant.verified_at,
    MessageKind.ENDING: lambda grant: grant.ends_at,
    MessageKind.INTERRUPTED: lambda grant: grant.closed_at,
    MessageKind.FAILED: lambda grant: grant.closed_at,
}


def _of_grant(kind: MessageKind) -> Callable[[RequestDetails], str | None]:
    # Without a grant nothing has become of it either: whoever renders the message says so.
    return lambda details: "" if details.grant is None else of_grant(kind, details.grant)


def _decided(details: RequestDetails) -> str | None:
    """What a decision has brought about is still on its way; a denial, and a removal, stay as they are."""
    request, grant, operation = details.request, details.grant, details.operation
    if request.state is not RequestState.APPROVED or request.kind is Kind.REMOVE:
        return ""
    if request.kind is Kind.EXTEND:
        return "" if grant is None or grant.state in _EXTENDED else None
    if grant is not None:
        return "" if grant.state in (GrantState.WAITING, GrantState.APPLYING) else None
    return "" if operation is None or operation.state is OperationState.DOING else None


_EXTENDED: Final = (GrantState.APPLYING, GrantState.IN_FORCE)


def _undecidable(details: RequestDetails) -> str | None:
    request = details.request
    pending = request.state is RequestState.PENDING and request.undecidable_at is not None
    return _written(request.undecidable_at) if pending else None


def _reopening(details: RequestDetails) -> str | None:
    return None if details.reopening is None else str(details.reopening.id)


def _not_done(details: RequestDetails) -> str | None:
    return None if details.operation is None else of_operation(details.operation)


def _usable(details: RequestDetails) -> str | None:
    """A certificate that was issued and that Heroku still has."""
    return None if details.issued is None or details.issued.absent_at is not None else ""


_PRESENT: Final[Mapping[MessageKind, Callable[[RequestDetails], str | None]]] = {
    **{kind: _of_grant(kind) for kind in TRUE_WHILE},
    MessageKind.DECIDED: _decided,
    MessageKind.UNDECIDABLE: _undecidable,
    MessageKind.REOPENING: _reopening,
    MessageKind.NOT_DONE: _not_done,
    MessageKind.CERTIFICATE_READY: _usable,
}
"""What such a message asserts of a request as it stands, and None where it would be false."""

PAST_FORMS: Final = frozenset(_PRESENT)
"""Kinds that one sentence takes the place of, whose key is theirs with ``.late``; all others tell in their
own renderer what became of what they are about."""

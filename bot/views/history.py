"""The history of a request, line by line, in order of time."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from bot.domain.mtls.rotation import rotation_of
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind, RequestState
from bot.i18n.translator import Mrkdwn, Translator, mention
from bot.ports import Block, RequestDetails
from bot.views import block_kit

_CLOSED: Final = {
    OperationState.DONE: "done",
    OperationState.FAILED: "not_done",
    OperationState.GIVEN_UP: "given_up",
}
"""How an operation ended: the last part of a key that begins with ``closed.``."""

Event = tuple[datetime | None, Mrkdwn]
"""When, and the whole line; None where it has not happened."""


def history(details: RequestDetails, t: Translator) -> list[Block]:
    """Everything that is known of a request, oldest first."""
    events = [(at, line) for at, line in _events(details, t) if at is not None]
    # By time alone: the sort is stable, and keeps events of one moment in the order in which they happen.
    events.sort(key=lambda event: event[0])
    return block_kit.sections([t("show.history"), *(line for _, line in events)], by="\n")


def _events(details: RequestDetails, t: Translator) -> Iterator[Event]:
    request, grant, issued = details.request, details.grant, details.issued
    yield request.asked_at, t("show.asked", at=request.asked_at, person=mention(request.requester))
    for decision in details.decisions:
        yield decision.at, t(f"show.{decision.verdict}", at=decision.at, person=mention(decision.person))
    if request.state in (RequestState.CANCELLED, RequestState.LAPSED, RequestState.WITHDRAWN):
        yield _closed(request.decided_at, request.state, t)
    if details.operation is not None:
        yield from _operation(details.operation, t, is_step=grant is not None)
    if issued is not None:
        yield issued.delivered_at, t("show.delivered", at=issued.delivered_at)
    if grant is not None:
        yield grant.verified_at, t("show.verified", at=grant.verified_at)
        # A grant that is open, or about to be, has no such sentence.
        if f"closed.{grant.state}" in t:
            yield _closed(grant.closed_at, grant.state, t)


def _operation(operation: Operation, t: Translator, *, is_step: bool) -> Iterator[Event]:
    """What is known of an operation; ``is_step`` for one that comes before a grant."""
    if operation.kind is Kind.ROTATE:
        rotation = rotation_of(operation)
        yield rotation.ready_at, t("show.rotation.ready", at=rotation.ready_at)
        yield rotation.tested_at, t("show.rotation.tested", at=rotation.tested_at)
        yield rotation.installed_at, t("show.rotation.installed", at=rotation.installed_at)
    if operation.state is OperationState.DONE and is_step:
        yield _closed(operation.closed_at, "enabled", t)
    elif operation.state in _CLOSED:
        yield _closed(operation.closed_at, _CLOSED[operation.state], t)


def _closed(at: datetime | None, how: str, t: Translator) -> Event:
    return at, t("show.closed", at=at, state=t(f"closed.{how}"))

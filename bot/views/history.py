"""What happened to a request, line by line, in the order in which it did."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from bot.domain.mtls.rotation import rotation_of
from bot.domain.operation import Operation, OperationState
from bot.domain.request import Kind, RequestState
from bot.i18n.translator import Mrkdwn, Translator, mention
from bot.ports import Block, RequestDetails
from bot.views import block_kit

TOGETHER: Final = 20
"""Lines in one paragraph: a line has about a hundred characters, and a section takes 3,000."""

_SETTLED: Final = {
    OperationState.DONE: "done",
    OperationState.FAILED: "not_done",
    OperationState.GIVEN_UP: "given_up",
}
"""How a change ended: the key of its word below ``closed.``."""

Event = tuple[datetime | None, Mrkdwn]
"""When, and the whole line; without a moment it has not happened."""


def history(case: RequestDetails, t: Translator) -> list[Block]:
    """Everything that is known of a request, oldest first."""
    found = [(at, line) for at, line in _events(case, t) if at is not None]
    lines = [t("show.history"), *(line for _, line in sorted(found, key=lambda event: event[0]))]
    return [
        block_kit.section("\n".join(lines[start : start + TOGETHER]))
        for start in range(0, len(lines), TOGETHER)
    ]


def _events(case: RequestDetails, t: Translator) -> Iterator[Event]:
    request, grant, change, issued = case.request, case.grant, case.operation, case.issued
    yield request.asked_at, t("show.asked", at=request.asked_at, person=mention(request.requester))
    for vote in case.decisions:
        yield vote.at, t(f"show.{vote.verdict}", at=vote.at, person=mention(vote.person))
    if request.state in (RequestState.CANCELLED, RequestState.LAPSED):
        yield _closed(request.decided_at, request.state, t)
    if change is not None:
        yield from _change(change, t, steps=grant is not None)
    if issued is not None:
        yield issued.delivered_at, t("show.delivered", at=issued.delivered_at)
    if grant is not None:
        yield grant.verified_at, t("show.verified", at=grant.verified_at)
        if f"closed.{grant.state}" in t:
            yield _closed(grant.closed_at, grant.state, t)


def _change(change: Operation, t: Translator, *, steps: bool) -> Iterator[Event]:
    """What is known of a change; ``steps`` for one that is a step before a grant."""
    if change.kind is Kind.ROTATE:
        turning = rotation_of(change)
        yield turning.ready_at, t("show.rotation.ready", at=turning.ready_at)
        yield turning.tested_at, t("show.rotation.tested", at=turning.tested_at)
        yield turning.installed_at, t("show.rotation.installed", at=turning.installed_at)
    if change.state is OperationState.DONE and steps:
        yield _closed(change.closed_at, "enabled", t)
    elif change.state in _SETTLED:
        yield _closed(change.closed_at, _SETTLED[change.state], t)


def _closed(at: datetime | None, how: str, t: Translator) -> Event:
    return at, t("show.closed", at=at, state=t(f"closed.{how}"))

"""Cards as direct messages to those who decide, for want of the approvals channel."""

from dataclasses import replace

from bot.domain.policy.rules import Rule
from bot.domain.reports.lost_channel import to_tell
from bot.domain.request import Request
from bot.ports import MessageKind, Transaction


async def ask_directly(tx: Transaction, request: Request, rule: Rule, *, card: int) -> Request:
    """Shows a request's card to those who may decide it, and tells the requester whom; once for each person.

    Asked again, it tells others in place of those who may not decide any more, and others with each reminder.

    Args:
        tx: that has locked the request, or has just recorded it.
        request: a pending one.
        rule: that allows it; as many are asked as it needs, at least, where so many may decide.
        card: the number of the request on whose card it is decided.

    Returns:
        The request with those who were asked.
    """
    people: set[str] = set()
    for part in rule.each:
        able = await tx.requests.able(
            part.approvers,
            but=request.requester,
            asker=request.asker,
            limit=to_tell(needed=max(part.approvals, request.needed), reminders=request.reminders),
            first=request.told_directly,
            mixed_by=str(request.id),
        )
        people.update(able)
    if people <= set(request.told_directly):
        # Where nobody can decide, requester and operations hear of it from the review of pending requests.
        return request
    await tx.requests.tell_directly(request.id, people)
    await tx.outbox.refresh_cards(card)
    for person in sorted(people):
        key = f"direct:{request.id}:{person}"
        await tx.outbox.add(MessageKind.CARD_DIRECT, to=person, key=key, request=card)
    key = asked_key(request.id)
    await tx.outbox.refresh_all([key])
    await tx.outbox.add(MessageKind.ASKED_DIRECTLY, to=request.requester, key=key, request=card)
    return replace(request, told_directly=tuple(sorted(people)))


def asked_key(request: int) -> str:
    """Returns the outbox key of the message that tells a requester who was asked directly."""
    return f"{MessageKind.ASKED_DIRECTLY}:{request}"

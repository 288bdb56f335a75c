"""Withdraws requests that nobody can grant any more, and tells those who wait for them."""

from dataclasses import replace

from bot.domain.request import Kind, RequestState, Withdrawal
from bot.errors import Refused
from bot.ports import AuditContext, MessageKind, RequestDetails, Transaction


async def withdraw(
    tx: Transaction, details: RequestDetails, refused: Refused, *, doing: AuditContext
) -> RequestDetails:
    """Withdraws a pending request that this transaction has locked; returns it as it is afterwards.

    Args:
        tx: holds the request's lock.
        details: the request.
        refused: why it could not be made today.
        doing: who found out, and when.
    """
    request, why = details.request, Withdrawal.of(refused)
    values = {f"with_{name}": value for name, value in why.values.items()}
    doing = replace(doing, details={**doing.details, "reason": why.reason, **values})
    await tx.requests.withdraw(request, why, doing=doing)
    await tx.outbox.refresh_cards(shown_on(details))
    key = f"withdrawn:{request.id}"
    await tx.outbox.add(MessageKind.WITHDRAWN, to=request.requester, key=key, request=request.id)
    if request.asker:
        await tx.outbox.add(MessageKind.WITHDRAWN, to=request.asker, key=f"{key}:asker", request=request.id)
    return replace(
        details,
        request=replace(request, state=RequestState.WITHDRAWN, withdrawn=why, decided_at=doing.at),
    )


def shown_on(details: RequestDetails) -> int:
    """The request on whose card another one is shown: what is opened again is decided on its first card."""
    request = details.request
    if request.kind is Kind.REOPEN and details.grant is not None:
        return details.grant.request
    return request.id

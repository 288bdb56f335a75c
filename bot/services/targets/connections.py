"""Commands that were sent to connect to a database: whoever holds one is told when it has changed."""

from datetime import datetime
from typing import Final

from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.request import Kind
from bot.domain.target import Database, Target
from bot.ports import MessageKind, Transaction

HOLDERS: Final = 200
"""Requests of one database whose owners are told."""


async def report_connection(tx: Transaction, before: Target, after: Target, *, now: datetime) -> None:
    """Tells those who hold a command for a database that it names another app or config var now.

    A config var that a database has lost may hold another's URL: a follower that was promoted has taken it.

    Args:
        tx: of the discovery.
        before: as it was at the discovery before.
        after: as it is.
        now: Postgres time.
    """
    if not isinstance(before, Database) or not isinstance(after, Database):
        return
    if (before.app, before.config_var) == (after.app, after.config_var):
        return
    holders: dict[str, int] = {}
    told: set[int] = set()
    for details in await tx.requests.open_details(requester=None, target=after.id, limit=HOLDERS):
        request, grant = details.request, details.grant
        if grant is None or request.kind is not Kind.OPEN or grant.state is not GrantState.IN_FORCE:
            continue
        told.add(request.id)
        if request.terms.method is Method.MTLS:
            holders.setdefault(grant.owner, request.id)
    for known in await tx.certificates.present(after.id):
        if known.owner is None or known.request is None:
            continue
        told.add(known.request)
        # Beside the files was a README with the command.
        if known.delivered_at is not None:
            holders.setdefault(known.owner, known.request)
    # Every message with a command or a URL follows its request, those about earlier changes among them.
    await tx.outbox.requests_changed(told)
    for person, number in holders.items():
        key = f"{MessageKind.CONNECTION_CHANGED}:{after.id}:{person}:{now.isoformat()}"
        await tx.outbox.add(MessageKind.CONNECTION_CHANGED, to=person, key=key, request=number)

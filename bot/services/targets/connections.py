"""Commands that were sent to connect to a database: whoever holds one is told when it has changed."""

from datetime import datetime
from typing import Final

from bot.domain.grant import Grant, GrantState
from bot.domain.method import Method
from bot.domain.observation import privatelink_observation
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
    # Marked together: newest first, as they are read, they would be locked in another order than elsewhere.
    outdated: list[str] = []
    for details in await tx.requests.open_details(requester=None, target=after.id, limit=HOLDERS):
        request, grant = details.request, details.grant
        if grant is None or request.kind is not Kind.OPEN or grant.state is not GrantState.IN_FORCE:
            continue
        if request.terms.method is Method.MTLS:
            holders.setdefault(grant.owner, request.id)
            verified = "" if grant.verified_at is None else grant.verified_at.isoformat()
            outdated.append(f"{MessageKind.IN_FORCE}:{grant.id}:{verified}")
        elif request.terms.method is Method.PRIVATELINK:
            outdated += await _link_keys(tx, grant)
    await tx.outbox.refresh_all(outdated)
    for known in await tx.certificates.present(after.id):
        # Beside the files was a README with the command.
        if known.owner is not None and known.request is not None and known.delivered_at is not None:
            holders.setdefault(known.owner, known.request)
    for person, number in holders.items():
        key = f"{MessageKind.CONNECTION_CHANGED}:{after.id}:{person}:{now.isoformat()}"
        await tx.outbox.add(MessageKind.CONNECTION_CHANGED, to=person, key=key, request=number)


async def _link_keys(tx: Transaction, grant: Grant) -> list[str]:
    """The keys of the messages with the URLs of a grant's connections; their config vars name one each."""
    link = privatelink_observation(await tx.reconcile_queue.observation(grant.target, Method.PRIVATELINK))
    connections = () if link is None else link.connections
    return [f"{MessageKind.LINK_URL}:{grant.id}:{connection.endpoint}" for connection in connections]

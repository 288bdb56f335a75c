"""Tells owners how far the way to their database is built: endpoint ready, connected, URL available."""

from bot.domain.grant import GrantState
from bot.domain.owned_entry import DesiredGrant
from bot.domain.privatelink.observation import OPERATIONAL, PrivateLinkObservation
from bot.domain.privatelink.plan import PrivateLinkPlan
from bot.ports import MessageKind, Transaction
from bot.reconciler.privatelink.observer import PrivateLinkReconciliation


async def tell(
    tx: Transaction,
    run: PrivateLinkReconciliation,
    plan: PrivateLinkPlan,
    observation: PrivateLinkObservation,
) -> None:
    """Tells the owners of grants what has become ready, each milestone once for each grant."""
    before = run.observation
    verified = plan.grants_to(GrantState.IN_FORCE)
    if observation.status == OPERATIONAL and (before is None or before.status != OPERATIONAL):
        for grant in run.stored.grants:
            if grant.opens and grant.grant not in verified:
                await _tell(tx, MessageKind.LINK_READY, grant, {"service": observation.service})
    for grant in run.stored.grants:
        if grant.holds or grant.grant in verified:
            # To a grant that has just come into force every connection is news.
            await _tell_connections(tx, grant, observation, None if grant.opens else before)


async def _tell_connections(
    tx: Transaction,
    grant: DesiredGrant[str],
    observation: PrivateLinkObservation,
    before: PrivateLinkObservation | None,
) -> None:
    known = {} if before is None else {each.endpoint: each for each in before.connections}
    working = {
        each.endpoint: each for arn in grant.addresses for each in observation.connected(arn) if each.works
    }
    for endpoint, connection in working.items():
        params = {"endpoint": endpoint, "hostname": connection.hostname}
        if endpoint not in known or not known[endpoint].works:
            await _tell(tx, MessageKind.LINK_CONNECTED, grant, params)
        name = observation.url_var(connection)
        if name is not None and (before is None or before.url_var(connection) is None):
            await _tell(tx, MessageKind.LINK_URL, grant, {**params, "name": name})


async def _tell(tx: Transaction, kind: MessageKind, grant: DesiredGrant[str], params: dict[str, str]) -> None:
    request = (await tx.grants.lock(grant.grant)).request
    key = f"{kind}:{grant.grant}:{params.get('endpoint', '')}"
    await tx.outbox.add(kind, to=grant.owner, key=key, request=request, params=params)

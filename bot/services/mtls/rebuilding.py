"""Records IP rules again that a lost or restored store no longer knows."""

from collections.abc import Collection
from datetime import datetime

from bot.domain.grant import Grant
from bot.domain.method import Method
from bot.domain.mtls.lost_rules import LostRule
from bot.domain.policy.rules import Policy
from bot.domain.target import Target
from bot.ports import Transaction
from bot.services.rebuilding import LostGrant, rebuild_grant


async def rebuild_rule(
    tx: Transaction,
    policy: Policy,
    target: Target,
    lost: LostRule,
    *,
    now: datetime,
    covered: Collection[int] = (),
) -> tuple[Grant, ...]:
    """Records a rule again as owned, with the grants that its description names; a second time does nothing.

    Args:
        tx: the transaction, which the caller commits.
        policy: names the approvers and the channels.
        target: the database.
        lost: the rule; its description names at least one grant.
        now: business time.
        covered: numbers of requests whose open grants cover its network in the store as it is.

    Returns:
        The grants that were recorded.
    """
    if not await tx.mtls_rules.rebuild(target.id, lost):
        return ()
    found = [
        await rebuild_grant(
            tx,
            policy,
            target,
            LostGrant(
                method=Method.MTLS,
                subject=lost.network,
                request=holder.request,
                owner=holder.owner,
                ends_at=holder.ends_at,
                evidence=f"rule {lost.rule}",
            ),
            now=now,
        )
        for holder in lost.holders(now)
        if holder.request not in covered
    ]
    await tx.reconcile_queue.bump_generation(target.id, Method.MTLS)
    return tuple(found)

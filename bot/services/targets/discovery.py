"""What a discovery finds at Heroku: recorded, bound to the policy, and told where a name has changed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.domain.policy.binding import Bindings, Called, Renaming, bind
from bot.domain.policy.rules import Policy
from bot.domain.reports import findings
from bot.domain.target import Database, Space, Target, with_labels
from bot.errors import Refusal, Refused
from bot.ports import MessageKind, Transaction
from bot.services.targets.absences import report_return
from bot.services.targets.connections import report_connection
from bot.services.targets.replacement_offers import offer, present_ids, settle_offers

RENAMED: Final = {
    Called.ADDON: MessageKind.ADDON_RENAMED,
    Called.APP: MessageKind.APP_RENAMED,
    Called.SPACE: MessageKind.SPACE_RENAMED,
}
"""What operations are told of each name that has changed."""


SYNC: Final = "databases"
"""The periodic task that reads databases and spaces; its progress tells whether it ever has."""

_READ: Final = {"read": "yes"}


async def set_next_discovery(tx: Transaction, *, wait: timedelta) -> None:
    """Records that Heroku was read, and when it is read again."""
    before = await tx.periodic_tasks.progress(SYNC)
    await tx.periodic_tasks.advance(SYNC, before=before, after=_READ, wait=wait)


async def require_discovery(tx: Transaction) -> None:
    """Refuses while Heroku was never read: that there is nothing is not known before."""
    if await tx.periodic_tasks.progress(SYNC) != _READ:
        raise Refused(Refusal.TARGET_UNREAD)


async def known_databases(tx: Transaction) -> tuple[Database, ...]:
    """Returns the databases of the last discovery; raises ``Refused`` if there never was one."""
    found = await tx.targets.databases()
    if not found:
        await require_discovery(tx)
    return found


async def known_spaces(tx: Transaction) -> tuple[Space, ...]:
    """Returns the spaces of the last discovery; raises ``Refused`` if there never was one."""
    found = await tx.targets.spaces()
    if not found:
        await require_discovery(tx)
    return found


async def record_discovery(
    tx: Transaction, policy: Policy, databases: Sequence[Database], spaces: Sequence[Space]
) -> Bindings:
    """Records everything that Heroku has, and what the policy means by it.

    Args:
        tx: an open transaction, which the caller commits.
        policy: today's.
        databases: every one that there is.
        spaces: every one that there is.

    Returns:
        What is new, for the caller's log.
    """
    # Locked, and read before the names of today are written: what an entry means hangs on the names until
    # now, and of two discoveries at once the second finds nothing new.
    stored = await tx.targets.all(lock=True)
    present = await present_ids(tx)
    now = await tx.slack_users.current_time()
    found: tuple[Target, ...] = (*with_labels(databases), *spaces)
    bindings = bind(policy.targets, stored=stored, present=present, found=found, now=now)
    await tx.targets.save_discovery(databases, spaces)
    await tx.targets.bind(bindings.changed)
    for number, renaming in enumerate(bindings.renamed):
        await tx.outbox.add(
            RENAMED[renaming.what],
            to=policy.operations_channel,
            key=f"renamed:{renaming.targets[0].id}:{now.isoformat()}:{number}",
            params=_told(policy, renaming),
        )
    everything = {target.id: target for target in (*stored, *found)}
    earlier = {target.id: target.known for target in stored}
    known = [
        replace(target, known=bindings.changed.get(id, earlier.get(id, target.known)))
        for id, target in everything.items()
    ]
    for contest in bindings.contested:
        await offer(tx, policy, contest, known)
    listed = {target.id: target for target in found}
    for target in stored:
        if target.id in listed:
            await report_return(tx, policy, target, now=now)
            await report_connection(tx, target, listed[target.id], now=now)
    back = [findings.missing(target.id) for target in stored if target.id in listed.keys() - present]
    await tx.outbox.settle(back, at=now)
    for target in bindings.vanished:
        await settle_offers(tx, target, "gone", {})
    return bindings


def _told(policy: Policy, renaming: Renaming) -> dict[str, str]:
    """What is said of a name that has changed: where it was, and that nothing else has changed."""
    databases = [target for target in renaming.targets if isinstance(target, Database)]
    environments = set[str]()
    for target in renaming.targets:
        try:
            inside = databases if isinstance(target, Space) else ()
            environments |= policy.environments(target, inside)
        except Refused:
            # Before and after: a name neither covers a target nor uncovers it.
            continue
    labels = sorted({database.label for database in databases})
    return {
        "before": renaming.before,
        "after": renaming.after,
        "labels": ", ".join(labels),
        "environment": ", ".join(sorted(environments)),
    }

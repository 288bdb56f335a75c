"""Offers to the admins: a database that may have replaced one that the policy names."""

import json
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from bot.domain.method import Method
from bot.domain.observation import privatelink_observation
from bot.domain.policy.binding import Contest, bound_alike
from bot.domain.policy.environments import PolicyTarget
from bot.domain.policy.rules import Policy
from bot.domain.target import Database, Target
from bot.ports import MessageKind, Transaction

LISTED: Final = 20
"""Requests of one database that an offer counts at most."""


def offer_keys(target: UUID) -> tuple[str, str]:
    """The keys of the offers that there may be about a target: the first, and one when it was asked again."""
    return f"replacement:{target}", f"replacement:{target}:again"


async def offer(tx: Transaction, policy: Policy, contest: Contest, everything: Sequence[Target]) -> None:
    """Asks the admins, in the operations channel, whether a target has replaced another.

    Args:
        tx: an open transaction.
        policy: today's.
        contest: what is to be decided.
        everything: every target that was ever seen, with what it is known by.
    """
    target, keys = contest.target, {entry.key for entry in contest.entries}
    key = offer_keys(target.id)[contest.again]
    groups = [
        [entry for entry in contest.entries if entry.key in group] for group in bound_alike(keys, everything)
    ]
    params = {
        **described(target),
        "again": "again" if contest.again else "",
        "choices": json.dumps([await _choice(tx, group, everything) for group in groups]),
    }
    # Asked a third time, it is the same message that asks once more.
    if not (contest.again and await tx.outbox.refresh(key, params=params)):
        await tx.outbox.add(MessageKind.REPLACEMENT, to=policy.operations_channel, key=key, params=params)


async def settle_offers(tx: Transaction, target: Target, outcome: str, params: Mapping[str, str]) -> None:
    """Has every offer about a target say what became of it, without its buttons."""
    for key in offer_keys(target.id):
        await tx.outbox.refresh(key, params={**described(target), "outcome": outcome, **params})


async def present_ids(tx: Transaction) -> frozenset[UUID]:
    """Returns Heroku's UUIDs of all that the last discovery found."""
    databases, spaces = await tx.targets.databases(), await tx.targets.spaces()
    return frozenset([*(each.id for each in databases), *(each.id for each in spaces)])


def described(target: Target) -> dict[str, str]:
    """What a message says of a target: its names, and Heroku's UUID for the buttons."""
    return {"target": str(target.id), "name": target.name, "label": target.label}


async def remade(tx: Transaction, holders: Sequence[Target]) -> dict[str, str]:
    """What does not move along with an entry, but has to be requested again.

    Args:
        tx: an open transaction.
        holders: what the entry was bound to so far.
    """
    requests, certificates, link = list[int](), 0, False
    for holder in holders:
        found = await tx.requests.open_details(requester=None, target=holder.id, limit=LISTED)
        requests += [details.request.id for details in found]
        if isinstance(holder, Database):
            certificates += len(await tx.certificates.present(holder.id))
            observation = await tx.reconcile_queue.observation(holder.id, Method.PRIVATELINK)
            seen = privatelink_observation(observation)
            link = link or (seen is not None and seen.status is not None)
    return {
        "old": ", ".join(f"{holder.name} ({holder.label})" for holder in holders),
        "requests": ", ".join(f"#{number}" for number in sorted(requests)),
        "certificates": str(certificates) if certificates else "",
        "privatelink": "privatelink" if link else "",
    }


async def _choice(
    tx: Transaction, group: Sequence[PolicyTarget], everything: Sequence[Target]
) -> dict[str, str]:
    """One answer that the admins can give: the entries that it moves, and what stays behind."""
    first = group[0]
    holders = [target for target in everything if first.key in target.known.entries]
    return {
        "entry": first.key,
        "alias": ", ".join(entry.alias for entry in group),
        "environment": ", ".join(sorted({entry.environment for entry in group})),
        **await remade(tx, holders),
    }

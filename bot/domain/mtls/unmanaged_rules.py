"""Foreign IP rules that an approved request removes or takes over: by the ids that were seen at the approval.

An address does not tell a rule from the one that somebody makes in its place tomorrow; Heroku's id does. So
what was approved is kept in the change's progress, and nothing else is ever touched on its account.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from bot.domain import operation as operations
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.domain.mtls.plan import ApprovedRemoval
from bot.domain.operation import Operation
from bot.domain.owned_entry import Removal
from bot.domain.request import Kind
from bot.domain.subject import Network
from bot.domain.timings import DEFAULT, Timings

KINDS: Final = (Kind.REMOVE_UNMANAGED, Kind.ADOPT)
"""Kinds of changes that are about rules which somebody else made."""

_RULES: Final = "rules"
_ASKED: Final = "asked_at"
"""In a change's progress: the rules' ids; and Postgres time, in ISO form, at which Heroku was last asked."""


def meant(kind: Kind, observation: MtlsObservation | None, network: Network) -> tuple[IpRule, ...]:
    """The rules that a request is about, as a look shows them: to take over, only foreign ones."""
    rules = (
        () if observation is None else tuple(rule for rule in observation.rules if rule.network == network)
    )
    if observation is None or kind is Kind.REMOVE_UNMANAGED:
        return rules
    return tuple(rule for rule in rules if rule.id not in observation.ours)


def aimed(operation: Operation, rules: Iterable[IpRule]) -> Operation:
    """The change with the rules that it is about, once and for all."""
    return operations.noted(operation, **{_RULES: " ".join(sorted(str(rule.id) for rule in rules))})


def rules_of(operation: Operation) -> frozenset[UUID]:
    """Ids of the rules that a change is about."""
    return frozenset(map(UUID, operation.progress.get(_RULES, "").split()))


def requested(operation: Operation, *, at: datetime) -> Operation:
    """The change once Heroku is about to be asked, at a Postgres time."""
    return operations.noted(operation, **{_ASKED: at.isoformat()})


def not_requested(operation: Operation) -> Operation:
    """The change once it is known that Heroku was not asked after all."""
    return replace(operation, progress=_without(operation.progress, _ASKED))


def again(operation: Operation) -> Operation:
    """The change that is to be tried once more, about the same rules."""
    return replace(operations.again(operation), progress=_without(operation.progress, _ASKED))


def approved_removals(
    under_way: Iterable[Operation], *, now: datetime, timings: Timings = DEFAULT
) -> tuple[ApprovedRemoval, ...]:
    """What approved removals want of a plan.

    Args:
        under_way: operations of any kind.
        now: Postgres time; what was asked for just now has to show before it is asked for again.
        timings: how long that may take.
    """
    return tuple(
        ApprovedRemoval(rule=rule, removal=_removal(operation, now, timings))
        for operation in under_way
        if operation.kind is Kind.REMOVE_UNMANAGED
        for rule in sorted(rules_of(operation))
    )


def _removal(operation: Operation, now: datetime, timings: Timings) -> Removal:
    at = operation.progress.get(_ASKED)
    if at is None:
        return Removal.NONE
    return (
        Removal.REQUESTED if now - datetime.fromisoformat(at) < timings.removal_patience else Removal.OVERDUE
    )


def _without(progress: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in progress.items() if key != name}

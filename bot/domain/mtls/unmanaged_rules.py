"""Unmanaged IP rules that an approved request removes or adopts: by the ids that were observed at approval.

An address does not tell a rule from the one that somebody makes in its place tomorrow; Heroku's id does. So
what was approved is kept in the operation's progress, and nothing else is ever touched on its account.
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
"""Kinds of operations that are about unmanaged rules."""

_RULES: Final = "rules"
_ASKED: Final = "asked_at"
"""In an operation's progress: the rules' ids; and Postgres time (ISO) at which Heroku was last asked."""


def meant(kind: Kind, observation: MtlsObservation | None, network: Network) -> tuple[IpRule, ...]:
    """Returns the observed rules that a request is about: to adopt, only unmanaged ones."""
    rules = (
        () if observation is None else tuple(rule for rule in observation.rules if rule.network == network)
    )
    if observation is None or kind is Kind.REMOVE_UNMANAGED:
        return rules
    return tuple(rule for rule in rules if rule.id not in observation.ours)


def aimed(operation: Operation, rules: Iterable[IpRule]) -> Operation:
    """Returns the operation with the rules that it is about, once and for all."""
    return operations.noted(operation, **{_RULES: " ".join(sorted(str(rule.id) for rule in rules))})


def rules_of(operation: Operation) -> frozenset[UUID]:
    """Returns the ids of the rules that an operation is about."""
    return frozenset(map(UUID, operation.progress.get(_RULES, "").split()))


def requested(operation: Operation, *, at: datetime) -> Operation:
    """Returns the operation once Heroku is about to be asked, at a Postgres time."""
    return operations.noted(operation, **{_ASKED: at.isoformat()})


def not_requested(operation: Operation) -> Operation:
    """Returns the operation once it is known that Heroku was not asked after all."""
    return replace(operation, progress=_without(operation.progress, _ASKED))


def again(operation: Operation) -> Operation:
    """Returns the operation that is to be tried once more, about the same rules."""
    # The general retry clears the progress, and with it the rules that the approval named.
    return replace(operations.again(operation), progress=_without(operation.progress, _ASKED))


def approved_removals(
    under_way: Iterable[Operation], *, now: datetime, timings: Timings = DEFAULT
) -> tuple[ApprovedRemoval, ...]:
    """Returns the removals that approved operations request of a plan.

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

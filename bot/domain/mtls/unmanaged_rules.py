"""Foreign IP rules that an approved request removes or takes over: by the ids that were seen at the approval.

An address does not tell a rule from the one that somebody makes in its place tomorrow; Heroku's id does. So
what was approved is kept in the change's progress, and nothing else is ever touched on its account.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from bot.domain import operation as changes
from bot.domain.mtls.observation import IpRule, MtlsObservation
from bot.domain.mtls.plan import ApprovedRemoval
from bot.domain.operation import Operation
from bot.domain.owned_entry import Removal
from bot.domain.request import Kind
from bot.domain.schedule import REMOVAL_PATIENCE
from bot.domain.subject import Network

KINDS: Final = (Kind.UNDO, Kind.ADOPT)
"""Kinds of changes that are about rules which somebody else made."""

_RULES: Final = "rules"
_ASKED: Final = "asked_at"
"""In a change's progress: the rules' ids; and Postgres time, in ISO form, at which Heroku was last asked."""


def meant(kind: Kind, look: MtlsObservation | None, network: Network) -> tuple[IpRule, ...]:
    """The rules that a request is about, as a look shows them: to take over, only foreign ones."""
    rules = () if look is None else tuple(rule for rule in look.rules if rule.network == network)
    if look is None or kind is Kind.UNDO:
        return rules
    return tuple(rule for rule in rules if rule.id not in look.ours)


def aimed(change: Operation, rules: Iterable[IpRule]) -> Operation:
    """The change with the rules that it is about, once and for all."""
    return changes.noted(change, **{_RULES: " ".join(sorted(str(rule.id) for rule in rules))})


def rules_of(change: Operation) -> frozenset[UUID]:
    """Ids of the rules that a change is about."""
    return frozenset(map(UUID, change.progress.get(_RULES, "").split()))


def asked(change: Operation, *, at: datetime) -> Operation:
    """The change once Heroku is about to be asked, at a Postgres time."""
    return changes.noted(change, **{_ASKED: at.isoformat()})


def spared(change: Operation) -> Operation:
    """The change once it is known that Heroku was not asked after all."""
    return replace(change, progress=_without(change.progress, _ASKED))


def again(change: Operation) -> Operation:
    """The change that is to be tried once more, about the same rules."""
    return replace(changes.again(change), progress=_without(change.progress, _ASKED))


def undoing(asked_for: Iterable[Operation], *, now: datetime) -> tuple[ApprovedRemoval, ...]:
    """What approved removals want of a plan.

    Args:
        asked_for: changes of any kind that are under way.
        now: Postgres time; what was asked for just now has to show before it is asked for again.
    """
    return tuple(
        ApprovedRemoval(rule=rule, removal=_removal(change, now))
        for change in asked_for
        if change.kind is Kind.UNDO
        for rule in sorted(rules_of(change))
    )


def _removal(change: Operation, now: datetime) -> Removal:
    at = change.progress.get(_ASKED)
    if at is None:
        return Removal.NONE
    return Removal.ASKED if now - datetime.fromisoformat(at) < REMOVAL_PATIENCE else Removal.OVERDUE


def _without(progress: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in progress.items() if key != name}

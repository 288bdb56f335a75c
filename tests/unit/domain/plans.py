"""Questions to a plan, whichever the method."""

from typing import Any
from uuid import UUID

from bot.domain.grant import GrantState, ReasonCode
from bot.domain.owned_entry import Plan


def verified(plan: Plan[Any]) -> tuple[UUID, ...]:
    """Grants that are proven to be in force."""
    return plan.grants_to(GrantState.IN_FORCE)


def ended(plan: Plan[Any]) -> tuple[UUID, ...]:
    """Grants whose end is proven."""
    return plan.grants_to(GrantState.ENDED)


def interrupted(plan: Plan[Any]) -> tuple[UUID, ...]:
    """Grants that were in force and were closed by others."""
    return plan.grants_to(GrantState.INTERRUPTED)


def failures(plan: Plan[Any]) -> tuple[tuple[UUID, ReasonCode | None], ...]:
    """Grants that will not be opened, each with the reason."""
    return tuple((grant, plan.grants[grant].reason) for grant in plan.grants_to(GrantState.FAILED))

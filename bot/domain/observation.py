"""What a look can have seen: one kind of value for each method."""

from bot.domain.mtls.observation import Look
from bot.domain.privatelink.observation import LinkLook
from bot.domain.trusted_ips.ruleset import RangesLook

AnyLook = Look | LinkLook | RangesLook
"""The last look of a lane: IP rules and certificates of mTLS, accounts of PrivateLink, or a space's list."""


def rules_look(look: AnyLook | None) -> Look | None:
    """A look at a database's IP rules; raises ``TypeError`` where it is one at something else."""
    if look is not None and not isinstance(look, Look):
        raise TypeError(f"{look!r} is no look at IP rules")
    return look


def link_look(look: AnyLook | None) -> LinkLook | None:
    """A look at a database's PrivateLink; raises ``TypeError`` where it is one at something else."""
    if look is not None and not isinstance(look, LinkLook):
        raise TypeError(f"{look!r} is no look at PrivateLink")
    return look


def ranges_look(look: AnyLook | None) -> RangesLook | None:
    """A look at a space's trusted ranges; raises ``TypeError`` where it is one at something else."""
    if look is not None and not isinstance(look, RangesLook):
        raise TypeError(f"{look!r} is no look at trusted ranges")
    return look

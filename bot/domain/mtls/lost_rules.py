"""IP rules with our marker that the store does not know: it was lost, or restored from before them.

Pure. Their descriptions name what was approved: within its end it is recorded again, and ends as it would
have; past its end it is removed once a person has said so; and what cannot be read is a finding.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from bot.domain.mtls.observation import IpRule
from bot.domain.mtls.rule_description import RuleDescription, RuleHolder, read_description
from bot.domain.network import can_be_requested
from bot.domain.subject import Network


class Fate(StrEnum):
    """What becomes of a rule that the store does not know.

    ``continues``: it is within its end, and recorded again. ``overdue``: its end has passed.
    ``unreadable``: its description does not name its end. ``impossible``: no request can have asked for what
    it allows, so that somebody else wrote its description.
    """

    CONTINUES = "continues"
    OVERDUE = "overdue"
    UNREADABLE = "unreadable"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, kw_only=True, slots=True)
class LostRule:
    """A rule that this installation made, and that the store does not know.

    Attributes:
        rule: Heroku's id of it.
        network: what it allows.
        description: what it says of itself.
    """

    rule: UUID
    network: Network
    description: RuleDescription

    def fate(self, now: datetime) -> Fate:
        """Decides what becomes of it at ``now``, business time."""
        if not can_be_requested(self.network):
            return Fate.IMPOSSIBLE
        if not self.description.holders:
            return Fate.UNREADABLE
        return Fate.OVERDUE if self.description.is_past(now) else Fate.CONTINUES

    def with_ends(self, ends: Callable[[RuleHolder], datetime | None]) -> "LostRule":
        """Returns the rule with the ends that its grants have by what is known besides."""
        holders = tuple(replace(each, ends_at=ends(each)) for each in self.description.holders)
        return replace(self, description=replace(self.description, holders=holders))

    def holders(self, now: datetime) -> tuple[RuleHolder, ...]:
        """Returns whose grants are recorded again: of those it names, the ones within their end, or all."""
        within = [each for each in self.description.holders if each.ends_at is None or each.ends_at > now]
        return tuple(within) or self.description.holders


def lost_rules(
    rules: Iterable[IpRule],
    *,
    installations: Collection[str],
    owned: Collection[UUID],
    intents: Collection[UUID],
) -> tuple[LostRule, ...]:
    """Returns the rules of this installation that the store does not know, in Heroku's order.

    Args:
        rules: as Heroku lists them.
        installations: what this installation is called, and was called before.
        owned: ids of the rules that the store knows.
        intents: ids of the additions that the store knows: what came of one of these is not lost.
    """
    described = ((rule, read_description(rule.description)) for rule in rules if rule.id_read)
    return tuple(
        LostRule(rule=rule.id, network=rule.network, description=description)
        for rule, description in described
        if description is not None
        and isinstance(rule.network, Network)
        and description.installation in installations
        and description.intent not in intents
        and rule.id not in owned
    )

"""Which trusted IP ranges of a space allow a network, and whether that concerns its databases."""

from typing import Final

from bot.domain.listed_entry import ListedEntry, Listing, is_clear, read_loosely
from bot.domain.method import Method
from bot.domain.outside.text import UNREADABLE
from bot.domain.subject import Network
from bot.domain.trusted_ips.ruleset import ALLOW, DENY, RulesetObservation, RulesetRule

STORED: Final = "stored"
"""Stands for a status where Heroku has stored a list that is not in force (``applied`` is false)."""


def listing(observation: RulesetObservation | None, network: Network) -> Listing:
    """Returns the ranges that allow all or a part of a network to the space's web traffic.

    The data services of the space follow the same list only once Heroku's support has enabled that
    (Heroku Dev Center, "Trusted IP Ranges"): who asks about a database has to consider it.
    """
    if observation is None:
        return Listing(at=None)
    ruleset = observation.ruleset
    status = STORED if ruleset.applied is False else ""
    found = [
        entry
        for rule in ruleset.rules
        if (entry := _entry(rule, network, owned=rule.source in observation.ours, status=status)) is not None
    ]
    clear = ruleset.readable and not any(_may_matter(rule, network) for rule in ruleset.rules)
    return Listing(at=observation.at, entries=tuple(found), clear=clear)


def _entry(rule: RulesetRule, network: Network, *, owned: bool, status: str) -> ListedEntry | None:
    listed = read_loosely(rule.source) if rule.action == ALLOW else None
    if listed is None or not listed.overlaps(network):
        return None
    return ListedEntry(
        method=Method.TRUSTED,
        name=rule.source,
        network=listed,
        exact=listed == network,
        whole=network.subnet_of(listed),
        owned=owned,
        status=status,
    )


def _may_matter(rule: RulesetRule, network: Network) -> bool:
    """Whether a line may decide about the network in a way that is not documented, or cannot be read."""
    if rule.action == ALLOW:
        return not is_clear(rule.source)
    source = (rule.source if rule.action == DENY else rule.may_be) or UNREADABLE
    listed = read_loosely(source)
    return not is_clear(source) or (listed is not None and listed.overlaps(network))

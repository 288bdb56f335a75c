"""Finds contradictions between the networks that a policy names, as sentences for its author."""

from collections.abc import Iterator
from itertools import combinations

from bot.domain.network import show
from bot.domain.networks.named import NamedNetwork
from bot.domain.policy.rules import Policy


def network_contradictions(policy: Policy) -> Iterator[str]:
    """Finds networks that could not be requested by name, or not without doubt.

    Args:
        policy: as parsed; each range is public by itself.

    Yields:
        One sentence for each, without a full stop, that names the network.
    """
    yield from _doubled_names(policy)
    for network in policy.networks:
        for one, other in combinations(network.ranges, 2):
            if one.overlaps(other):
                yield f"networks.{network.name}: {show(one)} and {show(other)} overlap: keep the wider one"
        yield from _too_wide(network, policy)
    for first, second in combinations(policy.networks, 2):
        yield from _overlaps(first, second)


def _doubled_names(policy: Policy) -> Iterator[str]:
    names: dict[str, str] = {}
    aliases = {target.alias.lower(): target.alias for target in policy.targets}
    for network in policy.networks:
        namesake = names.setdefault(network.name.lower(), network.name)
        if namesake != network.name:
            yield f"networks.{namesake} and networks.{network.name} have one name"
        alias = aliases.get(network.name.lower())
        if alias is not None:
            yield f"networks.{network.name} and targets.{alias} have one name: a line could mean either"


def _too_wide(network: NamedNetwork, policy: Policy) -> Iterator[str]:
    widest = min((rule.widest for rule in policy.rules if not rule.denies), default=0)
    for part in network.ranges:
        if part.prefixlen < widest:
            yield (
                f"networks.{network.name}: {show(part)} is wider than any rule allows; "
                f"the widest is /{widest}"
            )


def _overlaps(first: NamedNetwork, second: NamedNetwork) -> Iterator[str]:
    for one in first.ranges:
        for other in second.ranges:
            if one.overlaps(other):
                names = f"networks.{first.name} ({show(one)}) and networks.{second.name} ({show(other)})"
                yield f"{names} overlap: an address can have one name"

"""Networks that the policy names, such as the office or a vendor's ranges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Network

from bot.domain.network import covers


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedNetwork:
    """One ``[networks.<name>]`` table of the policy.

    Attributes:
        name: what people type; compared in lower case.
        ranges: in the order of the file.
        source: where they are published; empty where the policy does not say.
        as_of: the day on which they were read there; None where the policy does not say.
    """

    name: str
    ranges: tuple[IPv4Network, ...]
    source: str = ""
    as_of: date | None = None


def ranges_by_name(networks: Sequence[NamedNetwork]) -> Mapping[str, Sequence[IPv4Network]]:
    """Returns the ranges by the name that stands for them, in lower case."""
    return {each.name.lower(): each.ranges for each in networks}


def name_of(networks: Sequence[NamedNetwork], asked: IPv4Network) -> str | None:
    """Returns the name of the network that covers a range as a whole; of several, the narrowest."""
    covering = [
        (part.prefixlen, each.name) for each in networks for part in each.ranges if covers(part, asked)
    ]
    return max(covering, key=lambda found: found[0])[1] if covering else None


def written_out(networks: Sequence[NamedNetwork], text: str | None) -> str | None:
    """Returns a text with the name of a network replaced by its ranges; any other text as it is."""
    ranges = ranges_by_name(networks).get((text or "").strip().lower())
    return text if ranges is None else ", ".join(map(str, ranges))

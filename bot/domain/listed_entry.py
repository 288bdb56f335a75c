"""Entries at Heroku that allow an address, as every access method lists them: the input of reach.

Pure. An *address* here is what a question is about: a network, or the ARN of an AWS account or user.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, collapse_addresses

from bot.domain.method import Method
from bot.domain.subject import Network


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedEntry:
    """An entry that allows all or a part of an address.

    Attributes:
        method: of the list that it is in.
        name: what it allows, as Heroku lists it: a network, an ARN.
        network: the same as a network; None where it is none.
        exact: it allows the address and nothing else.
        whole: it allows all of the address.
        owned: pgaccess made or adopted it.
        status: Heroku's word where it is listed and not in force; empty where it is in force.
        adopted: it stays until its own removal is approved.
        requests: numbers of the requests whose grants keep it, where it is owned.
        ending: numbers of the requests whose grants are ending, where it is owned.
    """

    method: Method
    name: str
    network: Network | None = None
    exact: bool
    whole: bool
    owned: bool
    status: str = ""
    adopted: bool = False
    requests: tuple[int, ...] = ()
    ending: tuple[int, ...] = ()

    @property
    def active(self) -> bool:
        """Whether it is in force."""
        return not self.status


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """What one list says of an address.

    Attributes:
        at: when the list was read, by Postgres' clock; None where it never was.
        entries: those that allow all or a part of the address.
        clear: False where the list has something that could not be read, and that may allow it too.
    """

    at: datetime | None
    entries: tuple[ListedEntry, ...] = ()
    clear: bool = True


def read_loosely(text: Network | str) -> Network | None:
    """Returns the network that a listed text means, host bits or not; None where it is no IPv4 network."""
    try:
        return IPv4Network(text, strict=False)
    except ValueError:
        return None


def is_whole(address: Network, networks: Iterable[Network]) -> bool:
    """Whether some networks together allow every address of a network: two halves allow the whole."""
    return any(address.subnet_of(each) for each in collapse_addresses(networks))

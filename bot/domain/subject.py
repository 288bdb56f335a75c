"""Subjects of requests and grants: networks, AWS accounts, a certificate, or a method as a whole."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from typing_extensions import TypeIs

Network = ipaddress.IPv4Network
"""An IPv4 network: an IP rule of a database, or a trusted IP range of a space."""


@dataclass(frozen=True, slots=True)
class Networks:
    """Several networks that are allowed and closed together: twelve ranges of a vendor, for example.

    Made by `gathered`, so that the same networks are one subject, however they were typed.

    Attributes:
        networks: at least two, in order, none within another.
    """

    networks: tuple[Network, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.networks))


@dataclass(frozen=True, slots=True)
class Accounts:
    """AWS principals that may connect through PrivateLink.

    Attributes:
        arns: in canonical form, ``arn:aws:iam::123456789012:root``, sorted, each once.
    """

    arns: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.arns)


@dataclass(frozen=True, slots=True)
class CertificateId:
    """A client certificate, by its Heroku id."""

    id: UUID

    def __str__(self) -> str:
        return str(self.id)


@dataclass(frozen=True, slots=True)
class Whole:
    """An access method on its target as a whole: to enable, disable or close it."""

    def __str__(self) -> str:
        return ""


Subject = Network | Networks | Accounts | CertificateId | Whole

_ACCOUNTS: Final = "accounts "
_CERTIFICATE: Final = "certificate "
_WHOLE: Final = "whole"


def write_subject(subject: Subject) -> str:
    """Returns the text by which a subject is stored and compared."""
    match subject:
        case Networks(networks=networks):
            return " ".join(map(str, networks))
        case Accounts(arns=arns):
            return _ACCOUNTS + " ".join(arns)
        case CertificateId(id=id):
            return f"{_CERTIFICATE}{id}"
        case Whole():
            return _WHOLE
    return str(subject)


def read_subject(text: str) -> Subject:
    """Parses a subject from its stored text.

    Raises:
        ValueError: the text is not a subject's.
    """
    if text == _WHOLE:
        return Whole()
    if text.startswith(_ACCOUNTS):
        return Accounts(tuple(text.removeprefix(_ACCOUNTS).split()))
    if text.startswith(_CERTIFICATE):
        return CertificateId(UUID(text.removeprefix(_CERTIFICATE)))
    return gathered(map(Network, text.split(" ")))


def gathered(networks: Iterable[Network]) -> Network | Networks:
    """Returns networks as one subject: each once, and none that another of them contains.

    Raises:
        ValueError: there are none.
    """
    found = sorted(set(networks))
    # Sorted, a network comes behind every one that contains it, and directly behind nothing else of it.
    kept: list[Network] = []
    for network in found:
        if not kept or not network.subnet_of(kept[-1]):
            kept.append(network)
    if not kept:
        raise ValueError("no network at all")
    return kept[0] if len(kept) == 1 else Networks(tuple(kept))


def covers(wide: Subject, narrow: Subject) -> bool:
    """Whether ``wide`` allows everything that ``narrow`` does."""
    match wide, narrow:
        case (Network() | Networks(), Network() | Networks()):
            around = networks_of(wide)
            return all(any(each.subnet_of(one) for one in around) for each in networks_of(narrow))
        case (Accounts(), Accounts()):
            return set(narrow.arns) <= set(wide.arns)
    return wide == narrow


def ends(removed: Subject, granted: Subject) -> bool:
    """Whether removing a subject ends a grant: one of the same entries, or of some of them, or all."""
    if isinstance(removed, Whole):
        return True
    # Heroku removes entries whole, so a network ends only grants of exactly itself.
    return set(names_of(granted)) <= set(names_of(removed))


def names_of(subject: Subject) -> tuple[str, ...]:
    """Returns the entries that a subject opens, as Heroku lists them: each network, or each account's ARN."""
    match subject:
        case Accounts(arns=arns):
            return arns
        case Networks(networks=networks):
            return tuple(map(str, networks))
    return (str(subject),)


def is_network(subject: Subject) -> TypeIs[Network | Networks]:
    """Whether a subject is one network or several."""
    return isinstance(subject, Network | Networks)


def network_of(subject: Subject) -> Network:
    """Returns the subject as one network.

    Raises:
        TypeError: it is another kind of subject, or several; the caller mixed up two kinds of request.
    """
    if not isinstance(subject, Network):
        raise TypeError(f"{subject!r} is not one network")
    return subject


def networks_of(subject: Subject) -> tuple[Network, ...]:
    """Returns the networks that a subject is.

    Raises:
        TypeError: it is another kind of subject; the caller mixed up two methods.
    """
    match subject:
        case Network():
            return (subject,)
        case Networks(networks=networks):
            return networks
    raise TypeError(f"{subject!r} is no network")


def accounts_of(subject: Subject) -> tuple[str, ...]:
    """The ARNs of the accounts that a subject is.

    Raises:
        TypeError: it is something else; whoever asks has mixed up two methods.
    """
    if not isinstance(subject, Accounts):
        raise TypeError(f"{subject!r} are no accounts")
    return subject.arns

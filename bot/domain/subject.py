"""What a request or a grant is about: an address, AWS accounts, a certificate, or a method as a whole."""

import ipaddress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

Network = ipaddress.IPv4Network
"""An IPv4 address or network: an IP rule of a database, or a trusted range of a space."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """AWS principals that may connect through PrivateLink.

    Attributes:
        arns: in their one canonical form, ``arn:aws:iam::123456789012:root``, sorted, each once.
    """

    arns: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.arns)


@dataclass(frozen=True, slots=True)
class CertificateId:
    """A client certificate, by Heroku's id."""

    id: UUID

    def __str__(self) -> str:
        return str(self.id)


@dataclass(frozen=True, slots=True)
class Whole:
    """A method on its target as a whole: enable it, disable it, close it."""

    def __str__(self) -> str:
        return ""


Subject = Network | Accounts | CertificateId | Whole

_ACCOUNTS: Final = "accounts "
_CERTIFICATE: Final = "certificate "
_WHOLE: Final = "whole"


def write_subject(subject: Subject) -> str:
    """The one text of a subject, by which it is kept and compared."""
    match subject:
        case Accounts(arns=arns):
            return _ACCOUNTS + " ".join(arns)
        case CertificateId(id=id):
            return f"{_CERTIFICATE}{id}"
        case Whole():
            return _WHOLE
    return str(subject)


def read_subject(text: str) -> Subject:
    """The subject that a text was written from.

    Raises:
        ValueError: it was written from none.
    """
    if text == _WHOLE:
        return Whole()
    if text.startswith(_ACCOUNTS):
        return Accounts(tuple(text.removeprefix(_ACCOUNTS).split()))
    if text.startswith(_CERTIFICATE):
        return CertificateId(UUID(text.removeprefix(_CERTIFICATE)))
    return Network(text)


def covers(wide: Subject, narrow: Subject) -> bool:
    """Whether whoever is let in by ``narrow`` would be by ``wide`` too."""
    match wide, narrow:
        case (Network(), Network()):
            return narrow.subnet_of(wide)
        case (Accounts(), Accounts()):
            return set(narrow.arns) <= set(wide.arns)
    return wide == narrow


def ends(removed: Subject, granted: Subject) -> bool:
    """Whether taking a subject away ends a grant: exactly its own, of no account beyond it, or any at all."""
    if isinstance(removed, Accounts):
        return covers(removed, granted)
    return isinstance(removed, Whole) or removed == granted


def network_of(subject: Subject) -> Network:
    """The network that a subject is.

    Raises:
        TypeError: it is something else; whoever asks has mixed up two methods.
    """
    if not isinstance(subject, Network):
        raise TypeError(f"{subject!r} is no network")
    return subject


def accounts_of(subject: Subject) -> tuple[str, ...]:
    """The ARNs of the accounts that a subject is.

    Raises:
        TypeError: it is something else; whoever asks has mixed up two methods.
    """
    if not isinstance(subject, Accounts):
        raise TypeError(f"{subject!r} are no accounts")
    return subject.arns

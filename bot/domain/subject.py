"""Subjects of requests and grants: a network, AWS accounts, a certificate, or a method as a whole."""

import ipaddress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

Network = ipaddress.IPv4Network
"""An IPv4 network: an IP rule of a database, or a trusted IP range of a space."""


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


Subject = Network | Accounts | CertificateId | Whole

_ACCOUNTS: Final = "accounts "
_CERTIFICATE: Final = "certificate "
_WHOLE: Final = "whole"


def write_subject(subject: Subject) -> str:
    """Returns the text by which a subject is stored and compared."""
    match subject:
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
    return Network(text)


def covers(wide: Subject, narrow: Subject) -> bool:
    """Whether ``wide`` allows everything that ``narrow`` does."""
    match wide, narrow:
        case (Network(), Network()):
            return narrow.subnet_of(wide)
        case (Accounts(), Accounts()):
            return set(narrow.arns) <= set(wide.arns)
    return wide == narrow


def ends(removed: Subject, granted: Subject) -> bool:
    """Whether removing a subject ends a grant: the same subject, accounts that include it, or all."""
    if isinstance(removed, Accounts):
        return covers(removed, granted)
    # Heroku removes rules and ranges whole, so a network ends only the grants of exactly itself.
    return isinstance(removed, Whole) or removed == granted


def names_of(subject: Subject) -> tuple[str, ...]:
    """Returns the entries that a subject opens, as Heroku lists them: a network, or each account's ARN."""
    return subject.arns if isinstance(subject, Accounts) else (str(subject),)


def network_of(subject: Subject) -> Network:
    """Returns the subject as a network.

    Raises:
        TypeError: it is another kind of subject; the caller mixed up two methods.
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

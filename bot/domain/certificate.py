"""Client certificates: what a database asks for beside an address that is let in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

READY: Final = "ready"
"""Status of a certificate that can be used; others are ``pending``, ``disabling`` and ``disabled``."""

READ_EVERY: Final = timedelta(minutes=10)
"""How old what is known may be before it is read again: certificates live for a year, calls are counted."""

SOON: Final = timedelta(days=14)
"""An end as near as this is one to act on: a new certificate has to be made and handed out first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """One client certificate as Heroku lists it (``GET …/tls-endpoint/certificates``).

    Attributes:
        name: a host name that Heroku chose.
        status: Heroku's word, in lower case.
        expires_at: its end; None while it is pending, or where the date is in a form that is not known.
    """

    name: str
    status: str
    expires_at: datetime | None


def ready(certificates: Iterable[Certificate]) -> tuple[Certificate, ...]:
    """Those that can be used, as far as Heroku's status tells; one that has expired is still ``ready``."""
    return tuple(certificate for certificate in certificates if certificate.status == READY)


def is_due(read_at: datetime | None, *, now: datetime) -> bool:
    """Whether a database's certificates are to be read (again).

    Args:
        read_at: when they were read last; None for never.
        now: the present, by the same clock.
    """
    return read_at is None or now - read_at >= READ_EVERY

"""What a database's IP rules and endpoint looked like when last observed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.domain.drift import NO_DRIFT, Drift
from bot.domain.mtls.certificate import Certificate
from bot.domain.subject import Network


@dataclass(frozen=True, kw_only=True, slots=True)
class IpRule:
    """One IP rule as Heroku lists it (``GET …/tls-endpoint/ip-rules``).

    Attributes:
        network: what it allows; the text itself where that is no IPv4 network. Such a rule was made by
            somebody else: it counts, and serves no grant.
        id_read: False where Heroku's id could not be read: ``id`` is made up, and the rule may be any.
    """

    id: UUID
    network: Network | str
    status: str
    description: str
    id_read: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class MtlsObservation:
    """What one observation of a database shows.

    Attributes:
        at: when, by Postgres' clock.
        enabled: whether mTLS is enabled; a database without it has no rules.
        rules: the complete list.
        ours: ids of the owned rules.
        certificates: the client certificates, when they were last read; disabled ones too.
        certificates_at: when that was, by Postgres' clock; None when they were not read yet.
        drift: what differs from what was left; entries by their network.
    """

    at: datetime
    enabled: bool
    rules: tuple[IpRule, ...]
    ours: frozenset[UUID]
    certificates: tuple[Certificate, ...] = ()
    certificates_at: datetime | None = None
    drift: Drift = NO_DRIFT


def read_network(text: str) -> Network | str:
    """Reads what a listed rule allows: an IPv4 network, or the text as it is (IPv6, or with host bits)."""
    try:
        return Network(text)
    except ValueError:
        return text

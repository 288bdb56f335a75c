"""Which clients a database's mTLS endpoint accepts.

Fact: Heroku Dev Center, heroku-postgres-via-mtls: a client needs both a certificate and an allowed address.
No client is accepted while the endpoint is not operational.
"""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, ip_address

from sandbox.heroku.model.resources import Database, Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Which clients an endpoint accepts at a moment.

    Attributes:
        authority: Certificate of the CA that signs this database's client certificates, PEM.
        networks: Networks of the authorized rules.
        serials: Serial numbers of the client certificates that are ready and have not expired.
        revoked: Serial numbers of all other certificates that the CA signed for this endpoint.
    """

    authority: str
    networks: tuple[IPv4Network, ...]
    serials: frozenset[int]
    revoked: frozenset[int]

    def admits(self, address: str, serial: int) -> bool:
        """Return whether a client with an address and a certificate of the CA is accepted."""
        found = ip_address(address)
        return serial in self.serials and any(found in network for network in self.networks)


def admission(database: Database, endpoint: Endpoint, now: datetime) -> Admission:
    """Return which clients a database's endpoint accepts at a moment."""
    operational = endpoint.status(now) == "Operational"
    rules = [rule for rule in database.rules_at(now) if operational and rule.status == "Authorized"]
    # Of the endpoint, disabled ones included: a certificate is rejected only if the revocation list names it.
    signed = frozenset(each.serial for each in endpoint.certificates)
    admitted = frozenset(
        each.serial for each in database.certificates_at(now) if operational and each.admits(now)
    )
    return Admission(
        authority=endpoint.clients.certificate,
        networks=tuple(IPv4Network(rule.cidr, strict=False) for rule in rules),
        serials=admitted,
        revoked=signed - admitted,
    )

"""Whom a database's mTLS endpoint lets in: what a TLS server in front of the database has to ask.

Fact: Heroku Dev Center, heroku-postgres-via-mtls: it takes both, a client certificate and an address that is
on the list. Nobody is let in while the endpoint is not operational.
"""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, ip_address

from sandbox.heroku.model.resources import Database, Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whom an endpoint lets in at one moment.

    Attributes:
        authority: The certificate, PEM, of the authority that signs this database's client certificates.
        networks: Of the rules that are authorized.
        serials: Numbers of the client certificates that are ready and have not expired.
        revoked: Numbers of all other certificates that the authority ever signed for this endpoint.
    """

    authority: str
    networks: tuple[IPv4Network, ...]
    serials: frozenset[int]
    revoked: frozenset[int]

    def admits(self, address: str, serial: int) -> bool:
        """Return whether a client at an address is let in with a certificate that its authority signed."""
        found = ip_address(address)
        return serial in self.serials and any(found in network for network in self.networks)


def admission(database: Database, endpoint: Endpoint, now: datetime) -> Admission:
    """Return whom a database's endpoint lets in at a moment."""
    open_ = endpoint.status(now) == "Operational"
    rules = [rule for rule in database.rules_at(now) if open_ and rule.status == "Authorized"]
    signed = frozenset(each.serial for each in endpoint.certificates)
    admitted = frozenset(each.serial for each in database.certificates_at(now) if open_ and each.admits(now))
    return Admission(
        authority=endpoint.clients.certificate,
        networks=tuple(IPv4Network(rule.cidr, strict=False) for rule in rules),
        serials=admitted,
        revoked=signed - admitted,
    )

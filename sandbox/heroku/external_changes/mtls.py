"""External changes to a database's mTLS, and what a TLS server in front of it needs."""

from datetime import datetime, timedelta
from uuid import UUID

from sandbox.heroku.api import json_shapes
from sandbox.heroku.model import certificate_lifecycle, mtls_lifecycle
from sandbox.heroku.model.account import Account
from sandbox.heroku.model.admission import Admission, admission
from sandbox.heroku.model.certificate_authority import Credential
from sandbox.heroku.model.certificates import Certificate, CertificateStatus
from sandbox.heroku.model.resources import Endpoint, Rule


class MtlsExternalChanges:
    """mTLS of an emulated Heroku: changes by others, its state, and credentials for a TLS server.

    Databases are named by name or id; what Heroku rejects raises `Refused`.
    """

    _account: Account

    def enable_mtls_externally(self, database: str, *, now: datetime) -> Endpoint:
        """Enable mTLS, which creates a first certificate."""
        return mtls_lifecycle.enable(self._account, self._account.addon(database), now)

    def disable_mtls_externally(self, database: str, *, now: datetime) -> Endpoint:
        """Disable mTLS and remove every rule and certificate."""
        return mtls_lifecycle.disable(self._account, self._account.addon(database), now)

    def rules(self, database: str, *, now: datetime) -> list[Rule]:
        """Return the present IP rules of a database, oldest first; none if mTLS is not enabled."""
        return list(self._account.addon(database).rules_at(now))

    def add_rule_externally(self, database: str, cidr: str, description: str = "", *, now: datetime) -> Rule:
        """Add a rule."""
        found = self._account.addon(database)
        rule = mtls_lifecycle.add_rule(self._account, found, cidr=cidr, description=description, now=now)
        return rule.at(now)

    def delete_rule_externally(self, database: str, rule: UUID | str, *, now: datetime) -> Rule:
        """Delete a rule and return it as it was."""
        found = self._account.addon(database)
        return mtls_lifecycle.delete_rule(self._account, found, str(rule), now).at(now)

    def move_calendar(self, ahead: timedelta) -> None:
        """Set how far business time is ahead of real time; new certificates expire accordingly."""
        self._account.ahead = ahead

    def certificates(self, database: str, *, now: datetime) -> list[Certificate]:
        """Return the client certificates, disabled ones included, oldest first; none if mTLS is off."""
        return [each.at(now) for each in self._account.addon(database).certificates_at(now)]

    def create_certificate_externally(self, database: str, *, now: datetime) -> Certificate:
        """Create a client certificate, which is pending at first."""
        return certificate_lifecycle.create(self._account, self._account.addon(database), now).at(now)

    def add_certificate_externally(
        self, database: str, *, expires_at: datetime, status: CertificateStatus = "ready", now: datetime
    ) -> Certificate:
        """Add a client certificate in a final state; raises `Refused` if mTLS is not enabled.

        Args:
            database: Name or id of the add-on.
            expires_at: Its expiry, which may have passed.
            status: Its status, which stays.
            now: When it was created.
        """
        found = self._account.addon(database)
        made = certificate_lifecycle.add(self._account, found, expires_at=expires_at, status=status, now=now)
        return made.at(now)

    def delete_certificate_externally(
        self, database: str, certificate: UUID | str, *, now: datetime
    ) -> Certificate:
        """Delete a client certificate, which is invalid from then on."""
        found = self._account.addon(database)
        return certificate_lifecycle.delete(self._account, found, str(certificate), now).at(now)

    def server_credential(self, database: str, *, host: str, now: datetime) -> Credential:
        """Return a key pair for a TLS server in front of a database, signed by the endpoint's authority.

        Args:
            database: Name or id of the add-on.
            host: Name or address that clients connect to.
            now: The moment.

        Raises:
            Refused: mTLS is not enabled.
        """
        return mtls_lifecycle.endpoint_of(self._account.addon(database), now).server.server(host)

    def admission(self, database: str, *, now: datetime) -> Admission:
        """Return which clients a TLS server has to accept; raises `Refused` without mTLS."""
        found = self._account.addon(database)
        return admission(found, mtls_lifecycle.endpoint_of(found, now), now)

    def revocations(self, database: str, *, now: datetime) -> str:
        """Return the certificate revocation list as PEM; raises `Refused` without mTLS."""
        found = self._account.addon(database)
        endpoint = mtls_lifecycle.endpoint_of(found, now)
        return endpoint.clients.revocations(admission(found, endpoint, now).revoked, now=now)

    def serve_at(self, database: str, server: str) -> None:
        """Make a database's config vars name a real server.

        Args:
            database: Name or id of the add-on.
            server: The server's ``host:port``; empty restores the default.
        """
        self._account.addon(database).server = server
        self._account.version.changed()

    def connection(self, database: str) -> str:
        """Return the URL in a database's config vars, password included."""
        return json_shapes.connection(self._account.addon(database))

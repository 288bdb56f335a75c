"""What other people do to a database's mTLS, without a call that the played API would see."""

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
    """The part of an emulated Heroku that lets people in with a certificate, and what a TLS server needs of it.

    Databases are found by name or id; what Heroku refuses raises `Refused`.
    """

    _account: Account

    def enable_mtls_externally(self, database: str, *, now: datetime) -> Endpoint:
        """Let somebody else enable mTLS, which brings a first certificate."""
        return mtls_lifecycle.enable(self._account, self._account.addon(database), now)

    def disable_mtls_externally(self, database: str, *, now: datetime) -> Endpoint:
        """Let somebody else disable mTLS, with every rule and certificate."""
        return mtls_lifecycle.disable(self._account, self._account.addon(database), now)

    def rules(self, database: str, *, now: datetime) -> list[Rule]:
        """Return the IP rules of a database as they are now, oldest first; none where mTLS is not enabled."""
        return list(self._account.addon(database).rules_at(now))

    def add_rule_externally(self, database: str, cidr: str, description: str = "", *, now: datetime) -> Rule:
        """Let somebody else add a rule."""
        found = self._account.addon(database)
        rule = mtls_lifecycle.add_rule(self._account, found, cidr=cidr, description=description, now=now)
        return rule.at(now)

    def delete_rule_externally(self, database: str, rule: UUID | str, *, now: datetime) -> Rule:
        """Let somebody else delete a rule and return it as it was."""
        found = self._account.addon(database)
        return mtls_lifecycle.delete_rule(self._account, found, str(rule), now).at(now)

    def move_calendar(self, ahead: timedelta) -> None:
        """Let what is made from now on end by a calendar that is so far ahead of the real one."""
        self._account.ahead = ahead

    def certificates(self, database: str, *, now: datetime) -> list[Certificate]:
        """Return the client certificates, disabled ones too, oldest first; none where mTLS is off."""
        return [each.at(now) for each in self._account.addon(database).certificates_at(now)]

    def create_certificate_externally(self, database: str, *, now: datetime) -> Certificate:
        """Let somebody else make a client certificate, which is pending at first."""
        return certificate_lifecycle.create(self._account, self._account.addon(database), now).at(now)

    def add_certificate_externally(
        self, database: str, *, expires_at: datetime, status: CertificateStatus = "ready", now: datetime
    ) -> Certificate:
        """Let there be a client certificate of somebody else's; raises `Refused` when mTLS is not enabled.

        Args:
            database: Name or id of the add-on.
            expires_at: Its end, which may have passed.
            status: As it is to stay.
            now: When it is made.
        """
        found = self._account.addon(database)
        made = certificate_lifecycle.add(self._account, found, expires_at=expires_at, status=status, now=now)
        return made.at(now)

    def delete_certificate_externally(
        self, database: str, certificate: UUID | str, *, now: datetime
    ) -> Certificate:
        """Let somebody else delete a client certificate, which is worth nothing from then on."""
        found = self._account.addon(database)
        return certificate_lifecycle.delete(self._account, found, str(certificate), now).at(now)

    def server_credential(self, database: str, *, host: str, now: datetime) -> Credential:
        """Return a key pair for a TLS server in front of a database, signed by the endpoint's authority.

        Args:
            database: Name or id of the add-on.
            host: The name or address that clients reach it under.
            now: The moment.

        Raises:
            Refused: mTLS is not enabled.
        """
        return mtls_lifecycle.endpoint_of(self._account.addon(database), now).server.server(host)

    def admission(self, database: str, *, now: datetime) -> Admission:
        """Return whom a TLS server in front of a database has to let in; raises `Refused` without mTLS."""
        found = self._account.addon(database)
        return admission(found, mtls_lifecycle.endpoint_of(found, now), now)

    def revocations(self, database: str, *, now: datetime) -> str:
        """Return the list, PEM, of revoked client certificates; raises `Refused` without mTLS."""
        found = self._account.addon(database)
        endpoint = mtls_lifecycle.endpoint_of(found, now)
        return endpoint.clients.revocations(admission(found, endpoint, now).revoked, now=now)

    def serve_at(self, database: str, server: str) -> None:
        """Let a real server answer for a database: its config vars name that place from now on.

        Args:
            database: Name or id of the add-on.
            server: Its ``host:port``.
        """
        self._account.addon(database).server = server
        self._account.version.changed()

    def connection(self, database: str) -> str:
        """Return the URL that a database's config vars have, password included."""
        return json_shapes.connection(self._account.addon(database))

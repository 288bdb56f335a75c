"""State transitions of a database's client certificates.

Facts: herokux (c822fb4, 2025-08), ``mtls_cert.go`` and its documentation of mTLS: enabling mTLS makes a first
certificate by itself; one that is disabled cannot be fetched, and until then its key can be fetched again
and again; there is no renewal, only another certificate.
"""

from datetime import datetime, timedelta
from typing import Final

from sandbox.heroku.http_types import Refused, missing
from sandbox.heroku.model.account import Account, as_uuid
from sandbox.heroku.model.certificate_authority import Credential
from sandbox.heroku.model.certificates import VALIDITY, CertificateStatus, KeptCertificate
from sandbox.heroku.model.resources import Database, Endpoint, lasting_id

OFF: Final = "mTLS is not enabled for this database."


def certificate_of(database: Database, key: str, now: datetime) -> KeptCertificate:
    """Return a certificate by id; raises `Refused` ``not_found``, also if it is disabled."""
    wanted = as_uuid(key)
    for certificate in database.certificates_at(now):
        if certificate.id == wanted and certificate.at(now).status != "disabled":
            return certificate
    raise missing("certificate")


def first(account: Account, database: Database, endpoint: Endpoint, now: datetime) -> None:
    """Create the first certificate of a new endpoint, at once or when it is operational."""
    early = account.behavior.first_certificate == "at_once"
    _made(account, database, endpoint, now if early else endpoint.operational_at)


def create(account: Account, database: Database, now: datetime) -> KeptCertificate:
    """Start creating a certificate; raises `Refused` unless mTLS is operational."""
    endpoint = database.endpoint_at(now)
    if endpoint is None or endpoint.status(now) != "Operational":
        raise Refused(account.behavior.off, OFF)
    return _made(account, database, endpoint, now)


def delete(account: Account, database: Database, key: str, now: datetime) -> KeptCertificate:
    """Invalidate a certificate at once and start disabling it; raises `Refused` ``not_found``.

    Repeating it changes nothing as long as the certificate can be found.
    """
    certificate = certificate_of(database, key, now)
    if certificate.deleted_at is None:
        _end(certificate, now, now + timedelta(seconds=account.times.invalidate))
        account.version.changed(*_moments(certificate))
    return certificate


def delete_all(endpoint: Endpoint, now: datetime, disabled_at: datetime) -> None:
    """Invalidate every certificate of an endpoint that is being disabled."""
    for certificate in endpoint.certificates:
        if certificate.deleted_at is None:
            _end(certificate, now, disabled_at)


def add(
    account: Account, database: Database, *, expires_at: datetime, status: CertificateStatus, now: datetime
) -> KeptCertificate:
    """Add a client certificate with a final status; raises `Refused` ``not_found``.

    Its id and name depend only on the database and the number of earlier certificates.
    """
    endpoint = database.endpoint_at(now)
    if endpoint is None:
        raise Refused(404, OFF)
    number = database.next_certificate()
    certificate = KeptCertificate(
        id=lasting_id("certificate", f"{database.born}/{number}"),
        name=_host(database, number),
        created_at=now,
        expires_at=expires_at,
        ready_at=None if status == "pending" else now,
        deleted_at=now if status in ("disabling", "disabled") else None,
        disabled_at=now if status == "disabled" else None,
    )
    endpoint.certificates.append(certificate)
    account.version.changed()
    return certificate


def credential_of(account: Account, database: Database, certificate: KeptCertificate) -> Credential:
    """Return a certificate's key pair, the same at each call."""
    if certificate.credential is None:
        if database.endpoint is None:
            raise Refused(404, OFF)
        end = certificate.expires_at
        certificate.credential = database.endpoint.clients.client(
            certificate.name,
            serial=certificate.serial,
            # A certificate that expired before it was made, for a test, still needs a validity that begins
            # before it ends.
            since=certificate.created_at if certificate.created_at < end else end - VALIDITY,
            until=end,
            form=account.behavior.key_format,
        )
    return certificate.credential


def _made(account: Account, database: Database, endpoint: Endpoint, at: datetime) -> KeptCertificate:
    certificate = KeptCertificate(
        id=account.seeded.uuid(),
        name=_host(database, database.next_certificate()),
        created_at=at,
        # By business time, which the demo moves ahead; everything else here is real time.
        expires_at=at + account.ahead + timedelta(days=account.behavior.validity_days),
        ready_at=at + timedelta(seconds=account.times.certify),
    )
    endpoint.certificates.append(certificate)
    account.version.changed(*_moments(certificate))
    return certificate


def _end(certificate: KeptCertificate, now: datetime, disabled_at: datetime) -> None:
    certificate.deleted_at, certificate.disabled_at = now, disabled_at


def _moments(certificate: KeptCertificate) -> list[datetime]:
    moments = (certificate.created_at, certificate.ready_at, certificate.disabled_at)
    return [moment for moment in moments if moment is not None]


def _host(database: Database, number: int) -> str:
    return f"client-{number}.{database.born}.emulated.example"

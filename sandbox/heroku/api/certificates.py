"""The Data API's calls for client certificates.

Facts: herokux (c822fb4, 2025-08), ``mtls_cert.go``, and the sample published with it (2020-09): the list has
neither private keys nor chains, and has disabled certificates too; one alone has both; making one answers
201, pending, and needs no body. There is no renewal and no change.
"""

from typing import Final

from sandbox.heroku.api import json_shapes, mtls
from sandbox.heroku.http_types import Answer, Json, answered
from sandbox.heroku.model import certificate_lifecycle, mtls_lifecycle
from sandbox.heroku.model.certificates import KeptCertificate
from sandbox.heroku.model.resources import Database
from sandbox.heroku.routing import Call, Route

_CERTIFICATES: Final = mtls.PREFIX + "{db}/tls-endpoint/certificates"
_CERTIFICATE: Final = _CERTIFICATES + "/{certificate}"


def _certificates(call: Call) -> Answer:
    database = _database(call)
    mtls_lifecycle.endpoint_of(database, call.now)
    return answered(200, [_listed(call, each) for each in database.certificates_at(call.now)])


def _certificate(call: Call) -> Answer:
    """Return a certificate with its key; while it is pending the key is missing or null."""
    database, behavior = _database(call), call.account.behavior
    mtls_lifecycle.endpoint_of(database, call.now)
    found = certificate_lifecycle.certificate_of(database, call.names["certificate"], call.now)
    if found.at(call.now).status == "pending":
        unknown = {"private_key": None, "certificate_with_chain": None}
        return answered(200, _listed(call, found) | (unknown if behavior.pending_key == "null" else {}))
    credential = certificate_lifecycle.credential_of(call.account, database, found)
    secret = {"private_key": credential.key, "certificate_with_chain": credential.chain}
    return answered(200, _listed(call, found) | secret)


def _create(call: Call) -> Answer:
    return answered(201, _listed(call, certificate_lifecycle.create(call.account, _database(call), call.now)))


def _delete(call: Call) -> Answer:
    database = _database(call)
    mtls_lifecycle.endpoint_of(database, call.now)
    gone = certificate_lifecycle.delete(call.account, database, call.names["certificate"], call.now)
    return answered(call.account.behavior.certificate_deleted, _listed(call, gone))


def _database(call: Call) -> Database:
    return call.account.database(call.names["db"], call.now)


def _listed(call: Call, certificate: KeptCertificate) -> Json:
    return json_shapes.certificate(certificate.at(call.now), call.account.behavior.dates)


ROUTES: Final = (
    Route(method="GET", template=_CERTIFICATES, does=_certificates),
    Route(method="POST", template=_CERTIFICATES, does=_create),
    Route(method="GET", template=_CERTIFICATE, does=_certificate),
    Route(method="DELETE", template=_CERTIFICATE, does=_delete),
)

"""The Data API's list of client certificates.

Facts: herokux (c822fb4, 2025-08) and the sample published with it (2020-09): a JSON array without private
keys and chains, with disabled certificates; 404 where mTLS is not enabled. Making, fetching and deleting one
are not played: they answer 404 like every path that is not there.
"""

from typing import Final

from sandbox.heroku import mtls, mtls_api, shapes
from sandbox.heroku.exchange import Answer, answered
from sandbox.heroku.routes import Call, Route

_CERTIFICATES: Final = mtls_api.PREFIX + "{db}/tls-endpoint/certificates"


def _certificates(call: Call) -> Answer:
    endpoint = mtls.endpoint_of(call.account.database(call.names["db"]), call.now)
    dates = call.account.switches.dates
    return answered(200, [shapes.certificate(each, dates) for each in endpoint.certificates])


ROUTES: Final = (Route(method="GET", template=_CERTIFICATES, does=_certificates),)

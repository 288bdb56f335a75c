"""The wall that is real: a Postgres with TLS that lets in whom the emulated Heroku would, and nobody else.

It stands behind one database of the emulated Heroku. The server is a real one; its client authority, its list
of revoked certificates and its ``pg_hba.conf`` follow that database's mTLS endpoint, and the database's
config vars name it: what a person pastes into a shell connects, or is refused in the words of a real server.
"""

from sandbox.tls_gateway.gateway import TlsGateway, raised
from sandbox.tls_gateway.postgres_server import TlsGatewayError
from sandbox.tls_gateway.source_addresses import ConfusedError

__all__ = ["ConfusedError", "TlsGateway", "TlsGatewayError", "raised"]

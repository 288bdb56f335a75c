"""TLS gateway: a real Postgres that accepts exactly the clients that the emulated Heroku would.

It serves one database of the emulated Heroku. Its client CA, its certificate revocation list and its
``pg_hba.conf`` follow that database's mTLS endpoint, and the database's config vars name it: what a person
pastes into a shell connects, or is rejected with the messages of a real server.
"""

from sandbox.tls_gateway.gateway import TlsGateway, start_gateway
from sandbox.tls_gateway.postgres_server import TlsGatewayError
from sandbox.tls_gateway.source_addresses import AmbiguousSourceError

__all__ = ["AmbiguousSourceError", "TlsGateway", "TlsGatewayError", "start_gateway"]

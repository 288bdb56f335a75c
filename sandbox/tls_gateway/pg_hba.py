"""``pg_hba.conf`` of the gateway's server: allowed networks, password and client certificate.

Fact: PostgreSQL documentation, 15, "The pg_hba.conf File" and "Secure TCP/IP Connections with SSL": the first
line that fits decides, a connection that none fits is refused; ``hostssl`` fits TLS connections only, and
``clientcert=verify-ca`` asks for a certificate of the server's client authority beside the password.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network

from sandbox.tls_gateway.source_addresses import loopback_network


def pg_hba_conf(networks: Iterable[IPv4Network], *, user: str, base: str) -> str:
    """Return a ``pg_hba.conf`` that allows exactly these networks.

    Args:
        networks: Networks of Heroku's IP rules; a comment names each beside its loopback network.
        user: The only user over TCP.
        base: The only database over TCP.
    """
    # The gateway itself, through the Unix socket, which nobody else can reach.
    lines = ["local all pgaccess trust"]
    lines += [
        f"hostssl {base} {user} {loopback_network(network)} scram-sha-256 clientcert=verify-ca  # {network}"
        for network in networks
    ]
    return "\n".join((*lines, ""))

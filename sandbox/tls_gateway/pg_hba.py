"""A server's ``pg_hba.conf``: who may connect from where, and what they have to show.

Fact: PostgreSQL documentation, 15, "The pg_hba.conf File" and "Secure TCP/IP Connections with SSL": the first
line that fits decides, a connection that none fits is refused; ``hostssl`` fits TLS connections only, and
``clientcert=verify-ca`` asks for a certificate of the server's client authority beside the password.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network

from sandbox.tls_gateway.source_addresses import places


def rulebook(networks: Iterable[IPv4Network], *, user: str, base: str) -> str:
    """Return the file that lets exactly these networks in.

    Args:
        networks: As Heroku's IP rules name them; a comment repeats it beside the place that plays it.
        user: The only one who may connect over TCP.
        base: The only database for that.
    """
    lines = ["local all pgaccess trust"]
    lines += [
        f"hostssl {base} {user} {places(network)} scram-sha-256 clientcert=verify-ca  # {network}"
        for network in networks
    ]
    return "\n".join((*lines, ""))

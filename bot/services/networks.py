"""What requests for networks of databases and of spaces have in common."""

from collections.abc import Sequence

from bot.domain.grant import Grant
from bot.domain.subject import Network, Networks, gathered, names_of, networks_of
from bot.domain.target import Target
from bot.errors import Refusal, Refused


def require_whole(live: Sequence[Grant], networks: Network | Networks, target: Target) -> Sequence[Grant]:
    """Returns the grants that removing some networks ends.

    Args:
        live: grants of any of the networks.
        networks: that are to be removed.
        target: where.

    Raises:
        Refused: a grant has further networks: it ends as a whole, since what is left of it would be access
            that nobody approved in that form. Or some of the networks have no grant while others do.
    """
    asked = set(names_of(networks))
    for grant in live:
        rest = set(names_of(grant.subject)) - asked
        if rest:
            raise Refused(
                Refusal.ADDRESS_PART, id=grant.request, address=networks, count=len(rest), app=target.label
            )
    held = {network for grant in live for network in networks_of(grant.subject)}
    without = [network for network in networks_of(networks) if network not in held]
    if live and without:
        raise Refused(Refusal.NOTHING_THERE, address=str(gathered(without)), app=target.label)
    return live


def one_of(networks: Network | Networks) -> Network:
    """Returns the only network of a request that is about one entry of Heroku's.

    Raises:
        Refused: they are several: each unmanaged entry is decided by itself.
    """
    if isinstance(networks, Networks):
        raise Refused(Refusal.ADDRESS_SEVERAL, given=str(networks))
    return networks

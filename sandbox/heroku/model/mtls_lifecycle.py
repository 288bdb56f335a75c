"""State transitions of a database's mTLS endpoint and its IP rules.

Facts: the Terraform provider herokux (c822fb4, 2025-08), the only public client of the API: an endpoint
goes from nothing to Provisioning, Operational, Deprovisioning and back to nothing; a rule from
Authorizing to Authorized, and is gone at once when it is deleted; there is no change of a rule.
"""

from datetime import datetime, timedelta
from ipaddress import IPv4Network
from typing import Final

from sandbox.heroku.http_types import Refused, missing
from sandbox.heroku.model.account import Account, as_uuid
from sandbox.heroku.model.certificate_authority import Authority
from sandbox.heroku.model.certificate_lifecycle import OFF, delete_all, first
from sandbox.heroku.model.networks import checked
from sandbox.heroku.model.resources import Database, Endpoint, KeptRule

RULES_PER_DATABASE: Final = 60
"""IP rules, a hard limit (herokux documentation, postgres_mtls_iprule, 2025-08)."""


def endpoint_of(database: Database, now: datetime) -> Endpoint:
    """Return a database's endpoint; raises `Refused` ``not_found`` when mTLS is not enabled."""
    endpoint = database.endpoint_at(now)
    if endpoint is None:
        raise Refused(404, OFF)
    return endpoint


def rule_of(database: Database, key: str, now: datetime) -> KeptRule:
    """Return a rule by id; raises `Refused` ``not_found``."""
    wanted = as_uuid(key)
    rules = endpoint_of(database, now).rules
    if wanted is None or wanted not in rules:
        raise missing("IP rule")
    return rules[wanted]


def enable(account: Account, database: Database, now: datetime) -> Endpoint:
    """Start enabling mTLS on a database; raises `Refused`."""
    if not database.can_have_mtls:
        raise Refused(account.behavior.unsupported, "mTLS needs a private or shield plan.")
    if database.endpoint_at(now) is not None:
        raise Refused(account.behavior.enabled_already, "mTLS is enabled for this database already.")
    ready = now + timedelta(seconds=account.times.provision)
    database.endpoint = endpoint = endpoint_for(database, since=now, operational_at=ready)
    first(account, database, endpoint, now)
    account.version.changed(ready)
    return endpoint


def endpoint_for(database: Database, *, since: datetime, operational_at: datetime) -> Endpoint:
    """Return an endpoint for a database, with authorities of its own."""
    return Endpoint(
        operational_at=operational_at,
        server=Authority(f"Emulated authority of {database.born}", since=since),
        clients=Authority(f"Emulated authority of clients of {database.born}", since=since),
    )


def disable(account: Account, database: Database, now: datetime) -> Endpoint:
    """Start disabling mTLS, with every rule and certificate; raises `Refused`.

    No client is accepted from now on. Repeating it changes nothing.
    """
    endpoint = endpoint_of(database, now)
    if endpoint.absent_at is None:
        endpoint.absent_at = now + timedelta(seconds=account.times.deprovision)
        # At once, although the endpoint is listed for a while: a deleted certificate is invalid immediately.
        delete_all(endpoint, now, endpoint.absent_at)
        account.version.changed(endpoint.absent_at)
    return endpoint


def add_rule(
    account: Account, database: Database, *, cidr: object, description: object, now: datetime
) -> KeptRule:
    """Start authorizing a network; raises `Refused`.

    Args:
        account: The account.
        database: The database.
        cidr: IPv4 network as sent.
        description: Description as sent.
        now: The moment.
    """
    network = checked(cidr)
    if not isinstance(description, str | None):
        raise Refused(422, "description must be a string.")
    endpoint = _with_room_for(network, account, database, now)
    rule = KeptRule(
        id=account.seeded.uuid(),
        cidr=str(network),
        description=description or "",
        created_at=now,
        authorized_at=now + timedelta(seconds=account.times.authorize),
    )
    endpoint.rules[rule.id] = rule
    account.version.changed(rule.authorized_at)
    return rule


def delete_rule(account: Account, database: Database, key: str, now: datetime) -> KeptRule:
    """Delete a rule at once and return it as it was; raises `Refused` ``not_found``."""
    rule = rule_of(database, key, now)
    del endpoint_of(database, now).rules[rule.id]
    # Remembered beyond the rule, for the error when the same CIDR is added again too soon.
    database.removed[rule.cidr] = now
    account.version.changed()
    return rule


def _with_room_for(network: IPv4Network, account: Account, database: Database, now: datetime) -> Endpoint:
    """Return the endpoint if it takes one more rule; raises `Refused` if not."""
    behavior = account.behavior
    endpoint = database.endpoint_at(now)
    if endpoint is None or endpoint.status(now) != "Operational":
        raise Refused(behavior.off, OFF)
    if len(endpoint.rules) >= RULES_PER_DATABASE:
        raise Refused(behavior.full, f"A database has at most {RULES_PER_DATABASE} IP rules.")
    known = any(rule.cidr == str(network) for rule in endpoint.rules.values())
    if known and behavior.duplicates == "refuse":
        raise Refused(422, "There is an IP rule for this CIDR already.")
    if database.removed_within(str(network), behavior.readd_error_seconds, now):
        raise Refused(500, "An internal error has occurred.")
    return endpoint

"""What befalls a database's mTLS endpoint and its IP rules, whoever does it.

Facts: the Terraform provider herokux (c822fb4, 2025-08), the only public client of the API: an endpoint
goes from nothing to Provisioning, Operational, Deprovisioning and back to nothing; a rule from
Authorizing to Authorized, and is gone at once when it is deleted; there is no change of a rule.
"""

from datetime import datetime, timedelta
from ipaddress import IPv4Network
from typing import Final

from sandbox.heroku.account import Account, as_uuid
from sandbox.heroku.authority import authority_chain
from sandbox.heroku.certificates import Certificate, CertificateStatus
from sandbox.heroku.exchange import Refused, missing
from sandbox.heroku.networks import checked
from sandbox.heroku.things import Database, Endpoint, KeptRule, lasting_id

RULES_PER_DATABASE: Final = 60
"""IP rules, a hard limit (herokux documentation, postgres_mtls_iprule, 2025-08)."""

_OFF: Final = "mTLS is not enabled for this database."


def endpoint_of(database: Database, now: datetime) -> Endpoint:
    """Return a database's endpoint; raises `Refused` ``not_found`` when mTLS is not enabled."""
    endpoint = database.endpoint_at(now)
    if endpoint is None:
        raise Refused(404, _OFF)
    return endpoint


def rule_of(database: Database, key: str, now: datetime) -> KeptRule:
    """Return a rule by id; raises `Refused` ``not_found``."""
    wanted = as_uuid(key)
    rules = endpoint_of(database, now).rules
    if wanted is None or wanted not in rules:
        raise missing("IP rule")
    return rules[wanted]


def enable(account: Account, database: Database, now: datetime) -> Endpoint:
    """Give a database mTLS, which takes a while; raises `Refused`."""
    if not database.can_have_mtls:
        raise Refused(account.switches.unsupported, "mTLS needs a private or shield plan.")
    if database.endpoint_at(now) is not None:
        raise Refused(account.switches.enabled_already, "mTLS is enabled for this database already.")
    ready = now + timedelta(seconds=account.pace.provision)
    database.endpoint = Endpoint(operational_at=ready, authority=authority_chain(database.name, now=now))
    account.version.changed(ready)
    return database.endpoint


def disable(account: Account, database: Database, now: datetime) -> Endpoint:
    """Take mTLS and all rules away, which takes a while; raises `Refused`. A second time changes nothing."""
    endpoint = endpoint_of(database, now)
    if endpoint.gone_at is None:
        endpoint.gone_at = now + timedelta(seconds=account.pace.deprovision)
        account.version.changed(endpoint.gone_at)
    return endpoint


def add_rule(
    account: Account, database: Database, *, cidr: object, description: object, now: datetime
) -> KeptRule:
    """Let a network in, which takes a while; raises `Refused`.

    Args:
        account: Whose.
        database: Which.
        cidr: An IPv4 network, as somebody wrote it.
        description: A text or nothing, as somebody wrote it.
        now: The moment.
    """
    network = checked(cidr)
    if not isinstance(description, str | None):
        raise Refused(422, "description must be a string.")
    endpoint = _with_room_for(network, account, database, now)
    rule = KeptRule(
        id=account.dice.uuid(),
        cidr=str(network),
        description=description or "",
        created_at=now,
        authorized_at=now + timedelta(seconds=account.pace.authorize),
    )
    endpoint.rules[rule.id] = rule
    account.version.changed(rule.authorized_at)
    return rule


def delete_rule(account: Account, database: Database, key: str, now: datetime) -> KeptRule:
    """Take a rule off the list at once and return it as it was; raises `Refused` ``not_found``."""
    rule = rule_of(database, key, now)
    del endpoint_of(database, now).rules[rule.id]
    database.removed[rule.cidr] = now
    account.version.changed()
    return rule


def add_certificate(
    account: Account, database: Database, *, expires_at: datetime, status: CertificateStatus, now: datetime
) -> Certificate:
    """Give a database a client certificate; raises `Refused` ``not_found`` when mTLS is not enabled.

    Its id and name depend on nothing but the database and how many there were before.
    """
    endpoint = endpoint_of(database, now)
    number = len(endpoint.certificates) + 1
    certificate = Certificate(
        id=lasting_id("certificate", f"{database.name}/{number}"),
        name=f"client-{number}.{database.name}.played.example",
        status=status,
        created_at=now,
        updated_at=now,
        expires_at=expires_at,
    )
    endpoint.certificates.append(certificate)
    account.version.changed()
    return certificate


def _with_room_for(network: IPv4Network, account: Account, database: Database, now: datetime) -> Endpoint:
    """Return the endpoint that takes one more rule; raises `Refused` when it does not."""
    switches = account.switches
    endpoint = database.endpoint_at(now)
    if endpoint is None or endpoint.status(now) != "Operational":
        raise Refused(switches.off, _OFF)
    if len(endpoint.rules) >= RULES_PER_DATABASE:
        raise Refused(switches.full, f"A database has at most {RULES_PER_DATABASE} IP rules.")
    known = any(rule.cidr == str(network) for rule in endpoint.rules.values())
    if known and switches.duplicates == "refuse":
        raise Refused(422, "There is an IP rule for this CIDR already.")
    if database.removed_within(str(network), switches.readd_error_seconds, now):
        raise Refused(500, "An internal error has occurred.")
    return endpoint

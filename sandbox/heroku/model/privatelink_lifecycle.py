"""State transitions of a database's PrivateLink endpoint.

Facts: herokux (c822fb4, 2025-08) and heroku/heroku-data-privatelink-cli (2.0.1, 2026-08): one endpoint a
database; it is made with one account at least and may lose them all later; an account that is there already
may be added again. Heroku Dev Center, heroku-postgres-via-privatelink, 2026-06: private and shield plans,
not Heroku Postgres Advanced.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sandbox.heroku.http_types import Refused
from sandbox.heroku.model.account import Account
from sandbox.heroku.model.aws_names import principal, root_of
from sandbox.heroku.model.catalog import REGIONS
from sandbox.heroku.model.privatelink import AllowedAccount, PrivateLink
from sandbox.heroku.model.resources import Database

_OFF: Final = "PrivateLink is not enabled for this database."


def link_of(database: Database, now: datetime) -> PrivateLink:
    """Return a database's PrivateLink endpoint; raises `Refused` ``not_found`` when there is none."""
    link = database.link_at(now)
    if link is None:
        raise Refused(404, _OFF)
    return link


def principals(account: Account, given: object) -> list[str]:
    """Return the ARNs of a list of accounts, each once; raises `Refused` for anything else and for none."""
    if not isinstance(given, list):
        raise Refused(422, "allowed_accounts is required and must be a list.")
    if not given:
        raise Refused(account.behavior.no_accounts, "allowed_accounts must name one account at least.")
    return list(dict.fromkeys(principal(each) for each in given))


def create(account: Account, database: Database, arns: Sequence[str], now: datetime) -> PrivateLink:
    """Start creating an endpoint; raises `Refused`."""
    if not database.can_have_privatelink:
        raise Refused(account.behavior.unsupported, "PrivateLink needs a private or shield plan.")
    if database.link_at(now) is not None:
        raise Refused(account.behavior.link_already, "This database has a PrivateLink endpoint already.")
    _check_room(account, len(arns))
    link = _new(account, database, now)
    for arn in arns:
        _admit(account, link, arn, now)
    database.link = link
    account.version.changed(link.operational_at, link.visible_at)
    return link


def destroy(account: Account, database: Database, now: datetime) -> PrivateLink:
    """Destroy an endpoint with all its connections; raises `Refused`. Repeating it changes nothing."""
    link = link_of(database, now)
    if link.absent_at is None:
        link.absent_at = now + timedelta(seconds=account.times.unlink)
        # Destroying the endpoint service cuts what removing an account leaves.
        link.connections.clear()
        account.version.changed(link.absent_at)
    return link


def admit(account: Account, database: Database, arns: Sequence[str], now: datetime) -> bool:
    """Start allowing accounts, and return whether any was new; raises `Refused`."""
    link = _changeable(account, database, now)
    new = [arn for arn in arns if arn not in link.accounts]
    _check_room(account, len(link.accounts) + len(new))
    for arn in new:
        _admit(account, link, arn, now)
    return bool(new)


def dismiss(account: Account, database: Database, arns: Sequence[str], now: datetime) -> bool:
    """Remove allowed accounts at once, and return whether any was there; raises `Refused`.

    `Behavior` says whether their connections are left or cut.
    """
    link = _changeable(account, database, now)
    there = [arn for arn in arns if arn in link.accounts]
    if len(there) < len(arns) and account.behavior.absent_account >= 400:
        raise Refused(account.behavior.absent_account, "One of these accounts is not allowed.")
    for arn in there:
        del link.accounts[arn]
    if account.behavior.removed_account == "cut":
        link.connections = {
            id: each for id, each in link.connections.items() if _allowed(link, each.principal)
        }
    account.version.changed()
    return bool(there)


def _allowed(link: PrivateLink, arn: str) -> bool:
    return arn in link.accounts or root_of(arn) in link.accounts


def _new(account: Account, database: Database, now: datetime) -> PrivateLink:
    region = REGIONS[database.app.region]
    operational = now + timedelta(seconds=account.times.link)
    return PrivateLink(
        service_name=f"com.amazonaws.vpce.{region}.vpce-svc-0{account.seeded.uuid().hex[:16]}",
        region=region,
        operational_at=operational,
        visible_at=operational + timedelta(seconds=account.times.publish),
    )


def _admit(account: Account, link: PrivateLink, arn: str, now: datetime) -> None:
    # No account can connect before the endpoint itself is operational.
    active = max(link.operational_at, now + timedelta(seconds=account.times.admit))
    link.accounts[arn] = AllowedAccount(arn=arn, active_at=active)
    account.version.changed(active)


def _changeable(account: Account, database: Database, now: datetime) -> PrivateLink:
    """Return an endpoint whose accounts may be changed; raises `Refused`."""
    link = link_of(database, now)
    status = link.status(now)
    early = status == "Provisioning" and account.behavior.accounts_while_provisioning == "refuse"
    if status == "Deprovisioned" or early:
        raise Refused(422, f"The PrivateLink endpoint is {status}.")
    return link


def _check_room(account: Account, count: int) -> None:
    most = account.behavior.most_accounts
    if most is not None and count > most:
        raise Refused(account.behavior.too_many_accounts, f"At most {most} accounts are allowed.")

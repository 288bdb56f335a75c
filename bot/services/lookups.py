"""Finds what people name: requests, grants, databases, spaces and certificates."""

from bot.domain.grant import Grant
from bot.domain.method import Method
from bot.domain.mtls.certificate import KnownCertificate
from bot.domain.observation import Observation
from bot.domain.outside.text import Names, cite
from bot.domain.policy.rules import Policy
from bot.domain.target import Database, Space, choose, choose_space
from bot.errors import Refusal, Refused
from bot.ports import RequestDetails, Transaction
from bot.services.targets.absences import explain_unknown
from bot.services.targets.discovery import known_databases, known_spaces


async def request_details(tx: Transaction, request: int) -> RequestDetails:
    """Returns a request with everything that is shown of it; raises ``Refused`` if there is none."""
    details = await tx.requests.details(request)
    if details is None:
        raise Refused(Refusal.REQUEST_UNKNOWN, id=request)
    return details


async def request_grant(tx: Transaction, request: int) -> Grant:
    """Returns the grant that a request opened, locked; raises ``Refused`` if there is none."""
    grant = await tx.grants.of_request(request)
    if grant is None:
        # Only for its refusal: a number that was never given is a mistake of another kind.
        await request_details(tx, request)
        raise Refused(Refusal.GRANT_NOT_OPEN, id=request)
    return grant


async def find_database(tx: Transaction, policy: Policy, name: str | None, method: Method) -> Database:
    """Returns the database that a person names; see ``find_observed_database``."""
    return (await find_observed_database(tx, policy, name, method))[0]


async def find_observed_database(
    tx: Transaction, policy: Policy, name: str | None, method: Method
) -> tuple[Database, Observation | None]:
    """Returns the database that a person names, with its last observation.

    A name that fits one database costs one query; all databases are read only if it does not.

    Args:
        tx: an open transaction.
        policy: knows the aliases.
        name: an alias, an add-on's or an app's name; None if the person named none.
        method: the access method whose observation is wanted.

    Raises:
        Refused: no database fits, or several do.
    """
    found: dict[Database, Observation | None] = {}
    if name is not None:
        # An alias goes before a name: an app that takes an alias as its name must not take over its requests.
        entry = next((each for each in policy.targets if each.alias.lower() == name.lower()), None)
        spelt, keys = (name, ()) if entry is None else (entry.database, (entry.key,))
        found = dict(await tx.targets.named(spelt, method, entries=keys))
    candidates = tuple(found) or await known_databases(tx)
    database = await chosen(tx, policy, candidates, name)
    if database in found:
        return database, found[database]
    return database, await tx.reconcile_queue.observation(database.id, method)


async def find_space(tx: Transaction, policy: Policy, name: str | None) -> Space:
    """Returns the space that a person names, by its own name or by a database in it.

    Raises:
        Refused: no space fits, or several do.
    """
    spaces, databases = await known_spaces(tx), await tx.targets.databases()
    return await chosen_space(tx, policy, spaces, databases, name)


async def chosen(
    tx: Transaction, policy: Policy, databases: tuple[Database, ...], name: str | None
) -> Database:
    """Returns the one of some databases that a person names, as ``choose``.

    Raises:
        Refused: none fits, or several do. Where the name meant a database that is gone, the refusal says so.
    """
    try:
        return choose(databases, name, policy.aliases(databases))
    except Refused as refused:
        raise await explain_unknown(tx, policy, name, refused) from refused


async def chosen_space(
    tx: Transaction,
    policy: Policy,
    spaces: tuple[Space, ...],
    databases: tuple[Database, ...],
    name: str | None,
) -> Space:
    """Returns the one of some spaces that a person names, as ``choose_space``; refusals as of ``chosen``."""
    try:
        return choose_space(spaces, databases, name, policy.aliases((*spaces, *databases)))
    except Refused as refused:
        raise await explain_unknown(tx, policy, name, refused) from refused


async def find_certificate(tx: Transaction, handle: str | None) -> KnownCertificate:
    """Returns the certificate that a person names.

    Args:
        tx: an open transaction.
        handle: its request's number, or the beginning of Heroku's id; None if the person gave none.

    Raises:
        Refused: no handle was given, no present certificate fits, or several do.
    """
    if handle is None:
        raise Refused(Refusal.CERTIFICATE_MISSING)
    found = await tx.certificates.matching(handle)
    if not found:
        raise Refused(Refusal.CERTIFICATE_UNKNOWN, handle=cite(handle))
    if len(found) > 1:
        known = Names(each.id.hex for each in found)
        raise Refused(Refusal.CERTIFICATE_AMBIGUOUS, handle=cite(handle), known=known)
    return found[0]


async def database_of(tx: Transaction, certificate: KnownCertificate) -> Database:
    """Returns the database of a certificate; raises ``Refused`` if Heroku has it no longer."""
    for database in await tx.targets.databases():
        if database.id == certificate.target:
            return database
    raise Refused(Refusal.CERTIFICATE_UNKNOWN, handle=certificate.handle)

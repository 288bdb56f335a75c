"""What ``pgaccess rebuild`` finds that it does not record again: a person has to decide about it."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Final

from bot.domain.method import Method, has_mtls
from bot.domain.mtls.certificate import DISABLED, SHOWN_OF_ID, Certificate
from bot.domain.restored_grants import Doubt, DoubtfulGrant, doubtful_grants
from bot.domain.signed_note import Note
from bot.domain.target import Database, Target
from bot.errors import HerokuError, HerokuNotFoundError
from bot.ports import Heroku, Store

_TIME: Final = "%Y-%m-%d %H:%M:%S UTC"

_SAID: Final[Mapping[Doubt, str]] = {
    Doubt.OVER: "its note says that it is over, and the store does not: a finding, end it in Slack",
    Doubt.EXTENDED: "its note has a later end than the store: a finding, extend it again in Slack",
    Doubt.UNOPENED: "approved and not opened yet by what the store knows, so that a worker opens it: a "
    "finding, end it in Slack before a worker is started if it has ended since the backup",
}


async def rebuild_findings(
    store: Store, heroku: Heroku, targets: Iterable[Target], newest: Iterable[Note]
) -> AsyncIterator[str]:
    """Yields a line for each certificate and each open grant that the store may know too little of.

    Args:
        store: the new or restored store.
        heroku: is only read.
        targets: every database and space.
        newest: the newest note of each grant.
    """
    notes = tuple(newest)
    for target in targets:
        if isinstance(target, Database) and has_mtls(target.plan):
            for line in await _certificates(store, heroku, target):
                yield line
        for found in await _grants(store, target, notes):
            yield f"{target.label}: {_words(found)}"


async def _certificates(store: Store, heroku: Heroku, database: Database) -> list[str]:
    """Lines about certificates of which the store does not know for whom they were made."""
    try:
        listed = await heroku.certificates(database)
    except HerokuNotFoundError:
        # mTLS is not enabled: there are none.
        return []
    except HerokuError as error:
        return [f"{database.label}: certificates could not be read ({error}): run this again later"]
    async with store.transaction() as tx:
        known = {each.id for each in await tx.certificates.present(database.id) if not each.unmanaged}
    usable = [each for each in listed if each.status != DISABLED and each.id not in known]
    return [f"{database.label}: {_shown(each, database)}" for each in usable]


def _shown(certificate: Certificate, database: Database) -> str:
    handle = certificate.id.hex[:SHOWN_OF_ID]
    end = certificate.expires_at
    until = "an end that Heroku does not tell" if end is None else f"its end on {end:{_TIME}}"
    return (
        f"certificate {handle} ({certificate.name}, {certificate.status}, with {until}), and it is not known "
        f"for whom it was made: a finding, /pgaccess mtls certificate list {database.label} in Slack"
    )


async def _grants(store: Store, target: Target, notes: Iterable[Note]) -> tuple[DoubtfulGrant, ...]:
    async with store.transaction() as tx:
        grants = [grant for method in Method for grant in await tx.grants.running(target.id, method)]
    return doubtful_grants(grants, notes)


def _words(found: DoubtfulGrant) -> str:
    grant, note = found.grant, found.note
    said = _SAID[found.doubt]
    stored = "without an end" if grant.ends_at is None else f"ends {grant.ends_at:{_TIME}}"
    noted = ""
    if note is not None and found.doubt is Doubt.EXTENDED:
        noted = f" ({note.ends_at:{_TIME}} by its note)"
    return f"{grant.subject}, request {grant.request} of {grant.owner}, {stored}{noted}: {said}"

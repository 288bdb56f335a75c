"""Reads who could reach a target at a moment from the store, and prints it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from psycopg.errors import UndefinedColumn, UndefinedTable
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cli.answer import Answer
from bot.cli.policy import current_policy
from bot.config import database_url
from bot.domain.access_history import Access, AccessAt, Approval, Certainty, Evidence, Sight
from bot.domain.duration import show_duration
from bot.domain.method import Method
from bot.domain.moment import show_moment
from bot.domain.outside.text import visible
from bot.domain.subject import names_of
from bot.domain.target import NO_ALIASES, Aliases
from bot.errors import MisconfiguredError, NotMigratedError, Refusal, Refused
from bot.services.who import past_moment, read_access, targets_called
from storage.engine import cannot_connect, engine_for
from storage.repositories.access_history import PostgresAccessHistory
from storage.repositories.targets import target_of
from storage.tables import slack_users, targets

EXAMPLE: Final = '--at "2026-03-03 14:00"'

_METHODS: Final = {
    Method.MTLS: "mTLS",
    Method.PRIVATELINK: "PrivateLink",
    Method.TRUSTED: "trusted IP ranges",
}


async def who(word: str, moment: str | None, environ: Mapping[str, str], *, now: datetime) -> Answer:
    """Return who could reach what a word named at a moment.

    Args:
        word: A name of that day, or one of today's aliases.
        moment: As typed; None for now.
        environ: Has ``DATABASE_URL``; the policy, for its aliases, where there is one.
        now: Business time.

    Raises:
        MisconfiguredError: The store cannot be read, nothing was called so, or the moment is none.
        NotMigratedError: The store has no schema yet, or an older one.
    """
    at = _moment(moment, now)
    engine = engine_for(database_url(environ))
    try:
        async with engine.connect() as connection:
            # Read in one snapshot, and as long as it takes: nobody waits for an answer within seconds.
            await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            history = PostgresAccessHistory(connection)
            named = await targets_called(history, word, at, aliases=await _aliases(connection, environ))
            access = await read_access(history, named, at)
            people = await _people(connection, mentioned(access))
    except Refused as refused:
        raise _unknown(refused) from None
    except OperationalError:
        # Its message repeats the URL, in which there is a password.
        raise MisconfiguredError(cannot_connect(engine.url)) from None
    except SQLAlchemyError as error:
        if isinstance(getattr(error, "orig", None), UndefinedTable | UndefinedColumn):
            raise NotMigratedError from error
        raise MisconfiguredError(f"the store cannot be read: {type(error).__name__}") from None
    finally:
        await engine.dispose()
    return Answer(lines=list(report(word, access, people)))


def _moment(moment: str | None, now: datetime) -> datetime:
    try:
        return past_moment(moment, now=now, zone=UTC)
    except Refused as refused:
        if refused.reason is Refusal.MOMENT_AHEAD:
            raise MisconfiguredError(
                f"--at {refused.params['given']} is in the future; for example {EXAMPLE}"
            ) from None
        raise MisconfiguredError(
            f"--at {refused.params['given']} is not a time; for example {EXAMPLE}, in UTC, "
            'or with an offset: --at "2026-03-03T14:00+09:00"'
        ) from None


def _unknown(refused: Refused) -> MisconfiguredError:
    known = refused.params.get("known")
    names = f"; known are {known}" if known else "; nothing at Heroku was read by then"
    return MisconfiguredError(f"no target was called {refused.params.get('word')} then{names}")


async def _aliases(connection: AsyncConnection, environ: Mapping[str, str]) -> Aliases:
    """The policy's aliases; none where there is no policy that can be read."""
    try:
        policy = current_policy(environ)
    except MisconfiguredError:
        return NO_ALIASES
    rows = (await connection.execute(select(targets).order_by(targets.c.id))).mappings()
    return policy.aliases([target_of(row) for row in rows])


def mentioned(access: AccessAt) -> frozenset[str]:
    """Return the Slack ids of everybody whom an answer names."""
    approvals = [
        *(approval for each in access.grants for approval in each.approvals),
        *(approval for each in access.adopted for approval in each.approvals),
    ]
    return frozenset(
        [
            *(each.grant.owner for each in access.grants),
            *(each.requester for each in access.adopted),
            *(each.person for each in approvals),
        ]
    )


async def _people(connection: AsyncConnection, ids: Collection[str]) -> Mapping[str, str]:
    statement = select(slack_users.c.id, slack_users.c.name).where(slack_users.c.id.in_(sorted(ids)))
    return {row.id: row.name for row in await connection.execute(statement)}


# --- the report -----------------------------------------------------------------------------------


def report(word: str, access: AccessAt, people: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of an answer.

    Args:
        word: what was asked about.
        access: who could reach it.
        people: names by Slack id, as far as they are known.
    """
    yield f"Who could reach {visible(word)} at {show_moment(access.at)}"
    for name in access.targets:
        called = f" ({name.name})" if name.name != name.shown else ""
        yield f"  {name.shown}{called}, {name.target}"
    yield ""
    yield f"By approval: {len(access.grants) or 'nobody'}"
    for each in access.grants:
        yield from _grant(access, each, people)
    yield f"By adopted entries: {len(access.adopted) or 'nobody'}"
    for adopted in access.adopted:
        where = access.name_of(adopted.target)
        by = _person(adopted.requester, people)
        yield f"  {adopted.subject} → {where}, {_METHODS[adopted.method]}, #{adopted.request} of {by}"
        yield f"    adopted {show_moment(adopted.since)}{_until(adopted.absent_at)}"
        yield from _approved(adopted.approvals, people)
        yield f"    entry {adopted.entry}"
    yield f"By entries that pgaccess did not manage, as observed: {len(access.unmanaged) or 'nobody'}"
    for entry in access.unmanaged:
        yield f"  {entry.subject} → {access.name_of(entry.target)}, {_METHODS[entry.method]}"
        yield f"    first seen {show_moment(entry.first_seen_at)}{_until(entry.absent_at)}"
        if entry.description:
            yield f"    described as {entry.description}"
        if entry.created_by:
            yield f"    in a list that {entry.created_by} wrote"
        if entry.entry != entry.subject:
            yield f"    entry {entry.entry}"
    yield "Evidence:"
    for seen in access.evidence:
        yield f"  {access.name_of(seen.target)}, {_METHODS[seen.method]}: {_seen(seen)}"


def _grant(access: AccessAt, each: Access, people: Mapping[str, str]) -> Iterator[str]:
    grant = each.grant
    what = ", ".join(names_of(grant.subject))
    owner = _person(grant.owner, people)
    yield f"  #{grant.request}  {what} → {access.name_of(grant.target)}, {_METHODS[grant.method]}, {owner}"
    begun = "in force since" if each.certainty is Certainty.IN_FORCE else "being opened, approved"
    planned = "no end" if each.planned_end is None else f"planned end {show_moment(each.planned_end)}"
    yield f"    {begun} {show_moment(each.since)}, {planned}{_until(each.ended_at, each.ended)}"
    yield from _approved(each.approvals, people)
    if each.recorded.reason:
        yield f"    because {' '.join(visible(each.recorded.reason).split())}"
    if each.recorded.entries:
        yield f"    entry {', '.join(each.recorded.entries)}"


def _approved(approvals: Sequence[Approval], people: Mapping[str, str]) -> Iterator[str]:
    if not approvals:
        yield "    approved by the policy, without a person"
    for approval in approvals:
        by = _person(approval.person, people)
        yield f"    approved by {by} at {show_moment(approval.at)} (#{approval.request})"


def _until(moment: datetime | None, how: str = "gone") -> str:
    return ", there now" if moment is None else f", {how} {show_moment(moment)}"


def _person(id: str, people: Mapping[str, str]) -> str:
    name = visible(people.get(id, ""))
    return f"{name} ({id})" if name else id


def _seen(seen: Evidence) -> str:
    match seen.sight:
        case Sight.NEVER:
            return "never observed"
        case Sight.GAP if seen.until is not None:
            until = show_moment(seen.until)
            if seen.since is None:
                return f"no record of observations before {until}"
            return f"not observed between {show_moment(seen.since)} and {until}"
        case Sight.LAST if seen.since is not None and seen.age is not None:
            return f"last observed {show_moment(seen.since)}, {show_duration(seen.age)} before"
    return "observed at least every 30 minutes around then"

"""Reading: what is open, what waits, and what the last look saw. Nothing here changes anything."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from bot.domain.method import Method
from bot.domain.observation import mtls_observation, privatelink_observation, ruleset_observation
from bot.domain.request import Kind, RequestState
from bot.domain.target import Database, Space, Target, choose, choose_space, names_space
from bot.ports import DatabaseStatus, HomeSummary, MessageKind, RequestDetails, SpaceStatus, Transaction
from bot.services.base import UseCases, details_of

LISTED: Final = 20
"""Requests that one answer lists: a message takes 50 blocks."""


class Reading(UseCases):
    """Answers from the store alone: fast, and with their age where Heroku is concerned."""

    async def show(self, request: int) -> RequestDetails:
        """One request; raises ``Refused`` when there is none of that number."""
        async with self._store.transaction() as tx:
            return await details_of(tx, request)

    async def list(self, which: str | None, *, person: str) -> tuple[RequestDetails, ...]:
        """Requests that are pending or open, newest first.

        Args:
            which: ``mine``, ``pending``, a database's name, by which its space's ranges are meant too, a
                space's name, or None for all of them.
            person: who asks.
        """
        async with self._store.transaction() as tx:
            if which == "pending":
                return await tx.requests.pending(limit=LISTED)
            requester = person if which == "mine" else None
            if which in (None, "mine"):
                return await tx.requests.open_cases(requester=requester, limit=LISTED)
            target = await self._named(tx, which)
            cases = await tx.requests.open_cases(requester=None, target=target.id, limit=LISTED)
            space = await _trusting_space(tx, target) if isinstance(target, Database) else None
            if space is not None:
                cases += await tx.requests.open_cases(requester=None, target=space.id, limit=LISTED)
        newest = sorted(cases, key=lambda case: case.request.id, reverse=True)
        return tuple(newest[:LISTED])

    async def databases(self) -> tuple[Database, ...]:
        """The databases that can be asked for."""
        async with self._store.transaction() as tx:
            return await tx.targets.all()

    async def situation(self, target: str | None, *, person: str) -> DatabaseStatus:
        """Everything known about one database, and what this person has there; has it looked at again."""
        async with self._store.transaction() as tx:
            database = self._choose(await tx.targets.all(), target)
            space = await _trusting_space(tx, database)
            await tx.reconcile_queue.request_refresh(
                *[each.id for each in (database, space) if each is not None]
            )
            await tx.commit()
        return await self.glance(database, person=person)

    async def glance(self, database: Database, *, person: str) -> DatabaseStatus:
        """Everything known about one database, without asking for a new look."""
        async with self._store.transaction() as tx:
            observation = mtls_observation(await tx.reconcile_queue.look(database.id, Method.MTLS))
            link = privatelink_observation(await tx.reconcile_queue.look(database.id, Method.PRIVATELINK))
            cases = await tx.requests.open_cases(requester=None, target=database.id, limit=100)
            certificates = await tx.certificates.present(database.id)
            space = await _space_of(tx, database)
        nearby = cases if space is None else (*cases, *space.open)
        mine = tuple(case for case in nearby if case.request.requester == person)
        return DatabaseStatus(
            database=database,
            observation=observation,
            open=cases,
            mine=mine,
            now=self._clock.now(),
            link=link,
            certificates=tuple(known for known in certificates if known.owner == person),
            space=space,
        )

    async def observed(self, ways: Collection[tuple[UUID, Method]]) -> Mapping[tuple[UUID, Method], datetime]:
        """When ways into databases and spaces were last looked at; those that never were are left out."""
        async with self._store.transaction() as tx:
            return await tx.reconcile_queue.observed_at(ways)

    async def overview(self, person: str) -> HomeSummary:
        """What a person's App Home shows: theirs, what waits for them, and what ends soon."""
        async with self._store.transaction() as tx:
            known = await tx.slack_users.find(person)
            ids = known.ids if known is not None else frozenset({person})
            mine = await tx.requests.open_cases(requester=person, limit=LISTED)
            pending = await tx.requests.pending(limit=100)
        waiting = tuple(case for case in pending if self._decides(case, ids))[:LISTED]
        # An extension has its own line among theirs; here the grant counts, and once.
        opened = [case for case in mine if case.request.kind is Kind.OPEN]
        timed = [case for case in opened if case.grant is not None and case.grant.ends_at is not None]
        soon = sorted(timed, key=lambda case: str(case.grant and case.grant.ends_at))
        return HomeSummary(mine=mine, waiting=waiting, ending=tuple(soon[:3]))

    async def show_home(self, person: str) -> None:
        """Has a person's App Home shown afresh; the courier does it."""
        async with self._store.transaction() as tx:
            key = f"home:{person}"
            if not await tx.outbox.refresh(key):
                await tx.outbox.tell(MessageKind.HOME, to=person, key=key)
            await tx.commit()

    async def locale(self, person: str) -> str | None:
        """The Slack locale of a person."""
        async with self._store.transaction() as tx:
            return await tx.slack_users.locale(person)

    async def _named(self, tx: Transaction, word: str) -> Target:
        """The database that a person means, or the space where it is one's own name."""
        databases, spaces = await tx.targets.all(), await tx.targets.spaces()
        aliases = {one.alias: one.database for one in self._policy.targets if one.is_space}
        if names_space(spaces, databases, word, aliases):
            return choose_space(spaces, databases, word, aliases)
        return self._choose(databases, word)

    def _choose(self, databases: tuple[Database, ...], word: str | None) -> Database:
        return choose(databases, word, {one.alias: one.database for one in self._policy.targets})

    def _decides(self, case: RequestDetails, ids: frozenset[str]) -> bool:
        rule = self._policy.rule_named(case.request.rule)
        return (
            case.request.state is RequestState.PENDING
            and rule is not None
            and not rule.approvers.isdisjoint(ids)
            and case.request.requester not in ids
            and not any(vote.person in ids for vote in case.decisions)
        )


async def space_seen(tx: Transaction, space: Space) -> SpaceStatus:
    """Everything known about one space."""
    return SpaceStatus(
        space=space,
        observation=ruleset_observation(await tx.reconcile_queue.look(space.id, Method.TRUSTED)),
        open=await tx.requests.open_cases(requester=None, target=space.id, limit=100),
        services=await tx.trusted_ranges.services(space.id, lock=False),
    )


async def _space_of(tx: Transaction, database: Database) -> SpaceStatus | None:
    space = await _trusting_space(tx, database)
    return None if space is None else await space_seen(tx, space)


async def _trusting_space(tx: Transaction, database: Database) -> Space | None:
    """The space that a database is in, where that can have trusted ranges."""
    if database.shield:
        return None
    spaces = await tx.targets.spaces()
    return next((one for one in spaces if one.name == database.space and one.takes_ranges), None)

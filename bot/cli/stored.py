"""What the store knows of targets, people and the policy, read at once for the commands that only look."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.person import Person
from bot.domain.policy.rules import Policy
from bot.domain.policy.stand_in import PolicyState
from bot.domain.target import Database, KnownAs, Space, Target
from bot.policy.deciders import GroupReading, People
from bot.ports import Installation
from storage.engine import engine_for
from storage.repositories.audit import PostgresAudit
from storage.repositories.installations import PostgresInstallations
from storage.repositories.policy_states import PostgresPolicyStates
from storage.repositories.targets import PostgresTargets
from storage.tables import slack_groups, slack_users
from storage.write_buffer import WriteBuffer


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """The store at one moment.

    Attributes:
        databases: those that Heroku had when it was read last.
        spaces: likewise.
        people: as they were when Slack was read last.
        state: of the last policy that could be read; None before the first.
        installation: what it is called at Heroku.
    """

    databases: tuple[Database, ...]
    spaces: tuple[Space, ...]
    people: People
    state: PolicyState | None
    installation: Installation

    @property
    def known(self) -> Mapping[UUID, KnownAs]:
        """What the policy knows each target by, by Heroku's UUID."""
        targets: tuple[Target, ...] = (*self.databases, *self.spaces)
        return {target.id: target.known for target in targets}

    def people_of(self, policy: Policy) -> People:
        """Returns the people with every group that a policy names, also those that were never read."""
        unread = GroupReading(members=None)
        groups = {id: self.people.groups.get(id, unread) for id in policy.groups}
        return People(persons=self.people.persons, groups=groups)


async def read_store(url: str) -> Stored:
    """Reads a migrated store.

    Args:
        url: of the database.

    Raises:
        SQLAlchemyError: it cannot be reached, or was not migrated.
        MisconfiguredError: the URL is not a Postgres URL.
    """
    engine = engine_for(url)
    try:
        async with engine.connect() as connection:
            # Only read: its audit would have nothing to write.
            targets = PostgresTargets(connection, PostgresAudit(connection, WriteBuffer(connection)), set())
            return Stored(
                databases=await targets.databases(),
                spaces=await targets.spaces(),
                people=await _people(connection),
                state=await PostgresPolicyStates(connection).last(),
                installation=await PostgresInstallations(connection).current(),
            )
    finally:
        await engine.dispose()


async def _people(connection: AsyncConnection) -> People:
    own = [name for name in Person.__dataclass_fields__ if not name.endswith("groups")]
    columns = [slack_users.c[name] for name in own]
    # A row that was never read is a look-up that somebody asked for: nothing is known of them.
    persons = select(*columns).where(slack_users.c.known_at.is_not(None))
    found = (await connection.execute(persons)).mappings()
    groups = (await connection.execute(select(slack_groups))).mappings()
    return People(
        persons={row["id"]: Person(**row) for row in found},
        groups={row["id"]: _group(row["members"], row["error"]) for row in groups},
    )


def _group(members: list[str], error: str) -> GroupReading:
    """A group as it was read; one whose last reading failed is not known, whoever was in it before."""
    return GroupReading(members=None if error else tuple(members), error=error)

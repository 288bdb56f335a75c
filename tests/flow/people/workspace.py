"""A workspace of a chosen size and mood, with the bot in it."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from bot.directory_sync import DirectorySync
from bot.domain.person import Person as KnownPerson
from sandbox.environment import BOT_TOKEN, SIGNING_SECRET, start_environment
from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.fault_injection import Fault
from sandbox.slack.model.fixtures import Person, UserGroup
from sandbox.slack.users.administration import Administration
from tests.flow.actions import Acts, heroku_emulator

RULES: Final = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"
admins = ["U0LEAD"]
"""

BY_GROUP: Final = (
    RULES
    + """
[[rules]]
name = "everything"
approvers = ["S0LEADS"]
"""
)

AT_ONCE: Final = 3000.0
"""Milliseconds within which Slack wants an answer."""


class Workspace(Acts):
    """User actions, what an administrator does, and what the bot knows of people."""

    @property
    def slack(self) -> SlackEmulator:
        return self.environment.slack

    @property
    def administration(self) -> Administration:
        return Administration(self.slack, self.environment.people)

    def asked(self, method: str) -> list[str]:
        """Arguments of every call of a Web API method."""
        return [entry.sent for entry in self.slack.request_log if entry.name == method]

    def directory_sync(self) -> DirectorySync:
        """Another worker, as a new process would have it."""
        app = self.environment.app
        return DirectorySync(
            store=app.store, heroku=app.heroku, slack=app.slack, policy=app.policy, clock=app.clock
        )

    async def known(self, id: str, *, however_old: bool = False) -> KnownPerson | None:
        app = self.environment.app
        async with app.store.transaction() as tx:
            return await tx.slack_users.find(id, groups=app.policy.groups, however_old=however_old)

    async def count_known(self) -> int:
        ((count,),) = await self.query("SELECT count(*) FROM slack_users WHERE fetched_at IS NOT NULL")
        return int(count)

    async def let_age(self, minutes: int = 60) -> None:
        """Makes everything that is known of people and groups older, as if Slack had been away so long."""
        aged = {
            "slack_users": ("fetched_at", "known_at"),
            "slack_groups": ("fetched_at", "known_at", "due_at"),
            "periodic_tasks": ("due_at",),
        }
        for table, columns in aged.items():
            older = ", ".join(f"{column} = {column} - interval '{minutes} min'" for column in columns)
            await self.query(f"UPDATE {table} SET {older}")

    async def observed(self) -> None:
        """Waits until databases were read, whatever is known of people."""

        async def seen() -> bool:
            ((count,),) = await self.query(
                "SELECT count(*) FROM reconcile_queue WHERE observed_at IS NOT NULL"
            )
            return bool(count)

        await self.until(seen)


@contextlib.asynccontextmanager
async def workspace(
    database_url: str,
    *,
    policy: str = BY_GROUP,
    people: Iterable[Person] = (),
    groups: Iterable[UserGroup] = (),
    faults: Iterable[tuple[str, Fault]] = (),
    prepare: Callable[[SlackEmulator], None] | None = None,
) -> AsyncIterator[Workspace]:
    """Starts the bot in a workspace with more people and groups, and with faults from the beginning."""
    slack = SlackEmulator(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
    slack.world.people |= {one.id: one for one in people}
    slack.world.groups |= {one.id: one for one in groups}
    for method, fault in faults:
        slack.fault(method, fault)
    if prepare is not None:
        prepare(slack)
    async with start_environment(database_url, heroku_emulator(), policy=policy, slack=slack) as environment:
        yield Workspace(environment)


def stranger(slack: SlackEmulator, id: str = "U0STRANGER", **changed: Any) -> Person:
    """Adds somebody to the workspace of whom Slack has told nothing, and lets them into #general."""
    template = slack.world.people["U0ENGINEER"]
    person = replace(template, id=id, name=id.lower(), real_name=id, **changed)
    slack.world.people[id] = person
    for name in ("C0GENERAL", "C0APPROVALS"):
        channel = slack.world.channels[name]
        slack.world.channels[name] = replace(channel, members=channel.members | {id})
    return person

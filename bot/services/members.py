"""Workspace members: who may use the bot, and the cache of Slack users."""

from bot.errors import Refusal, Refused
from bot.services.context import ServiceContext


class MemberService:
    """Checks membership, and keeps the cache of Slack users current.

    Args:
        context: store, policy and clock.
    """

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def require(self, person: str) -> None:
        """Refuses everybody but full, active, human members; requests a lookup of an unknown person.

        By the last that was known of them: what opens something checks again, by what is known now.
        """
        try:
            async with self._context.transaction() as tx:
                await self._context.closing_member(tx, person)
        except Refused as refused:
            # In a transaction of its own, for the refusal has rolled the first one back.
            if refused.reason is Refusal.PERSON_UNKNOWN:
                await self.request_lookup(person)
            raise

    async def request_lookup(self, person: str) -> None:
        """Requests a Slack lookup of a person who is not known well enough to ask or to decide."""
        await self._context.request_lookup(person)

    async def request_group(self, group: str) -> bool:
        """Requests that a user group that is not known be read at once; False when that is in vain."""
        async with self._context.transaction() as tx:
            requested = await tx.slack_users.request_group(group)
            await tx.commit()
            return requested

    async def is_known(self, id: str) -> bool:
        """Tells whether a person or a user group is known well enough to ask and to decide."""
        async with self._context.transaction() as tx:
            return await tx.slack_users.is_known(id)

    async def person_changed(self, person: str) -> None:
        """Puts a person in doubt, of whom Slack reports a change: they are looked up anew."""
        async with self._context.transaction() as tx:
            await tx.slack_users.doubt(person)
            await tx.commit()

    async def group_changed(self, group: str) -> None:
        """Puts a user group in doubt, of which Slack reports a change: nothing hangs on it until it was read.

        Somebody may have become an approver, or have ceased to be one.
        """
        async with self._context.transaction() as tx:
            await tx.slack_users.doubt_group(group)
            await tx.commit()

    async def locale(self, person: str) -> str | None:
        """Returns the Slack locale of a person; None if it is not known."""
        async with self._context.transaction() as tx:
            return await tx.slack_users.locale(person)

"""The state of the last policy that could be read, as one row."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from bot.domain.policy.stand_in import PolicyState
from bot.ports import PolicyStates
from storage.tables import policy_state


class PostgresPolicyStates(PolicyStates):
    """One row, whichever process is first."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @override
    async def last(self) -> PolicyState | None:
        # It is asked for at a start, perhaps of a database that was never migrated.
        if (await self._connection.execute(select(func.to_regclass(policy_state.name)))).scalar() is None:
            return None
        columns = [policy_state.c[name] for name in PolicyState.__dataclass_fields__]
        row = (await self._connection.execute(select(*columns))).mappings().one_or_none()
        return None if row is None else PolicyState(**row)

    @override
    async def record(self, state: PolicyState) -> bool:
        statement = insert(policy_state).values(**asdict(state))
        fresh = {name: statement.excluded[name] for name in PolicyState.__dataclass_fields__}
        changed = or_(
            policy_state.c.digest != statement.excluded.digest, policy_state.c.unreadable_since.is_not(None)
        )
        recorded = statement.on_conflict_do_update(
            index_elements=["only"], set_={**fresh, "read_at": func.now()}, where=changed
        ).returning(policy_state.c.digest)
        return (await self._connection.execute(recorded)).scalar_one_or_none() is not None

    @override
    async def note_unreadable(self, since: datetime) -> None:
        first = policy_state.c.unreadable_since.is_(None)
        await self._connection.execute(update(policy_state).where(first).values(unreadable_since=since))

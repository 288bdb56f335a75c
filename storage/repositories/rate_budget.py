"""The shared budget of calls to Heroku: one row, from which each process takes a few tokens at a time."""

from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typing_extensions import override

from bot.domain.rate_budget import Budget, CallPriority
from bot.errors import StoreUnavailableError
from bot.ports import RateBudgets
from storage.tables import rate_budget

# ``now()`` would be the transaction's beginning, which may lie before the last change of the row.
_ROW: Final = select(rate_budget, func.clock_timestamp().label("now")).with_for_update()


class PostgresRateBudget(RateBudgets):
    """Locks the row for two short statements; no other lock is held meanwhile.

    Args:
        engine: one whose commits do not wait for a flush, see ``async_commit_engine``: tokens that a crash
            brings back are corrected by Heroku's next answer.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @override
    async def acquire(self, priority: CallPriority, calls: int) -> tuple[Budget, int]:
        try:
            async with self._engine.begin() as connection:
                left, granted = (await _read(connection)).acquire(priority, calls)
                await _write(connection, left)
                return left, granted
        except (DBAPIError, PoolTimeoutError) as error:
            raise StoreUnavailableError("Postgres did not answer for the rate budget in time") from error

    @override
    async def correct(self, left: int) -> None:
        try:
            async with self._engine.begin() as connection:
                await _write(connection, (await _read(connection)).correct(left))
        except (DBAPIError, PoolTimeoutError) as error:
            raise StoreUnavailableError("Postgres did not correct the rate budget in time") from error


async def _read(connection: AsyncConnection) -> Budget:
    """Reads the budget and locks its row; the very first process finds a full one."""
    row = (await connection.execute(_ROW)).one_or_none()
    if row is None:
        # Two processes that start at once may both find none.
        await connection.execute(insert(rate_budget).on_conflict_do_nothing())
        row = (await connection.execute(_ROW)).one()
    stored = Budget(
        size=row.size, refill=row.refill, tokens=row.tokens, observations=row.observations, at=row.at
    )
    return stored.later(row.now)


async def _write(connection: AsyncConnection, left: Budget) -> None:
    await connection.execute(
        update(rate_budget).values(tokens=left.tokens, observations=left.observations, at=left.at)
    )

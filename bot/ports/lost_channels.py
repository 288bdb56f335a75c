"""Channels in the store that take no messages."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from bot.domain.reports.lost_channel import LostChannel


class LostChannels(Protocol):
    """Channels that take no messages, until one arrives again."""

    async def find(self, id: str) -> LostChannel | None:
        """Reads a channel that is lost; None for one that takes messages, as far as it is known."""
        ...

    async def lose(self, id: str, error: str, *, at: datetime, told: Collection[str]) -> LostChannel | None:
        """Records that a channel takes no messages, and who hears of it if nobody has until now.

        Args:
            id: Slack id.
            error: Slack's answer.
            at: business time.
            told: who hears of it, and of its end.

        Returns:
            The channel; None if that was known before, and somebody had been told.
        """
        ...

    async def restore(self, id: str) -> None:
        """Records that a channel takes messages again."""
        ...

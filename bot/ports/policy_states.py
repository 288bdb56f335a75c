"""What the store keeps of the policy: enough to end what is open while the file cannot be read."""

from datetime import datetime
from typing import Protocol

from bot.domain.policy.stand_in import PolicyState


class PolicyStates(Protocol):
    """The state of the last policy that could be read; there is one at most."""

    async def last(self) -> PolicyState | None:
        """Reads what was recorded last; None before a policy was ever read."""
        ...

    async def record(self, state: PolicyState) -> bool:
        """Records a policy that could be read; one that is recorded already is left as it is.

        Returns:
            Whether anything was written.
        """
        ...

    async def note_unreadable(self, since: datetime) -> None:
        """Records that a process could not read the policy; the earliest moment is kept.

        Args:
            since: business time.
        """
        ...

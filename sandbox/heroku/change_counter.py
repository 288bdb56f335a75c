"""Version number that rises with every change, also with those that only time brings."""

import heapq
from datetime import datetime


class Version:
    """Counts changes.

    A change may announce later ones: a provisioning endpoint becomes operational. Those count once their
    moment has passed.
    """

    def __init__(self) -> None:
        self._count = 0
        self._scheduled: list[datetime] = []

    def changed(self, *later: datetime) -> None:
        """Count a change now, and one at each later moment."""
        self._count += 1
        for moment in later:
            heapq.heappush(self._scheduled, moment)

    def at(self, now: datetime) -> int:
        """Return the number at a moment."""
        while self._scheduled and self._scheduled[0] <= now:
            heapq.heappop(self._scheduled)
            self._count += 1
        return self._count

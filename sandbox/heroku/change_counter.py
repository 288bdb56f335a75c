"""A number that rises when anything changes, by what somebody does or by time alone."""

import heapq
from datetime import datetime


class Version:
    """Counts changes.

    A change may bring others later: an endpoint that is being provisioned will be operational. Those are
    counted when their moment has passed.
    """

    def __init__(self) -> None:
        self._counted = 0
        self._to_come: list[datetime] = []

    def changed(self, *later: datetime) -> None:
        """Count a change now, and one at each later moment."""
        self._counted += 1
        for moment in later:
            heapq.heappush(self._to_come, moment)

    def at(self, now: datetime) -> int:
        """Return the number at a moment."""
        while self._to_come and self._to_come[0] <= now:
            heapq.heappop(self._to_come)
            self._counted += 1
        return self._counted

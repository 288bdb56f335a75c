"""Business time that can be moved: the machine's clock plus an offset."""

from datetime import UTC, datetime, timedelta


class MovableClock:
    """The machine's clock with an offset, which the demo only increases.

    Attributes:
        offset: What was added so far.
        moves: Number of moves so far; the page waits for it to rise.
    """

    def __init__(self) -> None:
        self.offset = timedelta()
        self.moves = 0

    def now(self) -> datetime:
        """Return business time, aware and in UTC."""
        return datetime.now(UTC) + self.offset

    def move(self, by: timedelta) -> datetime:
        """Add to the offset and return the new business time."""
        self.offset += by
        self.moves += 1
        return self.now()

"""Business time that can be moved: the machine's, plus whatever the page has added."""

from datetime import UTC, datetime, timedelta


class MovableClock:
    """The machine's clock with an offset. Only forward in the demo; tests may go either way."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self.moves = 0

    def now(self) -> datetime:
        """The present in the emulated world, aware and in UTC."""
        return datetime.now(UTC) + self.offset

    def move(self, by: timedelta) -> datetime:
        """Moves time and returns the new present."""
        self.offset += by
        self.moves += 1
        return self.now()

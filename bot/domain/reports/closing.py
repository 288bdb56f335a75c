"""Closings: what a person ended with one command or click, and waits to hear of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LATE_AFTER: Final = timedelta(minutes=2)
"""How long whoever ended something waits until they are told that it takes longer: a removal usually shows
within seconds, and is requested again after a minute."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClosingPart:
    """One grant, or one operation, that a closing consists of.

    Attributes:
        request: the number of its request.
        owner: Slack id of the person who is told of its end in any case.
        is_open: its end was not read back yet.
        is_grant: it is a grant, and not an operation.
    """

    request: int
    owner: str
    is_open: bool
    is_grant: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Closing:
    """What a person ended, until all of it is closed.

    Attributes:
        person: Slack id.
        begun_at: business time.
        late_at: business time at which the person is told that it takes longer; None once they were.
    """

    id: int
    person: str
    begun_at: datetime
    late_at: datetime | None
    parts: tuple[ClosingPart, ...]

    @property
    def is_over(self) -> bool:
        """Whether the end of every part was read back."""
        return not any(part.is_open for part in self.parts)

    @property
    def untold(self) -> tuple[int, ...]:
        """Requests of which the person does not hear otherwise, as the owner does."""
        return tuple(part.request for part in self.parts if part.owner != self.person and part.is_grant)

    @property
    def open(self) -> tuple[int, ...]:
        """Requests of the parts whose end was not read back yet."""
        return tuple(part.request for part in self.parts if part.is_open)

    def is_late(self, now: datetime) -> bool:
        """Whether the person is to be told now that it takes longer."""
        return self.late_at is not None and self.late_at <= now and not self.is_over

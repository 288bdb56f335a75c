"""What this installation is called in the descriptions of its rules at Heroku."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """The names of an installation.

    Attributes:
        name: what new rules carry.
        earlier: what rules from before may carry: these are its own as well.
    """

    name: str
    earlier: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (self.name, *self.earlier)


class Installations(Protocol):
    """The installation that a store belongs to; its first name is random, and made with the store."""

    async def current(self) -> Installation:
        """Reads what it is called."""
        ...

    async def rename(self, name: str) -> None:
        """Records what it is called from now on; rules with its earlier names stay its own."""
        ...

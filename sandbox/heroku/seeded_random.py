"""Chance that can be had again: ids and luck from a seed."""

from hashlib import sha256
from uuid import UUID


class SeededRandom:
    """A sequence of draws that is the same for the same seed, whatever else the process does."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._drawn = 0

    def uuid(self) -> UUID:
        """Return the next id, a UUID of version 4 like Heroku's."""
        return UUID(bytes=self._bytes()[:16], version=4)

    def falls(self, share: float) -> bool:
        """Return whether something happens that happens in this share of cases: 0 is never, 1 always."""
        return int.from_bytes(self._bytes()[:6]) < share * 2**48

    def _bytes(self) -> bytes:
        self._drawn += 1
        return sha256(f"{self._seed}/{self._drawn}".encode()).digest()

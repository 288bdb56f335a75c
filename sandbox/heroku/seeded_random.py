"""Reproducible ids and random choices from a seed."""

from hashlib import sha256
from uuid import UUID


class SeededRandom:
    """A random sequence that is the same for the same seed, whatever else the process does."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._count = 0

    def uuid(self) -> UUID:
        """Return the next id, a UUID of version 4 like Heroku's."""
        return UUID(bytes=self._bytes()[:16], version=4)

    def chance(self, probability: float) -> bool:
        """Return true with a probability: 0 is never, 1 always."""
        return int.from_bytes(self._bytes()[:6]) < probability * 2**48

    def _bytes(self) -> bytes:
        self._count += 1
        return sha256(f"{self._seed}/{self._count}".encode()).digest()

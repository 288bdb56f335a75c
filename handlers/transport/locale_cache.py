"""Cache of people's languages, so that not every click queries the store."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from bot.i18n.translator import Translator

TTL: Final = timedelta(minutes=10)
"""Time to live of an entry; only the language of answers depends on it."""

CAPACITY: Final = 5000
"""Maximum number of entries, of some hundred bytes each; when it is full, the oldest half is dropped."""


class LocaleCache:
    """Caches the translator of each person.

    Args:
        load: returns a person's Slack locale; None or empty if it is not known (yet), which is not cached.
        fallback: translator of the channel's language.
    """

    def __init__(self, load: Callable[[str], Awaitable[str | None]], *, fallback: Translator) -> None:
        self._load = load
        self._fallback = fallback
        self._entries: dict[str, tuple[Translator, float]] = {}

    @property
    def fallback(self) -> Translator:
        """Translator of the channel's language."""
        return self._fallback

    async def of(self, person: str | None) -> Translator:
        """Returns the translator of a person; the channel's for None and for a person who is not known."""
        if person is None:
            return self._fallback
        entry = self._entries.get(person)
        if entry is not None and entry[1] > time.monotonic():
            return entry[0]
        locale = await self._load(person)
        if not locale:
            return self._fallback
        return self._remember(person, Translator.of(locale, networks=self._fallback.networks))

    def forget(self, person: str) -> None:
        """Drops a person whose profile has changed."""
        self._entries.pop(person, None)

    def _remember(self, person: str, t: Translator) -> Translator:
        if len(self._entries) >= CAPACITY:
            # Half of them at once: dropping only the oldest would copy a full cache for every new person.
            self._entries = dict(list(self._entries.items())[CAPACITY // 2 :])
        self._entries[person] = (t, time.monotonic() + TTL.total_seconds())
        return t

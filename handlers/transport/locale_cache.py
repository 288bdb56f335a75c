"""The language that each person reads: the store is asked once in a while, not with every click."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from bot.i18n.translator import Translator

FRESH: Final = timedelta(minutes=10)
"""How late a person who has changed Slack's language sees ours change; nothing but words hangs on it."""

MOST: Final = 5000
"""People remembered at once, of whom each takes some hundred bytes; then the oldest half is forgotten."""


class LocaleCache:
    """Remembers what the store said of people's locales.

    Args:
        ask: gives a person's Slack locale; None or empty when it is not known (yet), which is not remembered.
        fallback: the channel's language.
    """

    def __init__(self, ask: Callable[[str], Awaitable[str | None]], *, fallback: Translator) -> None:
        self._ask = ask
        self._fallback = fallback
        self._known: dict[str, tuple[Translator, float]] = {}

    @property
    def fallback(self) -> Translator:
        """The channel's language."""
        return self._fallback

    async def of(self, person: str | None) -> Translator:
        """The language of a person; the channel's for nobody, and for somebody who is not known."""
        if person is None:
            return self._fallback
        known = self._known.get(person)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        locale = await self._ask(person)
        if not locale:
            return self._fallback
        return self._remember(person, Translator.of(locale))

    def forget(self, person: str) -> None:
        """Has the store asked again: somebody's profile has changed."""
        self._known.pop(person, None)

    def _remember(self, person: str, t: Translator) -> Translator:
        if len(self._known) >= MOST:
            self._known = dict(list(self._known.items())[MOST // 2 :])
        self._known[person] = (t, time.monotonic() + FRESH.total_seconds())
        return t

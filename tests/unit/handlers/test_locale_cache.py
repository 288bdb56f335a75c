"""The cache of people's languages: hits, misses, and changed profiles."""

from dataclasses import dataclass, field

from bot.i18n.translator import Translator
from handlers.transport import locale_cache
from handlers.transport.locale_cache import LocaleCache

ENGLISH = Translator.of("en-US")


@dataclass
class Profiles:
    """Locales that can change, and the people whose locale was loaded."""

    locales: dict[str, str | None]
    loaded: list[str] = field(default_factory=list)

    async def of(self, person: str) -> str | None:
        self.loaded.append(person)
        return self.locales.get(person)


async def test_a_locale_is_loaded_once() -> None:
    profiles = Profiles({"U0JP": "ja-JP"})
    cache = LocaleCache(profiles.of, fallback=ENGLISH)
    assert [(await cache.of("U0JP")).language for _ in range(3)] == ["ja"] * 3
    assert profiles.loaded == ["U0JP"]


async def test_an_unknown_locale_falls_back_to_the_channels_language_and_is_not_cached() -> None:
    profiles = Profiles({})
    cache = LocaleCache(profiles.of, fallback=ENGLISH)
    assert await cache.of("U0NEW") is ENGLISH
    profiles.locales["U0NEW"] = "ja-JP"
    assert (await cache.of("U0NEW")).language == "ja"


async def test_a_changed_profile_is_loaded_again() -> None:
    profiles = Profiles({"U0JP": "ja-JP"})
    cache = LocaleCache(profiles.of, fallback=ENGLISH)
    await cache.of("U0JP")
    profiles.locales["U0JP"] = "en-US"
    cache.forget("U0JP")
    assert (await cache.of("U0JP")).language == "en"


async def test_without_a_person_the_language_is_the_channels() -> None:
    profiles = Profiles({})
    assert await LocaleCache(profiles.of, fallback=ENGLISH).of(None) is ENGLISH
    assert profiles.loaded == []


async def test_the_cache_is_bounded() -> None:
    people = {f"U{number}": "ja-JP" for number in range(locale_cache.CAPACITY + 1)}
    cache = LocaleCache(Profiles(dict(people)).of, fallback=ENGLISH)
    for person in people:
        await cache.of(person)
    assert len(cache._entries) <= locale_cache.CAPACITY

"""The language that a person reads is remembered for a while, and asked again when their profile changes."""

from dataclasses import dataclass, field

from bot.i18n.translator import Translator
from handlers.transport import locale_cache
from handlers.transport.locale_cache import LocaleCache

ENGLISH = Translator.of("en-US")


@dataclass
class Profiles:
    """Locales that can change, and how often each was asked for."""

    locales: dict[str, str | None]
    asked: list[str] = field(default_factory=list)

    async def of(self, person: str) -> str | None:
        self.asked.append(person)
        return self.locales.get(person)


async def test_a_person_is_asked_for_once() -> None:
    profiles = Profiles({"U0JP": "ja-JP"})
    known = LocaleCache(profiles.of, fallback=ENGLISH)
    assert [(await known.of("U0JP")).language for _ in range(3)] == ["ja"] * 3
    assert profiles.asked == ["U0JP"]


async def test_somebody_unknown_reads_the_channels_language_and_is_asked_for_again() -> None:
    profiles = Profiles({})
    known = LocaleCache(profiles.of, fallback=ENGLISH)
    assert await known.of("U0NEW") is ENGLISH
    profiles.locales["U0NEW"] = "ja-JP"
    assert (await known.of("U0NEW")).language == "ja"


async def test_a_changed_profile_is_read_anew() -> None:
    profiles = Profiles({"U0JP": "ja-JP"})
    known = LocaleCache(profiles.of, fallback=ENGLISH)
    await known.of("U0JP")
    profiles.locales["U0JP"] = "en-US"
    known.forget("U0JP")
    assert (await known.of("U0JP")).language == "en"


async def test_nobody_in_particular_reads_the_channels_language() -> None:
    profiles = Profiles({})
    assert await LocaleCache(profiles.of, fallback=ENGLISH).of(None) is ENGLISH
    assert profiles.asked == []


async def test_not_everybody_is_remembered_for_ever() -> None:
    people = {f"U{number}": "ja-JP" for number in range(locale_cache.MOST + 1)}
    known = LocaleCache(Profiles(dict(people)).of, fallback=ENGLISH)
    for person in people:
        await known.of(person)
    assert len(known._known) <= locale_cache.MOST

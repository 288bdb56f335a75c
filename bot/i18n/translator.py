"""Translates a key into a sentence of the reader's language, its placeholders filled in safely."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Final, Self

from bot.domain.duration import show_duration
from bot.domain.networks.named import NamedNetwork, name_of
from bot.domain.outside.text import Names, visible
from bot.domain.person import UserId
from bot.domain.privatelink.aws_account import short
from bot.domain.subject import Accounts, Networks
from bot.i18n.catalogue import CATALOGUE, LANGUAGES
from bot.ports import BOT


class Mrkdwn(str):
    """Text that is Slack's markup already: a mention, a date, a part of ours. It is not escaped again."""

    __slots__ = ()


SEVERAL: Final = 3
"""Networks or accounts that a sentence names: a question before a click takes 300 characters."""

ACCOUNT: Final = 60
"""Characters of an account in a sentence; a user's path may have up to 512."""

NAMES: Final = 1000
"""Characters of the names that a sentence lists: two lists and their sentence fit one section (3,000)."""


def escape(text: str) -> str:
    """Makes a text harmless: Slack's markup reads only ``&``, ``<`` and ``>`` (Slack, "Escaping text").

    What cannot be seen is left out: it could reorder or hide what stands around it.
    """
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, limit: int) -> Mrkdwn:
    """Escapes a person's text so that it fits a limit, never cutting inside an entity.

    Args:
        text: as it was typed.
        limit: characters that the escaped text may have; more is cut, with an ellipsis for the rest.
    """
    if len(escape(text)) <= limit:
        return Mrkdwn(escape(text))
    kept, length = [], 0
    for character in map(escape, text):
        if length + len(character) > limit - 1:
            break
        kept.append(character)
        length += len(character)
    return Mrkdwn("".join(kept) + "…")


def mention(id: str) -> Mrkdwn:
    """A person or a user group by their name, linked; what pgaccess itself did, by its name."""
    if id == BOT:
        return Mrkdwn(escape(id))
    # Slack's ids of user groups begin with S, those of people with U or W.
    return Mrkdwn(f"<!subteam^{escape(id)}>" if id.startswith("S") else f"<@{escape(id)}>")


def join(
    parts: Iterable[str], *, more: Callable[[int], str], most: int, limit: int, by: str = ", "
) -> Mrkdwn:
    """Joins whole parts while they fit, and says how many are left out.

    Args:
        parts: in markup, escaped; none of them is cut.
        more: the text for a number of parts left out; it follows as the last part.
        most: parts shown at most.
        limit: characters of the result, as Slack counts them.
        by: what stands between two parts.
    """
    every = list(parts)
    count = min(len(every), most)
    while len(joined := _joined(every, count, more, by)) > limit and count:
        count -= 1
    return Mrkdwn(joined)


def _joined(parts: list[str], count: int, more: Callable[[int], str], by: str) -> str:
    left_out = [more(len(parts) - count)] if count < len(parts) else []
    return by.join([*parts[:count], *left_out])


class Translator:
    """The sentences of one language.

    Args:
        language: ``en`` or ``ja``.
        networks: the networks that the policy names.
    """

    def __init__(self, language: str, *, networks: Sequence[NamedNetwork] = ()) -> None:
        self.language = language
        self.networks = networks
        self._sentences = CATALOGUE[language]

    @classmethod
    def of(cls, locale: str | None, *, networks: Sequence[NamedNetwork] = ()) -> Self:
        """The language for a Slack locale such as ``ja-JP``; English for every other."""
        spoken = (locale or "").lower().partition("-")[0]
        return cls(spoken if spoken in LANGUAGES else LANGUAGES[0], networks=networks)

    def __call__(self, key: str, **params: object) -> Mrkdwn:
        """The sentence of a key, its placeholders filled with escaped, readable values."""
        return Mrkdwn(
            self._sentences[key].format(**{name: self.show(value) for name, value in params.items()})
        )

    def __contains__(self, key: str) -> bool:
        """Whether there is a sentence of that key."""
        return key in self._sentences

    def names(self, names: Iterable[object], *, most: int | None = None, limit: int = NAMES) -> Mrkdwn:
        """Names in one line, cut at whole names, with how many more there are.

        Args:
            names: any values, shown as `show` does.
            most: names shown at most; None for as many as fit.
            limit: characters of the line.
        """
        return self._listed("names.more", names, most=most, limit=limit, by=", ")

    def people(self, ids: Iterable[str]) -> Mrkdwn:
        """People and user groups, mentioned, cut at whole mentions, with how many more there are."""
        return self._listed("names.more.people", map(mention, ids), most=None, limit=NAMES, by=" ")

    def _listed(self, key: str, names: Iterable[object], *, most: int | None, limit: int, by: str) -> Mrkdwn:
        shown = [self.show(name) for name in names]
        at_most = len(shown) if most is None else most
        return join(shown, more=lambda count: self(key, count=count), most=at_most, limit=limit, by=by)

    def show(self, value: object) -> Mrkdwn:
        """A value as people read it; times in the reader's own zone, by Slack."""
        match value:
            # First, since it is a string too: escaped once more, it would show its entities.
            case Mrkdwn():
                return value
            case datetime():
                return self.date(value)
            case timedelta():
                return self.duration(value)
            case UserId():
                return mention(value)
            case IPv4Network():
                return Mrkdwn(str(value))
            case Names():
                return self.names(value)
            case Networks(networks=networks):
                more = f" … +{len(networks) - SEVERAL}" if networks[SEVERAL:] else ""
                return Mrkdwn(", ".join(map(str, networks[:SEVERAL])) + more)
            case Accounts(arns=arns):
                named = [cut(short(arn), ACCOUNT) for arn in arns[:SEVERAL]]
                return Mrkdwn(", ".join(named) + (f" … +{len(arns) - SEVERAL}" if arns[SEVERAL:] else ""))
        return Mrkdwn(escape(str(value)))

    def named(self, value: object) -> Mrkdwn:
        """A value as `show` does; a network with the name that the policy has for it: ``… (office)``."""
        name = name_of(self.networks, value) if isinstance(value, IPv4Network) else None
        return self.show(value) if name is None else Mrkdwn(f"{self.show(value)} ({escape(name)})")

    def date(self, moment: datetime) -> Mrkdwn:
        """A Slack date token with a fallback that names its zone."""
        fallback = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        return Mrkdwn(f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>")

    def duration(self, length: timedelta) -> Mrkdwn:
        """``8h``, ``1d12h``; in Japanese ``8時間``, ``1日12時間``."""
        return Mrkdwn("".join(self._unit(character) for character in show_duration(length)))

    def _unit(self, character: str) -> str:
        return character if character.isdigit() else self._sentences[f"duration.{character}"]

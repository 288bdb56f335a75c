"""Translates a key into a sentence of the reader's language, its placeholders filled in safely."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Final, Self

from bot.domain.duration import show_duration
from bot.domain.person import UserId
from bot.domain.privatelink.aws_account import short
from bot.domain.subject import Accounts
from bot.domain.text import visible
from bot.i18n.catalogue import CATALOGUE, LANGUAGES
from bot.ports import BOT


class Mrkdwn(str):
    """Text that is Slack's markup already: a mention, a date, a part of ours. It is not escaped again."""

    __slots__ = ()


ACCOUNTS: Final = 3
"""Accounts that a sentence names, for a question before a click takes 300 characters; a card names more."""

ACCOUNT: Final = 60
"""Characters of an account in a sentence; a user's path may have up to 512."""


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


class Translator:
    """The sentences of one language.

    Args:
        language: ``en`` or ``ja``.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._sentences = CATALOGUE[language]

    @classmethod
    def of(cls, locale: str | None) -> Self:
        """The language for a Slack locale such as ``ja-JP``; English for every other."""
        spoken = (locale or "").lower().partition("-")[0]
        return cls(spoken if spoken in LANGUAGES else LANGUAGES[0])

    def __call__(self, key: str, **params: object) -> Mrkdwn:
        """The sentence of a key, its placeholders filled with escaped, readable values."""
        return Mrkdwn(
            self._sentences[key].format(**{name: self.show(value) for name, value in params.items()})
        )

    def __contains__(self, key: str) -> bool:
        """Whether there is a sentence of that key."""
        return key in self._sentences

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
            case Accounts(arns=arns):
                named = [cut(short(arn), ACCOUNT) for arn in arns[:ACCOUNTS]]
                return Mrkdwn(", ".join(named) + (f" … +{len(arns) - ACCOUNTS}" if arns[ACCOUNTS:] else ""))
        return Mrkdwn(escape(str(value)))

    def date(self, moment: datetime) -> Mrkdwn:
        """A Slack date token with a fallback that names its zone."""
        fallback = moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        return Mrkdwn(f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>")

    def duration(self, length: timedelta) -> Mrkdwn:
        """``8h``, ``1d12h``; in Japanese ``8時間``, ``1日12時間``."""
        return Mrkdwn("".join(self._unit(character) for character in show_duration(length)))

    def _unit(self, character: str) -> str:
        return character if character.isdigit() else self._sentences[f"duration.{character}"]

"""One catalogue, two languages: sentences by key, with their placeholders filled in safely."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Final, Self

from bot.domain.duration import show_duration
from bot.domain.privatelink.aws_account import short
from bot.domain.subject import Accounts
from bot.errors import Refused
from bot.i18n.en import (
    advice as en_advice,
)
from bot.i18n.en import (
    certificate_expiry as en_certificate_expiry,
)
from bot.i18n.en import (
    certificates as en_certificates,
)
from bot.i18n.en import (
    downloads as en_downloads,
)
from bot.i18n.en import (
    drift as en_drift,
)
from bot.i18n.en import (
    general as en_general,
)
from bot.i18n.en import (
    privatelink as en_privatelink,
)
from bot.i18n.en import (
    trusted_ips as en_trusted_ips,
)
from bot.i18n.en.refusals import REFUSALS as REFUSALS_EN
from bot.i18n.ja import (
    advice as ja_advice,
)
from bot.i18n.ja import (
    certificate_expiry as ja_certificate_expiry,
)
from bot.i18n.ja import (
    certificates as ja_certificates,
)
from bot.i18n.ja import (
    downloads as ja_downloads,
)
from bot.i18n.ja import (
    drift as ja_drift,
)
from bot.i18n.ja import (
    general as ja_general,
)
from bot.i18n.ja import (
    privatelink as ja_privatelink,
)
from bot.i18n.ja import (
    trusted_ips as ja_trusted_ips,
)
from bot.i18n.ja.refusals import REFUSALS as REFUSALS_JA


class Mrkdwn(str):
    """Text that is Slack's markup already: a mention, a date, a part of ours. It is not escaped again."""

    __slots__ = ()


def _whole(refusals: Mapping[str, str], *parts: Mapping[str, str]) -> Mapping[str, str]:
    """All that is said in one language; a key that two parts have would be a mistake in one of them."""
    whole = {f"refused.{reason}": sentence for reason, sentence in refusals.items()}
    for part in parts:
        if twice := whole.keys() & part.keys():
            raise ValueError(f"said twice: {sorted(twice)}")
        whole.update(part)
    return whole


CATALOGUE: Final[Mapping[str, Mapping[str, str]]] = {
    "en": _whole(
        REFUSALS_EN,
        en_general.ENGLISH,
        en_certificates.ENGLISH,
        en_certificate_expiry.ENGLISH,
        en_downloads.ENGLISH,
        en_privatelink.ENGLISH,
        en_trusted_ips.ENGLISH,
        en_drift.ENGLISH,
        en_advice.ENGLISH,
    ),
    "ja": _whole(
        REFUSALS_JA,
        ja_general.JAPANESE,
        ja_certificates.JAPANESE,
        ja_certificate_expiry.JAPANESE,
        ja_downloads.JAPANESE,
        ja_privatelink.JAPANESE,
        ja_trusted_ips.JAPANESE,
        ja_drift.JAPANESE,
        ja_advice.JAPANESE,
    ),
}
"""Sentences by language and key; every language has the same keys and placeholders."""

ACCOUNTS: Final = 3
"""Accounts that a sentence names, for a question before a click takes 300 characters; a card names more."""

ACCOUNT: Final = 60
"""Characters of an account in a sentence; a user's path may have up to 512."""

_UNITS_JA: Final = {"d": "日", "h": "時間", "m": "分"}


def escape(text: str) -> str:
    """Makes a text harmless: Slack's markup reads only ``&``, ``<`` and ``>`` (Slack, "Escaping text")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


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
    """A person or a user group by their name, linked."""
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
        return cls("ja" if (locale or "").lower().startswith("ja") else "en")

    def __call__(self, key: str, **params: object) -> Mrkdwn:
        """The sentence of a key, its placeholders filled with escaped, readable values."""
        return Mrkdwn(
            self._sentences[key].format(**{name: self.show(value) for name, value in params.items()})
        )

    def __contains__(self, key: str) -> bool:
        """Whether there is a sentence of that key."""
        return key in self._sentences

    def refusal(self, refused: Refused) -> Mrkdwn:
        """Why something was not recorded, and a right example."""
        params = dict(refused.params)
        if "person" in params:
            params["person"] = mention(str(params["person"]))
        return self(f"refused.{refused.reason}", **params)

    def show(self, value: object) -> Mrkdwn:
        """A value as people read it; times in the reader's own zone, by Slack."""
        match value:
            case Mrkdwn():
                return value
            case datetime():
                return self.date(value)
            case timedelta():
                return self.duration(value)
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
        text = show_duration(length)
        if self.language == "ja":
            text = "".join(_UNITS_JA.get(character, character) for character in text)
        return Mrkdwn(text)

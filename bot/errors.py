"""What can go wrong, in families by who must act: the person, the operator, or nobody yet."""

from collections.abc import Mapping
from enum import StrEnum


class Refusal(StrEnum):
    """Why a person's wish was not recorded; each has one sentence and an example in every language.

    The value is the key in the message catalogue, below ``refused.``.
    """


class PgaccessError(Exception):
    """The root of everything that pgaccess raises on purpose."""


class Refused(PgaccessError):
    """The person must act: what they asked cannot be done as asked, and nothing was recorded.

    Args:
        reason: which sentence tells it.
        params: what the sentence's placeholders stand for; plain values, never secrets.
    """

    def __init__(self, reason: Refusal, **params: object) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.params: Mapping[str, object] = params


class MisconfiguredError(PgaccessError):
    """The operator must act: a setting, the policy or a token is wrong. The message names it."""


class TryAgainError(PgaccessError):
    """Nobody must act yet: something is out of reach, and the same work may go through later."""

"""Column types that keep bad values out: aware UTC times, IPv4 networks, subjects, words from one list."""

from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Any, TypeVar

from sqlalchemy import DateTime, Dialect, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import CIDR

from bot.domain import subject

T = TypeVar("T", bound=StrEnum)


class UtcDateTime(TypeDecorator[datetime]):
    """``timestamptz`` that refuses naive values and always gives UTC back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turns an aware time into UTC.

        Raises:
            ValueError: the time is naive; Postgres would take it for its session's zone in silence.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Gives the time in UTC."""
        return None if value is None else value.astimezone(UTC)


class Network(TypeDecorator[IPv4Network]):
    """``cidr``, as an ``IPv4Network``; Postgres refuses host bits by itself."""

    impl = CIDR
    cache_ok = True

    def process_bind_param(self, value: IPv4Network | None, dialect: Dialect) -> str | None:
        """Gives Postgres the text form."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> IPv4Network | None:
        """Reads what the driver gives, text or a network."""
        return None if value is None else IPv4Network(str(value))


class Subject(TypeDecorator[subject.Subject]):
    """``text`` that holds what a request is about; equal subjects are equal texts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: subject.Subject | None, dialect: Dialect) -> str | None:
        """Gives Postgres the text form."""
        return None if value is None else subject.write_subject(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> subject.Subject | None:
        """Reads the text form."""
        return None if value is None else subject.read_subject(value)


class Word(TypeDecorator[T]):
    """``text`` that holds one word of a ``StrEnum``."""

    impl = Text
    cache_ok = True

    def __init__(self, words: type[T]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:
        """Gives Postgres the word."""
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> T | None:
        """Reads the word; one that the list does not have raises."""
        return None if value is None else self.words(value)

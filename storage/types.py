"""Column types that refuse bad values: aware UTC times, IPv4 networks, subjects, enumerations."""

from collections.abc import Collection
from datetime import UTC, datetime
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Any, TypeVar

from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Dialect,
    Text,
    TypeDecorator,
    cast,
    func,
    literal_column,
)
from sqlalchemy.dialects.postgresql import ARRAY, CIDR

from bot.domain import subject

T = TypeVar("T", bound=StrEnum)


class UtcDateTime(TypeDecorator[datetime]):
    """``timestamptz`` that refuses naive values and always returns UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turns an aware time into UTC.

        Raises:
            ValueError: the time is naive; Postgres would silently take it for the session's zone.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Returns the time in UTC."""
        return None if value is None else value.astimezone(UTC)


class Network(TypeDecorator[IPv4Network]):
    """``cidr``, as an ``IPv4Network``; Postgres refuses host bits by itself."""

    impl = CIDR
    cache_ok = True

    def process_bind_param(self, value: IPv4Network | None, dialect: Dialect) -> str | None:
        """Returns the text form for Postgres."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> IPv4Network | None:
        """Reads what the driver gives, text or a network."""
        return None if value is None else IPv4Network(str(value))


class Subject(TypeDecorator[subject.Subject]):
    """``text`` that holds the subject of a request; equal subjects are equal texts."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: subject.Subject | None, dialect: Dialect) -> str | None:
        """Returns the text form for Postgres."""
        return None if value is None else subject.write_subject(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> subject.Subject | None:
        """Reads the text form."""
        return None if value is None else subject.read_subject(value)


def is_for(column: ColumnElement[Any], entries: Collection[str]) -> ColumnElement[bool]:
    """Whether a subject opens any of some entries.

    Args:
        column: of subjects.
        entries: networks or ARNs, as `subject.names_of` has them.
    """
    # The blank as text: with a parameter the index on this expression could not answer.
    names = func.string_to_array(cast(column, Text), literal_column("' '"))
    return names.op("&&", return_type=Boolean())(cast(sorted(entries), ARRAY(Text)))


class Member(TypeDecorator[T]):
    """``text`` that holds a member of a ``StrEnum``."""

    impl = Text
    cache_ok = True

    def __init__(self, members: type[T]) -> None:
        super().__init__()
        self.members = members

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:
        """Returns the member's value for Postgres."""
        return None if value is None else self.members(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> T | None:
        """Reads the member.

        Raises:
            ValueError: the enumeration has no such member.
        """
        return None if value is None else self.members(value)

"""What all models of Slack's payloads share: they quote nothing, and are refused whole."""

from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.errors import PgaccessError

T = TypeVar("T")


class MalformedError(PgaccessError):
    """A payload is signed by Slack and yet not as documented: it is refused, not guessed at."""


class PayloadModel(BaseModel):
    """A part of a payload: unknown fields are ignored, and errors quote nothing of it."""

    # Errors must not quote the input: a payload holds secrets, such as its response_url.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Validates a payload; raises ``MalformedError``."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            # Without the cause, which holds the payload.
            raise _malformed(error) from None


class User(PayloadModel):
    """A person, by Slack id."""

    id: str


def read_value(read: Callable[[str], T], value: str) -> T:
    """Reads the value that we gave a button or a form, as Slack returns it.

    Args:
        read: reads what one kind of button holds, and raises ``ValueError`` for anything else.
        value: of the press or the form.

    Raises:
        MalformedError: it is not a value of ours.
    """
    try:
        return read(value)
    except ValueError as error:
        raise MalformedError("a button or a form with a value that is not ours") from error


def _malformed(error: ValidationError) -> MalformedError:
    """Names the first field that is wrong, and nothing of what it holds."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return MalformedError(f"{error.title}: {'.'.join(map(str, first['loc']))}: {first['type']}")

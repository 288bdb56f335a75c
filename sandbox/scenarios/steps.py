"""What can happen in a scenario: each step a value, with the sentence that stands in the file."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One line.

    Attributes:
        line: its number in the file, from 1.
        said: the line as it stands there.
    """

    line: int
    said: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Types(Step):
    """A person types a line in #general."""

    person: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Presses(Step):
    """A person presses the newest button of that label which they see in a place."""

    person: str
    label: str
    place: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Writes(Step):
    """A person writes into a field of the form in front, or chooses there, by the field's label."""

    person: str
    text: str
    field: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sends(Step):
    """A person sends the form in front."""

    person: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sees(Step):
    """A person sees a text in a place before long; with `absent` it is not there now."""

    person: str
    text: str
    place: str
    absent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Shows(Step):
    """Heroku has a rule before long; with `absent` it has none, before long."""

    network: str
    app: str
    absent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalChange(Step):
    """Somebody else adds or deletes a rule at Heroku."""

    adds: bool
    network: str
    app: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Moves(Step):
    """Business time moves; None is to the next event."""

    by: timedelta | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Turns(Step):
    """A kind of outages begins or ends; None is everything, which can only end."""

    kind: str | None
    on: bool

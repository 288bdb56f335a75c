"""Steps of a scenario as values, each with its line of the file."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A step.

    Attributes:
        line: Line number in the file, from 1.
        source: The line as written.
    """

    line: int
    source: str


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
    """A person fills in a field of the open form, or chooses an option, by the field's label."""

    person: str
    text: str
    field: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sends(Step):
    """A person submits the open form."""

    person: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sees(Step):
    """A person sees a text in a place before the timeout; with `absent` it is not there now."""

    person: str
    text: str
    place: str
    absent: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Shows(Step):
    """Heroku has a rule before the timeout; with `absent` it has none, before the timeout."""

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
class MoveTime(Step):
    """Business time moves; None is to the next event."""

    by: timedelta | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchOutage(Step):
    """An outage begins or ends; None ends every outage."""

    kind: str | None
    on: bool

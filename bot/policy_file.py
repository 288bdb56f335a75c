"""The policy file, read once into a frozen value; what is wrong is named in a sentence."""

import tomllib
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from bot.domain.duration import parse_duration, show_duration
from bot.domain.policy import Policy
from bot.errors import MisconfiguredError, Refused


def parse_policy(text: str, *, source: str) -> Policy:
    """Reads a policy from its TOML text.

    Args:
        text: TOML.
        source: how sentences call it.

    Raises:
        MisconfiguredError: a key is unknown, missing or wrong, or two contradict each other.
    """
    try:
        read = _PolicyFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise MisconfiguredError(f"{source} is not valid TOML: {error}") from error
    except ValidationError as error:
        raise MisconfiguredError(f"{source}: {_first(error)}") from error
    if read.default_duration > read.longest_duration:
        default, longest = show_duration(read.default_duration), show_duration(read.longest_duration)
        raise MisconfiguredError(
            f"{source}: default_duration ({default}) is longer than longest_duration ({longest})"
        )
    return Policy(
        approvals_channel=read.approvals_channel,
        operations_channel=read.operations_channel or read.approvals_channel,
        language=read.language,
        approvers=frozenset(read.approvers),
        default_duration=read.default_duration,
        longest_duration=read.longest_duration,
        warn_before=read.warn_before,
        minimum_reason=read.minimum_reason,
    )


def _duration(value: Any) -> timedelta:
    try:
        return parse_duration(value)
    except (Refused, AttributeError) as error:
        raise ValueError('must be a duration such as "8h" or "2d"') from error


_Duration = Annotated[timedelta, BeforeValidator(_duration)]
_Channel = Annotated[str, StringConstraints(pattern=r"^[CG][A-Z0-9]{2,}$")]
_Person = Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{2,}$")]


class _PolicyFile(BaseModel):
    """The keys of the policy file; ``pgaccess.example.toml`` explains each."""

    model_config = ConfigDict(extra="forbid", strict=True)

    approvals_channel: _Channel
    operations_channel: _Channel | None = None
    language: Literal["en", "ja"] = "en"
    approvers: list[_Person] = Field(min_length=1)
    default_duration: _Duration = timedelta(hours=8)
    longest_duration: _Duration = timedelta(days=5)
    warn_before: _Duration = timedelta(minutes=30)
    minimum_reason: int = Field(default=0, ge=0, le=200)


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, as a sentence that names the key."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    match problem["type"]:
        case "extra_forbidden":
            known = ", ".join(_PolicyFile.model_fields)
            return f"the key {key} is unknown; known are {known}"
        case "missing":
            return f"the key {key} is missing"
        case "string_pattern_mismatch" if key.startswith("approvers"):
            return f"{key} must be a Slack user id such as U0123ABCD, not {problem['input']!r}"
        case "string_pattern_mismatch":
            return f"{key} must be a Slack channel id such as C0123ABCD, not {problem['input']!r}"
    return f"{key}: {problem['msg'].removeprefix('Value error, ')}"

"""What Slack sends, as small values: only what is used is taken out of a payload."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from bot.errors import PgaccessError


class MalformedError(PgaccessError):
    """A payload that is signed by Slack and yet not as documented: it is refused, not guessed at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A slash command.

    Attributes:
        key: tells this command from every other: Slack gives each its own ``trigger_id``.
        trigger: opens one form, within 3 seconds.
        respond_to: where a later answer goes; it is a secret, used once and never kept.
    """

    person: str
    text: str
    key: str
    trigger: str = field(repr=False)
    respond_to: str | None = field(repr=False, default=None)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Reads the form fields of a slash command."""
        try:
            trigger = body["trigger_id"]
            return cls(
                person=body["user_id"],
                text=body.get("text") or "",
                trigger=trigger,
                key=f"command:{trigger}",
                respond_to=body.get("response_url"),
            )
        except KeyError as error:
            raise MalformedError(f"a command without {error}") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockAction:
    """A press on a button of a message.

    Attributes:
        respond_to: where the answer goes; it is a secret, used once and never kept.
    """

    person: str
    action: str
    value: str
    key: str
    trigger: str = field(repr=False)
    respond_to: str | None = field(repr=False)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Reads a ``block_actions`` payload."""
        try:
            action, person = body["actions"][0], body["user"]["id"]
            container = body.get("container") or {}
            place = container.get("message_ts") or container.get("view_id") or ""
            return cls(
                person=person,
                action=action["action_id"],
                value=str(action.get("value") or ""),
                key=f"click:{place}:{action['action_ts']}:{person}",
                trigger=body["trigger_id"],
                respond_to=body.get("response_url"),
            )
        except (KeyError, IndexError, TypeError) as error:
            raise MalformedError(f"a click without {error}") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewSubmission:
    """A form that was sent.

    Attributes:
        values: what each field holds, by block id; None where nothing was chosen.
        data: what we put into the form ourselves (``private_metadata``).
    """

    person: str
    form: str
    values: Mapping[str, str | None]
    data: str
    key: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Reads a ``view_submission`` payload."""
        try:
            view = body["view"]
            state = view["state"]["values"]
            return cls(
                person=body["user"]["id"],
                form=view["callback_id"],
                values={block: _value(next(iter(inputs.values()))) for block, inputs in state.items()},
                data=view.get("private_metadata") or "",
                key=f"view:{view['id']}:{view.get('hash', '')}",
            )
        except (KeyError, StopIteration, TypeError, AttributeError) as error:
            raise MalformedError(f"a form without {error}") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockSuggestion:
    """What somebody typed so far into a field whose options are ours to find."""

    person: str
    typed: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Reads a ``block_suggestion`` payload."""
        try:
            return cls(person=body["user"]["id"], typed=str(body.get("value") or ""))
        except (KeyError, TypeError) as error:
            raise MalformedError(f"a search without {error}") from error


def _value(element: Mapping[str, Any]) -> str | None:
    """What one field holds: typed text, or the value of the option chosen."""
    if element["type"] in ("static_select", "external_select", "radio_buttons"):
        chosen = element.get("selected_option")
        return None if chosen is None else str(chosen["value"])
    value = element.get("value")
    return None if value is None else str(value)

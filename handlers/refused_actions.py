"""Tells of commands, clicks and forms that are refused: who, what, and why, never what was typed."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.domain.command_text import COMMAND
from bot.errors import Refused
from bot.ports.telemetry import EventName, Telemetry
from bot.views import action_ids
from handlers.parsing.command_table import parse
from handlers.transport.payload_model import MalformedError, read_value
from handlers.transport.payloads import BlockAction, SlashCommand, ViewSubmission

OTHER: Final = "other"
"""Stands for an id that no button or form of ours has."""

_ID: Final = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,79}")
"""Ids of our buttons and forms."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptedAction:
    """What a person tries to do.

    Attributes:
        person: Slack id.
        name: reads what it is from what Slack sent; only asked for when it is refused.
        request: reads which request it is about; None where it names none.
    """

    person: str
    name: Callable[[], str]
    request: Callable[[], int | None] = lambda: None


def of_command(command: SlashCommand) -> AttemptedAction:
    """Describes a command by its known words, such as ``/pgaccess mtls add``."""
    return AttemptedAction(person=command.person, name=lambda: command_name(command.text))


def of_click(click: BlockAction) -> AttemptedAction:
    """Describes a click by the button's action id, such as ``request.approve``."""
    return AttemptedAction(
        person=click.person, name=lambda: _own_id(click.action), request=lambda: _request_of(click.value)
    )


def of_form(submission: ViewSubmission) -> AttemptedAction:
    """Describes a form by its callback id, such as ``request.deny``."""
    return AttemptedAction(
        person=submission.person,
        name=lambda: _own_id(submission.form),
        request=lambda: _request_of(submission.data),
    )


def command_name(text: str) -> str:
    """Returns the words of a command that the table knows; the rest is the person's own."""
    try:
        path = parse(text).command
    except Refused:
        return COMMAND
    return " ".join((COMMAND, *path))


async def telling(action: AttemptedAction, act: Callable[[], Awaitable[T]], telemetry: Telemetry) -> T:
    """Acts, and tells of a refusal before it is raised on.

    Args:
        action: what is tried.
        act: does it.
        telemetry: is told.

    Raises:
        Refused: it was refused.
    """
    try:
        return await act()
    except Refused as refused:
        named = refused.params.get("id")
        fields = {
            "actor": action.person,
            "action": action.name(),
            "request": named if isinstance(named, int) else action.request(),
            "reason": refused.reason.value,
        }
        telemetry.event(EventName.ACTION_REFUSED, fields)
        raise


def _own_id(id: str) -> str:
    """An id that Slack sent back, if it looks like one of ours."""
    return id if _ID.fullmatch(id) else OTHER


def _request_of(value: str | None) -> int | None:
    """The request that a button of a card is about; other buttons have other values."""
    try:
        return None if value is None else read_value(action_ids.read_button, value)[0]
    except MalformedError:
        return None

"""The command that does what a form was to be opened for, where Slack did not open it in time."""

from collections.abc import Mapping
from typing import Any, Final

from bot.domain.command_text import COMMAND
from bot.errors import Refused
from bot.views import action_ids
from handlers.parsing.normalization import normalize_command

_BUTTONS: Final[Mapping[str, str]] = {
    action_ids.ASK: COMMAND,
    action_ids.ADVISE: f"{COMMAND} advise",
    action_ids.ADVISE_COMPARE: f"{COMMAND} advise",
    action_ids.ADVISE_MTLS: f"{COMMAND} mtls add",
    action_ids.ADVISE_PRIVATELINK: f"{COMMAND} privatelink open",
}
"""Buttons whose command is the same whatever they are about."""

_EXTEND: Final = f"{COMMAND} extend {{number}} for 4h"


def retry_line(body: Mapping[str, Any]) -> str | None:
    """Returns the command to type after a command, a click or a shortcut that should have opened a form.

    Args:
        body: the payload, as it was validated.

    Returns:
        None where no command does what the button does, such as for a decision.
    """
    if "command" in body:
        return _typed(str(body.get("text") or ""))
    actions = body.get("actions")
    if not isinstance(actions, list):
        # The shortcut opens the same form as the bare command.
        return COMMAND
    action, value = str(actions[0].get("action_id")), str(actions[0].get("value"))
    if action != action_ids.EXTEND:
        return _BUTTONS.get(action)
    try:
        number, _ = action_ids.read_button(value)
    except ValueError:
        return None
    return _EXTEND.format(number=number)


def _typed(text: str) -> str:
    """The command line as it was typed."""
    try:
        return f"{COMMAND} {normalize_command(text)}".strip()
    # It has been parsed before a form was opened; what cannot be is not repeated.
    except Refused:
        return COMMAND

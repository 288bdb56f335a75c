"""Emulated Slack workspace, as strict as Slack is.

`SlackEmulator` is the state machine, `People` are its simulated users, `sandbox.slack.server` serves it over
HTTP.
"""

from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.model.fixtures import World, default_world
from sandbox.slack.users.simulated_users import Outcome, People
from sandbox.slack.validation.blocks import validate_message, validate_view
from sandbox.slack.web_api.errors import Behavior

__all__ = [
    "Behavior",
    "Outcome",
    "People",
    "SlackEmulator",
    "World",
    "default_world",
    "validate_message",
    "validate_view",
]

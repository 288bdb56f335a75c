"""A Slack workspace played on this machine: strict where Slack is strict, and the only one the project has.

`SlackEmulator` is the state machine, `People` lets somebody act in it, `app` is its HTTP door.
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

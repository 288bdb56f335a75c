"""A Slack workspace played on this machine: strict where Slack is strict, and the only one the project has.

`PlayedSlack` is the state machine, `People` lets somebody act in it, `app` is its HTTP door.
"""

from sandbox.slack.blocks import validate_message, validate_view
from sandbox.slack.people import Outcome, People
from sandbox.slack.rules import Switches
from sandbox.slack.slack import PlayedSlack
from sandbox.slack.world import World, default_world

__all__ = [
    "Outcome",
    "People",
    "PlayedSlack",
    "Switches",
    "World",
    "default_world",
    "validate_message",
    "validate_view",
]

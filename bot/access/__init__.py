"""The use cases: asking, deciding, ending, reading, and what time brings. Each is one transaction."""

from bot.access.asking import Wish
from bot.access.deciding import Deciding, Vote
from bot.access.ending import Ending, Removal
from bot.access.following import Following
from bot.access.reading import LISTED, Reading

__all__ = ["LISTED", "Access", "Removal", "Vote", "Wish"]


class Access(Ending, Deciding, Reading, Following):
    """Everything that people and time can do."""

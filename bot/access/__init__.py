"""The use cases: asking, deciding, ending, reading, and what time brings. Each is one transaction."""

from bot.access.advising import Advising
from bot.access.asking import Wish
from bot.access.certifying import Certifying
from bot.access.deciding import Deciding, Vote
from bot.access.delivering import Delivering, Files
from bot.access.ending import Removal
from bot.access.following import Following
from bot.access.handing import Handing, Ticket
from bot.access.linking import Closing, Linking
from bot.access.reading import LISTED, Reading
from bot.access.ruling import Ruling
from bot.access.trusting import Trusting

__all__ = [
    "LISTED",
    "Access",
    "Closing",
    "Delivering",
    "Files",
    "Removal",
    "Ticket",
    "Vote",
    "Wish",
]


class Access(Certifying, Handing, Linking, Ruling, Trusting, Deciding, Reading, Advising, Following):
    """Everything that people and time can do."""

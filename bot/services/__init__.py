"""The use cases: asking, deciding, ending, reading, and what time brings. Each is one transaction."""

from bot.services.access_requests import RequestInput
from bot.services.advice import Advising
from bot.services.approvals import Deciding, Vote
from bot.services.certificates import Certifying
from bot.services.deadlines import Following
from bot.services.download_links import Handing, IssuedLink
from bot.services.downloads import Delivering, Files
from bot.services.grants import RemovalResult
from bot.services.privatelink import CloseImpact, Linking
from bot.services.queries import LISTED, Reading
from bot.services.trusted_ips import Trusting
from bot.services.unmanaged_rules import Ruling

__all__ = [
    "LISTED",
    "Access",
    "CloseImpact",
    "Delivering",
    "Files",
    "IssuedLink",
    "RemovalResult",
    "RequestInput",
    "Vote",
]


class Access(Certifying, Handing, Linking, Ruling, Trusting, Deciding, Reading, Advising, Following):
    """Everything that people and time can do."""

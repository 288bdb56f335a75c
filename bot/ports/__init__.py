"""What the flow needs from the outside, as protocols, and the values that pass between them."""

from bot.ports.budget import Budgets, calling_for, purpose
from bot.ports.certificates import Certificates, Handouts, Reminders
from bot.ports.chores import Audit, Chores
from bot.ports.entries import Entries, Links, Ranges
from bot.ports.grants import Changes, Grants
from bot.ports.outside import (
    Bell,
    Block,
    Clock,
    Credential,
    Desk,
    Heroku,
    LinkSeen,
    Login,
    Loop,
    Message,
    Place,
    Probe,
    Slack,
)
from bot.ports.posts import Posts
from bot.ports.records import (
    BOT,
    Case,
    Disabling,
    Doing,
    Job,
    Notice,
    Overview,
    Post,
    PostKind,
    Question,
    Situation,
    SpaceSituation,
    Stock,
    Wanted,
)
from bot.ports.requests import People, Received, Requests
from bot.ports.store import Store, Transaction
from bot.ports.targets import Lanes, Targets

__all__ = [
    "BOT",
    "Audit",
    "Bell",
    "Block",
    "Budgets",
    "Case",
    "Certificates",
    "Changes",
    "Chores",
    "Clock",
    "Credential",
    "Desk",
    "Disabling",
    "Doing",
    "Entries",
    "Grants",
    "Handouts",
    "Heroku",
    "Job",
    "Lanes",
    "LinkSeen",
    "Links",
    "Login",
    "Loop",
    "Message",
    "Notice",
    "Overview",
    "People",
    "Place",
    "Post",
    "PostKind",
    "Posts",
    "Probe",
    "Question",
    "Ranges",
    "Received",
    "Reminders",
    "Requests",
    "Situation",
    "Slack",
    "SpaceSituation",
    "Stock",
    "Store",
    "Targets",
    "Transaction",
    "Wanted",
    "calling_for",
    "purpose",
]

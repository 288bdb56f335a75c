"""What the flow needs from the outside, as protocols, and the values that pass between them."""

from bot.ports.certificates import Certificates, Handouts, Reminders
from bot.ports.grants import Changes, Grants
from bot.ports.outbox import Posts
from bot.ports.owned_entries import Entries, Links, Ranges
from bot.ports.periodic_tasks import Audit, Chores
from bot.ports.rate_budget import Budgets, calling_for, purpose
from bot.ports.requests import People, Received, Requests
from bot.ports.services import (
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
from bot.ports.store import Store, Transaction
from bot.ports.targets import Lanes, Targets
from bot.ports.values import (
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

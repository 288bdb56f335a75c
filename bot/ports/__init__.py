"""Protocols and values between the core and what is outside it: the store, Heroku, Slack, time."""

from bot.ports.address_checks import AddressChecks
from bot.ports.audit import Audit, Head
from bot.ports.certificates import Certificates, DownloadLinks, ExpiryReminders
from bot.ports.departures import Departures
from bot.ports.grants import Grants, Operations
from bot.ports.heroku import ConnectionTest, Credential, Heroku, Login, PrivateLinkState
from bot.ports.installations import Installation, Installations
from bot.ports.messages import MessageKind, Notification, OutboxMessage
from bot.ports.outbox import Outbox
from bot.ports.owned_entries import MtlsRules, PrivateLinkAccounts, TrustedRanges
from bot.ports.periodic_tasks import PeriodicTasks, Retention
from bot.ports.policy_states import PolicyStates
from bot.ports.rate_budget import RateBudgets, call_priority, with_priority
from bot.ports.reports import Closings, LostChannels, Outages
from bot.ports.requests import IdempotencyKeys, Requests, Standing
from bot.ports.reviews import AccessReviews, Reviews
from bot.ports.slack import Block, InteractiveSlack, Message, MessageRef, PeoplePage, Slack
from bot.ports.slack_users import GROUP_READINGS, LOOKUPS, DueGroups, SlackUsers, UserLookup
from bot.ports.store import Store, Transaction
from bot.ports.targets import ReconcileQueue, Targets
from bot.ports.values import (
    BOT,
    AuditContext,
    AuditLine,
    CertificateList,
    DatabaseStatus,
    DisableImpact,
    HomeSummary,
    NewRequest,
    PersonalAccess,
    ReconcileJob,
    RequestDetails,
    SpaceStatus,
)
from bot.ports.wakeups import Clock, Wakeups, WorkerName
from bot.ports.watch import (
    ChainPart,
    ChainPlace,
    Page,
    PageAction,
    Pager,
    StoreReading,
    WatchedHeroku,
    WatchedStore,
)

__all__ = [
    "BOT",
    "GROUP_READINGS",
    "LOOKUPS",
    "AccessReviews",
    "AddressChecks",
    "Audit",
    "AuditContext",
    "AuditLine",
    "Block",
    "CertificateList",
    "Certificates",
    "ChainPart",
    "ChainPlace",
    "Clock",
    "Closings",
    "ConnectionTest",
    "Credential",
    "DatabaseStatus",
    "Departures",
    "DisableImpact",
    "DownloadLinks",
    "DueGroups",
    "ExpiryReminders",
    "Grants",
    "Head",
    "Heroku",
    "HomeSummary",
    "IdempotencyKeys",
    "Installation",
    "Installations",
    "InteractiveSlack",
    "Login",
    "LostChannels",
    "Message",
    "MessageKind",
    "MessageRef",
    "MtlsRules",
    "NewRequest",
    "Notification",
    "Operations",
    "Outages",
    "Outbox",
    "OutboxMessage",
    "Page",
    "PageAction",
    "Pager",
    "PeoplePage",
    "PeriodicTasks",
    "PersonalAccess",
    "PolicyStates",
    "PrivateLinkAccounts",
    "PrivateLinkState",
    "RateBudgets",
    "ReconcileJob",
    "ReconcileQueue",
    "RequestDetails",
    "Requests",
    "Retention",
    "Reviews",
    "Slack",
    "SlackUsers",
    "SpaceStatus",
    "Standing",
    "Store",
    "StoreReading",
    "Targets",
    "Transaction",
    "TrustedRanges",
    "UserLookup",
    "Wakeups",
    "WatchedHeroku",
    "WatchedStore",
    "WorkerName",
    "call_priority",
    "with_priority",
]

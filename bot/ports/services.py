"""What the flow needs from outside, as protocols: time, a bell, Heroku and Slack."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.connection_test import ConnectionResult
from bot.domain.mtls.observation import IpRule
from bot.domain.person import Person
from bot.domain.privatelink.observation import AllowedAccount, Connection
from bot.domain.subject import Network
from bot.domain.target import Database, Space
from bot.domain.trusted_ips.ruleset import Ruleset, RulesetRule

Block = dict[str, Any]
"""One Block Kit block, as Slack takes it."""


class Clock(Protocol):
    """Business time: ends, warnings, dates on cards. The emulated world may move it."""

    def now(self) -> datetime:
        """The present, aware and in UTC."""
        ...


class WorkerName(StrEnum):
    """The loops that a commit may wake."""

    RECONCILER = "reconciler"
    NOTIFIER = "notifier"
    CLOCK = "clock"


class Wakeups(Protocol):
    """Wakes loops in this and other processes; it may be lost, never relied upon."""

    def wake(self, loops: Iterable[WorkerName]) -> None:
        """Wakes the loops soon; returns at once."""
        ...

    async def wait(self, loop: WorkerName, *, at_most: timedelta) -> None:
        """Returns when the loop was rung, or after the time."""
        ...


# --- Heroku ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivateLinkState:
    """A database's PrivateLink, as Heroku answered.

    Attributes:
        database: the add-on that the answer is about; None where it does not say.
        service: the name of the endpoint service; empty while it has none.
        accounts: the complete list.
        connections: the complete list.
    """

    database: UUID | None
    status: str
    service: str
    accounts: tuple[AllowedAccount, ...]
    connections: tuple[Connection, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """A client certificate with its key: handed out, never kept and never shown.

    Attributes:
        chain: the certificate and what signed it, PEM.
        key: its private key, PEM.
    """

    chain: str = field(repr=False)
    key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """How a database is reached and who logs in, from a config var's URL: used at once and never kept."""

    host: str
    port: int
    user: str = field(repr=False)
    password: str = field(repr=False)
    base: str


class Heroku(Protocol):
    """The calls that pgaccess makes; each is one request with one total deadline.

    Every method raises ``HerokuUnauthorizedError``, ``HerokuRateLimitedError``, ``HerokuRefusedError`` or
    ``HerokuAmbiguousError`` as the answer is.
    """

    @property
    def deadline(self) -> timedelta:
        """The longest that one call can take, answer read."""
        ...

    async def databases(self) -> tuple[Database, ...]:
        """Every Postgres in a Private or Shield Space that the token can see."""
        ...

    async def learn_budget(self) -> None:
        """Asks how many calls are left, where answers do not say so."""
        ...

    async def spaces(self) -> tuple[Space, ...]:
        """Every space that the token can see and that is ready for use."""
        ...

    async def ruleset(self, space: UUID) -> Ruleset:
        """A space's present list of trusted ranges."""
        ...

    async def rulesets(self, space: UUID) -> tuple[Ruleset, ...]:
        """Every list that a space had, in the order in which Heroku answers."""
        ...

    async def put_ruleset(self, space: UUID, rules: Sequence[RulesetRule]) -> Ruleset:
        """Replaces a space's whole list; nothing is known of what others wrote meanwhile."""
        ...

    async def database_name(self, database: UUID) -> str:
        """The add-on's present name; raises ``HerokuNotFoundError`` when the add-on is gone."""
        ...

    async def endpoint_status(self, name: str) -> str:
        """The mTLS endpoint's status word; raises ``HerokuNotFoundError`` when mTLS is not enabled."""
        ...

    async def rules(self, name: str) -> tuple[IpRule, ...]:
        """The complete list of IP rules of a database."""
        ...

    async def certificates(self, name: str) -> tuple[Certificate, ...]:
        """The client certificates of a database, whatever their status."""
        ...

    async def credential(self, name: str, certificate: UUID) -> Credential:
        """One certificate with its key; raises ``HerokuNotFoundError`` when nobody can use it any more."""
        ...

    async def authority(self, name: str) -> str:
        """The chain by which clients know the server, PEM."""
        ...

    async def enable_endpoint(self, name: str) -> None:
        """Enables mTLS, which takes minutes and makes a first certificate by itself."""
        ...

    async def disable_endpoint(self, name: str) -> None:
        """Disables mTLS, with every rule and certificate; ``HerokuNotFoundError``: it is not enabled."""
        ...

    async def create_certificate(self, name: str) -> Certificate:
        """Makes one more client certificate, which takes minutes."""
        ...

    async def discard_certificate(self, name: str, certificate: UUID) -> None:
        """Makes a certificate worthless at once; ``HerokuNotFoundError``: it is disabled, or is not there."""
        ...

    async def add_rule(self, name: str, *, network: Network, description: str) -> IpRule:
        """Adds one rule and returns it with Heroku's id."""
        ...

    async def remove_rule(self, name: str, rule: UUID) -> None:
        """Removes one rule; raises ``HerokuNotFoundError`` when it is not there."""
        ...

    async def privatelink(self, name: str) -> PrivateLinkState:
        """A database's PrivateLink; raises ``HerokuNotFoundError`` when it has none."""
        ...

    async def open_privatelink(self, name: str, accounts: Sequence[str]) -> PrivateLinkState:
        """Makes a database's PrivateLink, with at least one account; it takes minutes."""
        ...

    async def let_accounts_in(self, name: str, accounts: Sequence[str]) -> PrivateLinkState:
        """Adds accounts; those that are there already stay as they are."""
        ...

    async def remove_accounts(self, name: str, accounts: Sequence[str]) -> None:
        """Lets accounts in no longer; others stay as they are."""
        ...

    async def close_privatelink(self, name: str) -> None:
        """Destroys a database's PrivateLink, with everything that is connected."""
        ...

    async def config_var_names(self, app: str) -> frozenset[str]:
        """The names of an app's config vars; their values are never kept."""
        ...

    async def login(self, app: str, config_var: str) -> Login:
        """How a database is reached now; ``HerokuAmbiguousError``: the app has no such URL there."""
        ...


class ConnectionTest(Protocol):
    """Connects to a database with a client certificate, from the machine that the bot runs on."""

    async def connect(self, login: Login, credential: Credential, *, root: str) -> ConnectionResult:
        """Connects once, within ``PATIENCE`` of ``connection_test``; nothing is kept, and nothing is quoted.

        Args:
            login: where, and as whom.
            credential: the certificate that is to prove itself.
            root: the chain by which the server is known, PEM.
        """
        ...


# --- Slack -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is shown: blocks, and the text for notifications and screen readers."""

    text: str
    blocks: Sequence[Block]


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageRef:
    """Where a message stands in Slack."""

    channel: str
    ts: str


class Slack(Protocol):
    """Posting and asking; each call raises ``SlackError`` when Slack does not do it."""

    async def direct_channel(self, person: str) -> str:
        """The id of the direct conversation with a person (``conversations.open``)."""
        ...

    async def post(
        self, channel: str, message: Message, *, post: int, thread: str | None = None
    ) -> MessageRef:
        """Posts a message, perhaps in a thread, that carries the post's number in its metadata."""
        ...

    async def update(self, place: MessageRef, message: Message) -> None:
        """Shows a message afresh where it stands."""
        ...

    async def find(
        self, channel: str, *, post: int, since: datetime, thread: str | None = None
    ) -> MessageRef | None:
        """Finds a message that carries the post's number, posted after a moment, perhaps in a thread."""
        ...

    async def publish_home(self, person: str, view: Block) -> None:
        """Shows a person's App Home (``views.publish``)."""
        ...

    async def group_members(self, group: str) -> tuple[str, ...]:
        """Ids of the people in a user group (``usergroups.users.list``)."""
        ...

    def people(self) -> AsyncIterator[Person]:
        """Everybody in the workspace (``users.list``)."""
        ...

    async def person(self, id: str) -> Person | None:
        """One person (``users.info``); None when Slack does not know them."""
        ...


class InteractiveSlack(Protocol):
    """The calls that are made while a person waits, each within 1.5 s and outside any transaction."""

    async def hand(self, person: str, message: Message, *, post: int) -> MessageRef:
        """Writes to one person what the store must not know, carrying the number of its post.

        It is posted here instead of by a courier, and never unfolded into a preview.
        """
        ...

    async def open_view(self, trigger: str, view: Block) -> None:
        """Opens a form while its trigger lives: 3 seconds from the click or command."""
        ...

    async def push_view(self, trigger: str, view: Block) -> None:
        """Puts a form on top of the one that was clicked in; closed, it shows that one again."""
        ...

    async def respond(self, url: str, message: Message, *, replace: bool = False) -> None:
        """Answers whoever clicked or typed, privately, through the request's own ``response_url``.

        Args:
            url: a secret of this request.
            message: the answer.
            replace: in place of the answer that is there.
        """
        ...

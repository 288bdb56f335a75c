"""Protocols of Heroku and of a test connection, and the values that they return."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.connection_test import ConnectionResult
from bot.domain.mtls.observation import IpRule
from bot.domain.privatelink.observation import AllowedAccount, Connection
from bot.domain.subject import Network
from bot.domain.target import Database, Space, Target
from bot.domain.trusted_ips.ruleset import Ruleset, RulesetRule


@dataclass(frozen=True, kw_only=True, slots=True)
class PrivateLinkState:
    """A database's PrivateLink endpoint, as Heroku returned it.

    Attributes:
        database: the add-on that the response is about; None where it does not say.
        service: name of the endpoint service; empty while it has none.
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
    """A client certificate with its private key: downloaded, never stored and never shown.

    Attributes:
        chain: the certificate and its issuers, PEM.
        key: the private key, PEM.
    """

    # Left out of ``repr``, which tracebacks and log lines may show.
    chain: str = field(repr=False)
    key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """Address and login of a database, from a config var's URL: used at once and never stored."""

    host: str
    port: int
    # Left out of ``repr``, as is a private key.
    user: str = field(repr=False)
    password: str = field(repr=False)
    base: str


class Heroku(Protocol):
    """Calls to Heroku; each is one request with one total deadline.

    Every method raises ``HerokuUnauthorizedError``, ``HerokuRateLimitedError``, ``HerokuUnknownAddonError``,
    ``HerokuRefusedError`` or ``HerokuAmbiguousError``, depending on the response.
    """

    @property
    def deadline(self) -> timedelta:
        """The longest that one call can take, response read."""
        ...

    async def databases(self, known: Sequence[Database] = ()) -> tuple[Database, ...]:
        """Lists every Postgres in a Private or Shield Space that the token can see.

        Args:
            known: those that were there before. One whose entry cannot be read now is listed as it was:
                absent is only what a list that can be read does not have.
        """
        ...

    async def learn_budget(self) -> None:
        """Reads how many calls are left, where responses do not tell."""
        ...

    async def spaces(self, known: Sequence[Space] = ()) -> tuple[Space, ...]:
        """Lists every space that the token can see and that is ready for use; arguments as above."""
        ...

    async def is_gone(self, target: Target) -> bool:
        """Asks whether a target exists, by Heroku's UUID.

        Returns:
            Whether Heroku says that there is no such add-on or space. What it refuses for another reason, or
            does not answer, says neither, and is raised.
        """
        ...

    async def ruleset(self, space: UUID) -> Ruleset:
        """Reads a space's current ruleset: its list of trusted ranges."""
        ...

    async def rulesets(self, space: UUID) -> tuple[Ruleset, ...]:
        """Lists every ruleset that a space has had, in Heroku's order."""
        ...

    async def put_ruleset(self, space: UUID, rules: Sequence[RulesetRule]) -> Ruleset:
        """Replaces a space's whole ruleset; what others wrote meanwhile is not known."""
        ...

    async def current(self, database: Database) -> Database:
        """Reads what a database is called now, which app it belongs to, and which config var has its URL."""
        ...

    async def database_name(self, database: UUID) -> str:
        """Reads the add-on's current name."""
        ...

    async def database_named(self, name: str) -> UUID | None:
        """Reads which add-on has a name; None where none is known by it."""
        ...

    def addressed_by_name(self, database: Database) -> bool:
        """Whether the Data API knows a database by its name only, as far as it has shown."""
        ...

    async def require_known(self, database: Database) -> None:
        """Makes sure that the Data API knows the add-on; else raises ``HerokuUnknownAddonError``."""
        ...

    async def endpoint_status(self, database: Database) -> str:
        """Reads the mTLS endpoint's status; raises ``HerokuNotFoundError`` when mTLS is not enabled."""
        ...

    async def rules(self, database: Database) -> tuple[IpRule, ...]:
        """Lists all IP rules of a database."""
        ...

    async def certificates(self, database: Database) -> tuple[Certificate, ...]:
        """Lists the client certificates of a database, whatever their status."""
        ...

    async def credential(self, database: Database, certificate: UUID) -> Credential:
        """Reads a certificate with its key; raises ``HerokuNotFoundError`` when it is not usable any more."""
        ...

    async def authority(self, database: Database) -> str:
        """Reads the chain by which clients verify the server, PEM."""
        ...

    async def enable_endpoint(self, database: Database) -> None:
        """Enables mTLS, which takes minutes and issues a first certificate by itself."""
        ...

    async def disable_endpoint(self, database: Database) -> None:
        """Disables mTLS, with every rule and certificate; ``HerokuNotFoundError``: it is not enabled."""
        ...

    async def create_certificate(self, database: Database) -> Certificate:
        """Requests one more client certificate, which takes minutes to be issued."""
        ...

    async def discard_certificate(self, database: Database, certificate: UUID) -> None:
        """Revokes a certificate at once; ``HerokuNotFoundError``: it is disabled, or does not exist."""
        ...

    async def add_rule(self, database: Database, *, network: Network, description: str) -> IpRule:
        """Adds one IP rule; returns it with Heroku's id."""
        ...

    async def remove_rule(self, database: Database, rule: UUID) -> None:
        """Removes one IP rule; raises ``HerokuNotFoundError`` when it does not exist."""
        ...

    async def privatelink(self, database: Database) -> PrivateLinkState:
        """Reads a database's PrivateLink endpoint; raises ``HerokuNotFoundError`` when it has none."""
        ...

    async def open_privatelink(self, database: Database, accounts: Sequence[str]) -> PrivateLinkState:
        """Creates a database's PrivateLink endpoint with at least one account, which takes minutes."""
        ...

    async def let_accounts_in(self, database: Database, accounts: Sequence[str]) -> PrivateLinkState:
        """Adds allowed accounts; those that are there already stay as they are."""
        ...

    async def remove_accounts(self, database: Database, accounts: Sequence[str]) -> None:
        """Removes allowed accounts; others stay as they are."""
        ...

    async def close_privatelink(self, database: Database) -> None:
        """Destroys a database's PrivateLink endpoint with all its connections."""
        ...

    async def config_var_names(self, app: str) -> frozenset[str]:
        """Lists the names of an app's config vars; their values are never stored."""
        ...

    async def login(self, app: str, config_var: str) -> Login:
        """Reads a database's address and login; ``HerokuAmbiguousError``: the config var has no such URL."""
        ...


class ConnectionTest(Protocol):
    """Connects to a database with a client certificate, from the machine that the bot runs on."""

    async def connect(self, login: Login, credential: Credential, *, root: str) -> ConnectionResult:
        """Connects once, within ``PATIENCE`` of ``connection_test``; nothing is stored or quoted.

        Args:
            login: address and user.
            credential: the certificate to test.
            root: the chain by which the server is verified, PEM.
        """
        ...

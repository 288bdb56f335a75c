"""What pgaccess asks of Heroku's two APIs.

Platform API (https://api.heroku.com) with a Bearer token; Data API (https://api.data.heroku.com), the service
behind the official data tools, with Basic, an empty user and the token as password.
"""

import contextlib
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import httpx
from pydantic import TypeAdapter

from bot.domain.mtls.certificate import Certificate
from bot.domain.mtls.observation import IpRule
from bot.domain.outside.redaction import Redactor
from bot.domain.subject import Network
from bot.domain.target import Database, Space, Target
from bot.domain.timings import DEFAULT, Timings
from bot.domain.trusted_ips.ruleset import Ruleset, RulesetRule
from bot.errors import (
    HerokuAmbiguousError,
    HerokuError,
    HerokuNotFoundError,
    HerokuUnknownAddonError,
    RateBudgetExhaustedError,
    StoreUnavailableError,
)
from bot.heroku.bounded_body import ACCEPTED
from bot.heroku.data_api import DATABASE, DataApi
from bot.heroku.rate_limiter import RateLimiter
from bot.heroku.schemas.entries import sort_entries, word_in
from bot.heroku.schemas.platform import (
    Addon,
    AnyCertificate,
    AnyRule,
    AnySpace,
    HerokuApp,
    Limits,
    Named,
    is_private_postgres,
    read_certificates,
    read_databases,
    read_rules,
    read_ruleset,
    read_rulesets,
    read_spaces,
)
from bot.heroku.schemas.privatelink import names_in, read_link
from bot.heroku.schemas.secrets import read_authority, read_credential, read_login
from bot.heroku.transport import Api, parsed, read, says_gone
from bot.ports import Credential, Login, PrivateLinkState, RateBudgets
from bot.ports.telemetry import NO_TELEMETRY, EventName, Telemetry

_ACCEPT: Final = "application/vnd.heroku+json; version=3"


LISTED: Final = timedelta(seconds=30)
"""Total deadline of one list of add-ons, apps or spaces: the three fit into the two minutes of a directory
sync."""


@cache
def _authorities() -> ssl.SSLContext:
    """TLS context with this machine's authorities, read once: that takes longer than a call."""
    return httpx.create_ssl_context()


async def _require_get(request: httpx.Request) -> None:
    """Refuses what could change something, in a process that only watches."""
    if request.method != "GET":
        raise RuntimeError(f"{request.method} {request.url.path} would change something at Heroku")


class HerokuClient:
    """Client of Heroku's Platform API and Data API.

    Args:
        token: an API token that may manage the spaces and databases.
        platform_url: base of the Platform API.
        data_url: base of the Data API.
        budgets: the budget that all processes share; None calls without one.
        timings: with the deadline of a call.
        transport: for tests; None speaks HTTP.
        redactor: removes secrets from what Heroku answers; None removes the token alone.
        telemetry: counts the calls, and is told of each change.
        reads_only: raises ``RuntimeError`` instead of sending anything but a GET.
    """

    def __init__(
        self,
        *,
        token: str,
        platform_url: str,
        data_url: str,
        budgets: RateBudgets | None = None,
        timings: Timings = DEFAULT,
        transport: httpx.AsyncBaseTransport | None = None,
        redactor: Redactor | None = None,
        telemetry: Telemetry = NO_TELEMETRY,
        reads_only: bool = False,
    ) -> None:
        redactor = redactor or Redactor((token,))
        self._telemetry = telemetry
        self._deadline = timings.heroku_call
        self._limiter = None if budgets is None else RateLimiter(budgets)
        shared: dict[str, Any] = {
            "headers": {"Accept": _ACCEPT, "Accept-Encoding": ACCEPTED, "User-Agent": "pgaccess"},
            # httpx bounds each single step, not the whole call; ``Api`` holds the total deadline.
            "timeout": httpx.Timeout(self._deadline.total_seconds(), connect=5),
            "limits": httpx.Limits(max_connections=10),
            "transport": transport,
            "verify": _authorities(),
            "event_hooks": {"request": [_require_get]} if reads_only else None,
        }
        platform = httpx.AsyncClient(base_url=platform_url, auth=_Bearer(token), **shared)
        basic = httpx.AsyncClient(base_url=data_url, auth=httpx.BasicAuth("", token), **shared)
        bearer = httpx.AsyncClient(base_url=data_url, auth=_Bearer(token), **shared)
        self._platform, *data = (
            Api(client, self._limiter, deadline=self._deadline, redactor=redactor, telemetry=telemetry)
            for client in (platform, basic, bearer)
        )
        self._data = DataApi(*data)

    async def close(self) -> None:
        """Closes the connections."""
        await self._platform.close()
        await self._data.close()

    @property
    def deadline(self) -> timedelta:
        """The longest that one call can take, answer read."""
        return self._deadline

    async def databases(self, known: Sequence[Database] = ()) -> tuple[Database, ...]:
        """Every Postgres in a Private or Shield Space the token sees (``GET /addons``, ``GET /apps``)."""
        addons = sort_entries(_ADDON, await self._platform.all("/addons", within=LISTED), what="add-ons")
        if not addons.odd and not any(map(is_private_postgres, addons.good)):
            return ()
        # An add-on does not say which space it is in; its app does.
        apps = sort_entries(_APP, await self._platform.all("/apps", within=LISTED), what="apps")
        return read_databases(addons, apps, known)

    async def spaces(self, known: Sequence[Space] = ()) -> tuple[Space, ...]:
        """Every space the token sees that is ready for use (``GET /spaces``)."""
        found = sort_entries(_SPACE, await self._platform.all("/spaces", within=LISTED), what="spaces")
        return read_spaces(found, known)

    async def is_gone(self, target: Target) -> bool:
        """Whether a target does not exist (``GET /addons/{id}``, ``GET /spaces/{id}``)."""
        path = f"/spaces/{target.id}" if isinstance(target, Space) else f"/addons/{target.id}"
        try:
            found = read(_NAMED, await self._platform.call("GET", path))
        except HerokuError as error:
            if says_gone(error, space=isinstance(target, Space)):
                return True
            raise
        if found.id != target.id:
            raise HerokuAmbiguousError(200, "unreadable", "the answer is about something else")
        return False

    async def ruleset(self, space: UUID) -> Ruleset:
        """A space's present list (``GET /spaces/{id}/inbound-ruleset``)."""
        return read_ruleset(parsed(await self._platform.whole(f"/spaces/{space}/inbound-ruleset")))

    async def rulesets(self, space: UUID) -> tuple[Ruleset, ...]:
        """Every list that a space had (``GET /spaces/{id}/inbound-rulesets``), in Heroku's own order.

        A range by id would ask for another one.
        """
        path = f"/spaces/{space}/inbound-rulesets"
        # Read within a lease, which a call's deadline has to fit into, however many pages there are.
        return read_rulesets(await self._platform.all(path, within=self._deadline, first=""))

    async def put_ruleset(self, space: UUID, rules: Sequence[RulesetRule]) -> Ruleset:
        """Replaces a space's list (``PUT /spaces/{id}/inbound-ruleset``); only ``rules`` is sent."""
        # Heroku would accept it, and then block every web request to the space.
        if not rules:
            raise ValueError("a space's list is never written empty")
        body = {"rules": [rule.line for rule in rules]}
        path = f"/spaces/{space}/inbound-ruleset"
        with self._change("ruleset.put", space, sources=[rule.source for rule in rules]):
            return read_ruleset(parsed(await self._platform.call("PUT", path, body)))

    async def database_name(self, database: UUID) -> str:
        """The add-on's present name (``GET /addons/{id}``)."""
        return read(_NAMED, await self._platform.call("GET", f"/addons/{database}")).name

    async def database_named(self, name: str) -> UUID | None:
        """The id of the add-on that has a name (``GET /addons/{name}``); None where none is known by it."""
        path = f"/addons/{quote(name, safe='')}"
        try:
            return read(_NAMED, await self._platform.call("GET", path)).id
        except (HerokuNotFoundError, HerokuUnknownAddonError):
            return None

    async def current(self, database: Database) -> Database:
        """A database's present name, app and config var (``GET /addons/{id}``)."""
        found = read(_ADDON, await self._platform.call("GET", f"/addons/{database.id}"))
        return replace(database, name=found.name, app=found.app.name, config_var=found.config_var)

    def addressed_by_name(self, database: Database) -> bool:
        """Whether the Data API knows a database by its name only, as far as it has shown."""
        return self._data.addressed_by_name(database)

    async def require_known(self, database: Database) -> None:
        """Makes sure that the Data API knows the add-on (``GET /client/v11/databases/{id}``)."""
        await self._data.require_known(database)

    async def endpoint_status(self, database: Database) -> str:
        """The mTLS endpoint's status word; a 404 means that mTLS is not enabled (``GET …/tls-endpoint``)."""
        return word_in(parsed(await self._data.read(database, _MTLS)), "status")

    async def rules(self, database: Database) -> tuple[IpRule, ...]:
        """The complete list of a database's IP rules (``GET …/tls-endpoint/ip-rules``, never paged).

        Only a 200 is a complete list, and proves that what it lacks is not there.
        """
        return read_rules(parsed(await self._data.whole(database, f"{_MTLS}/ip-rules")))

    async def certificates(self, database: Database) -> tuple[Certificate, ...]:
        """A database's client certificates, disabled ones too (``GET …/tls-endpoint/certificates``)."""
        return read_certificates(parsed(await self._data.whole(database, f"{_MTLS}/certificates")))

    async def credential(self, database: Database, certificate: UUID) -> Credential:
        """One certificate with its key (``GET …/certificates/{id}``); 404 once it is disabled."""
        answer = await self._data.whole(database, f"{_MTLS}/certificates/{certificate}")
        return read_credential(answer.content)

    async def authority(self, database: Database) -> str:
        """The endpoint's certificate authority chain (``GET …/tls-endpoint``)."""
        return read_authority((await self._data.whole(database, _MTLS)).content)

    async def enable_endpoint(self, database: Database) -> None:
        """Enables mTLS (``POST …/tls-endpoint``): 201, ``Provisioning``, and a first certificate later on."""
        with self._change("mtls.enable", database):
            await self._data.write("POST", database, _MTLS)

    async def disable_endpoint(self, database: Database) -> None:
        """Disables mTLS (``DELETE …/tls-endpoint``): 202, ``Deprovisioning``, at last a 404."""
        with self._change("mtls.disable", database):
            await self._data.write("DELETE", database, _MTLS)

    async def create_certificate(self, database: Database) -> Certificate:
        """Makes a client certificate (``POST …/certificates``, no body): 201, ``pending`` at first."""
        with self._change("certificate.create", database):
            answer = await self._data.write("POST", database, f"{_MTLS}/certificates")
            return read(_CERTIFICATE, answer).certificate()

    async def discard_certificate(self, database: Database, certificate: UUID) -> None:
        """Disables a certificate (``DELETE …/certificates/{id}``); worth nothing at once, for good."""
        with self._change("certificate.remove", database, certificate=certificate):
            await self._data.write("DELETE", database, f"{_MTLS}/certificates/{certificate}")

    async def add_rule(self, database: Database, *, network: Network, description: str) -> IpRule:
        """Adds one rule (``POST …/ip-rules``) and returns it with Heroku's id."""
        body = {"cidr": str(network), "description": description}
        with self._change("ip_rule.add", database, **body):
            return read(_RULE, await self._data.write("POST", database, f"{_MTLS}/ip-rules", body)).rule()

    async def remove_rule(self, database: Database, rule: UUID) -> None:
        """Removes one rule (``DELETE …/ip-rules/{id}``); its body and exact 2xx are not documented."""
        with self._change("ip_rule.remove", database, rule=rule):
            await self._data.write("DELETE", database, f"{_MTLS}/ip-rules/{rule}")

    async def privatelink(self, database: Database) -> PrivateLinkState:
        """A database's PrivateLink (``GET /private-link/v0/databases/{name}``); 404 when it has none."""
        return read_link(parsed(await self._data.whole(database, _PRIVATELINK)))

    async def open_privatelink(self, database: Database, accounts: Sequence[str]) -> PrivateLinkState:
        """Makes a database's PrivateLink (``POST``), with at least one account; it takes minutes."""
        with self._change("privatelink.open", database, accounts=list(accounts)):
            answer = await self._data.write("POST", database, _PRIVATELINK, _allowed(accounts))
            return read_link(parsed(answer))

    async def let_accounts_in(self, database: Database, accounts: Sequence[str]) -> PrivateLinkState:
        """Adds accounts (``PUT …/allowed_accounts``): in spite of its verb it replaces nothing."""
        path = f"{_PRIVATELINK}/allowed_accounts"
        with self._change("privatelink.accounts.add", database, accounts=list(accounts)):
            return read_link(parsed(await self._data.write("PUT", database, path, _allowed(accounts))))

    async def remove_accounts(self, database: Database, accounts: Sequence[str]) -> None:
        """Removes accounts (``PATCH …/allowed_accounts`` with only those that are to go)."""
        path = f"{_PRIVATELINK}/allowed_accounts"
        with self._change("privatelink.accounts.remove", database, accounts=list(accounts)):
            await self._data.write("PATCH", database, path, _allowed(accounts))

    async def close_privatelink(self, database: Database) -> None:
        """Destroys a database's PrivateLink (``DELETE``); it is ``Deprovisioned`` at once, later a 404."""
        with self._change("privatelink.close", database):
            await self._data.write("DELETE", database, _PRIVATELINK)

    async def config_var_names(self, app: str) -> frozenset[str]:
        """The names of an app's config vars (``GET /apps/{app}/config-vars``); values are dropped here."""
        path = f"/apps/{quote(app, safe='')}/config-vars"
        answer = await self._platform.call("GET", path)
        return names_in(answer.content, answer.status_code)

    async def login(self, app: str, config_var: str) -> Login:
        """How a database is reached now (``GET /apps/{app}/config-vars``), and nothing else of the answer."""
        path = f"/apps/{quote(app, safe='')}/config-vars"
        return read_login((await self._platform.whole(path)).content, config_var)

    async def learn_budget(self) -> None:
        """Asks how many request tokens are left, unless answers say so (``GET /account/rate-limits``)."""
        if self._limiter is not None and not self._limiter.is_corrected:
            answer = await self._platform.call("GET", "/account/rate-limits")
            await self._platform.correct(str(read(_LIMITS, answer).remaining))

    @contextlib.contextmanager
    def _change(self, change: str, target: Database | UUID, **what: object) -> Iterator[None]:
        """Tells of a change once its outcome is known, for the length of a ``with`` block.

        Args:
            change: its name, which stays: ``docs/operations/events.md``.
            target: a database, or the id of a space.
            what: what is added or removed; no secret.
        """
        where = (
            {"target": target.id, "name": target.name} if isinstance(target, Database) else {"target": target}
        )
        # What is cut off with its process may have reached Heroku.
        told: dict[str, object] = {"outcome": "unknown", "status": 0, "error": ""}
        try:
            yield
            told["outcome"] = "accepted"
        except HerokuError as error:
            told = {"outcome": _outcome(error), "status": error.status, "error": error.id}
            raise
        except StoreUnavailableError:
            told["outcome"] = "not_sent"
            raise
        finally:
            self._telemetry.event(EventName.HEROKU_CHANGE, {"change": change, **where, **what, **told})


def _outcome(error: HerokuError) -> str:
    """What an error says of a change: not asked for, rejected, or made or not."""
    if isinstance(error, RateBudgetExhaustedError):
        return "not_sent"
    return "unknown" if isinstance(error, HerokuAmbiguousError) else "rejected"


class _Bearer(httpx.Auth):
    """A token in the ``Authorization`` header."""

    def __init__(self, token: str) -> None:
        self._value = f"Bearer {token}"

    def auth_flow(self, request: httpx.Request) -> Any:
        """Signs one request."""
        request.headers["Authorization"] = self._value
        yield request


_ADDON: Final = TypeAdapter(Addon)
_APP: Final = TypeAdapter(HerokuApp)
_SPACE: Final = TypeAdapter(AnySpace)
_NAMED: Final = TypeAdapter(Named)
_LIMITS: Final = TypeAdapter(Limits)
_CERTIFICATE: Final = TypeAdapter(AnyCertificate)
_RULE: Final = TypeAdapter(AnyRule)

_MTLS: Final = f"/postgres/v0/databases/{DATABASE}/tls-endpoint"
_PRIVATELINK: Final = f"/private-link/v0/databases/{DATABASE}"


def _allowed(accounts: Sequence[str]) -> dict[str, list[str]]:
    return {"allowed_accounts": list(accounts)}

"""The two Heroku APIs as pgaccess calls them: one request, one total deadline, one clear outcome.

Platform API (https://api.heroku.com) with a Bearer token; Data API (https://api.data.heroku.com), the service
behind the official data tools, with Basic, an empty user and the token as password.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import quote
from uuid import UUID

import httpx
from pydantic import TypeAdapter, ValidationError

from bot.domain.budget import Purpose
from bot.domain.certificate import Certificate
from bot.domain.ranges import RangeRule, Ruleset
from bot.domain.subject import Network
from bot.domain.target import Database, Rule, Space
from bot.errors import (
    HerokuBusyError,
    HerokuDeniedError,
    HerokuError,
    HerokuNotFoundError,
    HerokuRefusedError,
    HerokuUnclearError,
    StoreUnavailableError,
)
from bot.heroku.allowance import Allowance
from bot.heroku.link_shapes import Link, names_in
from bot.heroku.secret_shapes import read_authority, read_credential, read_login
from bot.heroku.shapes import (
    Addon,
    AnyCertificate,
    AnyRule,
    AnyRuleset,
    AnySpace,
    App,
    Endpoint,
    Limits,
    is_private_postgres,
    storable,
)
from bot.ports import Budgets, Credential, LinkSeen, Login, purpose

DEADLINE: Final = timedelta(seconds=15)
"""The longest that one call can take, answer read: httpx's own time-outs bound its steps, not the call."""

PAGE: Final = 1000
"""Items asked for per page; Heroku's maximum. The next page is named by ``Next-Range``."""

PAGES: Final = 50
"""Pages read at most: an end to a list that never ends."""

REMAINING: Final = "RateLimit-Remaining"
"""The header that tells how many request tokens are left (Platform API reference, "Rate Limits")."""

T = TypeVar("T")

_ACCEPT: Final = "application/vnd.heroku+json; version=3"


@cache
def _authorities() -> ssl.SSLContext:
    """The authorities that this machine believes: reading them takes longer than a call does."""
    return httpx.create_ssl_context()


class HerokuClient:
    """The calls that pgaccess makes.

    Args:
        token: an API token that may manage the spaces and databases.
        platform_url: base of the Platform API.
        data_url: base of the Data API.
        budgets: the budget that all processes share; None asks without one.
        transport: for tests; None speaks HTTP.
    """

    def __init__(
        self,
        *,
        token: str,
        platform_url: str,
        data_url: str,
        budgets: Budgets | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._allowance = None if budgets is None else Allowance(budgets)
        shared: dict[str, Any] = {
            "headers": {"Accept": _ACCEPT, "User-Agent": "pgaccess"},
            "timeout": httpx.Timeout(DEADLINE.total_seconds(), connect=5),
            "limits": httpx.Limits(max_connections=10),
            "transport": transport,
            "verify": _authorities(),
        }
        self._platform = httpx.AsyncClient(base_url=platform_url, auth=_Bearer(token), **shared)
        self._data = httpx.AsyncClient(base_url=data_url, auth=httpx.BasicAuth("", token), **shared)

    async def close(self) -> None:
        """Closes the connections."""
        await self._platform.aclose()
        await self._data.aclose()

    @property
    def deadline(self) -> timedelta:
        """The longest that one call can take, answer read."""
        return DEADLINE

    async def databases(self) -> tuple[Database, ...]:
        """Every Postgres in a Private or Shield Space the token sees (``GET /addons``, ``GET /apps``)."""
        addons = [a for a in await self._all("/addons", _ADDONS) if is_private_postgres(a)]
        if not addons:
            return ()
        apps = {app.id: app for app in await self._all("/apps", _APPS)}
        found = (addon.database(apps.get(addon.app.id)) for addon in addons)
        return tuple(database for database in found if database is not None)

    async def spaces(self) -> tuple[Space, ...]:
        """Every space the token sees that is ready for use (``GET /spaces``)."""
        found = await self._all("/spaces", _SPACES)
        return tuple(each.space() for each in found if each.state == "allocated")

    async def ruleset(self, space: UUID) -> Ruleset:
        """A space's present list (``GET /spaces/{id}/inbound-ruleset``)."""
        answer = await self._whole(f"/spaces/{space}/inbound-ruleset", self._platform)
        return _read(_RULESET, answer).ruleset()

    async def rulesets(self, space: UUID) -> tuple[Ruleset, ...]:
        """Every list that a space had (``GET /spaces/{id}/inbound-rulesets``), in Heroku's own order.

        A range by id would ask for another one.
        """
        found = await self._all(f"/spaces/{space}/inbound-rulesets", _RULESETS, first="")
        return tuple(each.ruleset() for each in found)

    async def put_ruleset(self, space: UUID, rules: Sequence[RangeRule]) -> Ruleset:
        """Replaces a space's list (``PUT /spaces/{id}/inbound-ruleset``); only ``rules`` is sent."""
        if not rules:
            raise ValueError("a space's list is never written empty")
        body = {"rules": [{"action": rule.action, "source": rule.source} for rule in rules]}
        path = f"/spaces/{space}/inbound-ruleset"
        return _read(_RULESET, await self._call(self._platform, "PUT", path, body)).ruleset()

    async def database_name(self, database: UUID) -> str:
        """The add-on's present name (``GET /addons/{id}``)."""
        return _read(_ADDON, await self._call(self._platform, "GET", f"/addons/{database}")).name

    async def endpoint_status(self, name: str) -> str:
        """The mTLS endpoint's status word; a 404 means that mTLS is not enabled (``GET …/tls-endpoint``)."""
        return _read(_ENDPOINT, await self._call(self._data, "GET", _endpoint(name))).status

    async def rules(self, name: str) -> tuple[Rule, ...]:
        """The complete list of a database's IP rules (``GET …/tls-endpoint/ip-rules``, never paged).

        Only a 200 is a complete list, and proves that what it lacks is not there.
        """
        answer = await self._call(self._data, "GET", f"{_endpoint(name)}/ip-rules")
        if answer.status_code != httpx.codes.OK:
            raise HerokuUnclearError(answer.status_code, "incomplete", "the answer is no complete list")
        return tuple(rule.rule() for rule in _read(_RULES, answer))

    async def certificates(self, name: str) -> tuple[Certificate, ...]:
        """A database's client certificates, disabled ones too (``GET …/tls-endpoint/certificates``)."""
        answer = await self._whole(f"{_endpoint(name)}/certificates")
        return tuple(found.certificate() for found in _read(_CERTIFICATES, answer))

    async def credential(self, name: str, certificate: UUID) -> Credential:
        """One certificate with its key (``GET …/certificates/{id}``); 404 once it is disabled."""
        return read_credential((await self._whole(f"{_endpoint(name)}/certificates/{certificate}")).content)

    async def authority(self, name: str) -> str:
        """The endpoint's certificate authority chain (``GET …/tls-endpoint``)."""
        return read_authority((await self._whole(_endpoint(name))).content)

    async def enable_endpoint(self, name: str) -> None:
        """Enables mTLS (``POST …/tls-endpoint``): 201, ``Provisioning``, and a first certificate later on."""
        await self._call(self._data, "POST", _endpoint(name))

    async def disable_endpoint(self, name: str) -> None:
        """Disables mTLS (``DELETE …/tls-endpoint``): 202, ``Deprovisioning``, at last a 404."""
        await self._call(self._data, "DELETE", _endpoint(name))

    async def create_certificate(self, name: str) -> Certificate:
        """Makes a client certificate (``POST …/certificates``, no body): 201, ``pending`` at first."""
        answer = await self._call(self._data, "POST", f"{_endpoint(name)}/certificates")
        return _read(_CERTIFICATE, answer).certificate()

    async def discard_certificate(self, name: str, certificate: UUID) -> None:
        """Disables a certificate (``DELETE …/certificates/{id}``); worth nothing at once, for good."""
        await self._call(self._data, "DELETE", _certificate(name, certificate))

    async def add_rule(self, name: str, *, network: Network, description: str) -> Rule:
        """Adds one rule (``POST …/ip-rules``) and returns it with Heroku's id."""
        body = {"cidr": str(network), "description": description}
        return _read(_RULE, await self._call(self._data, "POST", f"{_endpoint(name)}/ip-rules", body)).rule()

    async def remove_rule(self, name: str, rule: UUID) -> None:
        """Removes one rule (``DELETE …/ip-rules/{id}``); its body and exact 2xx are not documented."""
        await self._call(self._data, "DELETE", f"{_endpoint(name)}/ip-rules/{rule}")

    async def privatelink(self, name: str) -> LinkSeen:
        """A database's PrivateLink (``GET /private-link/v0/databases/{name}``); 404 when it has none."""
        return _read(_LINK, await self._whole(_link(name))).seen()

    async def open_privatelink(self, name: str, accounts: Sequence[str]) -> LinkSeen:
        """Makes a database's PrivateLink (``POST``), with at least one account; it takes minutes."""
        return _read(_LINK, await self._call(self._data, "POST", _link(name), _allowed(accounts))).seen()

    async def let_accounts_in(self, name: str, accounts: Sequence[str]) -> LinkSeen:
        """Adds accounts (``PUT …/allowed_accounts``): in spite of its verb it replaces nothing."""
        path = f"{_link(name)}/allowed_accounts"
        return _read(_LINK, await self._call(self._data, "PUT", path, _allowed(accounts))).seen()

    async def remove_accounts(self, name: str, accounts: Sequence[str]) -> None:
        """Removes accounts (``PATCH …/allowed_accounts`` with only those that are to go)."""
        await self._call(self._data, "PATCH", f"{_link(name)}/allowed_accounts", _allowed(accounts))

    async def close_privatelink(self, name: str) -> None:
        """Destroys a database's PrivateLink (``DELETE``); it is ``Deprovisioned`` at once, later a 404."""
        await self._call(self._data, "DELETE", _link(name))

    async def config_var_names(self, app: str) -> frozenset[str]:
        """The names of an app's config vars (``GET /apps/{app}/config-vars``); values are dropped here."""
        path = f"/apps/{quote(app, safe='')}/config-vars"
        answer = await self._call(self._platform, "GET", path)
        return names_in(answer.content, answer.status_code)

    async def login(self, app: str, config_var: str) -> Login:
        """How a database is reached now (``GET /apps/{app}/config-vars``), and nothing else of the answer."""
        path = f"/apps/{quote(app, safe='')}/config-vars"
        return read_login((await self._whole(path, self._platform)).content, config_var)

    async def _whole(self, path: str, client: httpx.AsyncClient | None = None) -> httpx.Response:
        """A GET, of the Data API unless said; only a 200 is complete, and proves what is not there."""
        answer = await self._call(client or self._data, "GET", path)
        if answer.status_code != httpx.codes.OK:
            raise HerokuUnclearError(answer.status_code, "incomplete", "the answer is not complete")
        return answer

    async def _all(
        self, path: str, shape: TypeAdapter[list[T]], *, first: str = f"id ..; max={PAGE}"
    ) -> list[T]:
        """Reads a list to its end: 206 and ``Next-Range`` mean that there is more."""
        found: list[T] = []
        wanted = first
        for _ in range(PAGES):
            headers = {"Range": wanted} if wanted else None
            answer = await self._call(self._platform, "GET", path, headers=headers)
            page: list[T] = _read(shape, answer)
            found += page
            wanted = answer.headers.get("Next-Range", "")
            if answer.status_code != httpx.codes.PARTIAL_CONTENT or not wanted:
                return found
        raise HerokuUnclearError(206, "", f"{path} does not end")

    async def _call(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Makes one call within the deadline.

        Raises:
            HerokuError: one of its families, as the answer is. Everything but a success, a clear 4xx and a
                429 leaves open whether a change was made.
        """
        try:
            async with asyncio.timeout(DEADLINE.total_seconds()):
                if self._allowance is not None:
                    await self._allowance.spend(_purpose(method))
                answer = await client.request(method, path, json=body, headers=headers)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise HerokuUnclearError(0, "timeout", "no answer in time") from error
        except httpx.ConnectError as error:
            raise HerokuUnclearError(0, "unreachable", "no connection") from error
        except httpx.HTTPError as error:
            raise HerokuUnclearError(0, "cut", "the connection was cut") from error
        await self._correct(answer.headers.get(REMAINING, ""))
        if answer.is_success:
            return answer
        raise _error(answer)

    async def learn_budget(self) -> None:
        """Asks how many request tokens are left, unless answers say so (``GET /account/rate-limits``)."""
        if self._allowance is not None and not self._allowance.is_told:
            answer = await self._call(self._platform, "GET", "/account/rate-limits")
            await self._correct(str(_read(_LIMITS, answer).remaining))

    async def _correct(self, left: str) -> None:
        """Learns how many tokens Heroku says are left; an answer that came is not lost for it."""
        if self._allowance is not None and left.isdecimal():
            with contextlib.suppress(StoreUnavailableError):
                await self._allowance.told(int(left))


class _Bearer(httpx.Auth):
    """A token in the ``Authorization`` header."""

    def __init__(self, token: str) -> None:
        self._value = f"Bearer {token}"

    def auth_flow(self, request: httpx.Request) -> Any:
        """Signs one request."""
        request.headers["Authorization"] = self._value
        yield request


_ADDONS: Final = TypeAdapter(list[Addon])
_SPACES: Final = TypeAdapter(list[AnySpace])
_RULESET: Final = TypeAdapter(AnyRuleset)
_RULESETS: Final = TypeAdapter(list[AnyRuleset])
_ADDON: Final = TypeAdapter(Addon)
_LIMITS: Final = TypeAdapter(Limits)
_APPS: Final = TypeAdapter(list[App])
_ENDPOINT: Final = TypeAdapter(Endpoint)
_CERTIFICATES: Final = TypeAdapter(list[AnyCertificate])
_CERTIFICATE: Final = TypeAdapter(AnyCertificate)
_RULES: Final = TypeAdapter(list[AnyRule])
_RULE: Final = TypeAdapter(AnyRule)
_LINK: Final = TypeAdapter(Link)


def _purpose(method: str) -> Purpose:
    """What a call is for: a removal is one whatever it is part of, and so is what a removal needs to know."""
    if method in ("DELETE", "PATCH"):
        return Purpose.REMOVE
    if method == "POST":
        return Purpose.ADD
    return max(purpose(), Purpose.ADD) if method == "PUT" else purpose()


def _endpoint(name: str) -> str:
    return f"/postgres/v0/databases/{quote(name, safe='')}/tls-endpoint"


def _certificate(name: str, certificate: UUID) -> str:
    return f"{_endpoint(name)}/certificates/{certificate}"


def _link(name: str) -> str:
    return f"/private-link/v0/databases/{quote(name, safe='')}"


def _allowed(accounts: Sequence[str]) -> dict[str, list[str]]:
    return {"allowed_accounts": list(accounts)}


def _read(shape: TypeAdapter[T], answer: httpx.Response) -> T:
    """Reads a successful answer; one that cannot be read says nothing about what was done."""
    try:
        return shape.validate_json(answer.content)
    except ValidationError as error:
        raise HerokuUnclearError(answer.status_code, "unreadable", "the answer could not be read") from error


def _error(answer: httpx.Response) -> HerokuError:
    """The error that an answer stands for. Its ids are those of the Platform API reference, "Errors"."""
    id, message = _words(answer)
    status = answer.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return HerokuBusyError(status, id, message)
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return HerokuDeniedError(status, id, message)
    if status == httpx.codes.NOT_FOUND and id == "not_found":
        return HerokuNotFoundError(status, id, message)
    if answer.is_client_error and id:
        return HerokuRefusedError(status, id, message)
    return HerokuUnclearError(status, id, message)


def _words(answer: httpx.Response) -> tuple[str, str]:
    """Heroku's error id and sentence; empty when the body is not Heroku's (a proxy's page, a cut answer)."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    id, message = str(body.get("id", "")), str(body.get("message", body.get("error", "")))
    return storable(id)[:60], storable(message)[:300]

"""The two Heroku APIs as pgaccess calls them: one request, one total deadline, one clear outcome.

Platform API (https://api.heroku.com) with a Bearer token; Data API (https://api.data.heroku.com), the service
behind the official data tools, with Basic, an empty user and the token as password.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import quote
from uuid import UUID

import httpx
from pydantic import TypeAdapter, ValidationError

from bot.domain.certificate import Certificate
from bot.domain.subject import Network
from bot.domain.target import Database, Rule, Space
from bot.errors import (
    HerokuBusyError,
    HerokuDeniedError,
    HerokuError,
    HerokuNotFoundError,
    HerokuRefusedError,
    HerokuUnclearError,
)
from bot.heroku.shapes import (
    Addon,
    AnyCertificate,
    AnyRule,
    AnySpace,
    App,
    Endpoint,
    is_private_postgres,
    storable,
)

DEADLINE: Final = timedelta(seconds=15)
"""The longest that one call can take, answer read: httpx's own time-outs bound its steps, not the call."""

PAGE: Final = 1000
"""Items asked for per page; Heroku's maximum. The next page is named by ``Next-Range``."""

PAGES: Final = 50
"""Pages read at most: an end to a list that never ends."""

T = TypeVar("T")

_ACCEPT: Final = "application/vnd.heroku+json; version=3"


class HerokuClient:
    """The calls that pgaccess makes.

    Args:
        token: an API token that may manage the spaces and databases.
        platform_url: base of the Platform API.
        data_url: base of the Data API.
        transport: for tests; None speaks HTTP.
    """

    def __init__(
        self,
        *,
        token: str,
        platform_url: str,
        data_url: str,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        shared: dict[str, Any] = {
            "headers": {"Accept": _ACCEPT, "User-Agent": "pgaccess"},
            "timeout": httpx.Timeout(DEADLINE.total_seconds(), connect=5),
            "limits": httpx.Limits(max_connections=10),
            "transport": transport,
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
        answer = await self._call(self._data, "GET", f"{_endpoint(name)}/certificates")
        return tuple(found.certificate() for found in _read(_CERTIFICATES, answer))

    async def add_rule(self, name: str, *, network: Network, description: str) -> Rule:
        """Adds one rule (``POST …/ip-rules``) and returns it with Heroku's id."""
        body = {"cidr": str(network), "description": description}
        return _read(_RULE, await self._call(self._data, "POST", f"{_endpoint(name)}/ip-rules", body)).rule()

    async def remove_rule(self, name: str, rule: UUID) -> None:
        """Removes one rule (``DELETE …/ip-rules/{id}``); its body and exact 2xx are not documented."""
        await self._call(self._data, "DELETE", f"{_endpoint(name)}/ip-rules/{rule}")

    async def _all(self, path: str, shape: TypeAdapter[list[T]]) -> list[T]:
        """Reads a list to its end: 206 and ``Next-Range`` mean that there is more."""
        found: list[T] = []
        wanted = f"id ..; max={PAGE}"
        for _ in range(PAGES):
            answer = await self._call(self._platform, "GET", path, headers={"Range": wanted})
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
                answer = await client.request(method, path, json=body, headers=headers)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise HerokuUnclearError(0, "timeout", "no answer in time") from error
        except httpx.ConnectError as error:
            raise HerokuUnclearError(0, "unreachable", "no connection") from error
        except httpx.HTTPError as error:
            raise HerokuUnclearError(0, "cut", "the connection was cut") from error
        if answer.is_success:
            return answer
        raise _error(answer)


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
_ADDON: Final = TypeAdapter(Addon)
_APPS: Final = TypeAdapter(list[App])
_ENDPOINT: Final = TypeAdapter(Endpoint)
_CERTIFICATES: Final = TypeAdapter(list[AnyCertificate])
_RULES: Final = TypeAdapter(list[AnyRule])
_RULE: Final = TypeAdapter(AnyRule)


def _endpoint(name: str) -> str:
    return f"/postgres/v0/databases/{quote(name, safe='')}/tls-endpoint"


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
    except ValueError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    id, message = str(body.get("id", "")), str(body.get("message", body.get("error", "")))
    return storable(id)[:60], storable(message)[:300]

"""Does Heroku take the token, what does it show, and does the Data API answer to it?"""

from collections.abc import AsyncIterator
from typing import Any, Final

import httpx

from bot.cli.check.report import PATIENCE, Line, Looked, bad, good, many, safely, skipped
from bot.config import HerokuSettings
from bot.domain.target import Database
from bot.errors import HerokuAmbiguousError, HerokuError, HerokuNotFoundError, HerokuUnauthorizedError
from bot.heroku.client import HerokuClient
from bot.heroku.transport import PAGE

TOPIC: Final = "Heroku token"
LIMIT: Final = "Heroku rate limit"
SEEN: Final = "Heroku databases"
DATA: Final = "Heroku Data API"

HOURLY: Final = 4500
"""Calls an hour that an account has (Heroku Platform API reference, "Rate limits", 2026-11)."""

RESERVE: Final = 450
"""A tenth of them: what removals keep for themselves; with less left, nothing is opened."""

_ACCEPT: Final = "application/vnd.heroku+json; version=3"


async def look(settings: HerokuSettings) -> AsyncIterator[Line]:
    """Everything about Heroku. Nothing is changed there, so whether the token may change it is not seen."""
    headers = {"Accept": _ACCEPT, "Authorization": f"Bearer {settings.token}", "User-Agent": "pgaccess"}
    timeout = PATIENCE.total_seconds()
    async with httpx.AsyncClient(base_url=settings.url, headers=headers, timeout=timeout) as platform:
        account = await safely(TOPIC, _account(platform))
        for line in account.lines:
            yield line
        if account.value is None:
            for line in skipped((LIMIT, SEEN, DATA), "Heroku does not take the token"):
                yield line
            return
        for line in (await safely(LIMIT, _limit(platform))).lines:
            yield line
        client = HerokuClient(token=settings.token, platform_url=settings.url, data_url=settings.data_url)
        try:
            seen = await safely(SEEN, _seen(platform, client))
            for line in seen.lines:
                yield line
            for line in await _data(client, seen.value):
                yield line
        finally:
            await client.close()


async def _account(platform: httpx.AsyncClient) -> Looked[str]:
    try:
        email = str((await _get(platform, "/account"))["email"])
    except HerokuUnauthorizedError as error:
        advice = "make one with `heroku authorizations:create`"
        return Looked(lines=[bad(TOPIC, f"HEROKU_API_KEY is not taken ({error.status}): {advice}")])
    return Looked(lines=[good(TOPIC, f"it is {email}'s")], value=email)


async def _limit(platform: httpx.AsyncClient) -> Looked[None]:
    left = int((await _get(platform, "/account/rate-limits"))["remaining"])
    said = f"{left} of {HOURLY} calls are left"
    if left < RESERVE:
        return Looked(lines=[bad(LIMIT, f"{said}: find out what else uses this account, and wait for more")])
    return Looked(lines=[good(LIMIT, said)])


async def _seen(platform: httpx.AsyncClient, client: HerokuClient) -> Looked[tuple[Database, ...]]:
    spaces, apps = await _count(platform, "/spaces"), await _count(platform, "/apps")
    databases = await client.databases()
    around = f"{many(spaces, 'space')} and {many(apps, 'app')} seen"
    if not databases:
        why = "no Postgres in a Private or Shield Space among them: the token needs a member who sees it"
        return Looked(lines=[bad(SEEN, f"{around}, {why}")])
    names = ", ".join(f"{database.app} ({database.name})" for database in databases)
    return Looked(lines=[good(SEEN, f"{names}; {around}")], value=databases)


async def _data(client: HerokuClient, databases: tuple[Database, ...] | None) -> list[Line]:
    if not databases:
        return skipped((DATA,), "no database is seen")
    return list((await safely(DATA, _endpoint(client, databases[0]))).lines)


async def _endpoint(client: HerokuClient, database: Database) -> Looked[None]:
    """Asks for a database's mTLS endpoint: that there is none is as good an answer as its status."""
    try:
        status = await client.endpoint_status(database.name)
    except HerokuNotFoundError:
        return Looked(lines=[good(DATA, f"it answers; mTLS is not enabled on {database.app} yet")])
    except HerokuUnauthorizedError as error:
        why = f"it does not take HEROKU_API_KEY ({error.status})"
        return Looked(lines=[bad(DATA, f"{why}: the account needs the right to manage {database.app}")])
    except HerokuError as error:
        what = f"{error.status} {error.id}" if error.status else "nothing"
        return Looked(
            lines=[bad(DATA, f"it answered {what.strip()}: check HEROKU_DATA_API_URL, or try again later")]
        )
    return Looked(lines=[good(DATA, f"it answers; mTLS on {database.app} is {status}")])


async def _count(platform: httpx.AsyncClient, path: str) -> str:
    """How many there are, as far as one page tells."""
    found = len(await _get(platform, path))
    return f"{found} or more" if found == PAGE else str(found)


async def _get(platform: httpx.AsyncClient, path: str) -> Any:
    answer = await platform.get(path, headers={"Range": f"id ..; max={PAGE}"})
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise HerokuUnauthorizedError(answer.status_code)
    if not answer.is_success:
        raise HerokuAmbiguousError(answer.status_code)
    return answer.json()

"""Checks the Heroku token, its rate limit, the databases it sees, and the Data API."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import httpx

from bot.cli.check.report import (
    CHECK_TIMEOUT,
    CheckResult,
    ReportLine,
    failed,
    found,
    ok,
    plural,
    run_check,
    skipped,
)
from bot.config import HerokuSettings
from bot.domain.policy.rules import Policy
from bot.domain.target import Database, KnownAs, Space, with_labels
from bot.errors import (
    HerokuAmbiguousError,
    HerokuError,
    HerokuNotFoundError,
    HerokuUnauthorizedError,
    HerokuUnknownAddonError,
)
from bot.heroku.client import HerokuClient
from bot.heroku.transport import PAGE
from bot.policy.coverage import target_findings

TOPIC: Final = "Heroku token"
LIMIT: Final = "Heroku rate limit"
DATABASES: Final = "Heroku databases"
COVERAGE: Final = "policy and Heroku"
DATA: Final = "Heroku Data API"

HOURLY: Final = 4500
"""Calls an hour that an account has (Heroku Platform API reference, "Rate limits", 2026-11)."""

RESERVE: Final = 450
"""Calls reserved for removals, a tenth of them; with fewer left, nothing is opened."""

_ACCEPT: Final = "application/vnd.heroku+json; version=3"


async def check_heroku(
    settings: HerokuSettings, policy: Policy | None, known: Mapping[UUID, KnownAs]
) -> AsyncIterator[ReportLine]:
    """Run every Heroku check. All are reads, so they cannot tell whether the token may also write.

    Args:
        settings: How Heroku is reached.
        policy: Compared with what there is; None where it cannot be read.
        known: What the store knows each target by, by Heroku's UUID; empty where it cannot be read.
    """
    headers = {"Accept": _ACCEPT, "Authorization": f"Bearer {settings.token}", "User-Agent": "pgaccess"}
    timeout = CHECK_TIMEOUT.total_seconds()
    async with httpx.AsyncClient(base_url=settings.url, headers=headers, timeout=timeout) as platform:
        account = await run_check(TOPIC, _account(platform))
        for line in account.lines:
            yield line
        if account.value is None:
            for line in skipped((LIMIT, DATABASES, COVERAGE, DATA), "Heroku rejected the token"):
                yield line
            return
        for line in (await run_check(LIMIT, _limit(platform))).lines:
            yield line
        # Without the shared rate budget, which is in the store: this has to work while that does not.
        client = HerokuClient(token=settings.token, platform_url=settings.url, data_url=settings.data_url)
        try:
            databases = await run_check(DATABASES, _databases(platform, client))
            for line in databases.lines:
                yield line
            if policy is None or databases.value is None:
                why = "the policy cannot be read" if policy is None else "no database is visible"
                for line in skipped((COVERAGE,), why):
                    yield line
            else:
                coverage = await run_check(COVERAGE, _coverage(client, policy, databases.value, known))
                for line in coverage.lines:
                    yield line
            for line in await _data_api(client, databases.value):
                yield line
        finally:
            await client.close()


async def _account(platform: httpx.AsyncClient) -> CheckResult[str]:
    try:
        email = str((await _get(platform, "/account"))["email"])
    except HerokuUnauthorizedError as error:
        advice = "create one with `heroku authorizations:create`"
        return failed(TOPIC, f"HEROKU_API_KEY was rejected ({error.status}): {advice}")
    return CheckResult(lines=[ok(TOPIC, f"belongs to {email}")], value=email)


async def _limit(platform: httpx.AsyncClient) -> CheckResult[None]:
    left = int((await _get(platform, "/account/rate-limits"))["remaining"])
    message = f"{left} of {HOURLY} calls are left"
    if left < RESERVE:
        return failed(LIMIT, f"{message}: find out what else uses this account, and wait for the refill")
    return CheckResult(lines=[ok(LIMIT, message)])


async def _databases(platform: httpx.AsyncClient, client: HerokuClient) -> CheckResult[tuple[Database, ...]]:
    spaces, apps = await _count(platform, "/spaces"), await _count(platform, "/apps")
    databases = await client.databases()
    visible = f"{plural(spaces, 'space')} and {plural(apps, 'app')} visible"
    if not databases:
        why = "but no Postgres in a Private or Shield Space: the token's account must be a member of its team"
        return failed(DATABASES, f"{visible}, {why}")
    names = ", ".join(f"{database.app} ({database.name})" for database in databases)
    return CheckResult(lines=[ok(DATABASES, f"{names}; {visible}")], value=databases)


async def _coverage(
    client: HerokuClient, policy: Policy, databases: tuple[Database, ...], known: Mapping[UUID, KnownAs]
) -> CheckResult[None]:
    """Compare the policy with every database and space, by what it is bound to where that is known."""
    unknown = KnownAs()
    labelled = [replace(each, known=known.get(each.id, unknown)) for each in with_labels(databases)]
    spaces: list[Space] = [replace(each, known=known.get(each.id, unknown)) for each in await client.spaces()]
    lines = found(COVERAGE, target_findings(policy, labelled, spaces))
    return CheckResult(lines=lines or [ok(COVERAGE, "every entry and every target has its counterpart")])


async def _data_api(client: HerokuClient, databases: tuple[Database, ...] | None) -> list[ReportLine]:
    if not databases:
        return skipped((DATA,), "no database is visible")
    # One database is enough, since it is the host and the token that are checked.
    return list((await run_check(DATA, _endpoint(client, databases[0]))).lines)


async def _endpoint(client: HerokuClient, database: Database) -> CheckResult[None]:
    """Read a database's mTLS endpoint; that there is none proves as much as its status does."""
    try:
        try:
            status = await client.endpoint_status(database)
        except HerokuNotFoundError:
            await client.require_known(database)
            return CheckResult(lines=[ok(DATA, f"reachable; mTLS is not enabled on {database.app}")])
    except HerokuUnknownAddonError:
        why = f"it does not know {database.name}, so whether mTLS is enabled on {database.app} is unknown"
        return failed(DATA, f"{why}: it learns of a new name late, so run this again in some minutes")
    except HerokuUnauthorizedError as error:
        why = f"HEROKU_API_KEY was rejected ({error.status})"
        return failed(DATA, f"{why}: the account needs the permission to manage {database.app}")
    except HerokuError as error:
        what = f"answered {error.status} {error.id}".strip() if error.status else "did not answer"
        return failed(DATA, f"{what}: check HEROKU_DATA_API_URL, or try again later")
    return CheckResult(lines=[ok(DATA, f"reachable; mTLS on {database.app} is {status}")])


async def _count(platform: httpx.AsyncClient, path: str) -> str:
    """Return how many there are; one page is read, so many are "1000 or more"."""
    found = len(await _get(platform, path))
    return f"{found} or more" if found == PAGE else str(found)


async def _get(platform: httpx.AsyncClient, path: str) -> Any:
    response = await platform.get(path, headers={"Range": f"id ..; max={PAGE}"})
    if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise HerokuUnauthorizedError(response.status_code)
    if not response.is_success:
        raise HerokuAmbiguousError(response.status_code)
    return response.json()

"""``pgaccess watch``: a process of its own that only reads, and tells operations and the pager."""

import argparse
import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from bot.cli.answer import Answer
from bot.cli.policy import current_policy
from bot.clock import SystemClock
from bot.config import WatchSettings, watch_settings
from bot.directory.people import TASK as PEOPLE
from bot.domain.policy.rules import Policy
from bot.domain.timings import DEFAULT, Timings
from bot.domain.watch.alarm import Notice, NoticeKind
from bot.domain.watch.condition import CALLS_AN_HOUR, LOOK_EVERY, Condition, Sighting
from bot.errors import MisconfiguredError
from bot.heroku.reader import HerokuReader
from bot.i18n.translator import Translator
from bot.lifecycle import run_until, stop_signals
from bot.log_config import configure
from bot.pager import HttpPager
from bot.policy.coverage import unmatched
from bot.ports import Clock
from bot.services.targets.absences import DEPARTURES
from bot.services.targets.discovery import SYNC
from bot.slack import SlackClient
from bot.views import watch as view
from bot.watch import Audience, Watch
from storage.engine import read_only_engine
from storage.watched_store import BEGINNING, ReadOnlyStore, grant_sql

TASKS: Final = (PEOPLE, SYNC, DEPARTURES)
"""Periodic tasks that every worker takes, also one that cannot read its policy."""

log = structlog.get_logger(__name__)


def run(chosen: argparse.Namespace, environ: Mapping[str, str] = os.environ) -> Answer:
    """Watch until the process is asked to stop, or do what an option asks; return what to print.

    Args:
        chosen: Parsed arguments.
        environ: Environment of this process, which may have a role and a token of its own.

    Raises:
        MisconfiguredError: A setting is wrong, or nobody could be told of anything.
    """
    if chosen.grant_sql is not None:
        return Answer(lines=list(grant_sql(chosen.grant_sql)))
    settings = watch_settings(environ, database=chosen.database_variable)
    configure(settings.redactor())
    policy = _policy(environ)
    return asyncio.run(_watch(settings, policy, chosen))


async def _watch(settings: WatchSettings, policy: Policy | None, chosen: argparse.Namespace) -> Answer:
    options = {"clock": chosen.clock, "every": chosen.every, "calls_an_hour": chosen.heroku_calls}
    async with open_watch(settings, policy, timings=chosen.timings, **options) as watch:
        if chosen.once:
            lines = [line for found in (await watch.look()).items() for line in _lines(*found)]
            wrong = any(line.startswith("!!") for line in lines)
            return Answer(lines=lines or ["ok   nothing is wrong"], wrong=wrong)
        await run_until(stop_signals(), watch.run())
    return Answer(lines=())


@contextlib.asynccontextmanager
async def open_watch(
    settings: WatchSettings,
    policy: Policy | None,
    *,
    clock: Clock | None = None,
    timings: Timings = DEFAULT,
    every: timedelta = LOOK_EVERY,
    calls_an_hour: int = CALLS_AN_HOUR,
) -> AsyncIterator[Watch]:
    """Build the watch, and close its connections at the end of the ``with`` block.

    Args:
        settings: From the environment.
        policy: None where it cannot be read.
        clock: Business time; the machine's by default.
        timings: Of calls.
        every: Pause between two looks.
        calls_an_hour: To Heroku, at most.

    Raises:
        MisconfiguredError: The address of the store is no Postgres address.
    """
    redactor = settings.redactor()
    async with contextlib.AsyncExitStack() as stack:
        store = None
        if settings.database_url is not None:
            engine = read_only_engine(settings.database_url)
            stack.push_async_callback(engine.dispose)
            store = ReadOnlyStore(engine, tasks=TASKS)
        heroku = HerokuReader(
            token=settings.heroku.token,
            platform_url=settings.heroku.url,
            data_url=settings.heroku.data_url,
            redactor=redactor,
            timings=timings,
        )
        stack.push_async_callback(heroku.close)
        slack = pager = None
        if settings.slack_token is not None:
            slack = await stack.enter_async_context(
                SlackClient(
                    token=settings.slack_token, url=settings.slack_url, timings=timings, redactor=redactor
                )
            )
        if settings.page is not None:
            source = f"pgaccess {settings.installation}".strip()
            pager = await stack.enter_async_context(
                HttpPager(settings.page, source=source, redactor=redactor)
            )
        yield Watch(
            store=store,
            heroku=heroku,
            slack=slack,
            pager=pager,
            audience=_audience(policy),
            unmatched=None if policy is None else partial(unmatched, policy),
            installation=settings.installation,
            beginning=BEGINNING,
            clock=clock or SystemClock(),
            every=every,
            calls_an_hour=calls_an_hour,
        )


def _policy(environ: Mapping[str, str]) -> Policy | None:
    """The policy; without one the watch goes on with the channel that the store knows."""
    try:
        return current_policy(environ)
    except MisconfiguredError as error:
        log.error("policy.unreadable", error=str(error))
        return None


def _audience(policy: Policy | None) -> Audience | None:
    if policy is None:
        return None
    return Audience(channel=policy.operations_channel, language=policy.language)


def _lines(condition: Condition, sighting: Sighting) -> list[str]:
    """Lines about one condition, as ``pgaccess check`` prints them."""
    if not sighting.items:
        return [] if sighting.complete else [f"--   {condition}: not looked at"]
    now = SystemClock().now()
    notice = Notice(condition=condition, kind=NoticeKind.BEGUN, items=sighting.items, since=now, at=now)
    return [
        f"!!   {condition}: {view.page(notice, Translator('en'), doubtful=False, installation='').summary}"
    ]

"""Repeats what cannot succeed yet, with growing pauses: a process may start before what it needs is up."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from bot.domain.schedule import gap

log = structlog.get_logger(__name__)

T = TypeVar("T")


async def until_success(
    attempt: Callable[[], Awaitable[T]],
    *,
    retry_on: type[Exception],
    gaps: tuple[timedelta, ...],
    event: str,
) -> T:
    """Repeats an attempt until it succeeds; returns its result.

    Args:
        attempt: made at once, and again after each failure.
        retry_on: what an attempt raises while it is worth repeating; everything else ends the loop.
        gaps: pauses between attempts; the last one repeats.
        event: name of the log event of a failure.
    """
    for attempts in itertools.count():
        try:
            return await attempt()
        except retry_on as error:
            log.warning(event, error=str(error))
        await asyncio.sleep(gap(gaps, attempts).total_seconds())
    raise AssertionError("counting never ends")

"""Result lines of `pgaccess check`, and the place where every error becomes one."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

import aiohttp
import httpx
from slack_sdk.errors import SlackClientError
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import PgaccessError
from bot.policy.finding import Finding

CHECK_TIMEOUT: Final = timedelta(seconds=10)
"""Deadline of one check."""

T = TypeVar("T")

LIBRARY_ERRORS: Final = (
    aiohttp.ClientError,
    httpx.HTTPError,
    httpx.InvalidURL,
    OSError,
    SlackClientError,
    SQLAlchemyError,
)
"""Errors of libraries. Their messages may contain a URL with a password, so they are never printed."""


class CheckStatus(StrEnum):
    """Outcome of a check, as printed."""

    OK = "ok"
    PROBLEM = "!!"
    NOTE = ".."
    SKIPPED = "--"


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line of the report: the outcome, what was checked, and what was found or has to be done."""

    verdict: CheckStatus
    topic: str
    message: str

    def __str__(self) -> str:
        # Names from Slack or Heroku may contain anything; a line stays one line, without control characters.
        printable = "".join(letter if letter.isprintable() else " " for letter in self.message)
        return f"{self.verdict:<4} {self.topic}: {printable}"


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult(Generic[T]):
    """Lines of one check, and the value that later checks need; None when it failed."""

    lines: Sequence[ReportLine]
    value: T | None = None


def plural(count: int | str, noun: str) -> str:
    """Return a count with its noun: "1 space", "2 spaces"."""
    return f"{count} {noun}" if str(count) == "1" else f"{count} {noun}s"


def ok(topic: str, message: str) -> ReportLine:
    """Return a line for a check that passed."""
    return ReportLine(CheckStatus.OK, topic, message)


def problem(topic: str, message: str) -> ReportLine:
    """Return a line for a check that failed; the message says what to do."""
    return ReportLine(CheckStatus.PROBLEM, topic, message)


def note(topic: str, message: str) -> ReportLine:
    """Return a line that is good to know, and asks nobody to act."""
    return ReportLine(CheckStatus.NOTE, topic, message)


def found(topic: str, findings: Iterable[Finding]) -> list[ReportLine]:
    """Return a line for each finding about the policy."""
    return [(problem if each.wrong else note)(topic, each.sentence) for each in findings]


def failed(topic: str, message: str) -> CheckResult[Any]:
    """Return the result of a check that failed, without a value for later checks."""
    return CheckResult(lines=[problem(topic, message)])


def skipped(topics: Sequence[str], reason: str) -> list[ReportLine]:
    """Return lines for checks that could not run."""
    return [ReportLine(CheckStatus.SKIPPED, topic, f"skipped: {reason}") for topic in topics]


async def run_check(
    topic: str, check: Awaitable[CheckResult[T]], *, deadline: timedelta = CHECK_TIMEOUT
) -> CheckResult[T]:
    """Await a check within its deadline; an error becomes the check's line instead of ending the report."""
    try:
        async with asyncio.timeout(deadline.total_seconds()):
            return await check
    # Before the libraries' errors, among which it would count as an OSError.
    except TimeoutError:
        return failed(topic, f"no answer within {deadline.total_seconds():g} seconds")
    except PgaccessError as error:
        return failed(topic, str(error))
    except LIBRARY_ERRORS as error:
        return failed(topic, f"cannot be reached ({type(error).__name__})")
    # An answer of another shape, as from a web page at a wrong address.
    except (ValueError, LookupError, TypeError):
        return failed(topic, "unexpected response: check the address")

"""What a check says, and the border at which whatever goes wrong becomes a line."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, Generic, TypeVar

import aiohttp
import httpx
from slack_sdk.errors import SlackClientError
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import PgaccessError

PATIENCE: Final = timedelta(seconds=10)
"""The longest that one check waits."""

T = TypeVar("T")

UNMANAGED: Final = (
    aiohttp.ClientError,
    httpx.HTTPError,
    httpx.InvalidURL,
    OSError,
    SlackClientError,
    SQLAlchemyError,
)
"""What libraries raise. Their own sentences may hold an address with a password, and are not repeated."""


class Verdict(StrEnum):
    """How a check ended, as it is printed."""

    GOOD = "ok"
    BAD = "!!"
    SKIPPED = "--"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: how it ended, what was looked at, and what was seen or has to be done."""

    verdict: Verdict
    topic: str
    said: str

    def __str__(self) -> str:
        # What comes from Slack or Heroku may hold anything; a line stays one line, without control codes.
        said = "".join(letter if letter.isprintable() else " " for letter in self.said)
        return f"{self.verdict:<4} {self.topic}: {said}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked(Generic[T]):
    """What a check says, and what it found for those that come after it; None when it failed."""

    lines: Sequence[Line]
    value: T | None = None


def many(count: int | str, what: str) -> str:
    """A number of things: "1 space", "2 spaces"."""
    return f"{count} {what}" if str(count) == "1" else f"{count} {what}s"


def good(topic: str, said: str) -> Line:
    """A line that all is well."""
    return Line(Verdict.GOOD, topic, said)


def bad(topic: str, said: str) -> Line:
    """A line that something has to be done."""
    return Line(Verdict.BAD, topic, said)


def skipped(topics: Sequence[str], because: str) -> list[Line]:
    """Lines for what could not be looked at."""
    return [Line(Verdict.SKIPPED, topic, f"not looked at, because {because}") for topic in topics]


async def safely(topic: str, work: Awaitable[Looked[T]], *, patience: timedelta = PATIENCE) -> Looked[T]:
    """Waits for a check, but not for ever; what goes wrong in it becomes its line."""
    try:
        async with asyncio.timeout(patience.total_seconds()):
            return await work
    except TimeoutError:
        return Looked(lines=[bad(topic, f"no answer within {patience.total_seconds():g} seconds")])
    except PgaccessError as error:
        return Looked(lines=[bad(topic, str(error))])
    except UNMANAGED as error:
        return Looked(lines=[bad(topic, f"it cannot be reached ({type(error).__name__})")])
    except (ValueError, LookupError, TypeError):
        return Looked(lines=[bad(topic, "what answered is not what belongs there: check the address")])

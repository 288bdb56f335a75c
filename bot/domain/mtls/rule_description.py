"""Descriptions of our IP rules at Heroku: written so that a person can read them, and read back from there.

A description is all that Heroku keeps of a rule's purpose, and there is no update of it: it says what was
approved when the rule was added. An extension, and a grant that joined the rule later, are not in it. So a
rule past the end in its description is *to be looked into*; it is overdue only if nothing else covers it.

    pgaccess/1f0c2b7a 7d3c… request 12 of U0ENGINEER, ends 2026-12-01 08:15:30 UTC

The first descriptions were the marker alone, which still is how every one begins.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

LONGEST: Final = 250
"""Maximum characters of a description that we write. Heroku documents no limit; this is below the 255 that
text columns commonly have, which is not tested against Heroku."""

_MARKER: Final = re.compile(
    r"pgaccess/([A-Za-z0-9_-]{1,64}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?= |$)"
)
"""How the description of every rule that any installation of pgaccess has made begins."""

_HOLDER: Final = re.compile(
    r"request ([1-9][0-9]{0,17}) of ([A-Z0-9]{2,32}), "
    r"(?:ends (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC|(without an end))(?=;|$)"
)

_TIME: Final = "%Y-%m-%d %H:%M:%S"

_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Later ends are not ours: what is to stay has none. A later one could not be extended, nor counted from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleHolder:
    """A grant that a rule was added for.

    Attributes:
        request: number of its request, in the store of that time.
        owner: Slack id. No name: names change, people leave, and a description cannot be changed.
        ends_at: hard end, to the second; None without an end.
    """

    request: int
    owner: str
    ends_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleDescription:
    """What the description of a rule says.

    Attributes:
        installation: which installation of pgaccess made the rule.
        intent: the intent that it was added with.
        holders: grants that it was added for, latest end first; none where it is the marker
            alone, nor where the words cannot be read.
    """

    installation: str
    intent: UUID
    holders: tuple[RuleHolder, ...] = ()

    @property
    def marker(self) -> str:
        """How the description begins: all of it that other than people compare."""
        return f"pgaccess/{self.installation} {self.intent}"

    @property
    def ends_at(self) -> datetime | None:
        """The latest hard end that it names; None where it names none, or a grant without an end."""
        ends = [holder.ends_at for holder in self.holders]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None

    def is_past(self, now: datetime) -> bool:
        """Whether it names a hard end, and that has passed."""
        return self.ends_at is not None and self.ends_at <= now


def write_description(installation: str, intent: UUID, holders: Iterable[RuleHolder]) -> str:
    """Writes the description of a rule that is about to be added.

    Args:
        installation: the marker of this installation.
        intent: the intent that is recorded for the addition.
        holders: the grants that it is for; where they do not all fit, the earliest ends are left out.

    Returns:
        ASCII, at most ``LONGEST`` characters.
    """
    text = RuleDescription(installation=installation, intent=intent).marker
    separator = " "
    for holder in sorted(holders, key=_latest_first):
        longer = f"{text}{separator}{_words(holder)}"
        if len(longer) > LONGEST:
            break
        text, separator = longer, "; "
    return text


def read_description(text: str) -> RuleDescription | None:
    """Reads a description; returns None if no installation of pgaccess has written it.

    What follows the marker is read as far as it can be: Heroku, or somebody, may have cut it.
    """
    marker = _MARKER.match(text)
    if marker is None:
        return None
    holders = (_holder(*found.groups()) for found in _HOLDER.finditer(text, marker.end()))
    return RuleDescription(
        installation=marker[1],
        intent=UUID(marker[2]),
        holders=tuple(holder for holder in holders if holder is not None),
    )


def marker_of(text: str) -> str:
    """Returns the marker that a description begins with; all of it if it has none."""
    description = read_description(text)
    return text if description is None else description.marker


def _words(holder: RuleHolder) -> str:
    end = "without an end" if holder.ends_at is None else f"ends {_whole_second(holder.ends_at):{_TIME}} UTC"
    return f"request {holder.request} of {holder.owner}, {end}"


def _whole_second(moment: datetime) -> datetime:
    """Rounds up: a rule must not look overdue before its end."""
    moment = moment.astimezone(UTC)
    whole = moment.replace(microsecond=0)
    return whole if whole == moment else whole + timedelta(seconds=1)


def _holder(request: str, owner: str, ends: str | None, _: str | None) -> RuleHolder | None:
    try:
        end = None if ends is None else datetime.strptime(ends, _TIME).replace(tzinfo=UTC)
    except ValueError:
        # A 31st of February, say: somebody else wrote it.
        return None
    if end is not None and end >= _LATEST:
        return None
    return RuleHolder(request=int(request), owner=owner, ends_at=end)


def _latest_first(holder: RuleHolder) -> tuple[bool, float, int]:
    end = holder.ends_at
    return end is not None, 0.0 if end is None else -end.timestamp(), holder.request

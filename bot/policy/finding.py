"""A sentence about the policy beside what there is at Heroku and in Slack."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SHOWN: Final = 8
"""Names in one sentence; of more, their number is said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One sentence, without a full stop.

    Attributes:
        sentence: what was found, and what follows from it.
        wrong: whether somebody has to act; otherwise it is only good to know.
    """

    sentence: str
    wrong: bool = True


def joined(names: Sequence[str]) -> str:
    """Returns names separated by commas, cut at whole names: "a, b and 3 more"."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")

"""What a subcommand of ``pgaccess policy`` prints."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a subcommand prints.

    Attributes:
        lines: to print.
        wrong: whether something was found that somebody has to mend.
    """

    lines: Sequence[str]
    wrong: bool = False

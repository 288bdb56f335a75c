"""What a line about trusted ranges can ask for."""

from dataclasses import dataclass
from typing import Literal

from bot.services import RequestInput


@dataclass(frozen=True, kw_only=True, slots=True)
class AskTrusted:
    """Let a range in to a whole space, take one out, or take one over.

    Attributes:
        verb: what is to be done.
        wish: in the person's own words.
    """

    verb: Literal["add", "remove", "adopt"]
    request_input: RequestInput


@dataclass(frozen=True, kw_only=True, slots=True)
class AskTrustedStatus:
    """Show a space's ranges."""

    target: str | None = None

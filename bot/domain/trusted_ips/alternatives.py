"""Why neither mTLS nor PrivateLink will do: what a requester of a trusted range says, for Heroku Support."""

from typing import Final

from bot.errors import Refusal, Refused

MOST: Final = 400
"""Characters: the support ticket quotes all of them, and fits one section of a message with them."""


def require_alternatives(text: str | None) -> str:
    """Returns what was said; raises ``Refused`` where nothing was, or more than a support ticket quotes."""
    said = (text or "").strip()
    if not said:
        raise Refused(Refusal.ALTERNATIVES_MISSING)
    if len(said) > MOST:
        raise Refused(Refusal.ALTERNATIVES_LONG, limit=MOST)
    return said

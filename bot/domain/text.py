"""Naming what a person typed, so that a refusal can say which word was wrong."""

from typing import Final

CITED: Final = 60
"""Characters of a cited text: enough to recognise one's own word, too few to fill a message."""


def cite(text: str) -> str:
    """Returns the text as one short printable line that fits between backticks.

    Args:
        text: anything at all, also hostile.

    Returns:
        At most ``CITED`` characters, the last one an ellipsis where something was cut; never empty. What
        cannot be seen, or reorders what can, becomes a space. Slack's own ``&<>`` are not escaped here.
    """
    seen = "".join(char if char.isprintable() and char != "`" else " " for char in text[: CITED * 4])
    line = " ".join(seen.split())
    if len(line) > CITED:
        return line[: CITED - 1] + "…"
    return line or "…"

"""Escaping of command text: mentions and channels as ids, special characters as entities.

Facts: Slack developer documentation, slash commands and formatting, 2026-11: with ``should_escape`` a mention
of a person, group or channel that exists arrives as ``<@U…>``, ``<!subteam^S…>`` and ``<#C…>``, a link in
angle brackets; ``&``, ``<`` and ``>`` arrive as entities in any case.
"""

import re

from sandbox.slack.model.fixtures import World
from sandbox.slack.web_api.errors import Behavior

_NAMED = re.compile(r"(?<![\w@#])([@#])([\w.-]*\w)")
_LINK = re.compile(r"(?<![<\w])https?://[^\s<>]+")


def sent(text: str, world: World, behavior: Behavior, *, should_escape: bool) -> str:
    """Return a command's ``text`` for what a person typed after its name."""
    # The ampersand first, or the entities made after it would be escaped once more.
    plain = text.strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if not should_escape:
        return plain
    known = _references(world, labels=behavior.escape_labels)
    linked = _LINK.sub(lambda found: f"<{found[0]}>", plain)
    return _NAMED.sub(lambda found: known.get(found[0], found[0]), linked)


def _references(world: World, *, labels: bool) -> dict[str, str]:
    """Return the escaped form of every name that can be mentioned."""
    people = {f"@{one.name}": (f"@{one.id}", one.name) for one in world.people.values()}
    groups = {f"@{one.handle}": (f"!subteam^{one.id}", f"@{one.handle}") for one in world.groups.values()}
    channels = {f"#{one.name}": (f"#{one.id}", one.name) for one in world.channels.values() if not one.is_im}
    every = {**people, **groups, **channels}
    return {name: f"<{ref}|{label}>" if labels else f"<{ref}>" for name, (ref, label) in every.items()}

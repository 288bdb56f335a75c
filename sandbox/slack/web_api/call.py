"""A Web API call: arguments, scopes, pagination.

Fact: Slack developer documentation, Web API basics, 2026-11: arguments come as JSON or as form fields; a form
carries lists and objects as JSON text and booleans as ``0``/``1`` or ``true``/``false``.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sandbox.slack.model.fixtures import Channel, Person
from sandbox.slack.model.triggers import Rights
from sandbox.slack.model.workspace import Workspace
from sandbox.slack.validation.checks import Json
from sandbox.slack.web_api.errors import Behavior, Refused


@dataclass(frozen=True, slots=True)
class Call:
    """Arguments of a method's handler; `now` is the moment of the call, `base_url` the URL of this Slack."""

    workspace: Workspace
    rights: Rights
    given: Json
    scopes: frozenset[str]
    now: datetime
    base_url: str
    behavior: Behavior

    def needs(self, scope: str) -> None:
        """Raise `Refused` ``missing_scope`` unless the token has `scope`."""
        if scope not in self.scopes:
            raise Refused("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))

    def optional(self, name: str) -> str | None:
        """Return a text argument or None; raises `Refused` when it is not a text."""
        value = self.given.get(name)
        if value is not None and not isinstance(value, str):
            raise Refused.arguments("must be a valid string", name)
        return value or None

    def required(self, name: str) -> str:
        """Return a text argument; raises `Refused` when it is missing."""
        value = self.optional(name)
        if value is None:
            raise Refused.arguments(f"missing required field: {name}", name)
        return value

    def flag(self, name: str, *, otherwise: bool = False) -> bool:
        """Return whether a boolean argument is set, or `otherwise` where it is not mentioned."""
        if self.given.get(name) in (None, ""):
            return otherwise
        return self.given[name] in (True, 1, "1", "true", "True")

    def number(self, name: str, default: int) -> int:
        """Return an integer argument; raises `Refused` when it is not one."""
        value = self.given.get(name)
        if value in (None, ""):
            return default
        if not str(value).isascii() or not str(value).isdigit():
            raise Refused.arguments("must be a valid integer", name)
        return int(str(value))

    def structure(self, name: str, *, broken: str = "invalid_arguments") -> Any:
        """Return a list or object argument, or None; a form carries it as JSON text.

        Raises `Refused` with the code `broken` when it is neither.
        """
        value = self.given.get(name)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError as error:
                raise Refused(broken) from error
        if value is not None and not isinstance(value, list | dict):
            raise Refused(broken)
        return value

    def person(self, name: str) -> Person:
        """Return the person an argument names by id; raises `Refused` ``user_not_found``."""
        found = self.workspace.world.people.get(self.required(name))
        if found is None:
            raise Refused("user_not_found")
        return found

    def channel(self) -> Channel:
        """Return the channel the argument ``channel`` names by id; raises `Refused` ``channel_not_found``.

        Only where something is posted may it be a name (method reference, the argument ``channel``).
        """
        found = self.workspace.world.channels.get(self.required("channel"))
        if found is None:
            raise Refused("channel_not_found")
        return found

    def is_member(self, channel: Channel) -> bool:
        """Return whether the bot is in a channel."""
        return self.workspace.world.bot in channel.members


T = TypeVar("T")


def page(items: Sequence[T], call: Call, *, key: Callable[[T], str], limit: int) -> tuple[Sequence[T], str]:
    """Return the part of `items` that the call's cursor points at, `limit` long, and the next cursor.

    Args:
        items: Everything, in order.
        call: Carries ``cursor``.
        key: What tells items apart; the cursor holds it, so that pages survive new items.
        limit: Items a page; 0 means all.

    Raises:
        Refused: ``invalid_cursor``.
    """
    start = 0
    if cursor := call.optional("cursor"):
        try:
            sought = base64.b64decode(cursor, validate=True).decode()
        except (ValueError, binascii.Error) as error:
            raise Refused("invalid_cursor") from error
        start = next((at for at, item in enumerate(items) if key(item) == sought), -1)
        if start < 0:
            raise Refused("invalid_cursor")
    end = start + limit if limit else len(items)
    following = base64.b64encode(key(items[end]).encode()).decode() if end < len(items) else ""
    return items[start:end], following

"""The Slack app manifest: names, scopes, events and URLs.

Fact: Slack developer documentation, app manifest reference, and the vendor's published JSON schema of
manifests (version 2), 2026-11. A misspelt scope passes that schema, so a test compares scopes with our calls.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.domain.command_text import COMMAND
from handlers.parsing.command_table import COMMANDS

PLACEHOLDER: Final = "https://pgaccess.example.com"
"""Base URL in the manifest while ``PGACCESS_PUBLIC_URL`` is not set."""

PATH: Final = "/slack/events"
"""Path of the endpoint for commands, interactions and events, which ``bot.app`` serves."""

SHORTCUT: Final = "shortcut.ask"
"""Callback id of the global shortcut that opens the request form."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """A scope of the bot token.

    Attributes:
        why: What it is needed for, for an operator.
        methods: Web API methods that need it.
        events: Events that need it.
    """

    name: str
    why: str
    methods: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


_RECOVERY: Final = "to find a message whose response was lost, "
_HISTORY_METHODS: Final = ("conversations.history", "conversations.replies")

SCOPES: Final = (
    Scope(name="commands", why=f"for {COMMAND} and the shortcut"),
    Scope(
        name="chat:write",
        why="to post messages and keep them up to date",
        methods=("chat.postMessage", "chat.update"),
    ),
    Scope(name="im:write", why="to send direct messages", methods=("conversations.open",)),
    Scope(
        name="users:read",
        why="to tell active full members from others, and to know their language and time zone",
        methods=("users.info", "users.list"),
        events=("user_change",),
    ),
    Scope(
        name="usergroups:read",
        why="to know the members of the user groups that the policy names",
        methods=("usergroups.list", "usergroups.users.list"),
        events=("subteam_members_changed", "subteam_updated"),
    ),
    Scope(
        name="channels:history",
        why=f"{_RECOVERY}in a public channel",
        methods=_HISTORY_METHODS,
    ),
    Scope(
        name="groups:history",
        why=f"{_RECOVERY}in a private channel",
        methods=_HISTORY_METHODS,
    ),
    Scope(
        name="im:history",
        why=f"{_RECOVERY}in a direct message",
        methods=_HISTORY_METHODS,
    ),
    Scope(
        name="channels:read",
        why="for `pgaccess check` to see whether the bot is in a public channel, and to hear when it is",
        methods=("conversations.info",),
        events=("channel_unarchive", "member_joined_channel"),
    ),
    Scope(
        name="groups:read",
        why="for `pgaccess check` to see whether the bot is in a private channel, and to hear when it is",
        methods=("conversations.info",),
        events=("group_unarchive", "member_joined_channel"),
    ),
)
"""Scopes of the bot token: all that are needed, and no others (Slack method reference, 2026-11)."""

EVENTS: Final = {
    "app_home_opened": "publishes a person's home tab",
    "channel_unarchive": "posts at once what waits for a channel that was archived",
    "group_unarchive": "posts at once what waits for a private channel that was archived",
    "member_joined_channel": "posts at once what waits for a channel that the bot was not in",
    "app_uninstalled": "nothing can be posted any more; nothing depends on receiving it",
    "subteam_members_changed": "expires a cached user group at once instead of within minutes",
    "subteam_updated": "expires a cached user group that was disabled",
    "tokens_revoked": "nothing can be posted any more; nothing depends on receiving it",
    "user_change": "expires a cached person at once, above all one who was deactivated",
}
"""Events that the app subscribes to, and what each does. One without a listener is acknowledged and dropped
(``handlers.bolt_app``): people and groups are also refreshed every few minutes."""


def manifest(*, public_url: str | None, socket: bool) -> dict[str, Any]:
    """Return the manifest as JSON values.

    Args:
        public_url: Base URL of the bot without a trailing slash; None inserts `PLACEHOLDER`.
        socket: Whether the app uses Socket Mode, which needs no URLs.
    """
    url = None if socket else f"{public_url or PLACEHOLDER}{PATH}"
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": _DISPLAY,
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "pgaccess", "always_online": True},
            "shortcuts": [_SHORTCUT],
            "slash_commands": [{**_COMMAND, **_optional("url", url)}],
        },
        "oauth_config": {"scopes": {"bot": [scope.name for scope in SCOPES]}},
        "settings": {
            "event_subscriptions": {**_optional("request_url", url), "bot_events": sorted(EVENTS)},
            "interactivity": {
                "is_enabled": True,
                **_optional("request_url", url),
                # Slack sends block suggestions (the search for a database) to a URL of their own.
                **_optional("message_menu_options_url", url),
            },
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": False,
        },
    }


def _optional(key: str, url: str | None) -> Mapping[str, str]:
    return {} if url is None else {key: url}


_DISPLAY: Final = {
    "name": "pgaccess",
    "description": "Opens, watches and closes access to Heroku Postgres in Private and Shield Spaces.",
    "long_description": (
        f"Request database access for an address with {COMMAND} or the shortcut. An approver named in the "
        "policy decides with a button. The bot then adds the rule at Heroku, confirms once it has read it "
        "back, warns you before the end and removes the rule when its time is up. Every change is recorded "
        "in an audit log."
    ),
    "background_color": "#3f3a66",
}

_SHORTCUT: Final = {
    "name": "Request access",
    "type": "global",
    "callback_id": SHORTCUT,
    "description": "Request temporary access to a database",
}

_COMMAND: Final = {
    "command": COMMAND,
    "description": "Request database access, and see what is open",
    "usage_hint": COMMANDS["mtls", "add"].example.removeprefix(f"{COMMAND} "),
    # Mentions then arrive as ids, which nobody can imitate with a display name.
    "should_escape": True,
}

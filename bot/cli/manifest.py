"""The Slack app manifest: what the app is called, what it may do, and where Slack reaches it.

Fact: Slack developer documentation, app manifest reference, and the vendor's published JSON schema of
manifests (version 2), 2026-11. A misspelt scope passes that schema, so a test holds ours against our calls.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from handlers.parsing.command_table import COMMAND, COMMANDS

PLACEHOLDER: Final = "https://pgaccess.example.com"
"""Stands where the bot's own address belongs until ``PGACCESS_PUBLIC_URL`` says it."""

PATH: Final = "/slack/events"
"""Where commands, interactions and events arrive; ``bot.app`` serves it."""

SHORTCUT: Final = "shortcut.ask"
"""The callback id of the global shortcut that opens the form."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """One thing that the bot's token may do.

    Attributes:
        why: what is missing without it, for an operator.
        methods: the Web API methods that need it.
        events: the events that need it.
    """

    name: str
    why: str
    methods: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


_FOUND_AGAIN: Final = "to find a message again whose answer was lost, "
_READING: Final = ("conversations.history", "conversations.replies")

SCOPES: Final = (
    Scope(name="commands", why=f"for {COMMAND} and the shortcut"),
    Scope(
        name="chat:write",
        why="to post requests and messages and to keep them up to date",
        methods=("chat.postMessage", "chat.update"),
    ),
    Scope(name="im:write", why="to write to a person directly", methods=("conversations.open",)),
    Scope(
        name="users:read",
        why="to know who is a full, active member, and everybody's language and time zone",
        methods=("users.info", "users.list"),
        events=("user_change",),
    ),
    Scope(
        name="usergroups:read",
        why="to know who is in a user group that the policy names",
        methods=("usergroups.users.list",),
        events=("subteam_members_changed", "subteam_updated"),
    ),
    Scope(
        name="channels:history",
        why=f"{_FOUND_AGAIN}in a public channel",
        methods=_READING,
    ),
    Scope(
        name="groups:history",
        why=f"{_FOUND_AGAIN}in a private channel",
        methods=_READING,
    ),
    Scope(
        name="im:history",
        why=f"{_FOUND_AGAIN}among direct messages",
        methods=_READING,
    ),
    Scope(
        name="channels:read",
        why="for `pgaccess check` to see whether the bot is in a public channel",
        methods=("conversations.info",),
    ),
    Scope(
        name="groups:read",
        why="for `pgaccess check` to see whether the bot is in a private channel",
        methods=("conversations.info",),
    ),
)
"""The bot token's scopes, complete and no more (Slack developer documentation, method reference, 2026-11)."""

EVENTS: Final = {
    "app_home_opened": "draws a person's home tab",
    "app_uninstalled": "means that nothing can be posted any more; nothing hangs on hearing of it",
    "subteam_members_changed": "makes what is known of a user group old at once instead of within minutes",
    "subteam_updated": "is the same for a group that was disabled",
    "tokens_revoked": "means that nothing can be posted any more; nothing hangs on hearing of it",
    "user_change": "makes what is known of a person old at once, above all of one who was deactivated",
}
"""The events that the app subscribes to, and what each does. One that no listener takes is acknowledged and
forgotten (``handlers.bolt_app``): what is known of people and groups is counted every few minutes anyway."""


def manifest(*, public_url: str | None, socket: bool) -> dict[str, Any]:
    """The manifest, as JSON takes it.

    Args:
        public_url: where the bot is reached, without a slash at the end; None puts `PLACEHOLDER` there.
        socket: Socket Mode, in which Slack needs no address.
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
            "slash_commands": [{**_COMMAND, **_at("url", url)}],
        },
        "oauth_config": {"scopes": {"bot": [scope.name for scope in SCOPES]}},
        "settings": {
            "event_subscriptions": {**_at("request_url", url), "bot_events": sorted(EVENTS)},
            "interactivity": {
                "is_enabled": True,
                **_at("request_url", url),
                # The search for a database asks here: Slack has one address more for options than for clicks.
                **_at("message_menu_options_url", url),
            },
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket,
            "token_rotation_enabled": False,
        },
    }


def _at(key: str, url: str | None) -> Mapping[str, str]:
    return {} if url is None else {key: url}


_DISPLAY: Final = {
    "name": "pgaccess",
    "description": "Opens, watches and closes access to Heroku Postgres in Private and Shield Spaces.",
    "long_description": (
        f"Ask with {COMMAND} or the shortcut for an address to be let in to a database for a while. Somebody "
        "whom the policy names decides with a button. The bot then adds the rule at Heroku, says so once it "
        "has read it back, warns you before the end and removes the rule when its time is up. Every change "
        "has a line in an audit trail."
    ),
    "background_color": "#3f3a66",
}

_SHORTCUT: Final = {
    "name": "Ask for access",
    "type": "global",
    "callback_id": SHORTCUT,
    "description": "Let an address in to a database for a while",
}

_COMMAND: Final = {
    "command": COMMAND,
    "description": "Ask for access to a database, and see what is open",
    "usage_hint": COMMANDS["mtls", "add"].example.removeprefix(f"{COMMAND} "),
    # Mentions then arrive as ids, which cannot be mistaken for somebody else's display name.
    "should_escape": True,
}

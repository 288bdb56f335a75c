"""Table of Web API methods: handler, required scope and rate limit tier.

Facts: Slack developer documentation, method reference, 2026-11 (scopes), and the vendor's published
``rate_limit_tiers.json`` (tiers).
"""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.slack.validation.checks import Json
from sandbox.slack.web_api import chat, conversations, users, views
from sandbox.slack.web_api.call import Call


@dataclass(frozen=True, slots=True)
class Method:
    """One Web API method.

    Attributes:
        answer: Carries it out and returns the response without ``ok``; raises `Refused`.
        scope: Required scope; None if there is none, or if `answer` checks it by channel.
        tier: 1 to 4; None is a limit of its own.
        app_level: Whether it needs the app token (``xapp-``) instead of the bot's.
    """

    answer: Callable[[Call], Json]
    scope: str | None
    tier: int | None
    app_level: bool = False


METHODS: dict[str, Method] = {
    "apps.connections.open": Method(users.connections_open, None, 1, app_level=True),
    "auth.test": Method(users.auth_test, None, None),
    "chat.delete": Method(chat.delete, "chat:write", 3),
    "chat.getPermalink": Method(chat.get_permalink, None, None),
    "chat.postEphemeral": Method(chat.post_ephemeral, "chat:write", 4),
    "chat.postMessage": Method(chat.post_message, "chat:write", None),
    "chat.update": Method(chat.update, "chat:write", 3),
    "conversations.history": Method(conversations.history, None, 3),
    "conversations.info": Method(conversations.info, None, 3),
    "conversations.list": Method(conversations.listing, None, 2),
    "conversations.members": Method(conversations.members, None, 4),
    "conversations.open": Method(conversations.open_direct, "im:write", 3),
    "conversations.replies": Method(conversations.replies, None, 3),
    "team.info": Method(users.team_info, "team:read", 3),
    "usergroups.list": Method(users.usergroups_list, "usergroups:read", 2),
    "usergroups.users.list": Method(users.usergroups_users_list, "usergroups:read", 2),
    "users.info": Method(users.users_info, "users:read", 4),
    "users.list": Method(users.users_list, "users:read", 2),
    "views.open": Method(views.open_view, None, 4),
    "views.publish": Method(views.publish_view, None, 4),
    "views.push": Method(views.push_view, None, 4),
    "views.update": Method(views.update_view, None, 4),
}
"""Every emulated method; any other is ``unknown_method``."""

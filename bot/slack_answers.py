"""What Slack answers: its user objects, its errors, and how long it wants to be left alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.domain.outside.redaction import Redactor
from bot.domain.outside.retry_after import read_retry_after
from bot.domain.outside.text import clean
from bot.domain.person import Person
from bot.errors import SlackError

_NOT_POSTED: Final = frozenset(
    {
        "account_inactive", "channel_not_found", "invalid_auth", "invalid_blocks", "is_archived",
        "missing_scope", "msg_blocks_too_long", "msg_too_long", "no_text", "not_authed", "not_in_channel",
        "ratelimited", "restricted_action", "token_expired", "token_revoked", "user_not_found",
        "message_not_found", "cant_update_message", "is_inactive", "thread_not_found",
    }
)  # fmt: skip
"""Answers after which nothing was posted for sure; any other leaves it open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who the bot is in its workspace (``auth.test``).

    Attributes:
        enterprise: the Enterprise Grid organisation that the workspace belongs to, if any.
    """

    team: str
    bot_id: str
    bot_user: str
    enterprise: str | None


def person_of(member: Mapping[str, Any], us: Identity) -> Person:
    """Reads a person from Slack's user object (``users.info``, ``users.list``, event ``user_change``).

    Args:
        member: the user object.
        us: our workspace; members of another one are external.
    """
    profile = member.get("profile", {})
    name = profile.get("display_name") or member.get("real_name") or member.get("name") or member["id"]
    return Person(
        id=member["id"],
        # Anybody may choose their own.
        name=clean(name) or member["id"],
        locale=member.get("locale", ""),
        zone=member.get("tz") or "UTC",
        deactivated=bool(member.get("deleted")),
        # Slack does not mark its own Slackbot as a bot.
        bot=bool(member.get("is_bot")) or member["id"] == "USLACKBOT",
        guest=bool(member.get("is_restricted") or member.get("is_ultra_restricted")),
        external=bool(member.get("is_stranger")) or not _is_internal(member, us),
    )


def _is_internal(member: Mapping[str, Any], us: Identity) -> bool:
    """Tells whether a person belongs to our workspace, or to its Enterprise Grid organisation.

    ``is_stranger`` is only set for people with whom the bot shares no channel: those who come through a
    shared channel are recognised by their workspace only (Slack, "Slack Connect", external members).
    """
    home = member.get("team_id")
    organisation = (member.get("enterprise_user") or {}).get("enterprise_id")
    return (
        not home or home == us.team or (us.enterprise is not None and us.enterprise in (home, organisation))
    )


def error_of(error: SlackApiError, redactor: Redactor) -> SlackError:
    """Reads what Slack answered instead of doing what it was asked for."""
    answer = error.response
    if not isinstance(answer, AsyncSlackResponse) or not isinstance(answer.data, dict):
        # Slack's client returns what it could not read as it is, for example a proxy's page.
        return SlackError("unreadable", unclear=True)
    code = "ratelimited" if answer.status_code == 429 else str(answer.get("error") or answer.status_code)
    wait = answer.headers.get("Retry-After", answer.headers.get("retry-after"))
    limited = wait is not None or code == "ratelimited"
    return SlackError(
        redactor.text(code),
        retry_after_s=read_retry_after(wait, now=datetime.now(UTC)).total_seconds() if limited else None,
        unclear=code not in _NOT_POSTED,
    )

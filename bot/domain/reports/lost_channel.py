"""Channels that take no messages: archived, gone, or closed to the bot; and who is told instead."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

LOST: Final = frozenset(
    {
        "channel_not_found",
        "is_archived",
        "is_inactive",
        "not_in_channel",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
    }
)
"""Slack's error codes for a channel that takes no message of ours (``chat.postMessage``, ``chat.update``)."""

REFUSED_IN_THREADS: Final = frozenset(
    {
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_thread_only_channel",
    }
)
"""Slack's error codes that may be about the thread alone: outside of it the channel may take the message
(``chat.postMessage``)."""

_MET_BY_EDITS: Final = frozenset({"is_archived", "is_inactive"})
"""Codes that edits meet as well: an edit that Slack takes shows that the channel is back."""

_NOT_MET_BY_REPLIES: Final = frozenset({"restricted_action", "restricted_action_thread_only_channel"})
"""Codes that replies need not meet: a reply that Slack takes does not show that it takes cards again."""

LOST_AFTER: Final = 2
"""Attempts of one message until a channel counts as lost: the second comes seconds after the first."""

TOLD_AT_MOST: Final = 5
"""People who are told directly in place of a channel at once, unless more of them have to decide."""


class Delivery(StrEnum):
    """How Slack took a message."""

    POST = "post"
    REPLY = "reply"
    EDIT = "edit"


@dataclass(frozen=True, kw_only=True, slots=True)
class LostChannel:
    """A channel that takes no messages.

    Attributes:
        id: Slack id.
        error: Slack's answer.
        since: business time.
        told: Slack ids of those who were told, a channel or people.
    """

    id: str
    error: str
    since: datetime
    told: tuple[str, ...]

    def is_back(self, delivery: Delivery) -> bool:
        """Whether a message that Slack took shows that the channel takes them again.

        Args:
            delivery: how it was taken; edits need no membership, and replies no right to begin a thread.
        """
        if delivery is Delivery.EDIT:
            return self.error in _MET_BY_EDITS
        return delivery is Delivery.POST or self.error not in _NOT_MET_BY_REPLIES


def to_tell(*, needed: int, reminders: int) -> int:
    """Returns how many of those who may decide have a request's card as a direct message, where so many can.

    Args:
        needed: approvals that the request needs.
        reminders: given for it so far; with each of them others are told.
    """
    return max(TOLD_AT_MOST, needed) * (1 + reminders)


def is_channel(recipient: str) -> bool:
    """Whether a recipient is a channel, and not a person: people's ids begin with U or W."""
    return not recipient.startswith(("U", "W"))


def is_lost(recipient: str, code: str, *, attempts: int) -> bool:
    """Whether an error says that a channel is lost; one of a direct message says nothing of a channel.

    Args:
        recipient: Slack id of whom the message is for.
        code: Slack's error code.
        attempts: failed attempts of this message, this one included.
    """
    return is_channel(recipient) and code in LOST and attempts >= LOST_AFTER

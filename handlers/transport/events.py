"""Pydantic models of the events that Slack sends.

Fact: Slack developer documentation, "Events API", 2026-11.
"""

from typing import Annotated, Final

from pydantic import Discriminator, Tag

from handlers.transport.payload_model import PayloadModel, User


class Event(PayloadModel):
    """An event of any kind."""

    type: str


class HomeOpened(Event):
    """A person opened a tab of the app: ``app_home_opened``."""

    user: str
    tab: str | None = None


class UserChanged(Event):
    """A person's profile changed: ``user_change``."""

    user: User


class UserGroup(PayloadModel):
    """A user group, of which only its id is read: its members come in an order of their own."""

    id: str


class GroupUpdated(Event):
    """A user group was changed, disabled or enabled: ``subteam_updated``."""

    subteam: UserGroup

    @property
    def group(self) -> str:
        """Slack id of the group."""
        return self.subteam.id


class GroupMembersChanged(Event):
    """People joined or left a user group: ``subteam_members_changed``."""

    subteam_id: str

    @property
    def group(self) -> str:
        """Slack id of the group."""
        return self.subteam_id


class ChannelUnarchived(Event):
    """A channel was unarchived: ``channel_unarchive``, of a private one ``group_unarchive``."""

    channel: str


class MemberJoined(Event):
    """Somebody joined a channel that the bot is in, perhaps the bot itself: ``member_joined_channel``."""

    channel: str


READ_EVENTS: Final = (
    "app_home_opened", "user_change", "subteam_updated", "subteam_members_changed",
    "channel_unarchive", "group_unarchive", "member_joined_channel",
)  # fmt: skip
"""Events of which listeners read more than that they came."""


def _event_kind(event: object) -> object:
    kind = event.get("type") if isinstance(event, dict) else None
    return kind if kind in READ_EVENTS else "any"


class EventCallback(PayloadModel):
    """An event of Slack's Events API, in its envelope."""

    event: Annotated[
        Annotated[HomeOpened, Tag("app_home_opened")]
        | Annotated[UserChanged, Tag("user_change")]
        | Annotated[GroupUpdated, Tag("subteam_updated")]
        | Annotated[GroupMembersChanged, Tag("subteam_members_changed")]
        | Annotated[ChannelUnarchived, Tag("channel_unarchive")]
        | Annotated[ChannelUnarchived, Tag("group_unarchive")]
        | Annotated[MemberJoined, Tag("member_joined_channel")]
        | Annotated[Event, Tag("any")],
        Discriminator(_event_kind),
    ]

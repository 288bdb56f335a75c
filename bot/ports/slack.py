"""Protocols of Slack, and the messages that pass through them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.domain.person import Person

# Plain dicts: the models of slack_sdk drop keys that they do not know.
Block = dict[str, Any]
"""One Block Kit block as JSON."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A rendered message: blocks, and the text for notifications and screen readers.

    Attributes:
        metadata: what else it carries, unseen, where it is posted.
    """

    text: str
    blocks: Sequence[Block]
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageRef:
    """Where a message is in Slack."""

    channel: str
    ts: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PeoplePage:
    """A part of everybody in the workspace.

    Attributes:
        people: on this page.
        next_cursor: of the following page; empty on the last one.
    """

    people: tuple[Person, ...]
    next_cursor: str


class Slack(Protocol):
    """Calls of the worker to Slack; each raises ``SlackError`` when it fails."""

    async def direct_channel(self, person: str) -> str:
        """Opens the direct conversation with a person (``conversations.open``); returns its id."""
        ...

    async def post(
        self, channel: str, message: Message, *, number: int, thread: str | None = None
    ) -> MessageRef:
        """Posts a message, perhaps in a thread, with its outbox number in its metadata."""
        ...

    async def update(self, place: MessageRef, message: Message) -> None:
        """Replaces a message."""
        ...

    async def find(
        self, channel: str, *, number: int, since: datetime, thread: str | None = None
    ) -> MessageRef | None:
        """Finds a message by its outbox number among those posted since a moment, perhaps in a thread."""
        ...

    async def metadata(self, channel: str) -> tuple[Mapping[str, Any], ...]:
        """Reads the metadata of the messages that this bot itself has posted in a channel."""
        ...

    async def publish_home(self, person: str, view: Block) -> None:
        """Publishes a person's App Home (``views.publish``)."""
        ...

    async def group_members(self, group: str, *, patiently: bool = True) -> tuple[str, ...]:
        """Lists the members of a user group by id (``usergroups.users.list``).

        Args:
            group: Slack id.
            patiently: waits out rate limits; False leaves waiting to the caller.
        """
        ...

    async def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Lists the members of every enabled user group by its id, with one call (``usergroups.list``).

        A group is left out whose members Slack did not list in full.
        """
        ...

    async def people_page(self, cursor: str) -> PeoplePage:
        """Lists one page of everybody in the workspace (``users.list``), 1,000 at most.

        Args:
            cursor: of the page; empty for the first one.
        """
        ...

    async def person(self, id: str) -> Person | None:
        """Reads one person (``users.info``); None when Slack does not know them."""
        ...


class InteractiveSlack(Protocol):
    """Calls to Slack while a person waits, each within 1.5 s and outside any transaction."""

    async def hand(self, person: str, message: Message, *, number: int) -> MessageRef:
        """Posts to one person what the store must not know, with its outbox number in its metadata.

        It is posted here instead of by a notifier, and never unfurled into a preview.
        """
        ...

    async def open_view(self, trigger: str, view: Block) -> None:
        """Opens a modal while its trigger is valid: 3 seconds from the click or command."""
        ...

    async def push_view(self, trigger: str, view: Block) -> None:
        """Pushes a modal on top of the one that was clicked in, which shows again once it is closed."""
        ...

    async def respond(self, url: str, message: Message, *, replace: bool = False) -> None:
        """Answers the person who clicked or typed, privately, through a ``response_url``.

        Args:
            url: a secret of that command or click.
            message: the answer.
            replace: replaces the message that was clicked.
        """
        ...

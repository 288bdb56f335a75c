"""Pydantic models of commands and interactions: each validates a payload and holds what handlers read of it.

Fact: Slack developer documentation, "Interaction payloads", 2026-11.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.ports import MessageRef
from handlers.transport.payload_model import PayloadModel, User


class SlashCommand(PayloadModel):
    """A slash command, whose fields Slack sends as a form."""

    user_id: str
    text: str = ""
    trigger_id: str = Field(repr=False)
    response_url: str | None = Field(repr=False, default=None)

    @property
    def person(self) -> str:
        """Slack id of the person."""
        return self.user_id

    @property
    def key(self) -> str:
        """Idempotency key: Slack gives each command its own ``trigger_id``."""
        return f"command:{self.trigger_id}"

    @property
    def trigger(self) -> str:
        """Opens one form, within 3 seconds."""
        return self.trigger_id

    @property
    def respond_to(self) -> str | None:
        """Where a later answer goes; a secret, used once and never stored."""
        return self.response_url


class Action(PayloadModel):
    """The button that was pressed."""

    action_id: str
    action_ts: str
    value: str | None = None


class Container(PayloadModel):
    """Where a button stands: a message or a view."""

    message_ts: str | None = None
    channel_id: str | None = None
    view_id: str | None = None


class BlockAction(PayloadModel):
    """A press on a button: Slack's ``block_actions``."""

    user: User
    trigger_id: str = Field(repr=False)
    response_url: str | None = Field(repr=False, default=None)
    actions: Annotated[list[Action], Field(min_length=1)]
    container: Container | None = None

    @property
    def person(self) -> str:
        """Slack id of the person."""
        return self.user.id

    @property
    def action(self) -> str:
        """Action id of the button."""
        return self.actions[0].action_id

    @property
    def value(self) -> str:
        """Value of the button; empty when it has none."""
        # Postgres takes no NUL in what is looked up or stored.
        return (self.actions[0].value or "").replace("\x00", "")

    @property
    def key(self) -> str:
        """Idempotency key: a press is known by its place, its time and its person."""
        container = self.container
        place = (container and (container.message_ts or container.view_id)) or ""
        return f"click:{place}:{self.actions[0].action_ts}:{self.person}"

    @property
    def message(self) -> MessageRef | None:
        """The message that has the button; None in a view."""
        container = self.container
        if container is None or not container.channel_id or not container.message_ts:
            return None
        # Postgres takes no NUL in what is looked up or stored.
        return MessageRef(
            channel=container.channel_id.replace("\x00", ""), ts=container.message_ts.replace("\x00", "")
        )

    @property
    def trigger(self) -> str:
        """Opens one form, within 3 seconds."""
        return self.trigger_id

    @property
    def respond_to(self) -> str | None:
        """Where the answer goes; a secret, used once and never stored."""
        return self.response_url


class Option(PayloadModel):
    """An entry of a menu."""

    value: str


class FieldState(PayloadModel):
    """What one field of a form holds."""

    type: str
    value: str | None = None
    selected_option: Option | None = None
    selected_user: str | None = None

    @property
    def text(self) -> str | None:
        """What was typed, the value of the option or the id of the person that was chosen; else None."""
        if self.type == "users_select":
            return self.selected_user
        if self.type in ("static_select", "external_select", "radio_buttons"):
            return None if self.selected_option is None else self.selected_option.value
        return self.value


def _empty_if_null(part: object) -> object:
    return {} if part is None else part


class FormState(PayloadModel):
    """The fields of a form, by block and by action; each of our blocks has one.

    A view without fields has a state without values.
    """

    values: Annotated[
        dict[str, Annotated[dict[str, FieldState], Field(min_length=1)]], BeforeValidator(_empty_if_null)
    ] = Field(default_factory=dict)


class View(PayloadModel):
    """A form."""

    type: str
    id: str
    callback_id: str
    private_metadata: str | None = None
    hash: str | None = None
    state: Annotated[FormState, BeforeValidator(_empty_if_null)] = FormState()


class ViewSubmission(PayloadModel):
    """A submitted form: Slack's ``view_submission``."""

    user: User
    view: View

    @property
    def person(self) -> str:
        """Slack id of the person."""
        return self.user.id

    @property
    def form(self) -> str:
        """Callback id of the form."""
        return self.view.callback_id

    @property
    def values(self) -> Mapping[str, str | None]:
        """What each field holds, by block id; None where nothing was chosen."""
        return {block: next(iter(fields.values())).text for block, fields in self.view.state.values.items()}

    @property
    def data(self) -> str:
        """What we put into the form ourselves."""
        # Ours, but whoever signs could send anything: Postgres takes no NUL in a name that is looked up.
        return (self.view.private_metadata or "").replace("\x00", "")

    @property
    def key(self) -> str:
        """Idempotency key: Slack gives each state of a form its own hash."""
        return f"view:{self.view.id}:{self.view.hash or ''}"


class BlockSuggestion(PayloadModel):
    """Letters typed into a menu whose options we find: Slack's ``block_suggestion``."""

    user: User
    action_id: str
    value: str

    @property
    def person(self) -> str:
        """Slack id of the person."""
        return self.user.id

    @property
    def typed(self) -> str:
        """The letters."""
        return self.value


class Shortcut(PayloadModel):
    """A global shortcut."""

    user: User
    trigger_id: str = Field(repr=False)
    callback_id: str

    @property
    def person(self) -> str:
        """Slack id of the person."""
        return self.user.id

"""Pydantic models of what Slack sends: each validates a payload and holds what the handlers read of it.

Bolt reads a payload before any listener runs, and trusts it (slack_bolt 1.30, measured: a list where a user
is expected, or a click without an action, ends in a traceback and a 500). So ``request_verification``
validates every payload before Bolt sees it, and refuses what is signed by Slack and yet not as documented.

Fact: Slack developer documentation, "Interaction payloads" and "Events API", 2026-11.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from bot.errors import PgaccessError


class MalformedError(PgaccessError):
    """A payload is signed by Slack and yet not as documented: it is refused, not guessed at."""


class _Model(BaseModel):
    # Errors must not quote the input: a payload holds secrets, such as its response_url.
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Validates a payload; raises ``MalformedError``."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            # Without the cause, which holds the payload.
            raise _malformed(error) from None


class SlashCommand(_Model):
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


class User(_Model):
    """A person, by Slack id."""

    id: str


class Action(_Model):
    """The button that was pressed."""

    action_id: str
    action_ts: str
    value: str | None = None


class Container(_Model):
    """Where a button stands: a message or a view."""

    message_ts: str | None = None
    view_id: str | None = None


class BlockAction(_Model):
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
        return self.actions[0].value or ""

    @property
    def key(self) -> str:
        """Idempotency key: a press is known by its place, its time and its person."""
        container = self.container
        place = (container and (container.message_ts or container.view_id)) or ""
        return f"click:{place}:{self.actions[0].action_ts}:{self.person}"

    @property
    def trigger(self) -> str:
        """Opens one form, within 3 seconds."""
        return self.trigger_id

    @property
    def respond_to(self) -> str | None:
        """Where the answer goes; a secret, used once and never stored."""
        return self.response_url


class Option(_Model):
    """An entry of a menu."""

    value: str


class FieldState(_Model):
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


class FormState(_Model):
    """The fields of a form, by block and by action; each of our blocks has one."""

    values: dict[str, Annotated[dict[str, FieldState], Field(min_length=1)]]


class View(_Model):
    """A form."""

    type: str
    id: str
    callback_id: str
    private_metadata: str | None = None
    hash: str | None = None
    state: FormState


class ViewSubmission(_Model):
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


class BlockSuggestion(_Model):
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


class Shortcut(_Model):
    """A global shortcut."""

    user: User
    trigger_id: str = Field(repr=False)
    callback_id: str

    @property
    def person(self) -> str:
        """Slack id of the person."""
        return self.user.id


class Event(_Model):
    """An event of any kind."""

    type: str


class HomeOpened(Event):
    """A person opened a tab of the app: ``app_home_opened``."""

    user: str
    tab: str | None = None


class UserChanged(Event):
    """A person's profile changed: ``user_change``."""

    user: User


class UserGroup(_Model):
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


READ_EVENTS: Final = (
    "app_home_opened", "user_change", "subteam_updated", "subteam_members_changed",
)  # fmt: skip
"""Events of which listeners read more than that they came."""


def _event_kind(event: object) -> object:
    kind = event.get("type") if isinstance(event, dict) else None
    return kind if kind in READ_EVENTS else "any"


class EventCallback(_Model):
    """An event of Slack's Events API, in its envelope."""

    event: Annotated[
        Annotated[HomeOpened, Tag("app_home_opened")]
        | Annotated[UserChanged, Tag("user_change")]
        | Annotated[GroupUpdated, Tag("subteam_updated")]
        | Annotated[GroupMembersChanged, Tag("subteam_members_changed")]
        | Annotated[Event, Tag("any")],
        Discriminator(_event_kind),
    ]


class BoltFields(_Model):
    """The fields that Bolt reads, in a payload and in every object inside it, whatever its kind.

    Each may be absent or null; otherwise it has the documented type. Other fields are not validated.
    """

    type: str | None = None
    id: str | None = None
    team_id: str | None = None
    enterprise_id: str | None = None
    user_id: str | None = None
    channel_id: str | None = None
    app_installed_team_id: str | None = None
    user_team: str | None = None
    trigger_id: str | None = Field(repr=False, default=None)
    response_url: str | None = Field(repr=False, default=None)
    callback_id: str | None = None
    private_metadata: str | None = None
    hash: str | None = None
    action_id: str | None = None
    block_id: str | None = None
    action_ts: str | None = None
    ts: str | None = None
    message_ts: str | None = None
    thread_ts: str | None = None
    view_id: str | None = None
    event_id: str | None = None
    tab: str | None = None
    subtype: str | None = None
    function_execution_id: str | None = None
    bot_access_token: str | None = Field(repr=False, default=None)
    command: str | None = None
    channel_type: str | None = None
    bot_id: str | None = None

    view: "BoltFields | None" = None
    event: "BoltFields | None" = None
    message: "BoltFields | None" = None
    previous_message: "BoltFields | None" = None
    item: "BoltFields | None" = None
    assistant_thread: "BoltFields | None" = None
    container: "BoltFields | None" = None
    state: "BoltFields | None" = None
    function_data: "BoltFields | None" = None

    user: "str | BoltFields | None" = None
    team: "str | BoltFields | None" = None
    enterprise: "str | BoltFields | None" = None
    channel: "str | BoltFields | None" = None
    text: "str | BoltFields | None" = None

    # Bolt takes the first action without checking that there is one.
    actions: "Annotated[list[BoltFields], Field(min_length=1)] | None" = None
    authorizations: "list[BoltFields] | None" = None
    response_urls: "list[BoltFields] | None" = None


_KINDS: Final[Mapping[str, type[_Model]]] = {
    "block_actions": BlockAction,
    "view_submission": ViewSubmission,
    "block_suggestion": BlockSuggestion,
    "shortcut": Shortcut,
    "event_callback": EventCallback,
}


def validate_payload(payload: Mapping[str, Any]) -> None:
    """Validates what Bolt and our listeners read of a payload; raises ``MalformedError``."""
    BoltFields.of(payload)
    # Payloads of other kinds have no listener; what Bolt reads of them is validated all the same.
    model = _KINDS.get(str(payload.get("type")))
    if model is not None:
        model.of(payload)


def _malformed(error: ValidationError) -> MalformedError:
    """Names the first field that is wrong, and nothing of what it holds."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return MalformedError(f"{error.title}: {'.'.join(map(str, first['loc']))}: {first['type']}")

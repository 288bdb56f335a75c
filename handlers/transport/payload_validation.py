"""Validates every payload before Bolt reads it.

Bolt trusts a payload before any listener runs (slack_bolt 1.30, measured: a list where a user is
expected, or a click without an action, ends in a traceback and a 500). What is signed by Slack and yet
not as documented is refused.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from handlers.transport.events import EventCallback
from handlers.transport.payload_model import PayloadModel
from handlers.transport.payloads import BlockAction, BlockSuggestion, Shortcut, ViewSubmission


class BoltFields(PayloadModel):
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


_KINDS: Final[Mapping[str, type[PayloadModel]]] = {
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

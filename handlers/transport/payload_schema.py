"""Whether a payload has the form that Slack documents, as far as Bolt and we look into it.

Bolt reads a payload before any listener runs, and believes it (slack_bolt 1.30, measured: a list where a
person is expected, or a click without a button, ends in a traceback and a 500). What is signed by Slack and
yet not as documented is refused before that.

Fact: Slack developer documentation, "Interaction payloads" and "Events API", 2026-11.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

Fits = Callable[[Any], bool]


def is_documented(payload: Mapping[str, Any]) -> bool:
    """Whether everything that is looked at is of the kind that it should be, and what is needed is there."""
    needs = _NEEDS.get(str(payload.get("type")), {})
    return _is_plain(payload) and all(fits(payload.get(name)) for name, fits in needs.items())


def _is_plain(part: Mapping[str, Any]) -> bool:
    """Whether what Bolt looks at is of a kind that it can look at, whatever sort of payload it is."""
    return all(value is None or _is_as_named(name, value) for name, value in part.items())


def _is_as_named(name: str, value: Any) -> bool:
    if name in _TEXTS:
        return isinstance(value, str)
    if name in _OBJECTS:
        return isinstance(value, dict) and _is_plain(value)
    if name in _TEXTS_OR_OBJECTS:
        return isinstance(value, str) or (isinstance(value, dict) and _is_plain(value))
    if name in _LISTS:
        each_is = isinstance(value, list) and all(
            isinstance(each, dict) and _is_plain(each) for each in value
        )
        # Bolt takes the first of the actions without a look.
        return each_is and (len(value) > 0 or name != "actions")
    return True


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _with(**needs: Fits) -> Fits:
    """An object that has these."""

    def fits(value: Any) -> bool:
        return isinstance(value, dict) and all(each(value.get(name)) for name, each in needs.items())

    return fits


def _first(fits: Fits) -> Fits:
    """A list that begins with something that fits."""
    return lambda value: isinstance(value, list) and len(value) > 0 and fits(value[0])


def _event(value: Any) -> bool:
    """An event says what it is; those about a person say whom."""
    if not _with(type=_text)(value):
        return False
    about = {"app_home_opened": _text, "user_change": _with(id=_text)}.get(value["type"])
    return about is None or about(value.get("user"))


def _inputs(value: Any) -> bool:
    """A form's fields: under each block its inputs, under each input what it holds."""
    return isinstance(value, dict) and all(
        isinstance(block, dict) and all(isinstance(held, dict) for held in block.values())
        for block in value.values()
    )


_TEXTS: Final = frozenset(
    {
        "type", "id", "team_id", "enterprise_id", "user_id", "channel_id", "app_installed_team_id",
        "user_team", "trigger_id", "response_url", "callback_id", "private_metadata", "hash", "action_id",
        "block_id", "action_ts", "ts", "message_ts", "thread_ts", "view_id", "event_id", "tab",
        "subtype", "function_execution_id", "bot_access_token", "command", "channel_type", "bot_id",
    }
)  # fmt: skip
_OBJECTS: Final = frozenset(
    {
        "view", "event", "message", "previous_message", "item", "assistant_thread", "container", "state",
        "function_data",
    }
)  # fmt: skip
_TEXTS_OR_OBJECTS: Final = frozenset({"user", "team", "enterprise", "channel", "text"})
_LISTS: Final = frozenset({"actions", "authorizations", "response_urls"})
"""What Bolt or we look at, wherever it stands along the way; nothing is said about everything else."""

_PERSON: Final = _with(id=_text)

_NEEDS: Final[Mapping[str, Mapping[str, Fits]]] = {
    "block_actions": {
        "user": _PERSON,
        "trigger_id": _text,
        "actions": _first(_with(action_id=_text, action_ts=_text)),
    },
    "view_submission": {
        "user": _PERSON,
        "view": _with(type=_text, id=_text, callback_id=_text, state=_with(values=_inputs)),
    },
    "block_suggestion": {"user": _PERSON, "action_id": _text, "value": _text},
    "shortcut": {"user": _PERSON, "trigger_id": _text, "callback_id": _text},
    "event_callback": {"event": _event},
}
"""What our listeners need, by the type of a payload."""

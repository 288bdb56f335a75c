"""Error handler of Bolt: turns every exception into an answer that the person can see."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import uuid4

import structlog
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse

from bot.domain.outside.text import cite
from bot.errors import Refused, SlackError, TryAgainError
from bot.i18n.translator import Translator
from bot.ports import InteractiveSlack, Message
from bot.views import modals, responses
from handlers.refusals import RefusedForState
from handlers.retry_lines import retry_line
from handlers.transport.payload_model import MalformedError

FORM_LATE: Final = frozenset(
    {
        "expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id", "trigger_exchanged",
        "trigger_expired", "unreachable", "unreadable", "ratelimited", "request_timeout", "internal_error",
        "fatal_error", "service_unavailable",
    }
)  # fmt: skip
"""Slack's error codes for a form that was not opened in time, or for a passing reason (``views.open``)."""

NO_OUTBOX: Final = 0
"""Number of a message that is in no outbox, whose numbers begin at 1."""

log = structlog.get_logger(__name__)


class ErrorResponses:
    """Answers payloads whose listener failed.

    Args:
        interactive: shows what the answer itself cannot.
        translator: gives the language of a person by Slack id; the channel's for None.
    """

    def __init__(
        self, *, interactive: InteractiveSlack, translator: Callable[[str | None], Awaitable[Translator]]
    ) -> None:
        self._interactive = interactive
        self._translator = translator

    async def on_error(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        """Answers for a listener that raised, or for a payload that has none."""
        kind = body.get("type")
        if kind == "block_suggestion":
            return self._no_options(error)
        if isinstance(error, BoltUnhandledRequestError) and not _awaits_answer(body):
            # Taken, although nobody listens: Slack would send an event again, to the same end.
            log.info("handlers.unhandled", type=cite(str(kind)))
            return BoltResponse(status=200, body="")
        if kind == "event_callback":
            return self._event_failed(error)
        user = body.get("user")
        # A command has a ``user_id``, an interaction a user object.
        person = body.get("user_id") or (user.get("id") if isinstance(user, dict) else user)
        t = await self._translator(person)
        message = _message(error, body, t)
        if _is_late(error) and person and "command" not in body and not body.get("response_url"):
            # A shortcut, and a click in the App Home or in a form: its trigger is over.
            await self._tell(person, message)
            return BoltResponse(status=200, body="")
        return await self._answer(message, body, t)

    def _event_failed(self, error: Exception) -> BoltResponse:
        # Slack sends an event again that was not taken: a deactivation must not get lost.
        log.warning("handlers.event_failed", error=type(error).__name__)
        return BoltResponse(status=503, body="")

    def _no_options(self, error: Exception) -> BoltResponse:
        """A search has no place for an error message: its list stays empty, and the log says why."""
        expected = isinstance(error, Refused | TryAgainError | MalformedError | BoltUnhandledRequestError)
        log.log(
            logging.INFO if expected else logging.ERROR,
            "handlers.no_options",
            error=type(error).__name__,
            exc_info=None if expected else error,
        )
        return _json({"options": []})

    async def _answer(self, message: Message, body: Mapping[str, Any], t: Translator) -> BoltResponse:
        """Answers in the form that the kind of payload can show."""
        # Always with status 200: for any other Slack shows an error of its own instead of ours.
        if "command" in body:
            blocks = list(message.blocks)
            return _json({"response_type": "ephemeral", "text": message.text, "blocks": blocks})
        if body.get("type") == "view_submission":
            # A form shows an error only at one of its fields: the first one stands for the whole.
            first = _first_field(body)
            if first is None:
                return _json({"response_action": "update", "view": modals.note(message, t)})
            return _json({"response_action": "errors", "errors": {first: modals.plain_text(message.text)}})
        if body.get("response_url"):
            await self.respond(body["response_url"], message)
        # A shortcut and a click in the App Home have no response_url, but a trigger that opens a note.
        elif body.get("trigger_id"):
            await self._open_note(body["trigger_id"], message, t)
        return BoltResponse(status=200, body="")

    async def respond(self, url: str, message: Message) -> None:
        """Answers privately; what was recorded stays recorded when Slack does not take the answer."""
        try:
            await self._interactive.respond(url, message)
        except SlackError as error:
            log.warning("handlers.unanswered", code=error.code)

    async def _tell(self, person: str, message: Message) -> None:
        """Answers in a direct message, where nothing else is left to answer with."""
        try:
            await self._interactive.hand(person, message, number=NO_OUTBOX)
        except SlackError as error:
            log.warning("handlers.unanswered", code=error.code)

    async def _open_note(self, trigger: str, message: Message, t: Translator) -> None:
        try:
            # A trigger works once and for 3 seconds; where it is over, nothing is left to answer with.
            await self._interactive.open_view(trigger, modals.note(message, t))
        except SlackError as error:
            log.warning("handlers.unanswered", code=error.code)


def _awaits_answer(body: Mapping[str, Any]) -> bool:
    """Whether a person waits for an answer to a payload that has no listener."""
    if body.get("type") in ("event_callback", "view_closed"):
        return False
    return any(body.get(name) for name in ("command", "response_url", "trigger_id"))


def _is_late(error: Exception) -> bool:
    """Whether Slack did not open a form in time; where it names no code, the status stands in its place."""
    return isinstance(error, SlackError) and (error.code in FORM_LATE or error.code.isdecimal())


def _first_field(body: Mapping[str, Any]) -> str | None:
    """The first field of a submitted form; None where it has none."""
    values: Any = body
    for name in ("view", "state", "values"):
        values = values.get(name) if isinstance(values, dict) else None
    return next(iter(values), None) if isinstance(values, dict) else None


def _message(error: Exception, body: Mapping[str, Any], t: Translator) -> Message:
    """What the person is told; only what was not foreseen is logged with a traceback."""
    if isinstance(error, Refused):
        state = error.line if isinstance(error, RefusedForState) else None
        return responses.refused(error, t, state=state)
    if isinstance(error, SlackError) and _is_late(error):
        log.warning("handlers.form_not_opened", code=error.code)
        return responses.form_not_opened(retry_line(body), t)
    if isinstance(error, MalformedError | BoltUnhandledRequestError):
        log.warning("handlers.malformed", error=cite(str(error)))
        return responses.malformed(t)
    return _apology(error, t)


def _apology(error: Exception, t: Translator) -> Message:
    """Says that something failed on our side, with a reference that finds it in the log."""
    reference = uuid4().hex[:8]
    if isinstance(error, TryAgainError):
        log.warning("handlers.try_again", reference=reference, error=str(error))
        return responses.trouble("error.unavailable", reference, t)
    log.error("handlers.failed", reference=reference, exc_info=error)
    return responses.trouble("error.internal", reference, t)


def _json(body: Mapping[str, Any]) -> BoltResponse:
    return BoltResponse(status=200, body=json.dumps(body), headers={"Content-Type": "application/json"})

"""Bolt's side: a handful of listeners, and one place where every error becomes words for a person.

Listeners are awaited before Bolt answers (``process_before_response``): what a person is told has happened,
and nothing that matters runs after the answer, where a stopping process would lose it.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from uuid import uuid4

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.access import Access
from bot.errors import Refused, SlackError, TryAgainError
from bot.messages import forms as form_messages
from bot.messages import private
from bot.messages.words import Words
from bot.ports import Desk, Message
from handlers.commands import Commands
from handlers.decisions import Decisions
from handlers.forms import Forms, errors_at_fields
from handlers.grammar import COMMAND
from handlers.incoming import Click, Command, Submission

log = structlog.get_logger(__name__)


class Listeners:
    """Everything that comes from Slack.

    Args:
        access: the use cases.
        desk: forms and private answers.
        team: the one workspace that is served.
        authorized: what Bolt is told of ourselves; made once, so that no request asks Slack.
    """

    def __init__(self, *, access: Access, desk: Desk, team: str, authorized: AuthorizeResult) -> None:
        self._access = access
        self._desk = desk
        self._team = team
        self._authorized = authorized
        self._forms = Forms(access=access, desk=desk)
        self._commands = Commands(access=access, forms=self._forms)
        self._decisions = Decisions(access=access, forms=self._forms)

    def app(self, *, signing_secret: str) -> AsyncApp:
        """Bolt with our listeners.

        Args:
            signing_secret: the one that the gate signs with for Bolt, whichever Slack used.
        """
        app = AsyncApp(
            # Listeners speak to Slack through the desk; Bolt's own client has no token and calls nobody.
            client=AsyncWebClient(),
            signing_secret=signing_secret,
            authorize=self._authorizer(),
            process_before_response=True,
            raise_error_for_unhandled_request=True,
            ssl_check_enabled=False,
            user_facing_authorize_error_message=self._channel_words()("foreign_team"),
        )
        app.command(COMMAND)(self.on_command)
        app.action(re.compile(".*"))(self.on_click)
        app.view(re.compile(".*"))(self.on_submission)
        app.event("user_change")(self.on_person)
        app.error(self.on_error)
        return app

    async def on_command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A slash command: the answer travels back with the acknowledgement."""
        command = Command.of(body)
        message = await self._commands.answer(command, await self._words(command.person))
        await (ack() if message is None else ack(text=message.text, blocks=list(message.blocks)))

    async def on_click(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A button: acknowledged with nothing, answered privately."""
        click = Click.of(body)
        message = await self._decisions.answer(click, await self._words(click.person))
        if message is not None and click.respond_to is not None:
            await self._desk.respond(click.respond_to, message)
        await ack()

    async def on_submission(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A form: closed when it was acted on, kept open with the sentence at its field when not."""
        submission = Submission.of(body)
        try:
            await self._forms.submit(submission)
        except Refused as refused:
            words = await self._words(submission.person)
            await ack(**errors_at_fields(refused, submission, words))
        else:
            await ack()

    async def on_person(self, body: dict[str, Any]) -> None:
        """Somebody was deactivated, moved or renamed: what is known of them decides nothing any more."""
        await self._access.forget_person(body["event"]["user"]["id"])

    async def on_error(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        """Turns whatever went wrong into words; nobody waits for an answer in vain."""
        if isinstance(error, BoltUnhandledRequestError) and body.get("type") == "event_callback":
            return BoltResponse(status=200, body="")
        reference = uuid4().hex[:8]
        person = body.get("user_id") or (body.get("user") or {}).get("id")
        if isinstance(error, Refused):
            message = private.refused(error, await self._words(person))
        else:
            message = await self._apology(error, reference, person)
        return await self._tell(message, body)

    async def _apology(self, error: Exception, reference: str, person: str | None) -> Message:
        if isinstance(error, TryAgainError):
            log.warning("handlers.try_again", reference=reference, error=str(error))
            return private.trouble("trouble", reference, self._channel_words())
        log.error("handlers.failed", reference=reference, exc_info=error)
        return private.trouble("trouble.bug", reference, self._channel_words())

    async def _tell(self, message: Message, body: Mapping[str, Any]) -> BoltResponse:
        """Gives the answer the shape that the kind of request can show."""
        if "command" in body:
            said = {"response_type": "ephemeral", "text": message.text, "blocks": list(message.blocks)}
            return _json(said)
        if body.get("type") == "view_submission":
            first = next(iter(body["view"]["state"]["values"]), "")
            return _json(
                {"response_action": "errors", "errors": {first: form_messages.plain_text(message.text)}}
            )
        if body.get("response_url"):
            try:
                await self._desk.respond(body["response_url"], message)
            except SlackError as error:
                log.warning("handlers.unanswered", code=error.code)
        return BoltResponse(status=200, body="")

    def _authorizer(self) -> Callable[..., Awaitable[AuthorizeResult]]:
        """Serves one workspace and nobody else's (Slack Connect, a stolen manifest), without asking Slack."""

        async def authorize(team_id: str | None) -> AuthorizeResult | None:
            return self._authorized if team_id == self._team else None

        # Bolt fills arguments in by name and so takes no method; None is its "not ours", untyped.
        return cast("Callable[..., Awaitable[AuthorizeResult]]", authorize)

    async def _words(self, person: str | None) -> Words:
        """The language of a person; the channel's when the store cannot tell."""
        try:
            locale = None if person is None else await self._access.locale(person)
        except TryAgainError:
            locale = None
        return Words.of(locale) if locale else self._channel_words()

    def _channel_words(self) -> Words:
        return Words(self._access.policy.language)


def _json(body: Mapping[str, Any]) -> BoltResponse:
    return BoltResponse(status=200, body=json.dumps(body), headers={"Content-Type": "application/json"})

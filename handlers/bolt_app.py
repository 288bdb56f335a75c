"""Bolt's side: a handful of listeners, and one place where every error becomes words for a person.

Listeners are awaited before Bolt answers (``process_before_response``): what a person is told has happened,
and nothing that matters runs after the answer, where a stopping process would lose it.
"""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar, cast
from uuid import uuid4

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import Refused, SlackError, TryAgainError
from bot.i18n.translator import Translator
from bot.ports import InteractiveSlack, Message
from bot.services import Access, RequestInput
from bot.views import action_ids, responses
from bot.views import modals as form_messages
from bot.worker import BackgroundTasks
from handlers.advice import BUTTONS, Advisor
from handlers.buttons import ButtonHandler
from handlers.commands import Commands
from handlers.download_links import DownloadLinkSender
from handlers.live_refresh import LiveRefresh
from handlers.modals import Forms, errors_at_fields
from handlers.parsing.command_table import COMMAND
from handlers.transport.locale_cache import LocaleCache
from handlers.transport.payloads import BlockAction, BlockSuggestion, Command, ViewSubmission

ANSWER: Final = timedelta(milliseconds=1700)
"""How long acting may take: Slack gives 3 s in all, and telling may take one more."""

LANGUAGE: Final = timedelta(milliseconds=300)
"""How long asking for a person's language may take; the channel's is good enough."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class LateError(TryAgainError):
    """A person was told that it is not known what became of their wish."""


class Listeners:
    """Everything that comes from Slack.

    Args:
        access: the use cases.
        desk: forms and private answers.
        team: the one workspace that is served.
        authorized: what Bolt is told of ourselves; made once, so that no request asks Slack.
        errands: what goes on after an answer.
        public_url: where browsers reach us; None is unknown.
    """

    def __init__(
        self,
        *,
        access: Access,
        interactive: InteractiveSlack,
        team: str,
        authorized: AuthorizeResult,
        background_tasks: BackgroundTasks,
        public_url: str | None = None,
    ) -> None:
        self._access = access
        self._interactive = interactive
        self._team = team
        self._authorized = authorized
        self._late: set[asyncio.Task[Any]] = set()
        self._languages = LocaleCache(self._locale, fallback=Translator(access.policy.language))
        self._forms = Forms(access=access, interactive=interactive)
        self._advisor = Advisor(access=access, interactive=interactive, forms=self._forms)
        live_refresh = LiveRefresh(access=access, interactive=interactive, background_tasks=background_tasks)
        files = DownloadLinkSender(access=access, interactive=interactive, public_url=public_url)
        self._commands = Commands(
            access=access, forms=self._forms, live_refresh=live_refresh, advisor=self._advisor, files=files
        )
        self._decisions = ButtonHandler(access=access, forms=self._forms, files=files)

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
            user_facing_authorize_error_message=self._channel_translator()("error.other_workspace"),
        )
        app.command(COMMAND)(self.on_command)
        app.action(re.compile(".*"))(self.on_click)
        app.view(re.compile(".*"))(self.on_submission)
        app.options(action_ids.FIELD_TARGET)(self.on_search)
        app.shortcut(action_ids.SHORTCUT_ASK)(self.on_shortcut)
        app.event("app_home_opened")(self.on_home)
        app.event("user_change")(self.on_person)
        app.event(re.compile("subteam_(members_changed|updated)"))(self.on_group)
        app.error(self.on_error)
        return app

    async def on_command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A slash command: the answer travels back with the acknowledgement."""
        command = Command.of(body)
        t = await self._translator(command.person)
        message = await self._in_time(self._commands.answer(command, t))
        await (ack() if message is None else ack(text=message.text, blocks=list(message.blocks)))

    async def on_click(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A button: acknowledged with nothing, answered privately."""
        click = BlockAction.of(body)
        t = await self._translator(click.person)
        if click.action in BUTTONS:
            await self._in_time(self._advisor.click(click, t))
            await ack()
            return
        message = await self._in_time(self._decisions.answer(click, t))
        if message is not None and click.respond_to is not None:
            await self._respond(click.respond_to, message)
        elif message is not None:
            # A click in the App Home has nowhere to answer to: the tab itself shows what came of it.
            await self._access.show_home(click.person)
        await ack()

    async def on_submission(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """A form: closed when it was acted on, kept open with the sentence at its field when not."""
        submission = ViewSubmission.of(body)
        if submission.form == action_ids.FORM_ADVISE:
            await self._recommend(ack, submission)
            return
        try:
            await self._in_time(self._forms.submit(submission))
        except Refused as refused:
            t = await self._translator(submission.person)
            instead = await self._in_time(self._forms.instead(submission, refused, t))
            if instead is None:
                await ack(**errors_at_fields(refused, submission, t))
            else:
                await ack(response_action="update", view=instead)
        else:
            # It may stand on top of advice, which has then served its purpose.
            await ack(response_action="clear")

    async def _recommend(self, ack: AsyncAck, submission: ViewSubmission) -> None:
        """The questions: what is recommended comes on top of them, so that one can go back."""
        t = await self._translator(submission.person)
        try:
            view = await self._in_time(self._advisor.answer(submission, t))
        except Refused as refused:
            await ack(**errors_at_fields(refused, submission, t))
        else:
            await ack(response_action="push", view=view)

    async def on_search(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Letters typed into the search for a database: what fits them."""
        search = BlockSuggestion.of(body)
        t = await self._translator(search.person)
        await ack(options=await self._in_time(self._forms.options(search, t)))

    async def on_shortcut(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The global shortcut: opens the form."""
        person = body["user"]["id"]
        await self._access.require_member(person)
        await self._forms.open_add(body["trigger_id"], RequestInput(), await self._translator(person))
        await ack()

    async def on_home(self, body: dict[str, Any]) -> None:
        """Somebody opened the App Home: the courier draws it."""
        if body["event"].get("tab", "home") == "home":
            await self._access.show_home(body["event"]["user"])

    async def on_person(self, body: dict[str, Any]) -> None:
        """Somebody was deactivated, moved or renamed: what is known of them decides nothing any more."""
        person = body["event"]["user"]["id"]
        self._languages.forget(person)
        await self._access.forget_person(person)

    async def on_group(self) -> None:
        """Somebody joined or left a user group, which may decide who approves: people are counted anew."""
        await self._access.recount_people()

    async def on_error(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        """Turns whatever went wrong into words; nobody waits for an answer in vain."""
        if isinstance(error, BoltUnhandledRequestError) and body.get("type") == "event_callback":
            return BoltResponse(status=200, body="")
        if body.get("type") == "event_callback":
            # Slack sends an event again that was not taken: a deactivation must not get lost.
            log.warning("handlers.event_failed", error=type(error).__name__)
            return BoltResponse(status=503, body="")
        if body.get("type") == "block_suggestion":
            return self._nothing_found(error)
        user = body.get("user")
        person = body.get("user_id") or (user.get("id") if isinstance(user, dict) else user)
        t = await self._translator(person)
        if isinstance(error, Refused):
            return await self._tell(responses.refused(error, t), body, t)
        return await self._tell(self._apology(error, t), body, t)

    def _nothing_found(self, error: Exception) -> BoltResponse:
        """A search has no place for words: its list stays empty, and the log says why."""
        expected = isinstance(error, Refused | TryAgainError)
        log.log(
            logging.INFO if expected else logging.ERROR,
            "handlers.no_options",
            error=type(error).__name__,
            exc_info=None if expected else error,
        )
        return _json({"options": []})

    def _apology(self, error: Exception, t: Translator) -> Message:
        """Something is wrong on our side; the reference finds it in the log."""
        reference = uuid4().hex[:8]
        if isinstance(error, TryAgainError):
            log.warning("handlers.try_again", reference=reference, error=str(error))
            return responses.trouble("error.unavailable", reference, t)
        log.error("handlers.failed", reference=reference, exc_info=error)
        return responses.trouble("error.internal", reference, t)

    async def _tell(self, message: Message, body: Mapping[str, Any], t: Translator) -> BoltResponse:
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
            await self._respond(body["response_url"], message)
        elif body.get("trigger_id"):
            await self._note(body["trigger_id"], message, t)
        return BoltResponse(status=200, body="")

    async def _respond(self, url: str, message: Message) -> None:
        """Answers privately; what was recorded stays recorded when Slack does not take the answer."""
        try:
            await self._interactive.respond(url, message)
        except SlackError as error:
            log.warning("handlers.unanswered", code=error.code)

    async def _note(self, trigger: str, message: Message, t: Translator) -> None:
        try:
            await self._interactive.open_view(trigger, form_messages.note(message, t))
        except SlackError as error:
            log.warning("handlers.unanswered", code=error.code)

    def _authorizer(self) -> Callable[..., Awaitable[AuthorizeResult]]:
        """Serves one workspace and nobody else's (Slack Connect, a stolen manifest), without asking Slack."""

        async def authorize(team_id: str | None) -> AuthorizeResult | None:
            return self._authorized if team_id == self._team else None

        # Bolt fills arguments in by name and so takes no method; None is its "not ours", untyped.
        return cast("Callable[..., Awaitable[AuthorizeResult]]", authorize)

    async def _translator(self, person: str | None) -> Translator:
        """The language of a person; the channel's when the store cannot tell at once."""
        return await self._languages.of(person)

    async def _locale(self, person: str) -> str | None:
        try:
            return await self._in_time(self._access.locale(person), within=LANGUAGE)
        except TryAgainError:
            return None

    async def _in_time(self, work: Coroutine[Any, Any, T], *, within: timedelta = ANSWER) -> T:
        """Waits for work as long as a person can; what is late goes on by itself, never cut off half done.

        Cancelling would not help: a connection that has gone dead does not even notice.

        Raises:
            LateError: it is not known whether anything was recorded.
        """
        task = asyncio.create_task(work)
        self._late.add(task)
        task.add_done_callback(self._over)
        done, _ = await asyncio.wait({task}, timeout=within.total_seconds())
        if not done:
            raise LateError("the store did not answer in time")
        return task.result()

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._late.discard(task)
        if not task.cancelled():
            # Whoever waited has seen it; whoever did not was told that it is not known.
            task.exception()

    def _channel_translator(self) -> Translator:
        return self._languages.fallback


def _json(body: Mapping[str, Any]) -> BoltResponse:
    return BoltResponse(status=200, body=json.dumps(body), headers={"Content-Type": "application/json"})

"""Bolt's listeners: each validates a payload, has one handler act on it, and answers.

Listeners are awaited before Bolt answers (``process_before_response``): what a person is told has happened,
and nothing that matters runs after the answer, where a stopping process would lose it.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.command_text import COMMAND
from bot.errors import Refused, TryAgainError
from bot.i18n.translator import Translator
from bot.ports import InteractiveSlack, Message
from bot.ports.telemetry import NO_TELEMETRY, Telemetry
from bot.services import RequestInput, Services
from bot.views import action_ids
from bot.worker import BackgroundTasks
from handlers import refused_actions
from handlers.advice import BUTTONS, Advisor
from handlers.buttons import ButtonHandler
from handlers.commands import Commands
from handlers.deadlines import LOCALE, Deadlines
from handlers.download_links import DownloadLinkSender
from handlers.error_responses import ErrorResponses
from handlers.live_refresh import LiveRefresh
from handlers.modals import Forms, field_errors
from handlers.presets import PresetForms
from handlers.refused_actions import AttemptedAction
from handlers.transport.authorization import authorizer
from handlers.transport.events import (
    ChannelUnarchived,
    GroupMembersChanged,
    GroupUpdated,
    HomeOpened,
    MemberJoined,
    UserChanged,
)
from handlers.transport.locale_cache import LocaleCache
from handlers.transport.payloads import BlockAction, BlockSuggestion, Shortcut, SlashCommand, ViewSubmission
from handlers.unknown_people import UnknownPeople

T = TypeVar("T")


class Listeners:
    """Everything that Slack sends.

    Args:
        services: the use cases.
        interactive: opens forms and answers privately.
        team: Slack id of the workspace that is served.
        authorized: what Bolt is told of the bot.
        background_tasks: what goes on after an answer.
        public_url: where browsers reach us; None if unknown.
        telemetry: is told what was refused.
    """

    def __init__(
        self,
        *,
        services: Services,
        interactive: InteractiveSlack,
        team: str,
        authorized: AuthorizeResult,
        background_tasks: BackgroundTasks,
        public_url: str | None = None,
        telemetry: Telemetry = NO_TELEMETRY,
    ) -> None:
        self._telemetry = telemetry
        self._services = services
        self._authorize = authorizer(team=team, authorized=authorized)
        self._deadlines = Deadlines()
        self._unknown_people = UnknownPeople(services)
        channel = Translator(services.policy.language, networks=services.policy.networks)
        self._locales = LocaleCache(self._locale, fallback=channel)
        self._errors = ErrorResponses(interactive=interactive, translator=self._locales.of)
        self._forms = Forms(services=services, interactive=interactive)
        self._advisor = Advisor(services=services, interactive=interactive, forms=self._forms)
        live_refresh = LiveRefresh(
            services=services, interactive=interactive, background_tasks=background_tasks
        )
        download_links = DownloadLinkSender(services=services, interactive=interactive, public_url=public_url)
        presets = PresetForms(services=services, forms=self._forms, interactive=interactive)
        self._commands = Commands(
            services=services,
            forms=self._forms,
            live_refresh=live_refresh,
            advisor=self._advisor,
            download_links=download_links,
            presets=presets,
            public_url=public_url,
        )
        self._buttons = ButtonHandler(
            services=services, forms=self._forms, download_links=download_links, presets=presets
        )

    def app(self, *, signing_secret: str) -> AsyncApp:
        """Returns Bolt with our listeners.

        Args:
            signing_secret: the one that ``RequestVerification`` signs with for Bolt, whichever Slack used.
        """
        app = AsyncApp(
            # Without a name Bolt looks for the caller's file through the whole stack, which takes 50 ms.
            name="pgaccess",
            # Handlers call Slack through ``interactive``; Bolt's own client has no token and calls nobody.
            client=AsyncWebClient(),
            signing_secret=signing_secret,
            authorize=self._authorize,
            process_before_response=True,
            # Raised, so that the error handler answers it too; Bolt itself would only answer 404.
            raise_error_for_unhandled_request=True,
            ssl_check_enabled=False,
            user_facing_authorize_error_message=self._locales.fallback("error.other_workspace"),
        )
        app.command(COMMAND)(self.on_command)
        # Handlers look ids up in tables of their own, so that an unknown one is answered as an error.
        app.action(re.compile(".*"))(self.on_click)
        app.view(re.compile(".*"))(self.on_submission)
        app.options(action_ids.FIELD_TARGET)(self.on_search)
        app.shortcut(action_ids.SHORTCUT_ASK)(self.on_shortcut)
        app.event("app_home_opened")(self.on_home)
        app.event("user_change")(self.on_user_change)
        app.event("subteam_updated")(self.on_group_update)
        app.event("subteam_members_changed")(self.on_group_members_change)
        app.event("channel_unarchive")(self.on_channel_unarchive)
        app.event("group_unarchive")(self.on_channel_unarchive)
        app.event("member_joined_channel")(self.on_member_joined)
        app.error(self._errors.on_error)
        return app

    async def on_command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Answers a slash command; the answer travels back with the acknowledgement."""
        command = SlashCommand.of(body)

        async def answer() -> Message | None:
            return await self._commands.answer(command, await self._locales.of(command.person))

        message = await self._attempt(refused_actions.of_command(command), answer)
        await (ack() if message is None else ack(text=message.text, blocks=list(message.blocks)))

    async def on_click(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Acts on a button; the acknowledgement is empty, the answer private."""
        click = BlockAction.of(body)

        async def answer() -> Message | None:
            t = await self._locales.of(click.person)
            if click.action in BUTTONS:
                await self._advisor.click(click, t)
                return None
            return await self._buttons.answer(click, t)

        message = await self._attempt(refused_actions.of_click(click), answer)
        # Slack shows nothing of an acknowledgement's body after a click: the answer goes to its response_url.
        if message is not None and click.respond_to is not None:
            await self._errors.respond(click.respond_to, message)
        elif message is not None:
            # A click in the App Home has no response_url: the tab itself shows the result.
            await self._services.queries.refresh_home(click.person)
        await ack()

    async def on_submission(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Acts on a form; closes it, or keeps it open with the error at its field."""
        submission = ViewSubmission.of(body)
        if submission.form == action_ids.FORM_ADVISE:
            await self._recommend(ack, submission)
            return
        try:
            await self._attempt(refused_actions.of_form(submission), lambda: self._forms.submit(submission))
        except Refused as refused:
            t = await self._locales.of(submission.person)
            view = await self._deadlines.wait_for(self._forms.replacement(submission, refused, t))
            if view is None:
                await ack(**field_errors(refused, submission, t))
            else:
                await ack(response_action="update", view=view)
        else:
            # It may stand on top of advice, which has then served its purpose.
            await ack(response_action="clear")

    async def _recommend(self, ack: AsyncAck, submission: ViewSubmission) -> None:
        """Pushes the recommendation on top of the questions, so that the person can go back."""
        t = await self._locales.of(submission.person)
        try:
            view = await self._attempt(
                refused_actions.of_form(submission), lambda: self._advisor.answer(submission, t)
            )
        except Refused as refused:
            await ack(**field_errors(refused, submission, t))
        else:
            await ack(response_action="push", view=view)

    async def on_search(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Returns the databases that fit what was typed into the menu."""
        search = BlockSuggestion.of(body)
        t = await self._locales.of(search.person)
        action = AttemptedAction(person=search.person, name=lambda: action_ids.FIELD_TARGET)
        await ack(options=await self._attempt(action, lambda: self._forms.options(search, t)))

    async def on_shortcut(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Opens the form, for the global shortcut."""
        shortcut = Shortcut.of(body)

        async def open_form() -> None:
            # The view itself shows the names of databases, so membership is checked before it is opened.
            await self._services.members.require(shortcut.person)
            t = await self._locales.of(shortcut.person)
            await self._forms.mtls.open_add(shortcut.trigger_id, RequestInput(), t)

        action = AttemptedAction(person=shortcut.person, name=lambda: action_ids.SHORTCUT_ASK)
        await self._attempt(action, open_form)
        await ack()

    async def on_home(self, event: dict[str, Any]) -> None:
        """Has the notifier render the App Home that a person opened."""
        opened = HomeOpened.of(event)
        if (opened.tab or "home") == "home":
            # What a tab shows depends on who opens it; a stranger's would stay empty until the next time.
            await self._unknown_people.settle(opened.user)
            await self._services.queries.refresh_home(opened.user)

    async def on_user_change(self, event: dict[str, Any]) -> None:
        """Forgets a person who was deactivated, moved or renamed: what is cached decides nothing any more."""
        changed = UserChanged.of(event)
        self._locales.forget(changed.user.id)
        await self._services.members.person_changed(changed.user.id)

    async def on_group_update(self, event: dict[str, Any]) -> None:
        """Puts a user group in doubt that was changed, disabled or enabled."""
        await self._services.members.group_changed(GroupUpdated.of(event).group)

    async def on_group_members_change(self, event: dict[str, Any]) -> None:
        """Puts a user group in doubt that people have joined or left."""
        await self._services.members.group_changed(GroupMembersChanged.of(event).group)

    async def on_channel_unarchive(self, event: dict[str, Any]) -> None:
        """Tries at once what waits for a channel that was archived."""
        await self._services.lost_channels.retry(ChannelUnarchived.of(event).channel)

    async def on_member_joined(self, event: dict[str, Any]) -> None:
        """Tries at once what waits for a channel: whoever joined it may be the bot."""
        await self._services.lost_channels.retry(MemberJoined.of(event).channel)

    async def _attempt(self, action: AttemptedAction, act: Callable[[], Awaitable[T]]) -> T:
        """Acts within the deadline, whatever has to be looked up first; raises as ``Deadlines`` does."""

        async def attempt() -> T:
            return await self._unknown_people.attempt(action.person, act)

        # Inside of the deadline: what is refused late, when the person was answered, is told of too.
        with self._telemetry.span("slack.action", lambda: {"pgaccess.action": action.name()}):
            return await self._deadlines.wait_for(refused_actions.telling(action, attempt, self._telemetry))

    async def _locale(self, person: str) -> str | None:
        try:
            return await self._deadlines.wait_for(self._services.members.locale(person), within=LOCALE)
        # Late or failed, it costs the person's language only: nothing is cached, the next answer asks again.
        except TryAgainError:
            return None

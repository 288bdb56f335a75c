"""Simulated users: their actions reach the bot as Slack's requests, with three seconds to respond.

While the bot has Socket Mode connections, requests go through them, otherwise over HTTP.

Facts: Slack developer documentation, interactivity and Events API, 2026-11: an acknowledgement within 3
seconds, else ``operation_timeout``; events are redelivered at once, after 1 and after 5 minutes, unless the
answer says ``x-slack-no-retry: 1``.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sandbox.slack.delivery import PATH, Delivery
from sandbox.slack.delivery_transport import Deliver, Delivered, Undeliverable
from sandbox.slack.emulator import SlackEmulator
from sandbox.slack.model.visible_state import is_actor
from sandbox.slack.socket_mode.connections import Connections
from sandbox.slack.validation.checks import Json
from sandbox.slack.web_api.errors import Refused

LAST_WORDS = frozenset({"app_uninstalled", "tokens_revoked"})
"""Events that an app receives after it left the workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Result of an action.

    Attributes:
        ms: Real milliseconds until the bot responded or Slack gave up.
        status: HTTP status of the bot; 0 if there was no response or nothing was sent.
        error: Why it failed: ``operation_timeout``, ``dispatch_failed``, or why the action is impossible.
        reason: Why there was no response, as in ``X-Slack-Retry-Reason``.
        errors: Errors at a form's fields, by block_id.
        options: Options that a search found.
        delivery: The request that was sent, for `People.replays`.
    """

    ok: bool
    ms: float = 0.0
    status: int = 0
    error: str | None = None
    reason: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    options: Sequence[Json] = ()
    delivery: Delivery | None = None


class People:
    """The people of the workspace and what they can do, also concurrently.

    Args:
        slack: The workspace.
        deliver: Transport of requests to the bot, such as `sandbox.slack.delivery_transport.over`.
        bot_url: Base URL of the bot.
        clock: Returns the present; Slack signs with real time.

    Attributes:
        sockets: The bot's Socket Mode connections.
    """

    def __init__(
        self,
        slack: SlackEmulator,
        *,
        deliver: Deliver,
        bot_url: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._slack = slack
        self._deliver = deliver
        self.call(bot_url)
        self._now = clock
        self.sockets = Connections(slack)
        self._late: set[asyncio.Task[Delivered]] = set()

    def call(self, bot_url: str) -> None:
        """Deliver to another URL from now on: the bot was restarted."""
        self._url = bot_url.rstrip("/") + PATH

    async def types(self, person: str, text: str, *, channel: str = "#general") -> Outcome:
        """Send a line: a slash command goes to the bot, anything else is an ordinary message."""
        if not text.lstrip().startswith("/"):
            return await self.says(person, text, channel=channel)
        return await self._act(lambda now: self._slack.acts.command(person, text, channel, now=now))

    async def says(self, person: str, text: str, *, channel: str = "#general") -> Outcome:
        """Post an ordinary message."""
        try:
            self._slack.says(person, text, channel, now=self._now())
        except Refused as refused:
            return _refused(refused)
        return Outcome(ok=True)

    async def clicks(
        self,
        person: str,
        *,
        channel: str,
        ts: str,
        action_id: str,
        block_id: str | None = None,
        selected: Any = None,
    ) -> Outcome:
        """Use an element of a message; `selected` is an option's value, several, or a date."""
        return await self._act(
            lambda now: self._slack.acts.click(
                person, channel, ts, action_id, block_id=block_id, selected=selected, now=now
            )
        )

    async def clicks_in_view(
        self,
        person: str,
        *,
        action_id: str,
        block_id: str | None = None,
        view_id: str | None = None,
        selected: Any = None,
    ) -> Outcome:
        """Use an element of the open modal or the home tab."""
        return await self._act(
            lambda now: self._slack.acts.click_in_view(
                person, view_id, action_id, block_id=block_id, selected=selected, now=now
            )
        )

    async def suggests(
        self,
        person: str,
        *,
        action_id: str,
        value: str,
        block_id: str | None = None,
        view_id: str | None = None,
    ) -> Outcome:
        """Type `value` into an ``external_select`` of the open modal; see `Outcome.options`.

        The options can be chosen from then on.
        """
        return await self._act(
            lambda now: self._slack.acts.search(
                person, view_id, action_id, block_id=block_id, value=value, now=now
            )
        )

    async def submits(
        self,
        person: str,
        values: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        view_id: str | None = None,
    ) -> Outcome:
        """Fill in and submit the open modal; `values` are raw, by block_id and action_id."""
        return await self._act(
            lambda now: self._slack.acts.submission(person, view_id, values or {}, now=now)
        )

    async def closes(self, person: str, *, everything: bool = False) -> Outcome:
        """Close the open modal, or every one; the bot is notified if it asked to be."""
        try:
            told = self._slack.acts.closing(person, everything=everything, now=self._now())
        except Refused as refused:
            return _refused(refused)
        outcomes = [await self.sends(delivery) for delivery in told]
        return next((one for one in outcomes if not one.ok), Outcome(ok=True))

    async def shortcut(self, person: str, callback_id: str) -> Outcome:
        """Start a global shortcut."""
        return await self._act(lambda now: self._slack.acts.shortcut(person, callback_id, now=now))

    async def opens_home(self, person: str) -> Outcome:
        """Open the home tab; the bot is notified."""
        return await self._act(lambda now: self._slack.acts.home_opened(person, now=now))

    async def deactivates(self, person: str) -> Outcome:
        """Deactivate a person's account, as an administrator would; sends ``user_change``."""
        changed = self._slack.world.deactivate(person)
        self._slack.workspace.stacks.pop(changed.id, None)
        self._slack.workspace.touch()
        return await self._act(lambda now: self._slack.acts.user_changed(changed, now=now))

    async def hears(self, inner: Json) -> Outcome:
        """Send the bot an event (without envelope and ``event_ts``) if it has subscribed to it."""
        ts = self._slack.workspace.next_ts(self._now())
        return await self._act(lambda now: self._slack.acts.event({**inner, "event_ts": ts}, now=now))

    async def confirms_url(self, word: str = "emulated-challenge") -> Outcome:
        """Verify the bot's request URL, which has to repeat the challenge."""
        outcome = await self.sends(self._slack.acts.challenge(word, now=self._now()))
        repeated = word.encode() in outcome.body
        return outcome if repeated or not outcome.ok else replace(outcome, ok=False, error="challenge_failed")

    async def sends(self, delivery: Delivery) -> Outcome:
        """Send a delivery and apply the response; events are retried until one is acknowledged."""
        outcome = await self._once(delivery)
        # People see nothing of an event: it is repeated instead of shown as failed.
        if delivery.kind == "event":
            return await self._until_taken(delivery, outcome)
        if not outcome.ok:
            self._slack.receipts.failed(delivery, outcome.error or "", now=self._now())
            return outcome
        return self._received(delivery, outcome)

    async def replays(self, delivery: Delivery) -> Outcome:
        """Send the same signed bytes again, as an attacker who recorded them would.

        The bot's response has no effect in Slack.
        """
        return await self._once(delivery)

    async def aclose(self) -> None:
        """Wait for responses after the timeout."""
        await asyncio.gather(*self._late, return_exceptions=True)

    def actors(self) -> list[str]:
        """Return the ids of all active people."""
        return [one.id for one in self._slack.world.people.values() if is_actor(one)]

    async def _act(self, act: Callable[[datetime], Delivery]) -> Outcome:
        try:
            delivery = act(self._now())
        except Refused as refused:
            return _refused(refused)
        inner = delivery.payload.get("event", {}).get("type")
        if inner and inner not in self._slack.world.events:
            return Outcome(ok=True)  # the bot has not subscribed to it
        if not self._slack.installed and inner not in LAST_WORDS:
            return Outcome(ok=bool(inner), error=None if inner else "app_not_installed")
        return await self.sends(delivery)

    def _received(self, delivery: Delivery, outcome: Outcome) -> Outcome:
        answer = Delivered(status=outcome.status, headers=outcome.headers, body=outcome.body)
        try:
            if delivery.kind == "command":
                self._slack.receipts.command(delivery, answer, now=self._now())
            elif delivery.kind == "view_submission":
                errors = self._slack.receipts.submission(delivery, answer, now=self._now())
                return replace(outcome, ok=not errors, errors=errors)
            elif delivery.kind == "block_suggestion":
                return replace(outcome, options=self._slack.receipts.search(delivery, answer))
        except Refused as refused:
            self._slack.receipts.failed(delivery, refused.error, now=self._now())
            return replace(outcome, ok=False, error=refused.error)
        return outcome

    async def _until_taken(self, delivery: Delivery, outcome: Outcome) -> Outcome:
        for number, seconds in enumerate(self._slack.behavior.event_retry_after, start=1):
            if outcome.ok or outcome.headers.get("x-slack-no-retry") == "1":
                break
            await asyncio.sleep(seconds)
            again = self._slack.acts.again(delivery, number=number, reason=_reason(outcome), now=self._now())
            outcome = await self._once(again)
        return outcome

    async def _once(self, delivery: Delivery) -> Outcome:
        """Send one request with Slack's timeout."""
        at, started = self._now(), time.monotonic()
        sending = asyncio.ensure_future(self._hand_over(delivery))
        await asyncio.wait({sending}, timeout=self._slack.behavior.ack_seconds)
        ms = (time.monotonic() - started) * 1000
        if not sending.done():
            # The bot goes on working: Slack stops waiting, and undoes nothing.
            self._late.add(sending)
            sending.add_done_callback(self._forget)
            outcome = Outcome(ok=False, ms=ms, error="operation_timeout", delivery=delivery)
        else:
            outcome = _arrived(sending, ms, delivery)
        sent, received = delivery.body.decode(), outcome.body.decode(errors="replace")
        self._slack.note("delivery", delivery.kind, sent, outcome.status, received, now=at)
        return outcome

    async def _hand_over(self, delivery: Delivery) -> Delivered:
        if self.sockets.connected or self._slack.behavior.socket_only:
            return await self.sockets.deliver(delivery)
        return await self._deliver("POST", self._url, delivery.headers, delivery.body)

    def _forget(self, task: asyncio.Task[Delivered]) -> None:
        self._late.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not report it as lost


def _arrived(sending: asyncio.Task[Delivered], ms: float, delivery: Delivery) -> Outcome:
    try:
        answer = sending.result()
    except Undeliverable as failed:
        return Outcome(ok=False, ms=ms, error="dispatch_failed", reason=failed.reason, delivery=delivery)
    taken = 200 <= answer.status < 300
    return Outcome(
        ok=taken,
        ms=ms,
        status=answer.status,
        error=None if taken else "dispatch_failed",
        body=answer.body,
        headers=answer.headers,
        delivery=delivery,
    )


def _refused(refused: Refused) -> Outcome:
    errors = refused.more.get("errors")
    return Outcome(ok=False, error=refused.error, errors=errors if isinstance(errors, dict) else {})


def _reason(outcome: Outcome) -> str:
    if outcome.error == "operation_timeout":
        return "http_timeout"
    return outcome.reason or "http_error"

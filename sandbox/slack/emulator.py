"""State machine of the emulated Slack: answers the bot, and builds what Slack would send to it.

It does no I/O and has no clock: every call takes the present as an argument. `sandbox.slack.server` serves it
over HTTP; `sandbox.slack.users.simulated_users` acts in it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sandbox.slack.fault_injection import Fault, Faults
from sandbox.slack.model.fixtures import World, default_world
from sandbox.slack.model.triggers import Rights
from sandbox.slack.model.visible_state import home_shape, message_shape, view_shape
from sandbox.slack.model.workspace import Message, Workspace
from sandbox.slack.users.actions import Acts
from sandbox.slack.users.responses import Receipts
from sandbox.slack.validation.checks import Json
from sandbox.slack.web_api.call import Call
from sandbox.slack.web_api.errors import DEFAULT_SCOPES, ApiAnswer, Behavior, Refused
from sandbox.slack.web_api.methods import METHODS
from sandbox.slack.web_api.rate_limits import RateLimits

LOGGED_MOST = 100_000
"""Characters of a response that the request log keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedExchange:
    """A Web API ``call``, a ``delivery`` to the bot, or a ``respond``, with request and response as text.

    It has no headers and so no token: tests search everything here for secrets.
    """

    at: datetime
    kind: str
    name: str
    sent: str
    status: int
    received: str


class SlackEmulator:
    """A Slack workspace with one app in it.

    Args:
        bot_token: The bot's token; any other is ``invalid_auth``.
        signing_secret: Secret that signs deliveries to the bot.
        app_token: Token that opens Socket Mode; None if the app has not enabled it.
        world: Initial people and channels; the default workspace if None.
        scopes: Scopes of the bot's token.
        behavior: Durations, rate limits and undocumented behavior.
        base_url: Base URL of this Slack, also of response URLs. May be set later.

    Attributes:
        installed: Whether the app is installed: without it there is no command and no home tab.
        refusal: Error code of every call of the bot, such as ``account_inactive``; None if calls work.
    """

    def __init__(
        self,
        *,
        bot_token: str,
        signing_secret: str,
        app_token: str | None = None,
        world: World | None = None,
        scopes: frozenset[str] = DEFAULT_SCOPES,
        behavior: Behavior | None = None,
        base_url: str = "http://127.0.0.1",
    ) -> None:
        self.base_url = base_url
        self.scopes = scopes
        self.behavior = behavior = behavior or Behavior()
        self.workspace = Workspace(world or default_world())
        self.request_log: list[LoggedExchange] = []
        self.installed = True
        self.refusal: str | None = None
        self._token = bot_token
        self._app_token = app_token
        self.rights = Rights(behavior)
        self._limits = RateLimits(behavior)
        self._faults = Faults()
        self.acts = Acts(
            workspace=self.workspace,
            rights=self.rights,
            behavior=behavior,
            secret=signing_secret,
            # Read at each use: the URL is known only when the server has its socket.
            base_url=lambda: self.base_url,
        )
        self.receipts = Receipts(workspace=self.workspace, rights=self.rights)

    def set_behavior(self, **settings: Any) -> None:
        """Change undocumented behavior from now on.

        Args:
            settings: Fields of `Behavior`; those that are not named stay.

        Raises:
            TypeError: `Behavior` has no such field.
        """
        self.behavior = behavior = replace(self.behavior, **settings)
        for part in (self.acts, self.rights, self._limits):
            part.behavior = behavior

    @property
    def version(self) -> int:
        """A number that rises with each visible change."""
        return self.workspace.version

    @property
    def world(self) -> World:
        """The people and channels of the workspace."""
        return self.workspace.world

    def call(self, method: str, arguments: Json, token: str | None, *, now: datetime) -> ApiAnswer:
        """Carry out a Web API call of the bot and return the response."""
        answer = self._with_faults(method, lambda: self._answer(method, arguments, token, now))
        self.note(
            "call", method, json.dumps(arguments, ensure_ascii=False), answer.status, answer.text, now=now
        )
        return answer

    def respond(self, secret: str, body: Any, *, now: datetime) -> ApiAnswer:
        """Carry out a post to a response_url; `secret` is the last part of its path."""
        answer = self._with_faults("response_url", lambda: self._responded(secret, body, now))
        sent = json.dumps(body, ensure_ascii=False)
        self.note("respond", "response_url", sent, answer.status, answer.text, now=now)
        return answer

    def fault(self, method: str, fault: Fault) -> None:
        """Inject a fault into calls of `method`; patterns such as ``chat.*`` and ``*`` are allowed."""
        self._faults.add(method, fault)

    def clear_faults(self) -> None:
        """Clear every fault."""
        self._faults.clear()

    def note(self, kind: str, name: str, sent: str, status: int, received: str, *, now: datetime) -> None:
        """Append an exchange to the request log; of a response as long as a page of people, its beginning."""
        kept = received[:LOGGED_MOST]
        self.request_log.append(
            LoggedExchange(at=now, kind=kind, name=name, sent=sent, status=status, received=kept)
        )

    def says(self, person: str, text: str, channel: str, *, now: datetime) -> Json:
        """Post an ordinary message of a person; return it as the page shows it."""
        who, where = self.acts.place(person, channel)
        if where.is_archived:
            raise Refused("is_archived")
        ts = self.workspace.next_ts(now)
        return message_shape(
            self.workspace.post(Message(channel=where.id, ts=ts, user=who.id, text=text, blocks=[]))
        )

    def messages(self, channel: str, viewer: str) -> list[Json]:
        """Return what a person sees in a channel, oldest first; both may be ids or names."""
        who, where = self.acts.place(viewer, channel)
        return [message_shape(one) for one in self.workspace.seen_by(where.id, who.id)]

    def ephemerals(self, person: str) -> list[Json]:
        """Return everything that only this person sees, in all channels, oldest first."""
        who = self.acts.who(person)
        every = [one for kept in self.workspace.messages.values() for one in kept if one.to == who.id]
        return [message_shape(one) for one in sorted(every, key=lambda one: one.ts)]

    def view_for(self, person: str) -> Json | None:
        """Return a person's open modal, if any."""
        view = self.workspace.top(self.acts.who(person).id)
        return view_shape(view) if view else None

    def home_for(self, person: str) -> Json | None:
        """Return a person's home tab, if the bot has published one."""
        home = self.workspace.homes.get(self.acts.who(person).id)
        return home_shape(home) if home else None

    def _with_faults(self, name: str, work: Callable[[], ApiAnswer]) -> ApiAnswer:
        """Return the response of `work`, with any injected fault applied."""
        fault = self._faults.next_for(name)
        given = fault.answer if fault else None
        answer = given or work()
        return replace(answer, cut=fault.cut, delay=fault.delay) if fault else answer

    def _responded(self, secret: str, body: Any, now: datetime) -> ApiAnswer:
        try:
            self.receipts.respond(secret, body, now=now)
        except Refused as refused:
            gone = refused.error in ("used_url", "expired_url", "invalid_url", "message_not_found")
            told = {"ok": False, "error": refused.error, **refused.more}
            return ApiAnswer(status=404 if gone else 400, body=told)
        return ApiAnswer(body={"ok": True})

    def _answer(self, method: str, arguments: Json, token: str | None, now: datetime) -> ApiAnswer:
        try:
            body = {"ok": True, **self._run(method, arguments, token, now)}
        except Refused as refused:
            body = {"ok": False, "error": refused.error, **refused.more}
            if refused.error == "ratelimited":
                wait = str(body.pop("retry_after"))
                return ApiAnswer(status=429, headers={"Retry-After": wait}, body=body)
        known = METHODS.get(method)
        accepted = {"X-Accepted-OAuth-Scopes": known.scope} if known and known.scope else {}
        authed: Mapping[str, str] = (
            {"X-OAuth-Scopes": ",".join(sorted(self.scopes)), **accepted} if token == self._token else {}
        )
        return ApiAnswer(headers=authed, body=body)

    def _run(self, method: str, arguments: Json, token: str | None, now: datetime) -> Json:
        if method not in METHODS:
            raise Refused("unknown_method", req_method=method)
        if not token:
            raise Refused("not_authed")
        known = METHODS[method]
        # Slack tells an unknown token from one of the wrong type.
        if token not in (self._token, self._app_token):
            raise Refused("invalid_auth")
        if token != (self._app_token if known.app_level else self._token):
            raise Refused("not_allowed_token_type")
        if self.refusal and not known.app_level:
            raise Refused(self.refusal)
        call = Call(
            self.workspace, self.rights, arguments, self.scopes, now, self.base_url, behavior=self.behavior
        )
        if known.scope:
            call.needs(known.scope)
        # Behind the checks: a call that is refused for its token or scope takes nothing from the limit.
        if wait := self._limits.wait(method, known.tier, str(arguments.get("channel")), now=now):
            raise Refused("ratelimited", retry_after=wait)
        return known.answer(call)

"""Short-lived credentials of the bot: trigger ids, response URLs and Socket Mode tickets.

Facts: Slack developer documentation, 2026-11: a ``trigger_id`` can be exchanged once and expires 3 seconds
after it was issued; a ``response_url`` takes 5 posts within 30 minutes, then answers 404 (``used_url``,
``expired_url``); the address that ``apps.connections.open`` returns is made for one connection.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.slack.web_api.errors import Behavior, Refused


@dataclass(slots=True)
class Trigger:
    """Lets the bot open one view for `person`; `view` is the view it came from, which a push needs."""

    person: str
    issued: datetime
    view: str | None
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """Lets the bot respond to an interaction of `person` in `channel`, with message `ts` (None: a command).

    `said` is the first message that was posted through it.
    """

    person: str
    channel: str
    ts: str | None
    issued: datetime
    posts: int = 0
    said: str | None = None


class Rights:
    """Every issued trigger, response URL and ticket, by its secret part."""

    def __init__(self, behavior: Behavior) -> None:
        self.behavior = behavior
        self._triggers: dict[str, Trigger] = {}
        self._urls: dict[str, ResponseUrl] = {}
        self._tickets: dict[str, datetime] = {}

    def trigger(self, person: str, *, now: datetime, view: str | None = None) -> str:
        """Issue a trigger id for an interaction of `person` (in `view`, if it was in one)."""
        name = f"{int(now.timestamp() * 1000)}.{len(self._triggers) + 1}.{secrets.token_hex(16)}"
        self._triggers[name] = Trigger(person, now, view)
        return name

    def exchange(self, name: str, *, now: datetime) -> Trigger:
        """Use up a trigger id; raises `Refused` when it is unknown, used or too old."""
        trigger = self._triggers.get(name)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if now - trigger.issued > timedelta(seconds=self.behavior.trigger_seconds):
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger

    def url(self, person: str, channel: str, ts: str | None, *, now: datetime) -> str:
        """Issue a response url and return its secret part."""
        name = secrets.token_urlsafe(24)
        self._urls[name] = ResponseUrl(person, channel, ts, now)
        return name

    def issued(self, name: str) -> ResponseUrl:
        """Return a response url by its secret part, without using it; raises `KeyError`."""
        return self._urls[name]

    def respond(self, name: str, *, now: datetime) -> ResponseUrl:
        """Use a response url once more; raises `Refused` when it is unknown, used up or too old."""
        url = self._urls.get(name)
        if url is None:
            raise Refused("invalid_url")
        if now - url.issued > timedelta(seconds=self.behavior.response_url_seconds):
            raise Refused("expired_url")
        if url.posts >= self.behavior.response_url_posts:
            raise Refused("used_url")
        url.posts += 1
        return url

    def ticket(self, *, now: datetime) -> str:
        """Issue a ticket for one Socket Mode connection."""
        name = secrets.token_urlsafe(24)
        self._tickets[name] = now
        return name

    def enter(self, name: str, *, now: datetime) -> None:
        """Use up a ticket; raises `Refused` when it is unknown, used or too old."""
        # Taken away even if it is too old: a ticket is for one attempt.
        issued = self._tickets.pop(name, None)
        if issued is None or now - issued > timedelta(seconds=self.behavior.ticket_seconds):
            raise Refused("invalid_ticket")

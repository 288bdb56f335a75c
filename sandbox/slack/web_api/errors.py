"""The numbers Slack holds everybody to, the switches for what is not certain, and how a call is answered.

Facts: Slack developer documentation, interactivity, rate limits and Events API, 2026-11. What Slack leaves
open ("short bursts", "several hundred") has a number here that a test may change.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.validation.blocks import BLOCKS_TOGETHER_MOST
from sandbox.slack.validation.checks import Json, Problem

DEFAULT_SCOPES = frozenset(
    {
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "groups:history",
        "groups:read",
        "im:history",
        "im:write",
        "usergroups:read",
        "users:read",
    }
)
"""What the bot's token may do unless a test says otherwise: what the bot's own manifest asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """What can be set: every duration in real seconds."""

    ack_seconds: float = 3.0  # "your app must acknowledge within 3 seconds"
    trigger_seconds: float = 3.0  # "trigger_ids expire three seconds after they are issued"
    response_url_seconds: float = 1800.0  # "up to 5 times within 30 minutes"
    response_url_posts: int = 5
    ticket_seconds: float = 30.0  # of a Socket Mode address until it is used; undocumented
    event_retry_after: tuple[float, ...] = (0.0, 60.0, 300.0)  # "immediately, after 1 and after 5 minutes"
    limits: bool = False  # whether rate limits are enforced; off, for tests act faster than any person
    post_burst: int = 4  # messages at once in one channel; "about 1 per second … short bursts", unquantified
    posts_a_minute: int = 300  # in the whole workspace; "several hundred messages per minute", unquantified
    tier_1_burst: int = 3  # calls at once of a tier 1 method; "a small amount … is tolerated", unquantified
    blocks_together_most: int = BLOCKS_TOGETHER_MOST  # characters, serialised; undocumented
    edit_seconds: float | None = None  # how long a message can be edited: a workspace's own setting
    deactivated_dm: str | None = None  # the error of a post to a deactivated account; None: it is taken
    socket_only: bool = False  # whether nothing travels by HTTP: an app in Socket Mode has no request URL
    # Whether a command's response_url replaces or deletes the command's first answer. The documentation does
    # not say; the vendor's maintainers say that it does not (bolt-js 2287, bolt-python 1268).
    command_replaces: bool = False
    escape_labels: bool = (
        False  # whether <@U0LEAD> arrives as <@U0LEAD|lead>; both forms are seen in the wild
    )


class Refused(Exception):
    """Slack's ``ok: false``: the method did nothing, and `error` is its code."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more

    @classmethod
    def because(cls, problems: list[Problem]) -> "Refused":
        """Return the refusal for what a validator found; the first problem's code is Slack's error."""
        said = [str(problem) for problem in problems]
        plain = [line.removeprefix("[ERROR] ") for line in said]
        return cls(problems[0].code, errors=plain, response_metadata={"messages": said})

    @classmethod
    def arguments(cls, message: str, name: str) -> "Refused":
        """Return the refusal ``invalid_arguments`` for one argument."""
        return cls.because([Problem(f"/{name}", message, "invalid_arguments")])


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAnswer:
    """What a Web API call is answered with, and what the door has to do to it.

    Attributes:
        delay: Seconds the answer is late.
        cut: The connection is closed instead of answering.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False

    @property
    def ok(self) -> bool:
        """Whether Slack said ``ok: true`` and the answer arrives."""
        return self.body.get("ok") is True and not self.cut

    @property
    def text(self) -> str:
        """The body as it travels."""
        return json.dumps(self.body, ensure_ascii=False)

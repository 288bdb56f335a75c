"""Slack's limits, its undocumented behavior, its errors, and the response of a call.

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
"""Default scopes of the bot's token: those of its manifest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """Limits and undocumented behavior; durations in real seconds."""

    ack_seconds: float = 3.0  # "your app must acknowledge within 3 seconds"
    trigger_seconds: float = 3.0  # "trigger_ids expire three seconds after they are issued"
    response_url_seconds: float = 1800.0  # "up to 5 times within 30 minutes"
    response_url_posts: int = 5
    ticket_seconds: float = 30.0  # of a Socket Mode address until it is used; undocumented
    event_retry_after: tuple[float, ...] = (0.0, 60.0, 300.0)  # "immediately, after 1 and after 5 minutes"
    limits: bool = False  # whether rate limits are enforced; off, for tests act faster than any person
    # Calls a minute of single methods instead of their tier's, enforced whether or not the others' are.
    calls_a_minute: Mapping[str, int] = field(default_factory=dict)
    # Members that usergroups.list names of one group; whether it stops at a number is undocumented.
    listed_members_most: int | None = None
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
    """Slack's ``ok: false``: nothing was done, and `error` is the code."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more

    @classmethod
    def because(cls, problems: list[Problem]) -> "Refused":
        """Return the error for validation problems; the first one's code is Slack's error."""
        said = [str(problem) for problem in problems]
        plain = [line.removeprefix("[ERROR] ") for line in said]
        return cls(problems[0].code, errors=plain, response_metadata={"messages": said})

    @classmethod
    def arguments(cls, message: str, name: str) -> "Refused":
        """Return the error ``invalid_arguments`` for one argument."""
        return cls.because([Problem(f"/{name}", message, "invalid_arguments")])


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAnswer:
    """Response of a Web API call, and how the server has to send it.

    Attributes:
        delay: Seconds to wait before it is sent.
        cut: Whether the connection is closed instead.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False

    @property
    def ok(self) -> bool:
        """Whether the response is ``ok: true`` and is sent."""
        return self.body.get("ok") is True and not self.cut

    @property
    def text(self) -> str:
        """The body as JSON text."""
        return json.dumps(self.body, ensure_ascii=False)

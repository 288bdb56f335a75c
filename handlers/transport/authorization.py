"""Bolt's authorisation: serves one workspace, without asking Slack."""

from collections.abc import Awaitable, Callable
from typing import cast

from slack_bolt.authorization import AuthorizeResult


def authorizer(*, team: str, authorized: AuthorizeResult) -> Callable[..., Awaitable[AuthorizeResult]]:
    """Returns Bolt's ``authorize`` function.

    A payload from another workspace is refused: Slack Connect shares channels, and a manifest can be copied.

    Args:
        team: Slack id of the workspace that is served.
        authorized: what Bolt is told of the bot; made once, so that no request asks Slack.
    """

    async def authorize(team_id: str | None) -> AuthorizeResult | None:
        return authorized if team_id == team else None

    # Bolt passes arguments by name and so takes no method; its None for "not ours" is missing in its types.
    return cast("Callable[..., Awaitable[AuthorizeResult]]", authorize)

"""Calls of the Slack checks, and what an operator has to do about an error code."""

from typing import Any, Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import SlackError
from bot.slack import SlackClient

REINSTALL: Final = "reinstall the app"


async def call(
    slack: SlackClient, method: str, *, token: str | None = None, **parameters: str
) -> AsyncSlackResponse:
    """Call a Web API method, with another token than the bot's if one is given."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        # As a form, because Slack's reading methods ignore a JSON body.
        return await slack.web.api_call(method, data=parameters, headers=headers)
    except SlackApiError as error:
        code = "ratelimited" if error.response.status_code == 429 else str(error.response.get("error"))
        raise SlackError(code) from error


def body_of(answer: AsyncSlackResponse) -> dict[str, Any]:
    """Return the body of an answer; raises ``TypeError`` for one that is not JSON."""
    if not isinstance(answer.data, dict):
        raise TypeError("the answer is not JSON")
    return answer.data


def advice(error: SlackError) -> str:
    """Return what an operator has to do about an error code."""
    match error.code:
        case "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive":
            return f"SLACK_BOT_TOKEN was rejected ({error.code}): copy the app's bot token, or {REINSTALL}"
        case "not_allowed_token_type":
            return "SLACK_BOT_TOKEN is not a bot token: copy the one that starts with xoxb-"
        case "missing_scope":
            return "a scope is missing, see above"
        case "ratelimited":
            return "Slack's rate limit is used up: try again in a minute"
    return f"Slack answered {error.code}"

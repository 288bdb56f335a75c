"""Does Slack take the token, with all its scopes, and are the channels and people of the policy there?"""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.cli.check.report import Line, Looked, bad, good, safely, skipped
from bot.cli.manifest import SCOPES
from bot.config import SlackSettings
from bot.domain.person import Person
from bot.domain.policy import Policy
from bot.errors import SlackError
from bot.slack import SlackClient

TOPIC: Final = "Slack token"
SCOPE: Final = "Slack scopes"
SOCKET: Final = "Socket Mode"
CHANNELS: Final = "channels"
PEOPLE: Final = "approvers"

AGAIN: Final = "install the app again"

_GRANTED: Final = "x-oauth-scopes"
"""The header that lists a token's scopes (Slack developer documentation, Web API basics, 2026-11)."""


async def look(settings: SlackSettings, policy: Policy | None) -> AsyncIterator[Line]:
    """Everything about Slack; without a policy nobody knows which channels and people to look for."""
    async with SlackClient(token=settings.token, url=settings.url) as slack:
        who = await safely(TOPIC, _token(slack))
        for line in who.lines:
            yield line
        if settings.app_token is not None:
            for line in (await safely(SOCKET, _socket(slack, settings.app_token))).lines:
                yield line
        if who.value is None:
            for line in skipped((SCOPE, CHANNELS, PEOPLE), "Slack does not take the token"):
                yield line
            return
        for line in _scopes(who.value):
            yield line
        if policy is None:
            for line in skipped((CHANNELS, PEOPLE), "the policy cannot be read"):
                yield line
            return
        for topic, channel in _channels(policy).items():
            for line in (await safely(topic, _channel(slack, topic, channel))).lines:
                yield line
        async for line in _people(slack, policy):
            yield line


async def _token(slack: SlackClient) -> Looked[Mapping[str, str]]:
    """Who we are; the headers of the answer hold the scopes."""
    try:
        answer = await _ask(slack, "auth.test")
    except SlackError as error:
        return Looked(lines=[bad(TOPIC, _advice(error))])
    said = _body(answer)
    if not said.get("bot_id"):
        return Looked(lines=[bad(TOPIC, "SLACK_BOT_TOKEN is a person's token: copy the one of the bot")])
    seen = f"{said['team']} ({said['team_id']}) as @{said['user']} ({said['user_id']})"
    headers = {str(name).lower(): str(value) for name, value in answer.headers.items()}
    return Looked(lines=[good(TOPIC, seen)], value=headers)


async def _socket(slack: SlackClient, app_token: str) -> Looked[None]:
    try:
        await _ask(slack, "apps.connections.open", token=app_token)
    except SlackError as error:
        what = f"SLACK_APP_TOKEN opens nothing ({error.code})"
        return Looked(
            lines=[
                bad(
                    SOCKET,
                    f"{what}: it needs the scope connections:write, and the app Socket Mode switched on",
                )
            ]
        )
    return Looked(lines=[good(SOCKET, "SLACK_APP_TOKEN opens a connection")])


def _scopes(headers: Mapping[str, str]) -> list[Line]:
    if _GRANTED not in headers:
        return [bad(SCOPE, "Slack does not say which there are")]
    granted = {name.strip() for name in headers[_GRANTED].split(",")}
    missing = [scope for scope in SCOPES if scope.name not in granted]
    if not missing:
        return [good(SCOPE, f"all {len(SCOPES)} are there")]
    return [
        bad(
            SCOPE,
            f"{scope.name} is missing, {scope.why}: add it (`pgaccess manifest` lists all), and {AGAIN}",
        )
        for scope in missing
    ]


def _channels(policy: Policy) -> dict[str, str]:
    found = {"approvals channel": policy.approvals_channel}
    if policy.operations_channel != policy.approvals_channel:
        found["operations channel"] = policy.operations_channel
    return found


async def _channel(slack: SlackClient, topic: str, id: str) -> Looked[None]:
    try:
        channel = _body(await _ask(slack, "conversations.info", channel=id))["channel"]
    except SlackError as error:
        if error.code == "channel_not_found":
            why = f"{id} is not there, or it is private and the bot is not in it"
            return Looked(lines=[bad(topic, f"{why}: check the id in the policy, and invite the bot there")])
        return Looked(lines=[bad(topic, f"{id}: {_advice(error)}")])
    name = f"#{channel['name']} ({id})"
    if channel.get("is_archived"):
        return Looked(lines=[bad(topic, f"{name} is archived: choose another in the policy")])
    if not channel.get("is_member"):
        return Looked(lines=[bad(topic, f"the bot is not in {name}: type /invite @pgaccess there")])
    return Looked(lines=[good(topic, f"{name}, and the bot is in it")])


async def _people(slack: SlackClient, policy: Policy) -> AsyncIterator[Line]:
    """Everybody who may decide or end, by their own id or in a group; one line for all if all are well."""
    named = sorted(policy.admins.union(*(rule.approvers for rule in policy.rules)))
    wrong = False
    for id in named:
        looked = await safely(PEOPLE, _group(slack, id) if id.startswith("S") else _person(slack, id))
        for line in looked.lines:
            wrong = True
            yield line
    if not wrong:
        yield good(PEOPLE, f"{', '.join(named)}: all there, full and active")


async def _person(slack: SlackClient, id: str) -> Looked[None]:
    """Says something only if a person may not decide."""
    try:
        person = await slack.person(id)
    except SlackError as error:
        return Looked(lines=[bad(PEOPLE, f"{id}: {_advice(error)}")])
    if person is None:
        return Looked(lines=[bad(PEOPLE, f"{id} is nobody in this workspace: check the id in the policy")])
    why = _unfit(person)
    return Looked(lines=[bad(PEOPLE, f"{person.name} ({id}) {why}, and may not decide")] if why else [])


def _unfit(person: Person) -> str | None:
    found = (
        (person.deactivated, "is deactivated"),
        (person.bot, "is a bot"),
        (person.guest, "is a guest"),
        (person.external, "is of another workspace"),
    )
    return next((why for is_so, why in found if is_so), None)


async def _group(slack: SlackClient, id: str) -> Looked[None]:
    """Says something only if a group has nobody in it."""
    try:
        members = await slack.group_members(id)
    except SlackError as error:
        known = {
            "no_such_subteam": "there is no such user group, or it is disabled: check the id in the policy"
        }
        return Looked(lines=[bad(PEOPLE, f"{id}: {known.get(error.code) or _advice(error)}")])
    return Looked(lines=[] if members else [bad(PEOPLE, f"nobody is in the user group {id}")])


async def _ask(
    slack: SlackClient, method: str, *, token: str | None = None, **question: str
) -> AsyncSlackResponse:
    """Calls a method, with another token than the bot's if one is given."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        return await slack.web.api_call(method, data=question, headers=headers)
    except SlackApiError as error:
        code = "ratelimited" if error.response.status_code == 429 else str(error.response.get("error"))
        raise SlackError(code) from error


def _body(answer: AsyncSlackResponse) -> dict[str, Any]:
    if not isinstance(answer.data, dict):
        raise TypeError("the answer is not JSON")
    return answer.data


def _advice(error: SlackError) -> str:
    """What an operator does about an error code."""
    match error.code:
        case "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive":
            return f"SLACK_BOT_TOKEN is not taken ({error.code}): copy the app's bot token, or {AGAIN}"
        case "not_allowed_token_type":
            return "SLACK_BOT_TOKEN is of another kind: copy the app's bot token, which starts with xoxb-"
        case "missing_scope":
            return "a scope is missing, see above"
        case "ratelimited":
            return "Slack has been asked too often: try again in a minute"
    return f"Slack answered {error.code}"

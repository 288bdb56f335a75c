"""Checks the Slack tokens, their scopes, and the channels and approvers of the policy."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.cli.check.report import CheckResult, ReportLine, failed, ok, problem, run_check, skipped
from bot.cli.manifest import SCOPES
from bot.config import SlackSettings
from bot.domain.person import Person
from bot.domain.policy.rules import Policy
from bot.errors import SlackError
from bot.slack import SlackClient

TOPIC: Final = "Slack token"
SCOPE: Final = "Slack scopes"
SOCKET: Final = "Socket Mode"
CHANNELS: Final = "channels"
PEOPLE: Final = "approvers"

REINSTALL: Final = "reinstall the app"

_GRANTED: Final = "x-oauth-scopes"
"""The header that lists a token's scopes (Slack developer documentation, Web API basics, 2026-11)."""


async def check_slack(settings: SlackSettings, policy: Policy | None) -> AsyncIterator[ReportLine]:
    """Run every Slack check; without a policy those of channels and approvers are skipped."""
    async with SlackClient(token=settings.token, url=settings.url) as slack:
        token = await run_check(TOPIC, _token(slack))
        for line in token.lines:
            yield line
        # The app-level token is another one: it is checked even where the bot token was rejected.
        if settings.app_token is not None:
            for line in (await run_check(SOCKET, _socket(slack, settings.app_token))).lines:
                yield line
        if token.value is None:
            for line in skipped((SCOPE, CHANNELS, PEOPLE), "Slack rejected the token"):
                yield line
            return
        for line in _scopes(token.value):
            yield line
        if policy is None:
            for line in skipped((CHANNELS, PEOPLE), "the policy cannot be read"):
                yield line
            return
        for topic, channel in _channels(policy).items():
            for line in (await run_check(topic, _channel(slack, topic, channel))).lines:
                yield line
        async for line in _people(slack, policy):
            yield line


async def _token(slack: SlackClient) -> CheckResult[Mapping[str, str]]:
    """Check the bot token; the value is the response headers, which list its scopes."""
    try:
        answer = await _call(slack, "auth.test")
    except SlackError as error:
        return failed(TOPIC, _advice(error))
    body = _body(answer)
    # ``auth.test`` accepts a user's token too; only a bot's answer has this field.
    if not body.get("bot_id"):
        return failed(TOPIC, "SLACK_BOT_TOKEN is a user token: copy the bot token")
    identity = f"{body['team']} ({body['team_id']}) as @{body['user']} ({body['user_id']})"
    # The case of a header's name carries no meaning, and proxies change it.
    headers = {str(name).lower(): str(value) for name, value in answer.headers.items()}
    return CheckResult(lines=[ok(TOPIC, identity)], value=headers)


async def _socket(slack: SlackClient, app_token: str) -> CheckResult[None]:
    try:
        await _call(slack, "apps.connections.open", token=app_token)
    except SlackError as error:
        why = f"SLACK_APP_TOKEN was rejected ({error.code})"
        return failed(
            SOCKET, f"{why}: it needs the scope connections:write, and Socket Mode enabled in the app"
        )
    return CheckResult(lines=[ok(SOCKET, "SLACK_APP_TOKEN opens a connection")])


def _scopes(headers: Mapping[str, str]) -> list[ReportLine]:
    if _GRANTED not in headers:
        return [problem(SCOPE, "Slack did not list the token's scopes")]
    granted = {name.strip() for name in headers[_GRANTED].split(",")}
    missing = [scope for scope in SCOPES if scope.name not in granted]
    if not missing:
        return [ok(SCOPE, f"all {len(SCOPES)} granted")]
    return [
        problem(
            SCOPE,
            f"{scope.name} is missing ({scope.why}): add it (`pgaccess manifest` lists all) and {REINSTALL}",
        )
        for scope in missing
    ]


def _channels(policy: Policy) -> dict[str, str]:
    found = {"approvals channel": policy.approvals_channel}
    if policy.operations_channel != policy.approvals_channel:
        found["operations channel"] = policy.operations_channel
    return found


async def _channel(slack: SlackClient, topic: str, id: str) -> CheckResult[None]:
    try:
        channel = _body(await _call(slack, "conversations.info", channel=id))["channel"]
    except SlackError as error:
        if error.code == "channel_not_found":
            why = f"{id} does not exist, or it is private and the bot is not a member"
            return failed(topic, f"{why}: check the id in the policy, and invite the bot")
        return failed(topic, f"{id}: {_advice(error)}")
    name = f"#{channel['name']} ({id})"
    if channel.get("is_archived"):
        return failed(topic, f"{name} is archived: choose another one in the policy")
    if not channel.get("is_member"):
        return failed(topic, f"the bot is not a member of {name}: type /invite @pgaccess there")
    return CheckResult(lines=[ok(topic, f"{name}, the bot is a member")])


async def _people(slack: SlackClient, policy: Policy) -> AsyncIterator[ReportLine]:
    """Check every person and user group that may approve or end access; one line for all if all pass."""
    named = sorted(policy.admins.union(*(rule.approvers for rule in policy.rules)))
    all_passed = True
    for id in named:
        result = await run_check(PEOPLE, _group(slack, id) if id.startswith("S") else _person(slack, id))
        for line in result.lines:
            all_passed = False
            yield line
    if all_passed:
        yield ok(PEOPLE, f"{', '.join(named)}: all exist and are active full members")


async def _person(slack: SlackClient, id: str) -> CheckResult[None]:
    """Return a line only if a person may not approve."""
    try:
        person = await slack.person(id)
    except SlackError as error:
        return failed(PEOPLE, f"{id}: {_advice(error)}")
    if person is None:
        return failed(PEOPLE, f"{id} does not exist in this workspace: check the id in the policy")
    why = _ineligible(person)
    return CheckResult(
        lines=[problem(PEOPLE, f"{person.name} ({id}) {why} and may not approve")] if why else []
    )


def _ineligible(person: Person) -> str | None:
    reasons = (
        (person.deactivated, "is deactivated"),
        (person.bot, "is a bot"),
        (person.guest, "is a guest"),
        (person.external, "belongs to another workspace"),
    )
    return next((why for applies, why in reasons if applies), None)


async def _group(slack: SlackClient, id: str) -> CheckResult[None]:
    """Return a line only if a group is missing or empty."""
    try:
        members = await slack.group_members(id)
    except SlackError as error:
        missing = "the user group does not exist or is disabled: check the id in the policy"
        return failed(PEOPLE, f"{id}: {missing if error.code == 'no_such_subteam' else _advice(error)}")
    return CheckResult(lines=[] if members else [problem(PEOPLE, f"the user group {id} has no members")])


async def _call(
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


def _body(answer: AsyncSlackResponse) -> dict[str, Any]:
    if not isinstance(answer.data, dict):
        raise TypeError("the answer is not JSON")
    return answer.data


def _advice(error: SlackError) -> str:
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

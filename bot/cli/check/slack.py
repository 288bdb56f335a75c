"""Checks the Slack tokens, their scopes, and the channels of the policy."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

from bot.cli.check.people import PEOPLE, RULES, check_people
from bot.cli.check.report import (
    CheckResult,
    ReportLine,
    failed,
    ok,
    problem,
    run_check,
    skipped,
)
from bot.cli.check.slack_calls import REINSTALL, advice, body_of, call
from bot.cli.manifest import SCOPES
from bot.config import SlackSettings
from bot.domain.policy.rules import Policy
from bot.errors import SlackError
from bot.slack import SlackClient

TOPIC: Final = "Slack token"
SCOPE: Final = "Slack scopes"
SOCKET: Final = "Socket Mode"
CHANNELS: Final = "channels"

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
            for line in skipped((SCOPE, CHANNELS, PEOPLE, RULES), "Slack rejected the token"):
                yield line
            return
        for line in _scopes(token.value):
            yield line
        if policy is None:
            for line in skipped((CHANNELS, PEOPLE, RULES), "the policy cannot be read"):
                yield line
            return
        for topic, channel in _channels(policy).items():
            for line in (await run_check(topic, _channel(slack, topic, channel))).lines:
                yield line
        async for line in check_people(slack, policy):
            yield line


async def _token(slack: SlackClient) -> CheckResult[Mapping[str, str]]:
    """Check the bot token; the value is the response headers, which list its scopes."""
    try:
        answer = await call(slack, "auth.test")
    except SlackError as error:
        return failed(TOPIC, advice(error))
    body = body_of(answer)
    # ``auth.test`` accepts a user's token too; only a bot's answer has this field.
    if not body.get("bot_id"):
        return failed(TOPIC, "SLACK_BOT_TOKEN is a user token: copy the bot token")
    identity = f"{body['team']} ({body['team_id']}) as @{body['user']} ({body['user_id']})"
    # The case of a header's name carries no meaning, and proxies change it.
    headers = {str(name).lower(): str(value) for name, value in answer.headers.items()}
    return CheckResult(lines=[ok(TOPIC, identity)], value=headers)


async def _socket(slack: SlackClient, app_token: str) -> CheckResult[None]:
    try:
        await call(slack, "apps.connections.open", token=app_token)
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
    if policy.notes_channel not in found.values():
        found["audit channel"] = policy.notes_channel
    return found


async def _channel(slack: SlackClient, topic: str, id: str) -> CheckResult[None]:
    try:
        channel = body_of(await call(slack, "conversations.info", channel=id))["channel"]
    except SlackError as error:
        if error.code == "channel_not_found":
            why = f"{id} does not exist, or it is private and the bot is not a member"
            return failed(topic, f"{why}: check the id in the policy, and invite the bot")
        return failed(topic, f"{id}: {advice(error)}")
    name = f"#{channel['name']} ({id})"
    if channel.get("is_archived"):
        return failed(topic, f"{name} is archived: choose another one in the policy")
    if not channel.get("is_member"):
        return failed(topic, f"the bot is not a member of {name}: type /invite @pgaccess there")
    return CheckResult(lines=[ok(topic, f"{name}, the bot is a member")])

"""``pgaccess check``: verifies settings, policy, tokens, scopes and hosts, one line each.

All checks run whatever earlier ones found; one whose settings are missing is skipped. Each has a deadline,
none changes anything, and no line contains a secret.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, TypeVar

from bot.cli.check import database, heroku, slack
from bot.cli.check.report import CheckStatus, ReportLine, ok, plural, problem, run_check, skipped
from bot.cli.manifest import PATH
from bot.config import (
    PolicyText,
    database_url,
    heroku_settings,
    policy_text,
    port,
    probes,
    public_url,
    slack_settings,
)
from bot.domain.policy.rules import Policy
from bot.errors import MisconfiguredError
from bot.policy.loader import parse_policy

__all__ = ["CheckStatus", "ReportLine", "check_installation"]

SETTINGS: Final = "settings"
POLICY: Final = "policy"

NO_PUBLIC_URL: Final = "; PGACCESS_PUBLIC_URL is not set, so a certificate's files cannot be downloaded"
"""Everything else works without it, so it is not a problem."""

CONNECTION_TESTS: Final = "; new certificates can be tested from here if a rule allows this host's address"
"""What PGACCESS_PROBE enables, and what it needs at Heroku."""

T = TypeVar("T")


async def check_installation(environ: Mapping[str, str]) -> AsyncIterator[ReportLine]:
    """Run every check in order, and yield each line as soon as it is known.

    Args:
        environ: The environment that the bot would be started with.
    """
    errors: list[str] = []
    store_url = _read(database_url, environ, errors)
    for_slack = _read(slack_settings, environ, errors)
    for_heroku = _read(heroku_settings, environ, errors)
    url = _read(public_url, environ, errors)
    # No check needs it, but a wrong one would stop the bot at its start.
    _read(port, environ, errors)
    connection_tests = _read(probes, environ, errors)
    for error in errors:
        yield problem(SETTINGS, error)
    if not errors:
        socket = for_slack is not None and for_slack.app_token is not None
        yield ok(
            SETTINGS,
            _slack_transport(socket=socket, url=url) + (CONNECTION_TESTS if connection_tests else ""),
        )

    policy, line = _policy(environ)
    yield line

    missing = "its settings are missing"
    if store_url is None:
        for line in skipped((database.TOPIC,), missing):
            yield line
    else:
        for line in (await run_check(database.TOPIC, database.check_database(store_url))).lines:
            yield line
    if for_slack is None:
        for line in skipped((slack.TOPIC, slack.SCOPE, slack.CHANNELS, slack.PEOPLE), missing):
            yield line
    else:
        async for line in slack.check_slack(for_slack, policy):
            yield line
    if for_heroku is None:
        for line in skipped((heroku.TOPIC, heroku.LIMIT, heroku.DATABASES, heroku.DATA), missing):
            yield line
    else:
        async for line in heroku.check_heroku(for_heroku):
            yield line


def _read(
    reader: Callable[[Mapping[str, str]], T], environ: Mapping[str, str], errors: list[str]
) -> T | None:
    """Read one part of the settings; append the error's message where it cannot be read."""
    try:
        return reader(environ)
    except MisconfiguredError as error:
        errors.append(str(error))
        return None


def _slack_transport(*, socket: bool, url: str | None) -> str:
    how = "Socket Mode" if socket else f"Slack calls the bot at {url or ''}{PATH}"
    return f"complete; {how}{'' if url else NO_PUBLIC_URL}"


def _policy(environ: Mapping[str, str]) -> tuple[Policy | None, ReportLine]:
    try:
        file: PolicyText = policy_text(environ)
        policy = parse_policy(file.text, source=file.source)
    except MisconfiguredError as error:
        return None, problem(POLICY, str(error))
    approvers = frozenset[str]().union(*(rule.approvers for rule in policy.rules))
    counts = f"{plural(len(policy.rules), 'rule')}, {plural(len(approvers), 'approver')}"
    return policy, ok(POLICY, f"{file.source}: {counts}")

"""``pgaccess check``: what is wrong with settings, policy, tokens, scopes and hosts, one line for each.

Every check runs, whatever the ones before it found; one that needs what is not there says so. Each wait is
bounded, nothing is changed anywhere, and no line holds a secret.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, TypeVar

from bot.cli.check import database as store
from bot.cli.check import heroku, slack
from bot.cli.check.report import Line, Verdict, bad, good, many, safely, skipped
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
from bot.domain.policy import Policy
from bot.errors import MisconfiguredError
from bot.policy.loader import parse_policy

__all__ = ["Line", "Verdict", "examine"]

SETTINGS: Final = "settings"
POLICY: Final = "policy"

NO_URL: Final = "; PGACCESS_PUBLIC_URL does not say on which host, so nobody gets a certificate's files"
"""What is missing without it: the bot works all the same, and so it is no error."""

TESTS: Final = "; new certificates can be tested from here, where this address is let in"
"""What PGACCESS_PROBE allows, and what Heroku asks for beside it."""

T = TypeVar("T")


async def examine(environ: Mapping[str, str]) -> AsyncIterator[Line]:
    """Looks at everything in order, and says what it sees as soon as it has seen it.

    Args:
        environ: the environment that the bot would be started with.
    """
    wrong: list[str] = []
    database = _read(database_url, environ, wrong)
    for_slack = _read(slack_settings, environ, wrong)
    for_heroku = _read(heroku_settings, environ, wrong)
    url = _read(public_url, environ, wrong)
    _read(port, environ, wrong)
    tests = _read(probes, environ, wrong)
    for sentence in wrong:
        yield bad(SETTINGS, sentence)
    if not wrong:
        socket = for_slack is not None and for_slack.app_token is not None
        yield good(SETTINGS, _reached(socket=socket, url=url) + (TESTS if tests else ""))

    policy, line = _policy(environ)
    yield line

    missing = "its settings are not there"
    if database is None:
        for line in skipped((store.TOPIC,), missing):
            yield line
    else:
        for line in (await safely(store.TOPIC, store.look(database))).lines:
            yield line
    if for_slack is None:
        for line in skipped((slack.TOPIC, slack.SCOPE, slack.CHANNELS, slack.PEOPLE), missing):
            yield line
    else:
        async for line in slack.look(for_slack, policy):
            yield line
    if for_heroku is None:
        for line in skipped((heroku.TOPIC, heroku.LIMIT, heroku.SEEN, heroku.DATA), missing):
            yield line
    else:
        async for line in heroku.look(for_heroku):
            yield line


def _read(reader: Callable[[Mapping[str, str]], T], environ: Mapping[str, str], wrong: list[str]) -> T | None:
    """Reads one part of the settings; adds a sentence when it cannot be read."""
    try:
        return reader(environ)
    except MisconfiguredError as error:
        wrong.append(str(error))
        return None


def _reached(*, socket: bool, url: str | None) -> str:
    how = "Slack is reached in Socket Mode" if socket else f"Slack calls the bot at {url or ''}{PATH}"
    return f"all there; {how}{'' if url else NO_URL}"


def _policy(environ: Mapping[str, str]) -> tuple[Policy | None, Line]:
    try:
        found: PolicyText = policy_text(environ)
        policy = parse_policy(found.text, source=found.source)
    except MisconfiguredError as error:
        return None, bad(POLICY, str(error))
    deciding = len(frozenset[str]().union(*(rule.approvers for rule in policy.rules)))
    return policy, good(
        POLICY, f"{found.source}: {many(len(policy.rules), 'rule')}; {many(deciding, 'approver')} named"
    )

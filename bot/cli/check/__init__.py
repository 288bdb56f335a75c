"""``pgaccess check``: verifies settings, policy, tokens, scopes and hosts, one line each.

All checks run whatever earlier ones found; one whose settings are missing is skipped. Each has a deadline,
none changes anything, and no line contains a secret.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final, TypeVar

from bot.cli.check import database, heroku, pager, people, slack
from bot.cli.check.report import (
    CheckResult,
    CheckStatus,
    ReportLine,
    note,
    ok,
    plural,
    problem,
    run_check,
    skipped,
)
from bot.cli.manifest import PATH
from bot.cli.stored import Stored, read_store
from bot.config import (
    CONNECTIONS,
    PolicyText,
    database_url,
    db_connections,
    heroku_settings,
    installation,
    metrics_token,
    page_settings,
    policy_text,
    port,
    probes,
    public_url,
    slack_settings,
)
from bot.domain.outside.redaction import Redactor
from bot.domain.policy.rules import Policy
from bot.errors import MisconfiguredError
from bot.policy.loader import parse_policy
from bot.ports import Installation

__all__ = ["CheckStatus", "ReportLine", "check_installation"]

SETTINGS: Final = "settings"
POLICY: Final = "policy"
INSTALLATION: Final = "installation"

NO_PUBLIC_URL: Final = "; PGACCESS_PUBLIC_URL is not set, so a certificate's files cannot be downloaded"
"""Everything else works without it, so it is not a problem."""

CONNECTION_TESTS: Final = "; new certificates can be tested from here if a rule allows this host's address"
"""What PGACCESS_PROBE enables, and what it needs at Heroku."""

T = TypeVar("T")


async def check_installation(environ: Mapping[str, str], *, page: bool = False) -> AsyncIterator[ReportLine]:
    """Run every check in order, and yield each line as soon as it is known.

    Args:
        environ: The environment that the bot would be started with.
        page: Whether to send a page to whoever is on call, and resolve it.
    """
    errors: list[str] = []
    store_url = _read(database_url, environ, errors)
    for_slack = _read(slack_settings, environ, errors)
    for_heroku = _read(heroku_settings, environ, errors)
    count = len(errors)
    address = _read(page_settings, environ, errors)
    paging = len(errors) == count
    url = _read(public_url, environ, errors)
    # No check needs them, but a wrong one would stop the bot at its start.
    _read(port, environ, errors)
    _read(metrics_token, environ, errors)
    connection_tests = _read(probes, environ, errors)
    connections = _read(db_connections, environ, errors)
    named = _read(installation, environ, errors)
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

    stored: Stored | None = None
    missing = "its settings are missing"
    if store_url is None:
        for line in skipped((database.TOPIC,), missing):
            yield line
    else:
        lines, stored = await _store(store_url, connections or CONNECTIONS)
        for line in lines:
            yield line
    if stored is not None:
        yield _installation(named, stored.installation)
    if policy is None and stored is not None:
        yield _without_policy(stored)
    if for_slack is None:
        for line in skipped((slack.TOPIC, slack.SCOPE, slack.CHANNELS, people.PEOPLE, people.RULES), missing):
            yield line
    else:
        async for line in slack.check_slack(for_slack, policy):
            yield line
    if for_heroku is None:
        topics = (heroku.TOPIC, heroku.LIMIT, heroku.DATABASES, heroku.COVERAGE, heroku.DATA)
        for line in skipped(topics, missing):
            yield line
    else:
        async for line in heroku.check_heroku(for_heroku, policy, {} if stored is None else stored.known):
            yield line
    if paging:
        secrets = () if address is None else address.secrets
        for line in await pager.check_pager(
            address, source="pgaccess check", redactor=Redactor(secrets), page=page
        ):
            yield line


async def _store(url: str, connections: int) -> tuple[Sequence[ReportLine], Stored | None]:
    """Check the store; return the lines, and what it knows where it can be read."""

    async def read() -> CheckResult[Stored]:
        return CheckResult(lines=[], value=await read_store(url))

    checked = await run_check(database.TOPIC, database.check_database(url, connections=connections))
    if any(line.topic == database.TOPIC and line.verdict is not CheckStatus.OK for line in checked.lines):
        return checked.lines, None
    stored = await run_check(database.TOPIC, read())
    return (*checked.lines, *stored.lines), stored.value


def _installation(named: str | None, stored: Installation) -> ReportLine:
    """Whether rules at Heroku would still be recognised after the loss of the store."""
    name = "PGACCESS_INSTALLATION"
    if named is None:
        why = f"set {name}={stored.name}, so that its rules at Heroku are recognised if the store is lost"
        return note(INSTALLATION, f"only the store knows that it is called {stored.name}: {why}")
    if named != stored.name:
        known = f"rules that carry {' or '.join(stored.names)} stay its own"
        return note(INSTALLATION, f"called {named} by {name}, from the next start of a worker on; {known}")
    return ok(INSTALLATION, f"called {named} at Heroku, which survives the loss of the store")


def _without_policy(stored: Stored) -> ReportLine:
    """What the bot does while the policy cannot be read."""
    if stored.state is None:
        return problem(POLICY, "none was ever read, so `worker` and `web` do not start")
    told = f"alerts go to {stored.state.operations_channel}"
    return note(
        POLICY, f"until it can be read, access ends on time, nothing is requested or opened, and {told}"
    )


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

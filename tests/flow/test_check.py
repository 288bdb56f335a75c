"""``pgaccess check`` against a real Postgres and the emulated Slack and Heroku, over HTTP."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import psycopg
import pytest

from bot.cli.check import CheckStatus, ReportLine, check_installation
from bot.cli.check.report import CheckResult, run_check
from bot.cli.manifest import SCOPES
from bot.cli.policy_check import check
from bot.clock import SystemClock
from bot.domain.policy.environments import PolicyTarget
from bot.domain.target import KnownAs
from bot.heroku.client import HerokuClient
from bot.policy.loader import parse_policy
from bot.policy_reporter import PolicyReporter
from sandbox.environment import BOT_TOKEN, HEROKU_TOKEN, SIGNING_SECRET
from sandbox.heroku import fault_injection as heroku_faults
from sandbox.heroku.behavior import Behavior
from sandbox.heroku.emulator import HerokuEmulator
from sandbox.heroku.fixtures import DATABASE, default_world
from sandbox.heroku.server import app as heroku_server
from sandbox.http_server import listening, serving
from sandbox.postgres import PrivatePostgres
from sandbox.slack import SlackEmulator
from sandbox.slack import fault_injection as slack_faults
from sandbox.slack.delivery_transport import Delivered
from sandbox.slack.server import app as slack_server
from sandbox.slack.users.simulated_users import People
from storage.transaction import PostgresStore
from tests.unit import factories

APP_TOKEN = "xapp-emulated"
POLICY = """
approvals_channel = "C0APPROVALS"
operations_channel = "C0OPERATIONS"
unmatched = "default"

[[rules]]
name = "everything"
approvers = ["U0LEAD", "U0LEAD2"]
"""
SECRETS = (BOT_TOKEN, SIGNING_SECRET, HEROKU_TOKEN, APP_TOKEN, "geheim")
SLACK = ("Slack token", "Slack scopes", "channels", "approvers", "rules")
HEROKU = (
    *("Heroku token", "Heroku rate limit", "Heroku databases"),
    *("policy and Heroku", "Heroku Data API"),
)


@dataclass
class Installation:
    """The settings of an installation, and the emulators around it."""

    slack: SlackEmulator
    heroku: HerokuEmulator
    environ: dict[str, str]

    async def check(self, **changed: str) -> list[ReportLine]:
        """Returns every line of the report, and asserts that none has a secret or a line break."""
        lines = [line async for line in check_installation({**self.environ, **changed})]
        for printed in map(str, lines):
            assert "\n" not in printed
            assert not any(secret in printed for secret in SECRETS)
        return lines

    async def wrong(self, **changed: str) -> dict[str, str]:
        """Returns the problems, by topic."""
        return {
            line.topic: line.message
            for line in await self.check(**changed)
            if line.verdict is CheckStatus.PROBLEM
        }


async def nobody(*_: object) -> Delivered:
    return Delivered(status=200)


@pytest.fixture
async def installation(database_url: str) -> AsyncIterator[Installation]:
    slack = SlackEmulator(bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET, app_token=APP_TOKEN)
    heroku = default_world(token=HEROKU_TOKEN)
    async with contextlib.AsyncExitStack() as stack:
        slack_socket, slack.base_url = await stack.enter_async_context(listening())
        heroku_socket, heroku_url = await stack.enter_async_context(listening())
        people = People(slack, deliver=nobody, bot_url="http://127.0.0.1:1")
        await stack.enter_async_context(serving(slack_server(slack, people), slack_socket))
        await stack.enter_async_context(serving(heroku_server(heroku), heroku_socket))
        environ = {
            "DATABASE_URL": database_url,
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "SLACK_API_URL": f"{slack.base_url}/api/",
            "HEROKU_API_KEY": HEROKU_TOKEN,
            "HEROKU_API_URL": heroku_url,
            "HEROKU_DATA_API_URL": heroku_url,
            "PGACCESS_POLICY_TOML": POLICY,
            "PGACCESS_PUBLIC_URL": "https://bot.example.org",
        }
        yield Installation(slack, heroku, environ)


@pytest.fixture
def empty_database(postgres: PrivatePostgres) -> Iterator[str]:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute('CREATE DATABASE "check_empty"')
        yield postgres.url("check_empty")
        connection.execute('DROP DATABASE "check_empty" WITH (FORCE)')


def skipped(lines: list[ReportLine]) -> set[str]:
    return {line.topic for line in lines if line.verdict is CheckStatus.SKIPPED}


# --- all is well ------------------------------------------------------------------------------------


async def test_when_all_is_well_every_line_says_what_was_seen(installation: Installation) -> None:
    lines = await installation.check()

    assert [line.topic for line in lines] == [
        "settings",
        "policy",
        "database",
        "database connections",
        "installation",
        "Slack token",
        "Slack scopes",
        "approvals channel",
        "operations channel",
        "approvers",
        "rules",
        "Heroku token",
        "Heroku rate limit",
        "Heroku databases",
        "policy and Heroku",
        "Heroku Data API",
    ]
    assert {line.verdict for line in lines} == {CheckStatus.OK, CheckStatus.NOTE}
    said = {line.topic: line.message for line in lines}
    assert "https://bot.example.org/slack/events" in said["settings"]
    assert "migrated to revision" in said["database"]
    assert "Acme (T0ACME) as @pgaccess" in said["Slack token"]
    assert said["Slack scopes"] == f"all {len(SCOPES)} granted"
    assert said["approvals channel"] == "#approvals (C0APPROVALS), the bot is a member"
    assert said["approvers"] == "U0LEAD, U0LEAD2: all exist and are active full members"
    assert said["rules"] == "each has more approvers than it needs"
    assert said["policy and Heroku"] == (
        f"no entry names the space acme-private: a range on it is judged by billing ({DATABASE}) inside, "
        "each by its own rules"
    )
    assert said["Heroku databases"].startswith(f"billing ({DATABASE}); 1 space and 2 apps visible")
    assert said["Heroku Data API"] == "reachable; mTLS on billing is Operational"
    assert str(lines[0]).startswith("ok   settings: ")


@pytest.mark.parametrize("wrong", ["three", "3", "0", "-6", "6.5", "501", "9" * 5000])
async def test_a_number_of_connections_that_is_none_is_refused_with_one_that_is(
    installation: Installation, wrong: str
) -> None:
    said = (await installation.wrong(PGACCESS_DB_CONNECTIONS=wrong))["settings"]
    assert said.startswith("PGACCESS_DB_CONNECTIONS has to be a number from 4 to 500, such as 6")


async def test_more_connections_than_the_server_has_are_a_problem(installation: Installation) -> None:
    found = await installation.wrong(PGACCESS_DB_CONNECTIONS="200")
    assert list(found) == ["database connections"]
    assert "each process opens up to 200: too many for `web`, `worker`" in found["database connections"]


async def test_without_a_public_address_it_says_what_does_not_work(installation: Installation) -> None:
    for socket in ("", "xapp-1-emulated"):
        settings = (await installation.check(PGACCESS_PUBLIC_URL="", SLACK_APP_TOKEN=socket))[0]
        assert settings.verdict is CheckStatus.OK
        assert "PGACCESS_PUBLIC_URL" in settings.message
        assert "a certificate's files" in settings.message


async def test_where_certificates_can_be_tested_it_says_what_that_needs(installation: Installation) -> None:
    (line, *_) = await installation.check(PGACCESS_PROBE="1")
    assert line.verdict is CheckStatus.OK
    assert "if a rule allows this host's address" in line.message
    assert "PGACCESS_PROBE" in (await installation.wrong(PGACCESS_PROBE="yes"))["settings"]


async def test_a_check_changes_nothing_and_costs_few_calls(installation: Installation) -> None:
    await installation.check()

    assert {call.method for call in installation.heroku.request_log} == {"GET"}
    assert len(installation.heroku.request_log) < 10


# --- settings and policy ------------------------------------------------------------------------------


async def test_each_part_of_the_settings_is_named_and_the_others_are_checked_all_the_same(
    installation: Installation,
) -> None:
    lines = await installation.check(SLACK_BOT_TOKEN="", PORT="http", PGACCESS_METRICS_TOKEN="short")

    said = [line.message for line in lines if line.topic == "settings"]
    assert [one.split()[0] for one in said] == ["SLACK_BOT_TOKEN", "PORT", "PGACCESS_METRICS_TOKEN"]
    assert skipped(lines) == set(SLACK)
    assert CheckStatus.PROBLEM not in {line.verdict for line in lines if line.topic in HEROKU}


async def test_without_any_setting_everything_says_so(installation: Installation) -> None:
    lines = [line async for line in check_installation({"PGACCESS_POLICY": "/nowhere/pgaccess.toml"})]

    assert skipped(lines) == {"database", *SLACK, *HEROKU}
    assert CheckStatus.OK not in {line.verdict for line in lines}


async def test_a_policy_that_cannot_be_read_skips_its_channels_and_people(installation: Installation) -> None:
    lines = await installation.check(PGACCESS_POLICY_TOML='language = "fr"')

    assert skipped(lines) == {"channels", "approvers", "rules", "policy and Heroku"}
    policy, without = [line.message for line in lines if line.topic == "policy"]
    assert policy.startswith("PGACCESS_POLICY_TOML: ")
    assert without == "none was ever read, so `worker` and `web` do not start"


async def test_with_a_policy_that_was_read_before_it_says_what_goes_on_without_it(
    installation: Installation, store: PostgresStore
) -> None:
    good = parse_policy(POLICY, source="the test")
    await PolicyReporter(store=store, policy=good, clock=SystemClock()).record()

    lines = await installation.check(PGACCESS_POLICY_TOML='language = "fr"')

    wrong, note = [line for line in lines if line.topic == "policy"]
    assert (wrong.verdict, note.verdict) == (CheckStatus.PROBLEM, CheckStatus.NOTE)
    assert note.message == (
        "until it can be read, access ends on time, nothing is requested or opened, and alerts go to "
        "C0OPERATIONS"
    )


# --- the database -------------------------------------------------------------------------------------


async def test_an_empty_database_has_to_be_migrated(installation: Installation, empty_database: str) -> None:
    assert "pgaccess migrate" in (await installation.wrong(DATABASE_URL=empty_database))["database"]


async def test_a_database_of_a_newer_version_is_told_apart(
    installation: Installation, database_url: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    assert "9999 is unknown to this version" in (await installation.wrong())["database"]


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("postgres://pgaccess:geheim@127.0.0.1:1/main", "127.0.0.1, database main: cannot connect"),
        ("postgres://pgaccess:geheim@127.0.0.1:x/main", "DATABASE_URL is not a Postgres address"),
        ("geheim", "DATABASE_URL is not a Postgres address"),
    ],
)
async def test_a_database_out_of_reach_is_named_without_its_password(
    installation: Installation, url: str, seen: str
) -> None:
    assert (await installation.wrong(DATABASE_URL=url))["database"].startswith(seen)


# --- Slack --------------------------------------------------------------------------------------------


async def test_a_token_that_slack_does_not_take_skips_only_slack(installation: Installation) -> None:
    lines = await installation.check(SLACK_BOT_TOKEN="xoxb-geheim")

    assert skipped(lines) == {"Slack scopes", "channels", "approvers", "rules"}
    (line,) = [line for line in lines if line.verdict is CheckStatus.PROBLEM]
    assert (line.topic, "invalid_auth" in line.message) == ("Slack token", True)


@pytest.mark.parametrize("missing", [scope.name for scope in SCOPES])
async def test_a_missing_scope_is_named_with_what_it_is_for(installation: Installation, missing: str) -> None:
    installation.slack.scopes -= {missing}

    (line,) = [line for line in await installation.check() if line.topic == "Slack scopes"]

    assert line.verdict is CheckStatus.PROBLEM
    assert line.message.startswith(f"{missing} is missing (")


async def test_a_channel_without_the_bot_or_archived_or_unknown_is_named(installation: Installation) -> None:
    channels = installation.slack.world.channels
    channels["C0APPROVALS"] = replace(channels["C0APPROVALS"], members=frozenset({"U0LEAD"}))
    channels["C0OPERATIONS"] = replace(channels["C0OPERATIONS"], is_archived=True)

    wrong = await installation.wrong()
    unknown = await installation.wrong(PGACCESS_POLICY_TOML=POLICY.replace("C0APPROVALS", "C0NOWHERE"))

    assert "/invite @pgaccess" in wrong["approvals channel"]
    assert "is archived" in wrong["operations channel"]
    assert unknown["approvals channel"].startswith("C0NOWHERE does not exist")


async def test_an_approver_who_may_not_decide_is_named_with_why(installation: Installation) -> None:
    installation.slack.world.deactivate("U0LEAD")
    odd = POLICY.replace("U0LEAD2", "U0GUEST")
    unknown = POLICY.replace("U0LEAD2", "U0NOBODY")

    lines = [
        line.message
        for line in await installation.check(PGACCESS_POLICY_TOML=odd)
        if line.topic == "approvers"
    ]

    assert lines == [
        "guest (U0GUEST) is a guest and may not approve",
        "lead (U0LEAD) is deactivated and may not approve",
    ]
    said = [line.message for line in await installation.check(PGACCESS_POLICY_TOML=unknown)]
    assert "U0NOBODY does not exist in this workspace: check the id in the policy" in said


async def test_a_user_group_has_to_be_there_and_to_have_somebody_in_it(installation: Installation) -> None:
    group = POLICY.replace('"U0LEAD"', '"S0LEADS"')
    assert "approvers" not in await installation.wrong(PGACCESS_POLICY_TOML=group)

    installation.slack.world.groups["S0LEADS"] = replace(installation.slack.world.groups["S0LEADS"], users=())
    assert (
        "the user group S0LEADS has no members"
        in (await installation.wrong(PGACCESS_POLICY_TOML=group))["approvers"]
    )
    other = POLICY.replace('"U0LEAD"', '"S0OTHER"')
    assert (
        "the user group does not exist" in (await installation.wrong(PGACCESS_POLICY_TOML=other))["approvers"]
    )


async def test_in_socket_mode_the_apps_token_is_tried_and_no_signing_secret_is_needed(
    installation: Installation,
) -> None:
    lines = await installation.check(SLACK_APP_TOKEN=APP_TOKEN, SLACK_SIGNING_SECRET="")
    wrong = await installation.wrong(SLACK_APP_TOKEN="xapp-geheim")

    assert CheckStatus.PROBLEM not in {line.verdict for line in lines}
    assert "Socket Mode" in {line.topic for line in lines}
    assert "connections:write" in wrong["Socket Mode"]


async def test_a_slack_that_answers_nonsense_is_a_line_too(installation: Installation) -> None:
    installation.slack.fault("*", slack_faults.server_error(times=None))
    assert "internal_error" in (await installation.wrong())["Slack token"]

    installation.slack.fault("*", slack_faults.cut_before(times=None))
    assert await installation.wrong(SLACK_API_URL=installation.environ["HEROKU_API_URL"])


# --- Heroku -------------------------------------------------------------------------------------------


async def test_a_token_that_heroku_does_not_take_skips_only_heroku(installation: Installation) -> None:
    lines = await installation.check(HEROKU_API_KEY="HRKU-geheim")

    assert skipped(lines) == set(HEROKU) - {"Heroku token"}
    (said,) = [line.message for line in lines if line.verdict is CheckStatus.PROBLEM]
    assert said.startswith("HEROKU_API_KEY was rejected")


async def test_a_data_api_that_does_not_take_the_token_is_told_plainly(installation: Installation) -> None:
    installation.heroku.fault(heroku_faults.status(403), on="tls-endpoint")
    assert "HEROKU_API_KEY was rejected (403)" in (await installation.wrong())["Heroku Data API"]

    installation.heroku.fault(heroku_faults.html_body(), on="tls-endpoint")
    assert "answered 503" in (await installation.wrong())["Heroku Data API"]

    away = await installation.wrong(HEROKU_DATA_API_URL="http://127.0.0.1:1")
    assert "did not answer" in away["Heroku Data API"]


async def test_a_database_without_mtls_is_fine(installation: Installation) -> None:
    heroku = installation.heroku
    heroku.fault(heroku_faults.status(404), on="tls-endpoint")

    (line,) = [line for line in await installation.check() if line.topic == "Heroku Data API"]

    assert (line.verdict, line.message) == (CheckStatus.OK, "reachable; mTLS is not enabled on billing")


async def test_an_account_that_sees_no_private_database_is_told_so(installation: Installation) -> None:
    async with contextlib.AsyncExitStack() as stack:
        socket, url = await stack.enter_async_context(listening())
        await stack.enter_async_context(serving(heroku_server(HerokuEmulator(token=HEROKU_TOKEN)), socket))
        lines = await installation.check(HEROKU_API_URL=url)

    said = {line.topic: line for line in lines}
    assert "no Postgres in a Private or Shield Space" in said["Heroku databases"].message
    assert said["Heroku Data API"].verdict is CheckStatus.SKIPPED


async def test_few_calls_left_is_a_problem(installation: Installation) -> None:
    async with contextlib.AsyncExitStack() as stack:
        poor = default_world(token=HEROKU_TOKEN, behavior=Behavior(pool=40))
        socket, url = await stack.enter_async_context(listening())
        await stack.enter_async_context(serving(heroku_server(poor), socket))
        wrong = await installation.wrong(HEROKU_API_URL=url, HEROKU_DATA_API_URL=url)

    assert "of 4500 calls are left" in wrong["Heroku rate limit"]


async def test_an_html_page_instead_of_the_api_is_a_line_too(installation: Installation) -> None:
    wrong = await installation.wrong(HEROKU_API_URL=installation.slack.base_url)

    assert list(wrong) == ["Heroku token"]


# --- the policy beside Slack --------------------------------------------------------------------------


def line_of(lines: list[ReportLine], topic: str) -> ReportLine:
    (line,) = [line for line in lines if line.topic == topic]
    return line


async def test_a_rule_that_too_few_people_can_decide_is_named(installation: Installation) -> None:
    two = POLICY + "approvals = 2\n"
    even = line_of(await installation.check(PGACCESS_POLICY_TOML=two), "rules")
    installation.slack.world.deactivate("U0LEAD2")

    short = line_of(await installation.check(PGACCESS_POLICY_TOML=two), "rules")

    assert even.verdict is CheckStatus.NOTE
    assert even.message == (
        'rule "everything" needs 2 approvals, and 2 can give them: when one of these asks, it is refused'
    )
    assert short.verdict is CheckStatus.PROBLEM
    assert short.message == (
        'rule "everything" needs 2 approvals, and only 1 is known who could give one: when somebody asks, it '
        "is refused"
    )


async def test_where_the_admins_decide_for_want_of_others_it_is_no_problem(
    installation: Installation,
) -> None:
    admins = 'when_nobody = "admins"\nadmins = ["S0LEADS", "U0ENGINEER"]\n'
    policy = admins + POLICY.replace('["U0LEAD", "U0LEAD2"]', '["U0LEAD"]')

    rules = line_of(await installation.check(PGACCESS_POLICY_TOML=policy), "rules")

    assert rules.verdict is CheckStatus.NOTE
    assert rules.message.endswith("when one of these asks, the admins decide as well")


async def test_of_a_large_group_only_as_many_are_looked_up_as_a_rule_needs(
    installation: Installation,
) -> None:
    world = installation.slack.world
    world.groups["S0LEADS"] = replace(
        world.groups["S0LEADS"], users=("U0LEAD", "U0LEAD2", *(f"U0MEMBER{n}" for n in range(500)))
    )

    lines = await installation.check(
        PGACCESS_POLICY_TOML=POLICY.replace('["U0LEAD", "U0LEAD2"]', '["S0LEADS"]')
    )

    assert line_of(lines, "rules").verdict is CheckStatus.OK


async def test_a_group_of_requesters_that_is_empty_or_gone_is_named(installation: Installation) -> None:
    policy = POLICY + 'requesters = ["S0LEADS"]\n'
    assert (
        line_of(await installation.check(PGACCESS_POLICY_TOML=policy), "requesters").verdict is CheckStatus.OK
    )
    installation.slack.world.groups["S0LEADS"] = replace(installation.slack.world.groups["S0LEADS"], users=())

    empty = await installation.wrong(PGACCESS_POLICY_TOML=policy)
    gone = await installation.wrong(PGACCESS_POLICY_TOML=policy.replace("S0LEADS", "S0OTHER"))

    assert empty["requesters"] == "the user group S0LEADS has no members"
    assert gone["requesters"].startswith("S0OTHER: the user group does not exist or is disabled")


def audited(*ids: str) -> str:
    return f"auditors = {json.dumps(ids)}\n{POLICY}"


async def test_auditors_who_are_gone_and_groups_without_members_are_named(installation: Installation) -> None:
    world, good = installation.slack.world, audited("S0LEADS", "U0ENGINEER", "U0LEAD")
    line = line_of(await installation.check(PGACCESS_POLICY_TOML=good), "auditors")
    # The lead also approves, and is checked as an approver.
    assert line.verdict is CheckStatus.OK
    assert line.message.startswith("S0LEADS, U0ENGINEER: ")

    world.groups["S0LEADS"] = replace(world.groups["S0LEADS"], users=())
    for ids, said in (
        (("S0LEADS",), "the user group S0LEADS has no members"),
        (("S0OTHER",), "S0OTHER: the user group does not exist or is disabled"),
        (("U0NOBODY",), "U0NOBODY does not exist in this workspace"),
        (("U0GUEST",), "guest (U0GUEST) is a guest and may not see what is recorded"),
    ):
        wrong = await installation.wrong(PGACCESS_POLICY_TOML=audited(*ids))
        assert wrong["auditors"].startswith(said)


@pytest.mark.parametrize("code", ["plan_upgrade_required", "paid_teams_only"])
async def test_a_workspace_without_user_groups_works_for_a_policy_that_names_people(
    installation: Installation, code: str
) -> None:
    installation.slack.fault("usergroups.*", slack_faults.error(code, times=None))
    people = line_of(await installation.check(), "user groups")
    assert people.verdict is CheckStatus.NOTE
    assert people.message.endswith("the policy names only people, so nothing is missing")

    groups = await installation.wrong(PGACCESS_POLICY_TOML=POLICY.replace('"U0LEAD"', '"S0LEADS"'))
    assert groups["user groups"].endswith("name people instead of S0LEADS")
    assert groups["approvers"] == "S0LEADS: this workspace's Slack plan has no user groups"


# --- the policy beside Heroku -------------------------------------------------------------------------


async def coverage(installation: Installation, *tables: str, unmatched: str = "default") -> list[ReportLine]:
    """The lines about a policy with some more tables and what there is at Heroku."""
    text = POLICY.replace('unmatched = "default"', f'unmatched = "{unmatched}"').replace(
        "[[rules]]", "\n".join([*tables, "[[rules]]"])
    )
    lines = await installation.check(PGACCESS_POLICY_TOML=text)
    return [line for line in lines if line.topic == "policy and Heroku"]


def entry(alias: str, database: str, environment: str = "default") -> str:
    return f'[targets.{alias}]\ndatabase = "{database}"\nenvironment = "{environment}"\n'


WHOLE = '[targets.whole]\nspace = "acme-private"\n'


async def test_an_entry_that_matches_nothing_is_named(installation: Installation) -> None:
    nothing, space = '[targets.other]\nspace = "acme-privat"\n', entry("ledger", "postgresql-curved-99999")
    lines = await coverage(installation, entry("billing", "billing"), WHOLE, nothing, space)

    assert [line.message for line in lines] == [
        "targets.other matches nothing at Heroku: no space is called acme-privat",
        "targets.ledger matches nothing at Heroku: no add-on or app with a database in a Private or Shield "
        "Space is called postgresql-curved-99999",
    ]
    assert {line.verdict for line in lines} == {CheckStatus.PROBLEM}


async def test_patterns_that_match_nothing_or_only_what_goes_elsewhere_are_named(
    installation: Installation,
) -> None:
    prod = '[[match]]\napp = "*-prod"\nenvironment = "default"\n'
    app = '[[match]]\napp = "bill*"\nenvironment = "default"\n'
    lines = await coverage(installation, entry("money", DATABASE), WHOLE, prod, app)

    assert [line.message for line in lines] == [
        'match 1 (app = "*-prod") matches nothing at Heroku',
        'match 2 (app = "bill*") counts for nothing at Heroku: all that it matches is named by an entry or '
        "matches an earlier one",
    ]


async def test_a_database_that_nothing_covers_is_named_with_what_that_means(
    installation: Installation,
) -> None:
    lines = await coverage(installation, WHOLE, unmatched="refuse")

    assert lines[0].verdict is CheckStatus.NOTE
    assert lines[0].message == (
        f"no entry and no pattern covers billing ({DATABASE}): every request for it is refused, also for "
        "their space"
    )


async def test_a_space_that_is_laxer_than_a_database_inside_is_named_with_how_it_is_judged(
    installation: Installation,
) -> None:
    strict = '[[rules]]\nname = "production"\ndeny = true\nenvironments = ["production"]\n'
    lines = await coverage(installation, entry("money", DATABASE, "production"), WHOLE, strict)

    (line,) = lines
    assert line.verdict is CheckStatus.NOTE
    assert line.message == (
        f"the entry of the space acme-private (default) is laxer than the rules of billing ({DATABASE}) "
        "inside, for everybody: a range on the space is judged by both, and the stricter one decides"
    )


async def test_a_space_as_strict_as_what_is_inside_is_not_worth_a_line(installation: Installation) -> None:
    (line,) = await coverage(installation, entry("money", DATABASE), WHOLE)
    assert (line.verdict, line.message) == (
        CheckStatus.OK,
        "every entry and every target has its counterpart",
    )


async def test_a_target_that_may_have_replaced_another_is_named(
    installation: Installation, store: PostgresStore
) -> None:
    billing = PolicyTarget(alias="money", database=DATABASE, environment="default")
    async with store.transaction() as tx:
        client = HerokuClient(
            token=HEROKU_TOKEN,
            platform_url=installation.environ["HEROKU_API_URL"],
            data_url=installation.environ["HEROKU_API_URL"],
        )
        (found,) = await client.databases()
        await client.close()
        await tx.targets.save_discovery([found])
        await tx.targets.bind({found.id: KnownAs(contested=frozenset({billing.key}))})
        await tx.commit()

    lines = await coverage(installation, entry("money", DATABASE), WHOLE)

    assert lines[0].message == (
        f"billing ({DATABASE}) may have replaced what targets.money means: nothing is opened to it until an "
        "admin has confirmed which is which"
    )
    assert lines[0].verdict is CheckStatus.PROBLEM


# --- pgaccess policy check, by what the store knows ---------------------------------------------------


async def test_policy_check_says_what_the_store_knows_without_any_token(
    installation: Installation, store: PostgresStore, database_url: str
) -> None:
    policy = parse_policy(
        POLICY.replace('["U0LEAD", "U0LEAD2"]', '["U0LEAD", "S0LEADS", "S0GONE"]'), source="the test"
    )
    empty = await check(policy, {"DATABASE_URL": database_url})
    assert [line.strip() for line in empty.lines[1:]] == [
        "nothing at Heroku was read yet: the worker does that",
        "nobody in Slack was read yet: the worker does that",
    ]
    assert not empty.wrong

    async with store.transaction() as tx:
        await tx.targets.save_discovery([factories.database()])
        await tx.slack_users.save([factories.person("U0LEAD")])
        await tx.slack_users.save_group("S0LEADS", [])
        await tx.commit()
    answer = await check(policy, {"DATABASE_URL": database_url})

    assert answer.wrong
    assert answer.lines[1:] == [
        "!! the user group S0GONE cannot be read (not read yet): nobody is known to be in it, so what hangs "
        "on it is refused",
        "!! the user group S0LEADS has no members",
        '   rule "everything" needs 1 approval, and 1 can give it: when one of these asks, it is refused',
    ]


async def test_policy_check_of_a_store_out_of_reach_says_so_and_no_password() -> None:
    policy = parse_policy(POLICY, source="the test")
    answer = await check(policy, {"DATABASE_URL": "postgres://pgaccess:geheim@127.0.0.1:1/main"})
    assert answer.lines[1:] == ["the store cannot be read, so only the file was checked"]


# --- the border ---------------------------------------------------------------------------------------


async def never() -> CheckResult[None]:
    await asyncio.sleep(60)
    return CheckResult(lines=[])


async def test_no_check_waits_for_ever() -> None:
    result = await run_check("Heroku", never(), deadline=timedelta(milliseconds=20))

    assert [str(line) for line in result.lines] == ["!!   Heroku: no answer within 0.02 seconds"]

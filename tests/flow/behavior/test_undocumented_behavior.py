"""Under every undocumented behavior of Heroku and Slack, the job is done and announced only when true."""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import fields
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
import pytest_asyncio
from _pytest.mark import ParameterSet

from sandbox.environment import start_environment
from sandbox.heroku.behavior import Behavior as HerokuBehavior
from sandbox.postgres import PrivatePostgres
from sandbox.slack.web_api.errors import Behavior as SlackBehavior
from tests.conftest import own_database
from tests.flow.behavior import heroku_jobs as jobs
from tests.flow.behavior import slack_jobs
from tests.flow.behavior.environment import MeddledHeroku, Switched
from tests.flow.behavior.heroku_jobs import Job

pytestmark = pytest.mark.asyncio(loop_scope="module")

Settings = Mapping[str, object]
Row = tuple[Settings, Job]


def each(switch: str, *settings: object, job: Job, **also: object) -> list[Row]:
    """Returns a row for each setting of a switch; `also` are further settings that it depends on."""
    return [({switch: setting, **also}, job) for setting in settings]


ROWS: tuple[Row, ...] = (
    ({}, jobs.an_address),
    (
        {
            "dates": "rfc3339",
            "uuid_in_path": False,
            "rename_lag": 60.0,
            "data_bearer": False,
            "created": 200,
            "deleted": 200,
            "pool": 1000,
            "refill": 600.0,
            "etags": False,
            "data_scopes": ("global", "write-protected"),
        },
        jobs.an_address,
    ),
    ({"dates": "utc", "deleted": 204, "data_api_counts": False}, jobs.an_address),
    *each("full", 422, 400, job=jobs.an_address_in_a_crowd),
    *each("off", 404, 422, 409, job=jobs.an_address_where_mtls_goes),
    *each("duplicates", "allow", "refuse", job=jobs.an_address_that_somebody_else_allows),
    *each("readd_error_seconds", 600.0, job=jobs.an_address_again_too_soon),
    *each("retry_after", None, 1, job=jobs.an_address_after_a_busy_answer),
    ({"provisioning_errors": 0.0, "first_certificate": "at_once"}, jobs.mtls_itself),
    *each("provisioning_errors", 1.0, job=jobs.mtls_itself),
    *each("enabled_already", 422, 409, job=jobs.mtls_that_somebody_else_enables),
    *each("unsupported", 422, 400, job=jobs.mtls_where_it_cannot_be),
    ({}, jobs.a_certificate),
    (
        {
            "validity_days": 365,
            "pending_key": "null",
            "key_format": "traditional",
            "certificate_deleted": 200,
        },
        jobs.a_certificate,
    ),
    *each("certificate_deleted", 204, job=jobs.a_certificate),
    ({}, jobs.an_account),
    (
        {
            "link_created": 200,
            "no_accounts": 400,
            "connection_waiting": "pendingAcceptance",
            "service_name_early": "empty",
            "account_ids": False,
            "legacy_accounts": True,
        },
        jobs.an_account,
    ),
    *each("removed_account", "cut", job=jobs.an_account),
    *each("accounts_changed", 202, 200, job=jobs.two_accounts),
    *each("most_accounts", 1, job=jobs.an_account_too_many),
    *each("too_many_accounts", 400, job=jobs.an_account_too_many, most_accounts=1),
    *each("link_already", 422, 409, job=jobs.an_account_where_somebody_else_opens),
    *each("accounts_while_provisioning", "take", "refuse", job=jobs.an_account_while_the_endpoint_is_made),
    *each("absent_account", 202, 404, 422, job=jobs.an_account_that_somebody_else_removes),
    *each("link_deleted", 202, 200, 204, job=jobs.a_link_that_is_closed),
    ({}, jobs.a_range),
    (
        {
            "ruleset_created": 200,
            "duplicate_ranges": "refuse",
            "host_bits": "refused",
            "applied": "absent",
            "history_order": "oldest",
        },
        jobs.a_range_that_is_never_called_applied,
    ),
    *each("history", "current", "empty", "missing", "error", job=jobs.a_range),
    *each("applied", "false", job=jobs.a_range_that_is_stored_at_first),
    *each("duplicate_ranges", "allow", job=jobs.a_range_beside_one_that_is_there_twice),
    *each("host_bits", "kept", "masked", job=jobs.a_range_beside_one_with_host_bits),
    *each("ranges_full", 422, 400, job=jobs.a_range_while_others_fill_the_list),
    *each("fir_ruleset", 422, 403, job=jobs.a_range_of_a_fixed_space),
    *each("team_admin", False, job=jobs.a_range_without_the_right),
)
"""Heroku's: one at a time where a job depends on it, together where only the form of an answer differs."""

LEFT_BEHIND = each("deleted_addon", 404, 410, job=jobs.an_address_of_a_database_that_goes)
"""Heroku's, each in an environment of its own: they leave something behind."""

SLACK_ROWS: tuple[Row, ...] = (
    (
        {"ack_seconds": 2.0, "trigger_seconds": 2.0, "event_retry_after": ()},
        slack_jobs.an_address_by_the_form,
    ),
    ({"limits": True}, jobs.an_address),
    ({"limits": True, "post_burst": 1, "posts_a_minute": 60}, jobs.an_address),
    ({"response_url_seconds": 60.0, "response_url_posts": 1}, slack_jobs.an_answer_that_is_refreshed),
    *each("command_replaces", True, job=slack_jobs.an_answer_that_is_refreshed),
    *each("blocks_together_most", 10_000, job=slack_jobs.a_long_list),
    *each("edit_seconds", 0.0, job=slack_jobs.an_address_on_a_card_that_nobody_edits_any_more),
    *each("deactivated_dm", "cannot_dm_bot", job=slack_jobs.an_address_of_somebody_who_leaves),
    *each("escape_labels", False, True, job=slack_jobs.an_address_with_a_mention),
)
"""Slack's; those of Socket Mode have a module of their own."""

IN_SOCKET_MODE = frozenset({"socket_only", "tier_1_burst", "ticket_seconds"})

AT_SCALE = frozenset({"calls_a_minute", "listed_members_most"})
"""Switches that need a large workspace; `tests/flow/people` and `tests/scale` set them."""


def named(rows: Sequence[Row]) -> list[ParameterSet]:
    """Names rows by their settings."""
    return [
        pytest.param(settings, job, id=f"{job.__name__}:" + "+".join(f"{k}={v}" for k, v in settings.items()))
        for settings, job in rows
    ]


@contextlib.asynccontextmanager
async def start_world(postgres: PrivatePostgres) -> AsyncIterator[Switched]:
    heroku = MeddledHeroku()
    heroku.add_space("acme-fir", generation="fir")
    with own_database(postgres) as url:
        async with start_environment(url, heroku) as environment:
            world = Switched(environment, heroku)
            await world.settle()
            yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(postgres: PrivatePostgres) -> AsyncIterator[Switched]:
    """One environment for all rows: starting one takes as long as a job."""
    async with start_world(postgres) as world:
        await world.is_supported()
        yield world


@pytest.mark.parametrize(("settings", "job"), named(ROWS))
async def test_a_job_is_done_whatever_heroku_does(shared: Switched, settings: Settings, job: Job) -> None:
    await shared.begin(**settings)
    await job(shared)


@pytest.mark.parametrize(("settings", "job"), named(LEFT_BEHIND))
async def test_a_job_is_done_that_leaves_something_behind(
    postgres: PrivatePostgres, settings: Settings, job: Job
) -> None:
    async with start_world(postgres) as world:
        await world.begin(**settings)
        await job(world)


@pytest.mark.parametrize(("settings", "job"), named(SLACK_ROWS))
async def test_a_job_is_done_whatever_slack_does(shared: Switched, settings: Settings, job: Job) -> None:
    await shared.begin()
    shared.environment.slack.set_behavior(**settings)
    await job(shared)


@pytest.mark.parametrize(
    ("behavior", "rows", "elsewhere"),
    [
        (HerokuBehavior, (*ROWS, *LEFT_BEHIND), frozenset[str]()),
        (SlackBehavior, SLACK_ROWS, IN_SOCKET_MODE | AT_SCALE),
    ],
    ids=["heroku", "slack"],
)
async def test_every_switch_has_another_setting_than_its_default_here(
    behavior: type[HerokuBehavior | SlackBehavior], rows: Sequence[Row], elsewhere: frozenset[str]
) -> None:
    defaults = {switch.name: getattr(behavior(), switch.name) for switch in fields(behavior)}
    met = {name for settings, _ in rows for name, value in settings.items() if value != defaults[name]}
    assert met | elsewhere == defaults.keys()


async def test_every_word_that_a_switch_may_be_set_to_is_met() -> None:
    hints = get_type_hints(HerokuBehavior)
    words = {
        (name, word) for name, hint in hints.items() if get_origin(hint) is Literal for word in get_args(hint)
    }
    words |= {(name, on) for name, hint in hints.items() if hint is bool for on in (False, True)}
    met = {(name, value) for settings, _ in (*ROWS, *LEFT_BEHIND) for name, value in settings.items()}
    defaults = {(switch.name, switch.default) for switch in fields(HerokuBehavior)}
    assert words <= met | defaults

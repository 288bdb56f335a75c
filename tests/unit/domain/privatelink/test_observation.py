"""What an observation of PrivateLink tells: the region, whose connections, and which config var is whose."""

import pytest

from bot.domain.command_text import line_for
from bot.domain.method import Method
from bot.domain.privatelink.observation import (
    AWS_REGIONS,
    AllowedAccount,
    Connection,
    PrivateLinkObservation,
    aws_region,
    has_privatelink,
)
from bot.domain.request import Kind, Terms
from bot.domain.subject import Accounts, Subject, Whole, covers, ends
from sandbox.heroku.model.catalog import COMMON, REGIONS
from tests.unit import factories
from tests.unit.factories import NETWORK, NOW

ROOT = "arn:aws:iam::123456789012:root"
OTHER = "arn:aws:iam::210987654321:root"
USER = "arn:aws:iam::123456789012:user/etl"


def connection(endpoint: str = "vpce-0ab1", owner: str = ROOT) -> Connection:
    return Connection(endpoint=endpoint, hostname="db.example", owner=owner, status="Available")


def observed(*connections: Connection, config_vars: tuple[str, ...] = ()) -> PrivateLinkObservation:
    accounts = (AllowedAccount(arn=ROOT, status="Active"), AllowedAccount(arn=OTHER, status="Active"))
    return PrivateLinkObservation(
        at=NOW,
        status="Operational",
        accounts=accounts,
        connections=connections,
        ours=frozenset({ROOT}),
        config_vars=config_vars,
    )


def test_every_region_of_a_space_has_amazons_name() -> None:
    assert set(AWS_REGIONS) == set(REGIONS) - set(COMMON)
    assert {name: REGIONS[name] for name in AWS_REGIONS} == AWS_REGIONS


def test_the_service_name_tells_the_region_of_a_place_that_is_not_known() -> None:
    assert aws_region("virginia") == "us-east-1"
    assert aws_region("osaka") is None
    assert aws_region("osaka", "com.amazonaws.vpce.ap-northeast-3.vpce-svc-0ab1") == "ap-northeast-3"
    assert aws_region("virginia", "com.amazonaws.vpce.testvpc") == "us-east-1"


@pytest.mark.parametrize(
    ("plan", "has"),
    [
        ("heroku-postgresql:private-4", True),
        ("heroku-postgresql:shield-0", True),
        ("heroku-postgresql:advanced-private-1", False),
        ("heroku-postgresql:performance-private", False),
    ],
)
def test_plans_of_postgres_advanced_have_no_privatelink(plan: str, has: bool) -> None:
    assert has_privatelink(plan) is has


def test_a_users_connection_is_that_of_their_account() -> None:
    seen = observed(connection(), connection("vpce-0cd2", OTHER))
    assert [each.endpoint for each in seen.connected(USER)] == ["vpce-0ab1"]
    assert [each.arn for each in seen.unmanaged] == [OTHER]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("DATABASE_ENDPOINT_0AB1_URL",), "DATABASE_ENDPOINT_0AB1_URL"),
        (
            ("DATABASE_ENDPOINT_0AB1_PGBOUNCER_URL", "REPORTS_ENDPOINT_0AB1_URL"),
            "REPORTS_ENDPOINT_0AB1_URL",
        ),
        (("DATABASE_ENDPOINT_0AB1_PGBOUNCER_URL",), None),
        (("DATABASE_ENDPOINT_0AB12_URL", "DATABASE_URL"), None),
    ],
)
def test_the_url_of_a_connection_is_told_by_its_config_vars_name(
    names: tuple[str, ...], found: str | None
) -> None:
    assert observed(config_vars=names).url_var(connection()) == found


# --- subjects, and the lines that ask for them ------------------------------------------------------

BOTH = Accounts((ROOT, OTHER))
ONE = Accounts((ROOT,))


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        (BOTH, ONE, True),
        (ONE, BOTH, False),
        (ONE, ONE, True),
        (Whole(), Whole(), True),
        (BOTH, NETWORK, False),
    ],
)
def test_a_subject_covers_what_it_has_all_of(wide: Subject, narrow: Subject, covered: bool) -> None:
    assert covers(wide, narrow) is covered


@pytest.mark.parametrize(
    ("removed", "granted", "over"),
    [
        (BOTH, ONE, True),
        (ONE, BOTH, False),
        (Whole(), BOTH, True),
        (Whole(), NETWORK, True),
        (NETWORK, ONE, False),
    ],
)
def test_what_is_taken_away_ends_a_grant_that_needs_all_of_it(
    removed: Subject, granted: Subject, over: bool
) -> None:
    assert ends(removed, granted) is over


@pytest.mark.parametrize(
    ("kind", "method", "subject", "line"),
    [
        (Kind.OPEN, Method.MTLS, NETWORK, "mtls add 203.0.113.4/32 to billing"),
        (Kind.REMOVE, Method.MTLS, NETWORK, "mtls remove 203.0.113.4/32 from billing"),
        (Kind.EXTEND, Method.PRIVATELINK, BOTH, "privatelink add 123456789012 210987654321 to billing"),
        (Kind.REMOVE_UNMANAGED, Method.PRIVATELINK, ONE, "privatelink remove 123456789012 from billing"),
        (Kind.CLOSE, Method.PRIVATELINK, Whole(), "privatelink close billing"),
        (Kind.ENABLE, Method.MTLS, Whole(), "mtls enable billing"),
        (Kind.ISSUE, Method.MTLS, Whole(), "mtls certificate new on billing"),
        (Kind.ROTATE, Method.MTLS, Whole(), "mtls certificate list billing"),
    ],
)
def test_the_line_that_asks_once_more_names_the_way_and_what(
    kind: Kind, method: Method, subject: Subject, line: str
) -> None:
    asked = factories.request().terms
    terms = Terms(method=method, target=asked.target, subject=subject, duration=None, until=None, reason="")
    assert line_for(kind, terms, "billing") == f"/pgaccess {line}"

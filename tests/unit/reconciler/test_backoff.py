"""When a target is reconciled next after a failure: removals first, mere observations last."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import schedule
from bot.domain.method import Method
from bot.domain.rate_budget import CallPriority
from bot.errors import (
    HerokuAmbiguousError,
    HerokuError,
    HerokuNotFoundError,
    HerokuRateLimitedError,
    HerokuRefusedError,
    HerokuUnauthorizedError,
    RateBudgetExhaustedError,
)
from bot.ports import ReconcileJob
from bot.reconciler.backoff import next_run, next_run_after_failure, pause
from bot.reconciler.outcome import Outcome
from tests.unit import factories

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OBSERVE, ADD, REMOVE = CallPriority.OBSERVE, CallPriority.ADD, CallPriority.REMOVE

FAILURES = [
    HerokuUnauthorizedError(401, "unauthorized"),
    HerokuUnauthorizedError(403, "forbidden"),
    HerokuAmbiguousError(500, "internal_server_error"),
    HerokuAmbiguousError(0, "cut"),
    HerokuNotFoundError(404, "not_found"),
    HerokuRefusedError(422, "invalid_params"),
    HerokuRateLimitedError(429, "rate_limit"),
    HerokuRateLimitedError(429, "rate_limit", retry_after=timedelta(minutes=5)),
    RateBudgetExhaustedError(),
]


def job(purpose: CallPriority = OBSERVE, *, changing: bool = False, **more: Any) -> ReconcileJob:
    fields: dict[str, Any] = {"attempts": 0, "failures": 0, **more}
    return ReconcileJob(
        id=1,
        lease=UUID(int=1),
        target=factories.database(),
        method=Method.MTLS,
        version=1,
        due_at=NOW,
        installation="x",
        claimed_at=NOW,
        purpose=purpose,
        changing=changing,
        **fields,
    )


@pytest.mark.parametrize("error", FAILURES, ids=str)
@given(failures=st.integers(0, 100), attempts=st.integers(0, 100), changed=st.booleans())
def test_after_any_failure_a_removal_is_tried_again_within_a_minute(
    error: HerokuError, failures: int, attempts: int, changed: bool
) -> None:
    removing = job(REMOVE, failures=failures, attempts=attempts)
    unobserved = next_run_after_failure(removing, pause(error, removing), error)
    assert timedelta() < unobserved.delay <= MINUTE
    recorded = next_run(removing, Outcome(error=error, changed=changed), under_way=True, watched=True)
    assert timedelta() < recorded.delay <= MINUTE


@pytest.mark.parametrize("status", [401, 403])
def test_only_mere_observations_rest_for_an_hour_when_the_token_is_refused(status: int) -> None:
    refused = HerokuUnauthorizedError(status, "")
    assert pause(refused, job()) == schedule.DENIED
    for busy in (job(ADD), job(REMOVE), job(changing=True)):
        assert pause(refused, busy) <= MINUTE
    assert pause(refused, job(), under_way=True) <= MINUTE


@pytest.mark.parametrize(
    ("outcome", "under_way"),
    [
        (Outcome(error=HerokuUnauthorizedError(403, "forbidden"), changed=True), False),
        (Outcome(error=HerokuUnauthorizedError(403, "forbidden")), True),
        (Outcome(error=HerokuUnauthorizedError(401, "unauthorized"), changed=True), True),
    ],
)
def test_a_removal_that_an_observation_finds_to_be_due_is_no_mere_observation(
    outcome: Outcome, under_way: bool
) -> None:
    assert next_run(job(), outcome, under_way=under_way, watched=True).delay <= MINUTE


def test_a_refused_token_lets_a_quiet_target_rest() -> None:
    outcome = Outcome(error=HerokuUnauthorizedError(401, "unauthorized"))
    assert next_run(job(), outcome, under_way=False, watched=True).delay == schedule.DENIED


@pytest.mark.parametrize(
    ("purpose", "said", "wait"), [(OBSERVE, 300, 300), (ADD, 90, 90), (REMOVE, 300, 60), (ADD, 1, 5)]
)
def test_a_wait_that_heroku_asks_for_is_kept_but_by_removals(
    purpose: CallPriority, said: int, wait: int
) -> None:
    limited = HerokuRateLimitedError(429, "rate_limit", retry_after=timedelta(seconds=said))
    assert pause(limited, job(purpose)) == timedelta(seconds=wait)

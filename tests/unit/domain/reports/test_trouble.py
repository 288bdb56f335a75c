"""What keeps a target from being reconciled, and what operations know of it already."""

import pytest

from bot.domain.reports.trouble import SHARED, Trouble, is_told, trouble_of
from bot.errors import (
    HerokuAmbiguousError,
    HerokuBusyError,
    HerokuError,
    HerokuNotFoundError,
    HerokuRateLimitedError,
    HerokuRefusedError,
    HerokuUnauthorizedError,
    HerokuUnknownAddonError,
)

KINDS: dict[type[HerokuError], Trouble] = {
    HerokuAmbiguousError: Trouble.UNREACHABLE,
    HerokuUnauthorizedError: Trouble.DENIED,
    HerokuRateLimitedError: Trouble.LIMITED,
    HerokuUnknownAddonError: Trouble.UNKNOWN_ADDON,
    HerokuBusyError: Trouble.BUSY,
    HerokuRefusedError: Trouble.REJECTED,
    HerokuNotFoundError: Trouble.REJECTED,
}


@pytest.mark.parametrize("error", KINDS)
def test_every_error_of_heroku_is_some_trouble(error: type[HerokuError]) -> None:
    assert trouble_of(error(503)) is KINDS[error]


@pytest.mark.parametrize("met", Trouble)
def test_operations_know_nothing_of_what_is_part_of_no_outage(met: Trouble) -> None:
    assert not is_told(None, met)


@pytest.mark.parametrize("known", Trouble)
@pytest.mark.parametrize("met", Trouble)
def test_of_several_troubles_in_a_row_one_is_told_but_for_a_rejected_token(
    known: Trouble, met: Trouble
) -> None:
    assert is_told(known, met) is (known is met or met is not Trouble.DENIED)


def test_what_one_target_meets_by_itself_is_told_for_that_target() -> None:
    assert SHARED.isdisjoint({Trouble.REJECTED, Trouble.BUSY, Trouble.UNKNOWN_ADDON, Trouble.UNEXPECTED})

"""When a channel counts as lost, and when it is back."""

import pytest

from bot.domain.reports.lost_channel import LOST, LOST_AFTER, Delivery, LostChannel, is_lost
from tests.unit.factories import NOW


@pytest.mark.parametrize("code", sorted(LOST))
@pytest.mark.parametrize(("attempts", "lost"), [(1, False), (LOST_AFTER, True), (9, True)])
def test_a_channel_is_lost_once_a_message_was_refused_twice(code: str, attempts: int, lost: bool) -> None:
    assert is_lost("C0APPROVALS", code, attempts=attempts) is lost


@pytest.mark.parametrize("code", sorted(LOST))
@pytest.mark.parametrize("person", ["U0LEAD", "W0LEAD"])
def test_a_direct_message_that_is_refused_is_no_lost_channel(code: str, person: str) -> None:
    assert not is_lost(person, code, attempts=9)


@pytest.mark.parametrize(
    "code",
    [
        "ratelimited",
        "unreachable",
        "token_revoked",
        "msg_too_long",
        "500",
        "restricted_action_non_threadable_channel",
        "thread_not_found",
    ],
)
def test_what_says_nothing_of_the_channel_loses_none(code: str) -> None:
    assert not is_lost("C0APPROVALS", code, attempts=9)


@pytest.mark.parametrize("error", sorted(LOST))
def test_a_post_shows_that_a_channel_is_back_and_an_edit_where_it_was_archived(error: str) -> None:
    lost = LostChannel(id="C0APPROVALS", error=error, since=NOW, told=("C0OPERATIONS",))
    assert lost.is_back(Delivery.POST)
    assert lost.is_back(Delivery.EDIT) is (error in ("is_archived", "is_inactive"))


@pytest.mark.parametrize("error", sorted(LOST))
def test_a_reply_shows_nothing_of_a_channel_that_takes_no_cards(error: str) -> None:
    lost = LostChannel(id="C0APPROVALS", error=error, since=NOW, told=("C0OPERATIONS",))
    cards_alone = error in ("restricted_action", "restricted_action_thread_only_channel")
    assert lost.is_back(Delivery.REPLY) is not cards_alone

"""A link gives files to the right secret, once, in time; and tells nothing to any other."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.mtls import download_link as download_links
from bot.domain.mtls.download_link import GUESSES, DownloadAnswer, DownloadLink, DownloadLinkState, judge
from bot.domain.one_time_link import LIFE, digest

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SECRET = "s" * 43
OTHER = "t" * 43

DIFFERENT = st.text(max_size=60).filter(lambda text: text != SECRET)
MOMENTS = st.timedeltas(min_value=-timedelta(days=1), max_value=timedelta(days=1)).map(NOW.__add__)


def link(
    state: DownloadLinkState = DownloadLinkState.OPEN, *, busy: bool = False, guesses: int = 0
) -> DownloadLink:
    return DownloadLink(
        id=UUID(int=1),
        certificate=UUID(int=2),
        request=17,
        target=UUID(int=3),
        owner="U0ENGINEER",
        digest=digest(SECRET),
        state=state,
        made_at=NOW,
        expires_at=NOW + LIFE,
        busy=busy,
        guesses=guesses,
    )


def begun() -> DownloadLink:
    ids = {"id": UUID(int=1), "certificate": UUID(int=2), "target": UUID(int=3)}
    return DownloadLink.begin(secret=SECRET, request=17, owner="U0ENGINEER", now=NOW, **ids)


def test_a_new_link_is_open_for_a_quarter_of_an_hour() -> None:
    assert begun() == link()
    assert begun().expires_at - begun().made_at == timedelta(minutes=15)


def test_a_link_holds_the_digest_of_its_secret_and_never_the_secret() -> None:
    assert begun().digest == sha256(SECRET.encode()).digest()
    assert SECRET not in repr(begun())
    assert begun().digest.hex() not in repr(begun())
    assert repr(begun().digest) not in repr(begun())


def test_the_right_secret_gets_the_files() -> None:
    assert judge(link(), SECRET, now=NOW) is DownloadAnswer.GIVE


@given(now=MOMENTS)
def test_the_right_secret_gets_the_files_before_the_end_and_not_from_it_on(now: datetime) -> None:
    expected = DownloadAnswer.GIVE if now < NOW + LIFE else DownloadAnswer.EXPIRED
    assert judge(link(), SECRET, now=now) is expected


def test_while_one_is_served_another_is_not() -> None:
    assert judge(link(busy=True), SECRET, now=NOW) is DownloadAnswer.BUSY


@pytest.mark.parametrize(
    "state", [state for state in DownloadLinkState if state is not DownloadLinkState.OPEN]
)
@given(now=MOMENTS, busy=st.booleans())
def test_a_link_that_is_over_says_why_to_the_right_secret(
    state: DownloadLinkState, now: datetime, busy: bool
) -> None:
    assert judge(link(state, busy=busy), SECRET, now=now).value == state.value


@given(
    secret=DIFFERENT,
    now=MOMENTS,
    state=st.sampled_from(DownloadLinkState),
    busy=st.booleans(),
    guesses=st.integers(min_value=0, max_value=9),
)
def test_any_other_secret_cannot_tell_one_link_from_another_or_from_none(
    secret: str, now: datetime, state: DownloadLinkState, busy: bool, guesses: int
) -> None:
    assert judge(link(state, busy=busy, guesses=guesses), secret, now=now) is DownloadAnswer.WRONG
    assert judge(None, secret, now=now) is DownloadAnswer.WRONG


def test_where_there_is_no_link_no_secret_is_right() -> None:
    assert judge(None, SECRET, now=NOW) is DownloadAnswer.WRONG


@given(attempts=st.lists(st.sampled_from([SECRET, OTHER]), max_size=12))
def test_a_link_gives_its_files_at_most_once_and_never_after_too_many_guesses(attempts: list[str]) -> None:
    current, given_out, wrong = begun(), 0, 0
    for secret in attempts:
        answer = judge(current, secret, now=NOW)
        if answer is DownloadAnswer.GIVE:
            assert wrong < GUESSES
            given_out += 1
            current = download_links.delivered(current, now=NOW)
        elif answer is DownloadAnswer.WRONG:
            wrong += 1
            current = download_links.guessed(current)
    assert given_out <= 1
    if SECRET in attempts and attempts.index(SECRET) < GUESSES:
        assert given_out == 1


def test_too_many_guesses_end_a_link_also_for_the_right_secret() -> None:
    current = begun()
    for guess in range(1, GUESSES + 1):
        current = download_links.guessed(current)
        assert (current.state is DownloadLinkState.BURNT) == (guess == GUESSES)
    assert judge(current, SECRET, now=NOW) is DownloadAnswer.BURNT


@pytest.mark.parametrize(
    "state", [state for state in DownloadLinkState if state is not DownloadLinkState.OPEN]
)
def test_guessing_changes_nothing_about_a_link_that_is_over(state: DownloadLinkState) -> None:
    assert download_links.guessed(link(state, guesses=GUESSES)).state is state


def test_a_delivery_has_its_time() -> None:
    after = download_links.delivered(link(), now=NOW)
    assert (after.state, after.delivered_at) == (DownloadLinkState.DELIVERED, NOW)

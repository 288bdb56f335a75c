"""Descriptions of IP rules: what is written is read back, and what others wrote says nothing."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.mtls.rule_description import (
    LONGEST,
    RuleDescription,
    RuleHolder,
    marker_of,
    read_description,
    write_description,
)

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
INTENT = UUID("7d3c8a10-0000-4000-8000-000000000001")


def holder(request: int = 12, owner: str = "U0ENGINEER", ends_at: datetime | None = NOON) -> RuleHolder:
    return RuleHolder(request=request, owner=owner, ends_at=ends_at)


def test_a_description_is_the_marker_and_readable_words() -> None:
    assert write_description("1f0c2b7a", INTENT, [holder()]) == (
        f"pgaccess/1f0c2b7a {INTENT} request 12 of U0ENGINEER, ends 2026-12-01 12:00:00 UTC"
    )


def test_a_grant_without_an_end_says_so() -> None:
    text = write_description("1f0c2b7a", INTENT, [holder(ends_at=None)])
    read = read_description(text)
    assert text.endswith("request 12 of U0ENGINEER, without an end")
    assert read is not None
    assert read.ends_at is None
    assert not read.is_past(NOON + timedelta(days=10_000))


@settings(max_examples=500, deadline=None)
@given(
    installation=st.text("abcdef0123456789-", min_size=1, max_size=40),
    intent=st.uuids(),
    holders=st.lists(
        st.builds(
            RuleHolder,
            request=st.integers(1, 10**12),
            owner=st.from_regex(r"[UW][A-Z0-9]{1,13}", fullmatch=True),
            ends_at=st.none() | st.timedeltas(timedelta(days=-9999), timedelta(days=9999)).map(NOON.__add__),
        ),
        min_size=1,
        max_size=8,
    ),
)
def test_whatever_is_written_is_short_ascii_and_read_back_with_the_latest_end(
    installation: str, intent: UUID, holders: list[RuleHolder]
) -> None:
    text = write_description(installation, intent, holders)
    read = read_description(text)
    assert text.isascii()
    assert len(text) <= LONGEST
    assert read is not None
    assert (read.installation, read.intent) == (installation, intent)
    known = [each.ends_at for each in holders if each.ends_at is not None]
    if len(known) < len(holders):
        assert read.ends_at is None
    else:
        assert read.ends_at is not None
        assert max(known) <= read.ends_at < max(known) + timedelta(seconds=1)
    assert {(each.request, each.owner) for each in read.holders} <= {
        (each.request, each.owner) for each in holders
    }


@pytest.mark.parametrize("cut", range(54, 54 + 120))
def test_a_description_that_was_cut_keeps_its_marker_and_invents_no_end(cut: int) -> None:
    text = write_description("1f0c2b7a", INTENT, [holder(), holder(13, "U0LEAD", NOON - timedelta(hours=1))])
    read = read_description(text[:cut])
    assert read is not None
    assert read.intent == INTENT
    assert read.ends_at in (None, NOON)


def test_descriptions_of_before_are_their_marker() -> None:
    text = f"pgaccess/1f0c2b7a {INTENT}"
    assert read_description(text) == RuleDescription(installation="1f0c2b7a", intent=INTENT)
    assert marker_of(text) == text
    assert marker_of(write_description("1f0c2b7a", INTENT, [holder()])) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ETL worker",
        "pgaccess",
        "pgaccess/ 7d3c8a10-0000-4000-8000-000000000001",
        "pgaccess/1f0c2b7a",
        "pgaccess/1f0c2b7a office",
        f"pgaccess/1f0c2b7a {INTENT}x",
        f" pgaccess/1f0c2b7a {INTENT}",
        f"see pgaccess/1f0c2b7a {INTENT}",
        f"pgaccess/1f0c2b7a {str(INTENT).upper()}",
    ],
)
def test_what_others_wrote_is_not_ours(text: str) -> None:
    assert read_description(text) is None
    assert marker_of(text) == text


@pytest.mark.parametrize("again", ["", "; and more"])
@pytest.mark.parametrize(
    "words",
    [
        "request 12 of U0ENGINEER, ends 2026-02-31 12:00:00 UTC",
        "request 12 of U0ENGINEER, ends soon",
        # An end that nothing can be added to.
        "request 12 of U0ENGINEER, ends 9999-12-31 23:59:59 UTC",
        "request 0 of U0ENGINEER, ends 2026-12-01 12:00:00 UTC",
        "request twelve of U0ENGINEER, without an end",
        "request 12 of anna, without an end",
    ],
)
def test_words_that_we_do_not_write_name_no_holder(words: str, again: str) -> None:
    read = read_description(f"pgaccess/1f0c2b7a {INTENT} {words}{again}")
    assert read == RuleDescription(installation="1f0c2b7a", intent=INTENT)


def test_an_end_is_past_from_its_second_on() -> None:
    read = read_description(write_description("1f0c2b7a", INTENT, [holder()]))
    assert read is not None
    assert not read.is_past(NOON - timedelta(seconds=1))
    assert read.is_past(NOON)

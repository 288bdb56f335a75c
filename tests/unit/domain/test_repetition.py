"""Requesting the same again: of what that is offered, for how long, and the line that does it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.command_text import REASON, line_again
from bot.domain.duration import FOREVER, LONGEST, SHORTEST, parse_duration, show_duration
from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.domain.repetition import can_be_repeated, repeated_length
from bot.domain.request import Kind, Request, RequestState, Terms
from bot.domain.subject import Accounts, Subject
from bot.domain.times.ends import read_end
from bot.domain.times.readings import Unclear
from handlers.parsing.command_table import parse
from handlers.parsing.normalization import unquoted
from tests.unit import factories

ASKED = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
ZONES = ("UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
MINUTES = st.integers(min_value=SHORTEST // timedelta(minutes=1), max_value=LONGEST // timedelta(minutes=1))


def asked(
    *,
    method: Method = Method.MTLS,
    subject: Subject = factories.NETWORK,
    duration: timedelta | None = None,
    until: datetime | None = None,
    reason: str = "",
) -> Request:
    terms = Terms(
        method=method,
        target=UUID(int=1),
        subject=subject,
        duration=duration,
        until=until,
        reason=reason,
    )
    return replace(factories.request(), terms=terms, asked_at=ASKED)


@pytest.mark.parametrize("state", list(RequestState))
@pytest.mark.parametrize("kind", list(Kind))
def test_only_access_that_nobody_can_grant_any_more_is_offered_again(kind: Kind, state: RequestState) -> None:
    over = state not in (RequestState.PENDING, RequestState.APPROVED)
    request = factories.request(kind=kind, state=state)
    assert can_be_repeated(request, None) == (over and kind is Kind.OPEN)


@pytest.mark.parametrize("state", list(GrantState))
def test_approved_access_is_offered_again_once_it_has_ended(state: GrantState) -> None:
    request = factories.request(state=RequestState.APPROVED)
    grant = factories.grant(state)
    assert can_be_repeated(request, grant) == (state is GrantState.ENDED)


@given(minutes=MINUTES)
def test_a_duration_is_asked_for_again_as_it_was(minutes: int) -> None:
    length = timedelta(minutes=minutes)
    text = repeated_length(asked(duration=length).terms, asked=ASKED, now=ASKED, zone=TOKYO)
    assert parse_duration(text) == length


def test_access_without_an_end_is_asked_for_without_one_again() -> None:
    assert repeated_length(asked().terms, asked=ASKED, now=ASKED, zone=TOKYO) == FOREVER


@given(zone=st.sampled_from(ZONES), minutes=MINUTES, later=st.integers(min_value=1, max_value=60 * 24 * 7))
def test_an_end_stays_while_it_is_to_come_and_is_as_near_as_it_was_after_that(
    zone: str, minutes: int, later: int
) -> None:
    until = ASKED + timedelta(minutes=minutes)
    now, there = ASKED + timedelta(minutes=later), ZoneInfo(zone)
    text = repeated_length(asked(until=until).terms, asked=ASKED, now=now, zone=there)
    if ":" not in text:
        assert until <= now
        assert parse_duration(text) == until - ASKED
        return
    read = read_end(text, now=now, zone=there)
    # A time of the clock that is shown twice in autumn, or skipped in spring, is asked in the form.
    found = read.readings[0] if isinstance(read, Unclear) else read
    clock = (found.astimezone(there).hour, found.astimezone(there).minute)
    assert clock == (until.astimezone(there).hour, until.astimezone(there).minute) or _skipped(found, there)
    assert found.astimezone(there).date() == until.astimezone(there).date() if until > now else found > now


def _skipped(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock has moved within the day, so that another time may be shown."""
    day = timedelta(days=1)
    return (moment - day).astimezone(zone).utcoffset() != (moment + day).astimezone(zone).utcoffset()


REASONS = st.text(
    alphabet=st.sampled_from("abc XYZ019 移行作業 for until to on because 理由 `'-/.,"), max_size=80
).map(lambda text: " ".join(text.replace("`", "'").split()))


@given(minutes=MINUTES, reason=REASONS, width=st.integers(min_value=24, max_value=32))
def test_the_line_asks_for_the_same_with_its_duration_and_its_reason(
    minutes: int, reason: str, width: int
) -> None:
    network = IPv4Network(f"203.0.113.0/{width}")
    request = asked(subject=network, duration=timedelta(minutes=minutes), reason=reason)
    intent = parse(line_again(request, "billing").removeprefix("/pgaccess "))
    assert intent.command == ("mtls", "add")
    assert intent.input.address == str(network)
    assert intent.input.target == "billing"
    assert intent.input.duration == show_duration(timedelta(minutes=minutes))
    assert (intent.input.reason or "") == unquoted(reason)


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (asked(duration=timedelta(hours=8), reason="migration"), "for 8h because migration"),
        (asked(until=ASKED + timedelta(hours=9, minutes=5), reason="audit"), "for 9h5m because audit"),
        (asked(reason="nightly export"), "for ever because nightly export"),
        (asked(duration=timedelta(days=2)), "for 2d"),
        (asked(duration=timedelta(days=2), reason="x" * (REASON + 1)), "for 2d"),
        (asked(duration=timedelta(days=2), reason="the `users` table"), "for 2d because the 'users' table"),
    ],
)
def test_the_line_has_all_that_a_person_would_have_to_type_again(request_: Request, line: str) -> None:
    assert line_again(request_, "billing") == f"/pgaccess mtls add 203.0.113.4/32 to billing {line}"


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (Kind.REMOVE, "mtls remove 203.0.113.4/32 from billing because the laptop was lost"),
        (Kind.ADOPT, "mtls adopt 203.0.113.4/32 on billing because the laptop was lost"),
        (Kind.ENABLE, "mtls enable billing because the laptop was lost"),
        (Kind.ISSUE, "mtls certificate new on billing because the laptop was lost"),
    ],
)
def test_the_line_of_an_operation_has_its_reason_and_no_duration(kind: Kind, line: str) -> None:
    request = replace(asked(reason="the laptop was lost"), kind=kind)
    assert line_again(request, "billing") == f"/pgaccess {line}"
    assert parse(line).input.reason == "the laptop was lost"


def test_the_line_of_accounts_names_them_as_they_are_typed() -> None:
    accounts = Accounts(("arn:aws:iam::123456789012:user/etl",))
    request = asked(method=Method.PRIVATELINK, subject=accounts, duration=timedelta(hours=8))
    line = line_again(request, "billing")
    assert line == "/pgaccess privatelink add 123456789012:user/etl to billing for 8h"

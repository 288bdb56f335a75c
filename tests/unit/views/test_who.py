"""The answer to who could reach a target, and lists of what was: both languages, within Slack's limits."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from bot.domain.access_history import (
    AccessAt,
    AdoptedEntry,
    Approval,
    Gap,
    GrantChange,
    ObservedList,
    RecordedGrant,
    SightedEntry,
    TargetName,
    access_at,
)
from bot.domain.grant import GrantState
from bot.domain.method import Method
from bot.i18n.translator import Translator
from bot.ports.access_history import RecordPage
from bot.views import records, who
from tests.unit import factories
from tests.unit.factories import NOW, POLICY
from tests.unit.views import samples

TOKYO: Final = ZoneInfo("Asia/Tokyo")
BILLING: Final = UUID(int=1)
IN_BOTH_LANGUAGES: Final = pytest.mark.parametrize("language", ["en", "ja"])
HOUR: Final = timedelta(hours=1)


def granted(
    number: int, *, last: GrantState = GrantState.IN_FORCE, ended: GrantState | None = None
) -> RecordedGrant:
    changes = [
        GrantChange(at=NOW - HOUR, after=GrantState.APPLYING, ends=NOW + 9 * HOUR),
        GrantChange(at=NOW - HOUR, after=last, ends=NOW + 8 * HOUR),
    ]
    if ended is not None:
        changes.append(GrantChange(at=NOW + HOUR, after=ended, ends=NOW + 8 * HOUR))
    return RecordedGrant(
        grant=replace(factories.grant(), request=number),
        changes=tuple(changes),
        approvals=(Approval(request=number, person="U0LEAD", at=NOW - 2 * HOUR),),
    )


def sighted(number: int, *, description: str = "") -> SightedEntry:
    return SightedEntry(
        target=BILLING,
        method=Method.MTLS,
        entry=str(number),
        subject=f"198.51.100.{number % 256}/32",
        description=description,
        created_by="ops@example.com",
        first_seen_at=NOW - HOUR,
        absent_at=NOW + HOUR,
    )


def found(count: int, *, observed: ObservedList | None = None, text: str = "by <hand> `x`") -> AccessAt:
    adopted = AdoptedEntry(
        target=BILLING,
        method=Method.TRUSTED,
        entry="192.0.2.0/24",
        subject="192.0.2.0/24",
        request=3,
        requester="U0ENGINEER",
        since=NOW - HOUR,
    )
    return access_at(
        NOW,
        [TargetName(target=BILLING, name="postgresql-curved-12345", app="billing")],
        grants=[granted(number, ended=GrantState.ENDED) for number in range(17, 17 + count)],
        adopted=[adopted] * count,
        unmanaged=[sighted(number, description=text) for number in range(count)],
        observed_lists=[observed] if observed else [],
    )


def said(access: AccessAt, language: str, *, word: str = "billing", is_cut: bool = False) -> str:
    answer = who.answer(word, access, Translator(language), zone=TOKYO, is_cut=is_cut)
    samples.require_valid(answer, answers=True)
    return samples.content(answer)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 300])
def test_an_answer_fits_however_many_there_are_and_counts_the_rest(count: int, language: str) -> None:
    text = said(found(count, text="x" * 500), language)
    listed = [number for number in map(int, re.findall(r"#(\d+)  ", text)) if number >= 17]
    left_out = re.findall(r"… (?:and|他) (\d+)", text)
    assert listed == list(range(17, 17 + len(listed)))
    assert len(listed) + (int(left_out[0]) if len(listed) < count else 0) == count


@IN_BOTH_LANGUAGES
def test_the_moment_is_shown_in_the_zone_of_who_asks_and_the_command_that_has_all_in_utc(
    language: str,
) -> None:
    text = said(found(1), language)
    assert "2026-11-24 18:00 +09:00" in text
    assert 'pgaccess audit who billing --at \\"2026-11-24 09:00:00\\"' in text


@IN_BOTH_LANGUAGES
def test_text_of_others_is_harmless(language: str) -> None:
    text = said(found(1), language, word="<!channel>`")
    assert "<!channel>" not in text
    assert "by &lt;hand&gt; 'x'" in text


@IN_BOTH_LANGUAGES
def test_more_grants_than_were_read_are_said_to_be_more(language: str) -> None:
    assert "199+" in said(found(200), language, is_cut=True)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(
    ("observed_at", "gaps", "key"),
    [
        (None, (), "never"),
        (-1, (), "last"),
        (1, (), "observed"),
        (1, ((-1, 1),), "gap"),
        (1, ((None, 1),), "before"),
    ],
)
def test_the_evidence_is_said_in_a_sentence_of_its_own(
    language: str, observed_at: int | None, gaps: tuple[tuple[int | None, int], ...], key: str
) -> None:
    listed = ObservedList(
        target=BILLING,
        method=Method.MTLS,
        observed_at=None if observed_at is None else NOW + observed_at * HOUR,
        gaps=tuple(
            Gap(since=None if since is None else NOW + since * HOUR, until=NOW + until * HOUR)
            for since, until in gaps
        ),
    )
    t = Translator(language)
    values = {"where": "billing", "method": "mTLS", "since": NOW - HOUR, "until": NOW + HOUR}
    sentence = t(f"who.seen.{key}", age=HOUR, within=timedelta(minutes=30), **values)
    assert sentence in said(found(0, observed=listed), language)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize(
    ("last", "ended", "key"),
    [
        (GrantState.APPLYING, None, "who.grant.opening"),
        (GrantState.IN_FORCE, GrantState.INTERRUPTED, "who.interrupted"),
        (GrantState.IN_FORCE, GrantState.ENDED, "who.closed"),
    ],
)
def test_what_became_of_a_grant_is_said(
    language: str, last: GrantState, ended: GrantState | None, key: str
) -> None:
    access = access_at(NOW, [], grants=[granted(17, last=last, ended=ended)])
    words = {
        "who.grant.opening": ("not read back yet", "反映は未確認"),
        "who.interrupted": ("interrupted", "に中断"),
        "who.closed": ("closed", "に終了"),
    }
    assert words[key][language == "ja"] in said(access, language)


@IN_BOTH_LANGUAGES
@pytest.mark.parametrize("count", [0, 1, 20])
def test_lists_of_what_was_fit_and_name_the_line_for_the_next_page(count: int, language: str) -> None:
    t = Translator(language)
    requests = tuple(
        replace(factories.case(), request=replace(factories.request(), id=number)) for number in range(count)
    )
    page = RecordPage(requests=requests, following=7 if count == 20 else None)
    for what, answer in (
        ("ended", records.ended(page, t=t, policy=POLICY)),
        ("203.0.113.4", records.of_address("203.0.113.4", page, t=t, policy=POLICY)),
        ("<@U0ENGINEER>", records.of_person("U0ENGINEER", page, (), (), t=t, policy=POLICY)),
    ):
        samples.require_valid(answer, answers=True)
        assert (f"list {what} before" in samples.content(answer)) is (count == 20)


def test_what_is_open_is_listed_once_and_never_left_out_by_what_was() -> None:
    many = [
        replace(factories.case(), request=replace(factories.request(), id=number))
        for number in range(100, 60, -1)
    ]
    page = RecordPage(requests=tuple(many[:20]), following=many[19].request.id)
    answer = records.of_person(
        "U0ENGINEER", page, [many[0], *many[30:40]], (), t=Translator("en"), policy=POLICY
    )
    samples.require_valid(answer, answers=True)
    text = samples.content(answer)
    for details in (many[0], *many[30:40]):
        assert text.count(f"#{details.request.id}  ") == 1

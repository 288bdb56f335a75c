"""Lines as people type them: what the form opens with, in English and Japanese."""

from dataclasses import dataclass
from ipaddress import IPv4Network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.method import Method
from bot.errors import Refused
from handlers.parsing.command_table import COMMANDS, parse
from handlers.parsing.drafts import ME, OPENING, Draft, read_draft

NAMED = {
    "office": [IPv4Network("198.51.100.0/28")],
    "looker": [IPv4Network("203.0.113.0/28"), IPv4Network("203.0.113.32/28")],
    "本社": [IPv4Network("198.51.100.64/28")],
}
ONE, TWO = "203.0.113.4", "203.0.113.4 203.0.113.9"
MTLS, TRUSTED, LINK = Method.MTLS, Method.TRUSTED, Method.PRIVATELINK


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a line means, in few characters.

    Attributes:
        by: the access method, where it says one.
        networks: to allow, with blanks between them.
        bad: pieces that cannot be allowed.
        to: targets behind a keyword.
        words: words without a clear meaning, such as a target without a keyword.
        end: a duration, or an end behind ``until``.
    """

    by: Method | None = None
    networks: str = ""
    bad: str = ""
    accounts: str = ""
    to: str = ""
    words: str = ""
    me: bool = False
    end: str = ""
    why: str = ""


def meaning(draft: Draft | None) -> Meaning | None:
    if draft is None:
        return None
    end = f"until {draft.until}" if draft.until else draft.duration or ""
    return Meaning(
        by=draft.method,
        networks=" ".join(str(network).removesuffix("/32") for network in draft.networks.networks),
        bad=" ".join(each.piece for each in draft.networks.refused),
        accounts=" ".join(draft.accounts),
        to=" ".join(draft.targets),
        words=" ".join(draft.words),
        me=draft.me,
        end=end,
        why=draft.reason or "",
    )


LINES: list[tuple[str, Meaning]] = [
    # an address alone
    ("203.0.113.4", Meaning(networks=ONE)),
    ("203.0.113.4/32", Meaning(networks=ONE)),
    ("`203.0.113.4`", Meaning(networks=ONE)),
    ("<http://203.0.113.4|203.0.113.4>", Meaning(networks=ONE)),
    ("203.0.113.4.", Meaning(networks=ONE)),
    ("203.0.113.4?", Meaning(networks=ONE)),
    ("203.0.113.0/28", Meaning(networks="203.0.113.0/28")),
    ("203.0.113.4:5432", Meaning(networks=ONE)),
    ("２０３．０．１１３．４", Meaning(networks=ONE)),
    ("203.0.113.4/24", Meaning(bad="203.0.113.4/24")),
    ("10.0.0.1", Meaning(bad="10.0.0.1")),
    ("2001:db8::1", Meaning(bad="2001:db8::1")),
    ("127.0.0.1 billing", Meaning(bad="127.0.0.1", words="billing")),
    # without verbs
    ("203.0.113.4 billing", Meaning(networks=ONE, words="billing")),
    ("203.0.113.4 to billing", Meaning(networks=ONE, to="billing")),
    ("203.0.113.4 on billing", Meaning(networks=ONE, to="billing")),
    ("203.0.113.4 for billing", Meaning(networks=ONE, words="billing")),
    ("billing from 203.0.113.4", Meaning(networks=ONE, words="billing")),
    ("203.0.113.4 -> billing", Meaning(networks=ONE, words="billing")),
    ("203.0.113.4 → billing", Meaning(networks=ONE, words="billing")),
    ("203.0.113.4 billing 8h", Meaning(networks=ONE, words="billing", end="8h")),
    ("203.0.113.4 8h billing", Meaning(networks=ONE, words="billing", end="8h")),
    ("203.0.113.4, billing, 8h", Meaning(networks=ONE, words="billing", end="8h")),
    ("203.0.113.4 billing 8 hours", Meaning(networks=ONE, words="billing", end="8 hours")),
    ("203.0.113.4 billing for 8h", Meaning(networks=ONE, words="billing", end="8h")),
    ("203.0.113.4 billing for 1h 30m", Meaning(networks=ONE, words="billing", end="1h 30m")),
    ("203.0.113.4 billing until 18:00", Meaning(networks=ONE, words="billing", end="until 18:00")),
    ("203.0.113.4 billing 18:00", Meaning(networks=ONE, words="billing", end="until 18:00")),
    ("203.0.113.4 billing tomorrow 9:00", Meaning(networks=ONE, words="billing", end="until tomorrow 9:00")),
    (
        "203.0.113.4 billing until tomorrow at 9:00",
        Meaning(networks=ONE, words="billing", end="until tomorrow at 9:00"),
    ),
    (
        "203.0.113.4 billing 2026-12-05 18:00",
        Meaning(networks=ONE, words="billing", end="until 2026-12-05 18:00"),
    ),
    ("203.0.113.4 billing permanently", Meaning(networks=ONE, words="billing", end="forever")),
    ("203.0.113.4 billing for ever", Meaning(networks=ONE, words="billing", end="forever")),
    (
        "203.0.113.4 billing 8h because migration",
        Meaning(networks=ONE, words="billing", end="8h", why="migration"),
    ),
    ("203.0.113.4 because the export to the vendor", Meaning(networks=ONE, why="the export to the vendor")),
    (
        "203.0.113.4 billing 8h “migration check”",
        Meaning(networks=ONE, words="billing", end="8h", why="migration check"),
    ),
    (
        "203.0.113.4 billing reason: nightly export",
        Meaning(networks=ONE, words="billing", why="nightly export"),
    ),
    ("203.0.113.4 billing becuase audit", Meaning(networks=ONE, words="billing", why="audit")),
    ("203.0.113.4 billing::ANALYTICS 2d", Meaning(networks=ONE, words="billing::ANALYTICS", end="2d")),
    ("203.0.113.4 to:billing", Meaning(networks=ONE, to="billing")),
    ("203.0.113.4 postgresql-curved-12345", Meaning(networks=ONE, words="postgresql-curved-12345")),
    ("allow 203.0.113.4", Meaning(networks=ONE)),
    ("open 203.0.113.4 on billing", Meaning(networks=ONE, to="billing")),
    ("add 203.0.113.4 to billing for 8h", Meaning(networks=ONE, to="billing", end="8h")),
    ("request 203.0.113.4 billing", Meaning(networks=ONE, words="billing")),
    ("whitelist 203.0.113.4 for 8h please", Meaning(networks=ONE, end="8h")),
    ("give me access to billing from 203.0.113.4", Meaning(networks=ONE, to="billing")),
    (
        "I need access to billing from 203.0.113.4 for 8 hours",
        Meaning(networks=ONE, to="billing", end="8 hours"),
    ),
    ("please open billing for 203.0.113.4", Meaning(networks=ONE, words="billing")),
    # misspelt commands
    ("mlts add 203.0.113.4", Meaning(by=MTLS, networks=ONE)),
    ("mtsl add 203.0.113.4 to billing", Meaning(by=MTLS, networks=ONE, to="billing")),
    ("mtls ad 203.0.113.4", Meaning(by=MTLS, networks=ONE)),
    ("mtls dad 203.0.113.4 for 8h", Meaning(by=MTLS, networks=ONE, end="8h")),
    ("mtls addd 203.0.113.4", Meaning(by=MTLS, networks=ONE)),
    ("mlts ad 203.0.113.4 billing", Meaning(by=MTLS, networks=ONE, words="billing")),
    ("MTLS ADD: 203.0.113.4 billing", Meaning(by=MTLS, networks=ONE, words="billing")),
    ("mtls open 203.0.113.4", Meaning(by=MTLS, networks=ONE)),
    ("mtls allow 203.0.113.4 on billing", Meaning(by=MTLS, networks=ONE, to="billing")),
    ("trusted ad 203.0.113.4 to acme", Meaning(by=TRUSTED, networks=ONE, to="acme")),
    ("trusted open 203.0.113.4", Meaning(by=TRUSTED, networks=ONE)),
    ("truster add 203.0.113.4", Meaning(by=TRUSTED, networks=ONE)),
    ("privatlink open 123456789012 billing", Meaning(by=LINK, accounts="123456789012", words="billing")),
    ("privatelink opne 123456789012 to billing", Meaning(by=LINK, accounts="123456789012", to="billing")),
    ("privatelink allow 123456789012:user/etl", Meaning(by=LINK, accounts="123456789012:user/etl")),
    ("mtls add 203.0.113.4 untill 18:00", Meaning(by=MTLS, networks=ONE, end="until 18:00")),
    ("mtls add 203.0.113.4 becuase audit", Meaning(by=MTLS, networks=ONE, why="audit")),
    ("mtls add 203.0.113.4 fro 8h", Meaning(by=MTLS, networks=ONE, words="fro", end="8h")),
    (
        "mtls add 203.0.113.4 to billing fo 8h",
        Meaning(by=MTLS, networks=ONE, to="billing", words="fo", end="8h"),
    ),
    ("mtls add 203.0.113.4 --for 8h", Meaning(by=MTLS, networks=ONE, words="--for", end="8h")),
    ("mtls add 203.0.113.4 permanantly", Meaning(by=MTLS, networks=ONE, words="permanantly")),
    # half commands
    ("mtls ad", Meaning(by=MTLS)),
    ("mlts add", Meaning(by=MTLS)),
    ("mtls 203.0.113.4", Meaning(by=MTLS, networks=ONE)),
    ("mtls 203.0.113.4 billing 8h", Meaning(by=MTLS, networks=ONE, words="billing", end="8h")),
    ("mtls add 203.0.113.4 billing", Meaning(by=MTLS, networks=ONE, words="billing")),
    ("mtls add 203.0.113.4 please", Meaning(by=MTLS, networks=ONE)),
    ("mtls add 203.0.113.4 to", Meaning(by=MTLS, networks=ONE)),
    ("mtls add 203.0.113.4 for", Meaning(by=MTLS, networks=ONE)),
    ("mtls add 203.0.113.4 to for 8h", Meaning(by=MTLS, networks=ONE, end="8h")),
    ("mtls add 203.0.113.4 until", Meaning(by=MTLS, networks=ONE)),
    ("mtls add 203.0.113.4 because", Meaning(by=MTLS, networks=ONE)),
    ("mtls add 203.0.113.4 for 8h billing", Meaning(by=MTLS, networks=ONE, words="billing", end="8h")),
    ("mtls add to billing 203.0.113.4", Meaning(by=MTLS, networks=ONE, to="billing")),
    ("trusted 203.0.113.4 acme 8h", Meaning(by=TRUSTED, networks=ONE, words="acme", end="8h")),
    ("123456789012 billing 8h", Meaning(by=LINK, accounts="123456789012", words="billing", end="8h")),
    (
        "arn:aws:iam::123456789012:root to billing",
        Meaning(by=LINK, accounts="arn:aws:iam::123456789012:root", to="billing"),
    ),
    ("203.0.113.4 acme trusted", Meaning(by=TRUSTED, networks=ONE, words="acme")),
    ("203.0.113.4 billing via mtls", Meaning(by=MTLS, networks=ONE, words="billing")),
    # several addresses
    ("203.0.113.4 203.0.113.9", Meaning(networks=TWO)),
    ("203.0.113.4,203.0.113.9 billing", Meaning(networks=TWO, words="billing")),
    ("203.0.113.4, 203.0.113.9 to billing for 8h", Meaning(networks=TWO, to="billing", end="8h")),
    ("203.0.113.4 and 203.0.113.9 to billing", Meaning(networks=TWO, to="billing")),
    ("203.0.113.4 & 203.0.113.9", Meaning(networks=TWO)),
    ("[203.0.113.4, 203.0.113.9] billing", Meaning(networks=TWO, words="billing")),
    ('["203.0.113.4","203.0.113.9"] to billing', Meaning(networks=TWO, to="billing")),
    ("203.0.113.4;203.0.113.9", Meaning(networks=TWO)),
    ("203.0.113.4\n203.0.113.9\nto billing", Meaning(networks=TWO, to="billing")),
    ("mtls add 203.0.113.4 203.0.113.9", Meaning(by=MTLS, networks=TWO)),
    ("mtls add 203.0.113.4, 203.0.113.9 for 8h", Meaning(by=MTLS, networks=TWO, end="8h")),
    (
        "mtls add 184.28.219.0/24,184.31.0.0/24 to billing",
        Meaning(by=MTLS, networks="184.28.219.0/24 184.31.0.0/24", to="billing"),
    ),
    ("203.0.113.0 - 203.0.113.15 billing", Meaning(networks="203.0.113.0/28", words="billing")),
    ("203.0.113.0-203.0.113.15 billing", Meaning(networks="203.0.113.0/28", words="billing")),
    ("203.0.113.0 to 203.0.113.15 on billing", Meaning(networks="203.0.113.0/28", to="billing")),
    ("203.0.113.0-15", Meaning(networks="203.0.113.0/28")),
    ("203.0.113.* billing", Meaning(networks="203.0.113.0/24", words="billing")),
    ("203.0.113.0 255.255.255.0 billing", Meaning(networks="203.0.113.0/24", words="billing")),
    ("203.0.113.0/255.255.255.0 billing", Meaning(networks="203.0.113.0/24", words="billing")),
    ("203.0.113.4 203.0.113.4", Meaning(networks=ONE)),
    ("203.0.113.4 10.0.0.1 to billing", Meaning(networks=ONE, bad="10.0.0.1", to="billing")),
    ("203.0.113.4 2001:db8::1", Meaning(networks=ONE, bad="2001:db8::1")),
    # several databases
    ("203.0.113.4 to billing, ledger", Meaning(networks=ONE, to="billing ledger")),
    ("203.0.113.4 to billing,ledger for 8h", Meaning(networks=ONE, to="billing ledger", end="8h")),
    ("203.0.113.4 to billing and ledger", Meaning(networks=ONE, to="billing ledger")),
    (
        "203.0.113.4 to billing and ledger for 8h because audit",
        Meaning(networks=ONE, to="billing ledger", end="8h", why="audit"),
    ),
    ("mtls add 203.0.113.4 to billing, ledger, crm", Meaning(by=MTLS, networks=ONE, to="billing ledger crm")),
    ("mtls add 203.0.113.4 to billing ledger", Meaning(by=MTLS, networks=ONE, to="billing", words="ledger")),
    ("mtls add 203.0.113.4 to billing to ledger", Meaning(by=MTLS, networks=ONE, to="billing ledger")),
    ("mtls add 203.0.113.4 to billing on ledger", Meaning(by=MTLS, networks=ONE, to="billing ledger")),
    ("203.0.113.4 billing ledger 8h", Meaning(networks=ONE, words="billing ledger", end="8h")),
    # networks of the policy
    ("office", Meaning(networks="198.51.100.0/28")),
    ("office to billing", Meaning(networks="198.51.100.0/28", to="billing")),
    ("Office billing 8h", Meaning(networks="198.51.100.0/28", words="billing", end="8h")),
    ("looker billing", Meaning(networks="203.0.113.0/28 203.0.113.32/28", words="billing")),
    (
        "mtls add looker and office to billing",
        Meaning(by=MTLS, networks="203.0.113.0/28 203.0.113.32/28 198.51.100.0/28", to="billing"),
    ),
    ("office, 203.0.113.4 to billing", Meaning(networks="198.51.100.0/28 203.0.113.4", to="billing")),
    ("mtls office", Meaning(by=MTLS, networks="198.51.100.0/28")),
    # one's own address
    ("me", Meaning(me=True)),
    ("me to billing", Meaning(me=True, to="billing")),
    ("mtls add me", Meaning(by=MTLS, me=True)),
    (
        "mtls add me to billing for 8h because audit",
        Meaning(by=MTLS, me=True, to="billing", end="8h", why="audit"),
    ),
    ("allow me on billing", Meaning(me=True, to="billing")),
    ("自分 billing 8h", Meaning(me=True, words="billing", end="8h")),
    # Japanese
    ("203.0.113.4 対象 billing", Meaning(networks=ONE, to="billing")),
    ("203.0.113.4 billing 8時間", Meaning(networks=ONE, words="billing", end="8時間")),
    ("203.0.113.4 billing 期間 8時間", Meaning(networks=ONE, words="billing", end="8時間")),
    ("203.0.113.4 billing 理由 移行の確認", Meaning(networks=ONE, words="billing", why="移行の確認")),
    ("203.0.113.4 billing 理由：「移行の確認」", Meaning(networks=ONE, words="billing", why="移行の確認")),
    ("203.0.113.4 対象：billing 期限：明日9:00", Meaning(networks=ONE, to="billing", end="until 明日9:00")),
    ("203.0.113.4 billing 18時まで", Meaning(networks=ONE, words="billing", end="until 18時")),
    ("203.0.113.4 billing 明日9:00まで", Meaning(networks=ONE, words="billing", end="until 明日9:00")),
    ("203.0.113.4 billing 30分", Meaning(networks=ONE, words="billing", end="30分")),
    ("203.0.113.4 billing 2日間", Meaning(networks=ONE, words="billing", end="2日間")),
    ("203.0.113.4 billing 無期限", Meaning(networks=ONE, words="billing", end="forever")),
    ("203.0.113.4 を billing に 8時間 許可", Meaning(networks=ONE, words="billing", end="8時間")),
    ("203.0.113.4をbillingに8時間許可", Meaning(networks=ONE, words="billing", end="8時間")),
    ("203.0.113.4からbillingへ", Meaning(networks=ONE, words="billing")),
    (
        "203.0.113.4 billing 8時間 移行のため",
        Meaning(networks=ONE, words="billing", end="8時間", why="移行のため"),
    ),
    ("追加 203.0.113.4 billing", Meaning(networks=ONE, words="billing")),
    ("許可 203.0.113.4 対象 billing", Meaning(networks=ONE, to="billing")),
    ("申請 203.0.113.4", Meaning(networks=ONE)),
    ("mtls 追加 203.0.113.4 対象 billing", Meaning(by=MTLS, networks=ONE, to="billing")),
    ("ｍｔｌｓ　ａｄ　２０３．０．１１３．４", Meaning(by=MTLS, networks=ONE)),
    ("ｍｔｌｓ　２０３．０．１１３．４　８時間", Meaning(by=MTLS, networks=ONE, end="8時間")),
    ("203.0.113.4、203.0.113.9 対象 billing、ledger", Meaning(networks=TWO, to="billing ledger")),
    ("203.0.113.4と203.0.113.9", Meaning(networks=TWO)),
    ("203.0.113.0〜203.0.113.15 対象 billing", Meaning(networks="203.0.113.0/28", to="billing")),
    ("203.0.113.0から203.0.113.15まで", Meaning(networks="203.0.113.0/28")),
    ("「203.0.113.4」 billing お願いします", Meaning(networks=ONE, words="billing")),
    ("本社 対象 billing", Meaning(networks="198.51.100.64/28", to="billing")),
    ("203.0.113.4 billing 売上", Meaning(networks=ONE, words="billing 売上")),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_what_can_be_understood_of_a_line_is_what_the_form_opens_with(line: str, expected: Meaning) -> None:
    assert meaning(read_draft(line, named=NAMED)) == expected


def test_there_are_at_least_one_hundred_and_fifty_lines_and_no_duplicates() -> None:
    assert len(LINES) >= 150
    assert len({line for line, _ in LINES}) == len(LINES)


@pytest.mark.parametrize("line", [line for line, _ in LINES])
def test_no_line_of_these_is_a_command_that_works_as_it_stands(line: str) -> None:
    refusal, several = None, False
    try:
        typed = parse(line).input
        # Several addresses are one request at once; of several databases none has such a name.
        several = any(mark in (typed.address or "") for mark in ", ") or "," in (typed.target or "")
        # With the page that shows a person their address, `me` is a command that works.
        several = several or (typed.address or "").casefold() in ME
    except Refused as refused:
        refusal = refused.reason
    assert several or refusal in OPENING


@pytest.mark.parametrize(
    "line",
    [
        "203.0.113.4 billing for <@U012ABC|ayumi> 8h",
        "mlts add 203.0.113.4 to billing 8h for <@U012ABC|ayumi> because migration",
        "203.0.113.4 billing 8時間 利用者 <@U012ABC|ayumi>",
    ],
)
def test_the_person_whom_a_line_is_for_is_not_lost(line: str) -> None:
    draft = read_draft(line)
    assert draft is not None
    assert draft.on_behalf == "U012ABC"
    assert not any("U012ABC" in word for word in draft.words)


@pytest.mark.parametrize("line", ["203.0.113.4 biling until 6 because look", "203.0.113.4 until 04/05"])
def test_an_end_that_the_form_has_to_ask_about_is_not_lost(line: str) -> None:
    draft = read_draft(line)
    assert draft is not None
    assert draft.until in ("6", "04/05")
    assert draft.words in (("biling",), ())


NOT_MEANT = [
    "banana",
    "mtls banana",
    "billing",
    "hello",
    "lits",
    "hepl",
    "help mtls ad",
    "cancle 17",
    "extned 17 for 4h",
    "mtls remvoe 203.0.113.4",
    "mtls lsit billing",
    "mtls remove 203.0.113.4 203.0.113.9",
    "mtls remove me",
    "mtls adopt me",
    "mtls remove 203.0.113.4 form billing",
    "trusted remvoe 203.0.113.4",
    "remove 203.0.113.4",
    "delete 203.0.113.4 from billing",
    "close 203.0.113.4",
    "203.0.113.4 remove",
    "revoke 203.0.113.4",
    "move 17 to 203.0.113.9",
    "削除 203.0.113.4",
    "203.0.113.4 を 削除",
    "why 198.51.100.9 198.51.100.10 on billing",
    "list 203.0.113.4 billing",
    "status 203.0.113.4",
    "203.0.113.4 for 8h for 9h",
    "203.0.113.4 for 8h until 18:00",
    "",
]


@pytest.mark.parametrize("line", NOT_MEANT)
def test_a_line_that_asks_for_something_else_or_contradicts_itself_opens_no_form(line: str) -> None:
    assert read_draft(line, named=NAMED) is None


def test_the_end_of_a_day_is_a_time_and_no_word_that_closes() -> None:
    draft = read_draft("203.0.113.4 billing until end of day")
    assert draft is not None
    assert draft.networks.networks == (IPv4Network("203.0.113.4/32"),)
    assert read_draft("end 203.0.113.4") is None


@pytest.mark.parametrize("path", [path for path in COMMANDS if path[-1] in ("remove", "adopt", "close")])
def test_a_misspelt_command_that_closes_is_never_read_as_a_request(path: tuple[str, ...]) -> None:
    *group, verb = path
    swapped = verb[1] + verb[0] + verb[2:]
    assert read_draft(" ".join((*group, swapped, "203.0.113.4", "from", "billing"))) is None


WORDS = st.sampled_from(
    (
        *(
            "mtls",
            "mlts",
            "add",
            "ad",
            "203.0.113.4",
            "203.0.113.0/24",
            "-",
            "to",
            "billing,",
            "for",
            "8h",
            "me",
        ),
        *(
            "until",
            "18:00",
            "because",
            "理由",
            "：",
            "office",
            "から",
            "まで",
            "に",
            '"',
            "[",
            "]",
            "<",
            ">",
            "|",
        ),
        *("123456789012", "10.0.0.1", "::", ",", "permanently", "from", "255.255.255.0"),
    )
)


@given(
    st.one_of(
        st.text(max_size=60), st.lists(st.one_of(WORDS, st.text(max_size=4)), max_size=14).map(" ".join)
    )
)
@example("mtls add for for:for: :")
@example("to to to to, , ,")
def test_any_line_is_read_or_refused_and_raises_nothing_else(line: str) -> None:
    try:
        draft = read_draft(line, named=NAMED)
    except Refused:
        return
    assert draft is None or draft.method in (None, *Method)


@given(
    st.lists(st.sampled_from(["8h", "billing", "to", "203.0.113.4", "and", "for", "because x"]), max_size=8)
)
def test_no_word_of_a_line_is_lost(words: list[str]) -> None:
    draft = read_draft(" ".join(words))
    if draft is None:
        return
    kept = f"{draft.targets} {draft.words} {draft.duration} {draft.reason} {draft.networks.networks}"
    assert all(word in kept for word in words if word in ("billing", "8h", "203.0.113.4"))

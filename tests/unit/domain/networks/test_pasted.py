"""Networks in pasted text: every common form of a list, and what is said of the rest."""

import ipaddress
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.domain.network import show
from bot.domain.networks.pasted import Spelling, looks_like_network, read_networks
from bot.errors import Refusal, Refused

NAMED = {
    "office": [IPv4Network("198.51.100.0/28")],
    "looker": [IPv4Network("203.0.113.0/28"), IPv4Network("203.0.113.32/28")],
}


def networks(text: str) -> list[str]:
    """What a text is read as, in few characters."""
    read = read_networks(text, named=NAMED)
    return [str(network).removesuffix("/32") for network in read.networks]


TWO = ["203.0.113.4", "203.0.113.9"]

READ: list[tuple[str, list[str]]] = [
    ("203.0.113.4", ["203.0.113.4"]),
    ("203.0.113.0/28", ["203.0.113.0/28"]),
    # lists
    ("203.0.113.4,203.0.113.9", TWO),
    ("203.0.113.4, 203.0.113.9", TWO),
    ("203.0.113.4; 203.0.113.9;", TWO),
    ("203.0.113.4 203.0.113.9", TWO),
    ("203.0.113.4\n203.0.113.9\n", TWO),
    ("203.0.113.4\r\n203.0.113.9", TWO),
    ("203.0.113.4\t203.0.113.9", TWO),
    ("203.0.113.4 and 203.0.113.9", TWO),
    ("203.0.113.4 & 203.0.113.9", TWO),
    ("203.0.113.4 + 203.0.113.9", TWO),
    ("203.0.113.4 | 203.0.113.9", TWO),
    ("203.0.113.4、203.0.113.9", TWO),
    ("203.0.113.4と203.0.113.9", TWO),
    ("[203.0.113.4, 203.0.113.9]", TWO),
    ("(203.0.113.4) (203.0.113.9)", TWO),
    ("{203.0.113.4;203.0.113.9}", TWO),
    ("「203.0.113.4」「203.0.113.9」", TWO),
    ("'203.0.113.4' \"203.0.113.9\"", TWO),
    ("“203.0.113.4”, “203.0.113.9”", TWO),
    ("- 203.0.113.4\n- 203.0.113.9", TWO),
    ("* 203.0.113.4\n* 203.0.113.9", TWO),
    ("• 203.0.113.4\n• 203.0.113.9", TWO),
    ("1. 203.0.113.4\n2) 203.0.113.9", TWO),
    ("> 203.0.113.4\n> 203.0.113.9", TWO),
    ("- 203.0.113.4 - 203.0.113.9", TWO),
    ("203.0.113.4 - 203.0.113.9 - 203.0.113.20", [*TWO, "203.0.113.20"]),
    ("２０３．０．１１３．４，２０３．０．１１３．９", TWO),
    ("203.0.113.4。203.0.113.9", TWO),
    ("203.0.113.4.", ["203.0.113.4"]),
    ("203.0.113.4!", ["203.0.113.4"]),
    ("\u200b203.0.113.4\ufeff", ["203.0.113.4"]),
    # JSON
    ('["203.0.113.4", "203.0.113.9"]', TWO),
    ('{"prefixes": [{"ipv4Prefix": "203.0.113.0/28"}, {"ipv4Prefix": "198.51.100.0/24"}]}', [
        "203.0.113.0/28", "198.51.100.0/24",
    ]),
    ('ranges = ["203.0.113.4", "203.0.113.9"]', TWO),
    # markup of Slack, Markdown and code
    ("<http://203.0.113.4|203.0.113.4>, <http://203.0.113.9|203.0.113.9>", TWO),
    ("<http://203.0.113.4>", ["203.0.113.4"]),
    ("`203.0.113.4` `203.0.113.9`", TWO),
    ("```\n203.0.113.4\n203.0.113.9\n```", TWO),
    ("*203.0.113.4* and _203.0.113.9_", TWO),
    ("| who | address |\n|---|---|\n| office | 203.0.113.4 |\n| vpn | 203.0.113.9 |", TWO),
    # tables with other columns
    ("name,ip,port\noffice,203.0.113.4,5432\nlooker,203.0.113.9,5432", TWO),
    ("203.0.113.4\t2026-12-01\t5432\n203.0.113.9\t2026-12-02\t5432", TWO),
    ("vpn.example.com 203.0.113.4\nbastion.example.com 203.0.113.9", TWO),
    ("203.0.113.4 # the office\n203.0.113.9 # the ETL", TWO),
    # ranges
    ("203.0.113.0 - 203.0.113.15", ["203.0.113.0/28"]),
    ("203.0.113.0-203.0.113.15", ["203.0.113.0/28"]),
    ("203.0.113.0–203.0.113.15", ["203.0.113.0/28"]),
    ("203.0.113.0 — 203.0.113.15", ["203.0.113.0/28"]),
    ("203.0.113.0~203.0.113.15", ["203.0.113.0/28"]),
    ("203.0.113.0〜203.0.113.15", ["203.0.113.0/28"]),
    ("203.0.113.0～203.0.113.15", ["203.0.113.0/28"]),
    ("203.0.113.0..203.0.113.15", ["203.0.113.0/28"]),
    ("203.0.113.0から203.0.113.15まで", ["203.0.113.0/28"]),
    ("203.0.113.0 to 203.0.113.15", ["203.0.113.0/28"]),
    ("203.0.113.0-15", ["203.0.113.0/28"]),
    ("203.0.113.5-203.0.113.9", ["203.0.113.5", "203.0.113.6/31", "203.0.113.8/31"]),
    ("203.0.113.4-203.0.113.4", ["203.0.113.4"]),
    ("203.0.113.*", ["203.0.113.0/24"]),
    ("203.0.113.x", ["203.0.113.0/24"]),
    # other spellings
    ("203.0.113.0/255.255.255.0", ["203.0.113.0/24"]),
    ("203.0.113.0/0.0.0.255", ["203.0.113.0/24"]),
    ("203.0.113.0 255.255.255.240", ["203.0.113.0/28"]),
    ("203.0.113.4/255.255.255.255", ["203.0.113.4"]),
    ("203.0.113.4:5432", ["203.0.113.4"]),
    ("http://203.0.113.4:8080/", ["203.0.113.4"]),
    ("postgres://203.0.113.4:5432", ["203.0.113.4"]),
    # twice, covered
    ("203.0.113.4 203.0.113.4/32", ["203.0.113.4"]),
    ("203.0.113.4 203.0.113.0/24 203.0.113.9", ["203.0.113.0/24"]),
    # names
    ("office", ["198.51.100.0/28"]),
    ("Office, 203.0.113.4", ["198.51.100.0/28", "203.0.113.4"]),
    ("looker", ["203.0.113.0/28", "203.0.113.32/28"]),
    ("", []),
    ("banana", []),
    ("v1.2.3 on 01.12.2026 at 10:30", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), READ)
def test_networks_are_read_from_any_common_form(text: str, expected: list[str]) -> None:
    assert networks(text) == expected


NOT_READ: list[tuple[str, Refusal, str]] = [
    ("10.0.0.1", Refusal.ADDRESS_PRIVATE, "10.0.0.1"),
    ("203.0.113.4, 192.168.0.0/24", Refusal.ADDRESS_PRIVATE, "192.168.0.0/24"),
    ("172.16.0.1 - 172.16.0.9", Refusal.ADDRESS_PRIVATE, "172.16.0.1 - 172.16.0.9"),
    ("127.0.0.1", Refusal.ADDRESS_LOOPBACK, "127.0.0.1"),
    ("169.254.1.1", Refusal.ADDRESS_LINK_LOCAL, "169.254.1.1"),
    ("100.64.0.1", Refusal.ADDRESS_CGNAT, "100.64.0.1"),
    ("224.0.0.1", Refusal.ADDRESS_MULTICAST, "224.0.0.1"),
    ("240.0.0.1", Refusal.ADDRESS_RESERVED, "240.0.0.1"),
    ("10.*.*.*", Refusal.ADDRESS_PRIVATE, "10.*.*.*"),
    ("0.0.0.0/0", Refusal.ADDRESS_EVERYWHERE, "0.0.0.0/0"),
    ("0.0.0.0 - 255.255.255.255", Refusal.ADDRESS_RESERVED, "0.0.0.0 - 255.255.255.255"),
    ("2001:db8::1", Refusal.ADDRESS_IPV6, "2001:db8::1"),
    ("2001:db8::/32 and 203.0.113.4", Refusal.ADDRESS_IPV6, "2001:db8::/32"),
    ("[2001:db8::1]", Refusal.ADDRESS_IPV6, "2001:db8::1"),
    ("vpn.example.com", Refusal.ADDRESS_HOST_NAME, "vpn.example.com"),
    ("203.0.113.4, vpn.example.com", Refusal.ADDRESS_HOST_NAME, "vpn.example.com"),
    ("203.0.113.04", Refusal.ADDRESS_LEADING_ZERO, "203.0.113.04"),
    ("999.1.1.1", Refusal.ADDRESS_UNREADABLE, "999.1.1.1"),
    ("203.0.113.4.5", Refusal.ADDRESS_UNREADABLE, "203.0.113.4.5"),
    ("203.0.113/24", Refusal.ADDRESS_UNREADABLE, "203.0.113/24"),
    ("203.0.113.4/33", Refusal.ADDRESS_PREFIX, "203.0.113.4/33"),
    ("203.0.113.9-203.0.113.4", Refusal.ADDRESS_UNREADABLE, "203.0.113.9-203.0.113.4"),
    ("203.0.113.4/24", Refusal.ADDRESS_HOST_BITS, "203.0.113.4/24"),
    ("203.0.113.4/255.255.255.0", Refusal.ADDRESS_HOST_BITS, "203.0.113.4/255.255.255.0"),
    ("203.0.113.4/255.0.255.0", Refusal.ADDRESS_NETMASK, "203.0.113.4/255.0.255.0"),
]


@pytest.mark.parametrize(("text", "reason", "piece"), NOT_READ)
def test_what_cannot_be_allowed_is_named_with_its_reason(text: str, reason: Refusal, piece: str) -> None:
    (refused,) = read_networks(text).refused
    assert (refused.piece, refused.refused.reason) == (piece, reason)


def test_an_address_inside_a_network_is_not_guessed_and_both_readings_are_named() -> None:
    (refused,) = read_networks("203.0.113.4/24").refused
    assert refused.refused.params["suggestion"] == "203.0.113.0/24"
    assert refused.refused.params["single"] == "203.0.113.4/32"


def test_a_redundant_network_is_named_with_the_one_that_covers_it() -> None:
    read = read_networks("203.0.113.4 203.0.113.0/28 203.0.113.0/28")
    assert [(each.piece, str(each.by)) for each in read.redundant] == [
        ("203.0.113.4", "203.0.113.0/28"),
        ("203.0.113.0/28", "203.0.113.0/28"),
    ]


def test_adjacent_networks_that_are_exactly_one_are_proposed_as_one() -> None:
    read = read_networks("203.0.113.128/25, 198.51.100.7, 203.0.113.0/25")
    (joined,) = read.joined
    assert str(joined.whole) == "203.0.113.0/24"
    assert [str(part) for part in joined.parts] == ["203.0.113.128/25", "203.0.113.0/25"]
    assert read_networks("203.0.113.4, 203.0.113.6").joined == ()


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("203.0.113.0/255.255.255.0", Spelling.NETMASK),
        ("203.0.113.4:5432", Spelling.PORT),
        ("203.0.113.0-15", Spelling.RANGE),
        ("203.0.113.*", Spelling.WILDCARD),
        ("https://203.0.113.4/", Spelling.LINK),
        ("office", Spelling.NAME),
    ],
)
def test_another_spelling_is_told_apart(text: str, spelling: Spelling) -> None:
    (rewritten,) = read_networks(text, named=NAMED).rewritten
    assert (rewritten.piece, rewritten.spelling) == (text, spelling)


def test_the_other_columns_of_a_table_are_reported_and_no_name_in_them_stands_for_its_ranges() -> None:
    read = read_networks("looker,203.0.113.4,5432\noffice,203.0.113.9,5432", named=NAMED)
    assert read.other == ("looker", "5432", "office", "5432")
    assert [str(each) for each in read.networks] == ["203.0.113.4/32", "203.0.113.9/32"]


@pytest.mark.parametrize(
    "word", ["203.0.113.4", "203.0.113.0/24,", "10.0.0.1-9", "2001:db8::1", "203.0.113.*"]
)
def test_a_word_that_is_meant_as_a_network_looks_like_one(word: str) -> None:
    assert looks_like_network(word)


@pytest.mark.parametrize(
    "word", ["billing", "8h", "18:00", "2026-12-01", "1.5h", "billing::ANALYTICS", "#17"]
)
def test_no_other_word_looks_like_a_network(word: str) -> None:
    assert not looks_like_network(word)


# --- properties ----------------------------------------------------------------------------------------

FIRST, LAST = int(IPv4Address("11.0.0.0")), int(IPv4Address("99.255.255.255"))
PUBLIC = st.integers(FIRST, LAST).map(IPv4Address)
NETWORKS = st.builds(lambda at, length: IPv4Network((at, length), strict=False), PUBLIC, st.integers(20, 32))
BETWEEN = st.sampled_from([", ", ",", " ", "\n", "; ", "\t", " | ", "、", " and ", '", "', "` `", "] ["])


@given(st.lists(NETWORKS, max_size=12), BETWEEN)
def test_a_list_allows_exactly_what_stands_in_it(asked: list[IPv4Network], between: str) -> None:
    read = read_networks(between.join(map(show, asked)))
    assert not read.refused
    assert list(ipaddress.collapse_addresses(read.networks)) == list(ipaddress.collapse_addresses(asked))
    # None of them covers another, and their order is that of the text.
    assert not any(one != other and one.overlaps(other) for one in read.networks for other in read.networks)
    assert list(read.networks) == [each for each in dict.fromkeys(asked) if each in read.networks]


@given(PUBLIC, st.integers(0, 5000), st.sampled_from([" - ", "-", " – ", "~", "..", " to "]))
def test_a_range_is_exactly_its_addresses(first: IPv4Address, more: int, dash: str) -> None:
    last = first + more
    read = read_networks(f"{first}{dash}{last}")
    assert sum(network.num_addresses for network in read.networks) == more + 1
    assert read.networks[0][0] == first
    assert read.networks[-1][-1] == last


@given(NETWORKS)
def test_a_netmask_means_its_prefix_length(network: IPv4Network) -> None:
    assert read_networks(f"{network.network_address}/{network.netmask}").networks == (network,)


@given(st.integers(0, 2**32 - 1).map(IPv4Address), st.integers(0, 32))
def test_nothing_is_understood_that_the_strict_spelling_would_refuse(at: IPv4Address, length: int) -> None:
    from_text = read_networks(f"{at}/{length}")
    try:
        strict = IPv4Network((at, length))
    except ValueError:
        assert not from_text.networks
        return
    assume(from_text.networks)
    assert from_text.networks == (strict,)
    assert strict.is_global or str(strict).startswith(("192.0.", "198.51.100.", "203.0.113."))


SCRAPS = st.sampled_from(
    ["203.0.113.4", "-", "/", ":", "*", "..", "|", "<", ">", "\n", "office", "から", "::"]
)


@given(st.one_of(st.text(max_size=80), st.lists(st.one_of(SCRAPS, st.text(max_size=4))).map("".join)))
@example("203.0.113.4/" * 100)
@example("1.1.1.1-" * 100)
def test_any_text_is_read_and_raises_nothing(text: str) -> None:
    read = read_networks(text, named=NAMED)
    for each in read.refused:
        assert isinstance(each.refused, Refused)

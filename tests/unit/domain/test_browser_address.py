"""The address of a browser: as many proxies are believed as are ours, and nobody in front of them."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.browser_address import browser_address
from bot.errors import Refusal, Refused

PEER = "203.0.113.4"
PROXY = "10.0.0.7"

SHOWN: list[tuple[str, list[str], int, str]] = [
    # no proxy: the connection alone
    (PEER, [], 0, PEER),
    (PEER, ["198.51.100.1"], 0, PEER),
    (PEER, ["garbage, 10.0.0.1"], 0, PEER),
    (f"::ffff:{PEER}", [], 0, PEER),
    (f"::FFFF:{PEER}", [], 0, PEER),
    # one proxy: the last entry
    (PROXY, [PEER], 1, PEER),
    (PROXY, [f"198.51.100.1, {PEER}"], 1, PEER),
    (PROXY, [f"198.51.100.1,198.51.100.2,{PEER}"], 1, PEER),
    (PROXY, ["198.51.100.1", PEER], 1, PEER),
    (PROXY, [f" {PEER} "], 1, PEER),
    (PROXY, [f"::ffff:{PEER}"], 1, PEER),
    (PROXY, [f"unknown, <script>, {PEER}"], 1, PEER),
    # two proxies: the last but one
    (PROXY, [f"{PEER}, 10.0.0.8"], 2, PEER),
    (PROXY, [f"198.51.100.1, {PEER}, 10.0.0.8"], 2, PEER),
    (PROXY, [PEER, "10.0.0.8"], 2, PEER),
    (PROXY, ["198.51.100.1", f"{PEER}, 10.0.0.8"], 2, PEER),
    (PROXY, [f"{PEER}, garbage"], 2, PEER),
]

REFUSED: list[tuple[str | None, list[str], int, Refusal]] = [
    (None, [], 0, Refusal.BROWSER_UNKNOWN),
    ("", [], 0, Refusal.BROWSER_UNKNOWN),
    (None, [PEER], 0, Refusal.BROWSER_UNKNOWN),
    # fewer entries than proxies: never the connection or a nearer entry in its place
    (PEER, [], 1, Refusal.BROWSER_UNKNOWN),
    (PEER, [], 2, Refusal.BROWSER_UNKNOWN),
    (PEER, ["198.51.100.1"], 2, Refusal.BROWSER_UNKNOWN),
    (PROXY, [""], 1, Refusal.BROWSER_UNKNOWN),
    (PROXY, [f"{PEER}, "], 1, Refusal.BROWSER_UNKNOWN),
    (PROXY, [f"{PEER},,10.0.0.8"], 2, Refusal.BROWSER_UNKNOWN),
    # no addresses
    ("unix", [], 0, Refusal.BROWSER_UNREADABLE),
    (PROXY, ["unknown"], 1, Refusal.BROWSER_UNREADABLE),
    (PROXY, [f"{PEER}, <script>"], 1, Refusal.BROWSER_UNREADABLE),
    (PROXY, ["203.0.113.0/24"], 1, Refusal.BROWSER_UNREADABLE),
    (PROXY, ["0.0.0.0/0"], 1, Refusal.BROWSER_UNREADABLE),
    (PROXY, [f"{PEER}:51234"], 1, Refusal.BROWSER_UNREADABLE),
    (PROXY, ["203.0.113.004"], 1, Refusal.BROWSER_UNREADABLE),
    (PROXY, ["3405803780"], 1, Refusal.BROWSER_UNREADABLE),
    (PROXY, [f'for="{PEER}"'], 1, Refusal.BROWSER_UNREADABLE),
    (PROXY, ["[2001:db8::1]"], 1, Refusal.BROWSER_UNREADABLE),
    # addresses that no rule can allow
    ("2001:db8::1", [], 0, Refusal.ADDRESS_IPV6),
    ("::1", [], 0, Refusal.ADDRESS_IPV6),
    (PROXY, ["2001:db8::1"], 1, Refusal.ADDRESS_IPV6),
    ("127.0.0.1", [], 0, Refusal.ADDRESS_LOOPBACK),
    ("127.0.0.1", [PEER], 0, Refusal.ADDRESS_LOOPBACK),
    (PROXY, [], 0, Refusal.ADDRESS_PRIVATE),
    (PROXY, ["192.168.1.5"], 1, Refusal.ADDRESS_PRIVATE),
    (PROXY, [f"{PEER}, 172.16.0.1"], 1, Refusal.ADDRESS_PRIVATE),
    ("::ffff:10.0.0.1", [], 0, Refusal.ADDRESS_PRIVATE),
    (PROXY, ["100.64.0.1"], 1, Refusal.ADDRESS_CGNAT),
    (PROXY, ["169.254.1.1"], 1, Refusal.ADDRESS_LINK_LOCAL),
    (PROXY, ["224.0.0.1"], 1, Refusal.ADDRESS_MULTICAST),
    (PROXY, ["0.0.0.1"], 1, Refusal.ADDRESS_RESERVED),
    (PROXY, ["255.255.255.255"], 1, Refusal.ADDRESS_RESERVED),
]


@pytest.mark.parametrize(("peer", "forwarded", "hops", "shown"), SHOWN)
def test_an_address_is_shown(peer: str, forwarded: list[str], hops: int, shown: str) -> None:
    assert browser_address(peer, forwarded, hops=hops) == IPv4Network(shown)


@pytest.mark.parametrize(("peer", "forwarded", "hops", "refusal"), REFUSED)
def test_an_address_is_refused(peer: str | None, forwarded: list[str], hops: int, refusal: Refusal) -> None:
    with pytest.raises(Refused) as caught:
        browser_address(peer, forwarded, hops=hops)
    assert caught.value.reason is refusal


@given(forged=st.lists(st.text(), max_size=4), proxies=st.integers(min_value=0, max_value=3))
def test_nothing_that_a_client_writes_changes_what_the_proxies_say(forged: list[str], proxies: int) -> None:
    # Each proxy appends where it was reached from; the last of them is the connection.
    seen = [PEER, *(f"10.0.0.{place}" for place in range(proxies))]
    headers = [*forged, ", ".join(seen[:-1])] if proxies else forged
    assert browser_address(seen[-1], headers, hops=proxies) == IPv4Network(PEER)

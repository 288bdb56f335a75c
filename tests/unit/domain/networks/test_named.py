"""The networks that a policy names."""

from ipaddress import IPv4Network

import pytest

from bot.domain.networks.named import NamedNetwork, name_of, written_out

OFFICE = NamedNetwork(name="Office", ranges=(IPv4Network("198.51.100.0/28"),))
LOOKER = NamedNetwork(name="looker", ranges=(IPv4Network("203.0.113.0/28"), IPv4Network("203.0.113.32/28")))
NETWORKS = (OFFICE, LOOKER)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("198.51.100.0/28", "Office"),
        ("198.51.100.4/32", "Office"),
        ("203.0.113.40/32", "looker"),
        ("198.51.100.0/27", None),
        ("203.0.113.16/28", None),
    ],
)
def test_a_range_has_the_name_of_the_network_that_covers_all_of_it(asked: str, name: str | None) -> None:
    assert name_of(NETWORKS, IPv4Network(asked)) == name


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("office", "198.51.100.0/28"),
        (" OFFICE ", "198.51.100.0/28"),
        ("looker", "203.0.113.0/28, 203.0.113.32/28"),
        ("203.0.113.4", "203.0.113.4"),
        ("offices", "offices"),
        (None, None),
    ],
)
def test_a_name_is_written_out_and_anything_else_stays(text: str | None, ranges: str | None) -> None:
    assert written_out(NETWORKS, text) == ranges

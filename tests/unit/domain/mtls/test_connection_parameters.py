"""Connection parameters are used only where every configuration reads them as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.mtls.connection_parameters import ConnectionParameters

QUOTED = " \t\r\n\"'`$&;=#%?@/\\()[]{}<>|!~*,^:"
"""Characters that mean something in a shell, a URL, a connection string, a service file or source code."""


def parameters(
    *, host: str = "ec2-203-0-113-7.compute-1.amazonaws.com", base: str = "d8f2kq", user: str = "u5vw_x"
) -> ConnectionParameters | None:
    return ConnectionParameters.of(host=host, port=5432, base=base, user=user)


@pytest.mark.parametrize("host", ["203.0.113.7", "a", "db.example.com", "a" * 253])
def test_what_heroku_issues_is_taken(host: str) -> None:
    found = parameters(host=host)
    assert found is not None
    assert (found.host, found.port, found.base, found.user) == (host, 5432, "d8f2kq", "u5vw_x")


@pytest.mark.parametrize("name", ["", "-h", "a" * 64, "請求", "a\u202eb", *(f"a{mark}b" for mark in QUOTED)])
def test_a_name_that_would_need_quotes_is_not(name: str) -> None:
    assert parameters(base=name) is None
    assert parameters(user=name) is None


@pytest.mark.parametrize("host", ["", "-a", "a-", ".a", "a" * 254, "::1", *(f"a{mark}b" for mark in QUOTED)])
def test_a_host_that_would_need_quotes_is_not(host: str) -> None:
    assert parameters(host=host) is None


@given(st.text(), st.text(), st.text())
def test_nothing_that_is_taken_has_a_character_to_quote(host: str, base: str, user: str) -> None:
    found = parameters(host=host, base=base, user=user)
    assert found is None or not set(host + base + user) & set(QUOTED)


def test_the_user_is_in_no_repr() -> None:
    assert "u5vw_x" not in repr(parameters())

"""Secrets from Heroku are read whole or not at all, and an error never quotes them."""

import json
import traceback
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import HerokuAmbiguousError
from bot.heroku.schemas.secrets import read_authority, read_credential, read_login
from bot.ports import Credential, Login

KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvplayedkey\n-----END PRIVATE KEY-----\n"
CHAIN = "-----BEGIN CERTIFICATE-----\nMIIDplayedchain\n-----END CERTIFICATE-----\n"
PASSWORD = "hush"
BOTH = {"id": "1", "status": "ready", "private_key": KEY, "certificate_with_chain": CHAIN}


def body(**changed: object) -> bytes:
    return json.dumps({**BOTH, **changed}).encode()


def said(read: Callable[[bytes], object], answer: bytes) -> str:
    """Everything that a log with a traceback would say of an answer that cannot be read."""
    with pytest.raises(HerokuAmbiguousError) as caught:
        read(answer)
    assert caught.value.__cause__ is None
    return "".join(traceback.format_exception(caught.value))


def test_a_certificate_comes_with_its_chain_and_key() -> None:
    assert read_credential(body()) == Credential(chain=CHAIN, key=KEY)


def test_a_credential_never_shows_what_it_holds() -> None:
    assert "BEGIN" not in repr(read_credential(body()))


@pytest.mark.parametrize("missing", ["private_key", "certificate_with_chain"])
@pytest.mark.parametrize("value", [None, "", 17, [KEY], {"key": KEY}])
def test_one_without_a_part_is_not_read_and_the_error_quotes_nothing(missing: str, value: object) -> None:
    told = said(read_credential, body(**{missing: value}))
    assert "playedkey" not in told
    assert "playedchain" not in told


def test_one_that_is_left_out_while_it_is_pending_is_not_read() -> None:
    with pytest.raises(HerokuAmbiguousError):
        read_credential(json.dumps({"id": "1", "status": "pending"}).encode())


@given(at=st.integers(min_value=0, max_value=len(body()) - 1))
def test_an_answer_that_was_cut_is_not_read_and_the_error_quotes_nothing(at: int) -> None:
    told = said(read_credential, body()[:at])
    assert "playedkey" not in told


def test_the_servers_chain_is_read() -> None:
    assert read_authority(json.dumps({"certificate_authority_chain": CHAIN}).encode()) == CHAIN


@pytest.mark.parametrize("answer", [b"", b"{}", b"[]", b"null", b'{"certificate_authority_chain": null}'])
def test_a_server_without_a_chain_is_not_ready(answer: bytes) -> None:
    assert "unreadable" in said(read_authority, answer)


# --- how a database is reached -----------------------------------------------------------------------


def config_vars(url: object) -> bytes:
    return json.dumps({"DATABASE_URL": url, "STRIPE_KEY": "sk-hidden"}).encode()


def test_a_login_is_read_from_its_config_var_with_what_was_escaped() -> None:
    found = read_login(config_vars("postgres://u1:p%40ss%2F@db.example.org:5433/d%31"), "DATABASE_URL")
    assert found == Login(host="db.example.org", port=5433, user="u1", password="p@ss/", base="d1")


def test_an_address_without_a_port_has_the_usual_one() -> None:
    assert read_login(config_vars("postgresql://u:p@h/d"), "DATABASE_URL").port == 5432


def test_a_login_never_shows_who_logs_in() -> None:
    shown = repr(read_login(config_vars("postgres://u1:hidden@h/d"), "DATABASE_URL"))
    assert "hidden" not in shown
    assert "u1" not in shown


@pytest.mark.parametrize(
    "url",
    [
        *("", "hidden", "https://u:hidden@h/d", "postgres://u:hidden@h", "postgres://u@hidden/d"),
        *("postgres://u:hidden@:5432/d", "postgres://u:hidden@h:70000/d", "postgres://u:hidden@[h/d"),
        *(None, 17, ["hidden"]),
    ],
)
def test_what_is_no_address_of_a_database_is_not_read_and_the_error_quotes_nothing(url: object) -> None:
    told = said(lambda answer: read_login(answer, "DATABASE_URL"), config_vars(url))
    assert "hidden" not in told


def test_a_config_var_that_is_not_there_is_not_read() -> None:
    told = said(
        lambda answer: read_login(answer, "ANALYTICS_URL"), config_vars(f"postgres://u:{PASSWORD}@h/d")
    )
    assert PASSWORD not in told

"""``DATABASE_URL``: what is taken for a Postgres address, and that a wrong one is not repeated."""

import pytest

from bot.errors import MisconfiguredError
from storage.engine import parse_url


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_both_spellings_of_the_scheme_are_taken(scheme: str) -> None:
    url = parse_url(f"{scheme}://pgaccess:geheim@db.example.org:5433/main?sslmode=require")
    assert url.drivername == "postgresql+psycopg"
    assert (url.username, url.password, url.host, url.port) == ("pgaccess", "geheim", "db.example.org", 5433)
    assert (url.database, dict(url.query)) == ("main", {"sslmode": "require"})


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "geheim",
        "mysql://pgaccess:geheim@db.example.org/main",
        "postgresql+asyncpg://pgaccess:geheim@db.example.org/main",
        "postgres:pgaccess:geheim@db.example.org/main",
        "sqlite:///geheim.db",
        "postgres://db.example.org:geheim/main",
        "postgres://pgaccess:geheim@[::1/main",
    ],
)
def test_everything_else_is_refused_in_a_sentence_that_does_not_repeat_it(wrong: str) -> None:
    with pytest.raises(
        MisconfiguredError, match=r"^DATABASE_URL is not a Postgres address such as"
    ) as caught:
        parse_url(wrong)
    assert "geheim" not in f"{caught.value} {caught.value.__cause__}"

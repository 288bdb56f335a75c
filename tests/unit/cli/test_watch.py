"""Options of ``pgaccess watch``, and what it says when it cannot start."""

import pytest

from bot.__main__ import USAGE, main


def test_the_sql_for_its_role_is_printed_without_any_setting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert main(["watch", "--grant-sql", "pgaccess_watch"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "GRANT USAGE ON SCHEMA public TO pgaccess_watch;"
    assert printed[-1] == "ALTER ROLE pgaccess_watch SET default_transaction_read_only = on;"
    granting = printed[1:-1]
    assert all(line.startswith("GRANT SELECT") for line in granting)
    assert any(line.endswith("ON public.audit TO pgaccess_watch;") for line in granting)


@pytest.mark.parametrize("role", ["Watch Role", "x;y"])
def test_a_name_that_is_no_role_is_refused_in_a_sentence(
    role: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["watch", "--grant-sql", role]) == USAGE
    assert "such as pgaccess_watch" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--every", "9"], "'9' is not a number of seconds from 10 on, such as 60"),
        (["--every", "soon"], "'soon' is not a number of seconds from 10 on, such as 60"),
        (["--every", "9" * 5000], "is not a number of seconds"),
        (["--heroku-calls", "0"], "'0' is not a number of calls, such as 600"),
        (["--heroku-calls", "-1"], "is not a number of calls, such as 600"),
    ],
)
def test_an_option_that_cannot_be_is_refused_with_an_example(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["watch", *arguments])
    assert stopped.value.code == USAGE
    assert said in capsys.readouterr().err


def test_a_watch_that_could_tell_nobody_says_what_to_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SLACK_BOT_TOKEN", "PGACCESS_PAGE_URL", "PGACCESS_PAGE_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert main(["watch", "--once"]) == USAGE
    assert "SLACK_BOT_TOKEN and PGACCESS_PAGE_URL are not set" in capsys.readouterr().err

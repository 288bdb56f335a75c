"""``pgaccess rebuild``: what it asks of whoever runs it."""

import io

import pytest

from bot.cli.rebuild import ask_terminal


@pytest.mark.parametrize(("typed", "answer"), [("remove\n", "remove"), ("\n", ""), ("", "")])
def test_where_nobody_can_answer_nothing_is_confirmed(
    typed: str, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing at all: standard input is closed, as in a detached one-off dyno.
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert ask_terminal("type remove to confirm: ") == answer

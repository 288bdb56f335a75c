"""No line of a log holds a known secret, whoever writes it."""

import json
import logging

import pytest

from bot.domain.outside.redaction import REDACTED, Redactor
from bot.log_config import RedactingFormatter, redacting_renderer

TOKEN = "HRKU-0123456789abcdef"
REDACTOR = Redactor((TOKEN,))


class Shown:
    """An object that shows a secret when it is logged."""

    def __repr__(self) -> str:
        return f"Shown({TOKEN})"


@pytest.mark.parametrize(
    "event",
    [
        {"event": f"a.{TOKEN}"},
        {"event": "a", "error": f"Heroku answered 422 {TOKEN}"},
        {"event": "a", "exception": f"Traceback\n  ValueError: '{TOKEN}'"},
        {"event": "a", "inner": {"list": [TOKEN], TOKEN: 1}},
        {"event": "a", "object": Shown()},
    ],
)
def test_an_event_is_one_line_of_json_without_the_secret(event: dict[str, object]) -> None:
    line = redacting_renderer(REDACTOR)(None, "info", event)
    assert TOKEN not in line
    assert REDACTED in line
    assert "\n" not in line
    assert json.loads(line)


def test_a_librarys_record_is_redacted_with_its_arguments_and_its_traceback() -> None:
    try:
        raise ValueError(f"inner {TOKEN}")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("lib", logging.WARNING, "f.py", 1, "said %s", (TOKEN,), info)
    text = RedactingFormatter(REDACTOR).format(record)
    assert TOKEN not in text
    assert text.startswith(f"lib: said {REDACTED}\nTraceback")
    assert f"inner {REDACTED}" in text

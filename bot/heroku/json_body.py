"""Parses JSON as Heroku may send it: one odd value somewhere must not make all the rest unreadable."""

import json
from typing import Any, Final

_DIGITS: Final = 4000
"""Digits of a number up to which Python reads it (``sys.int_info.default_max_str_digits`` is 4,300)."""


def parse(body: bytes) -> Any:
    """Parses a body; bytes that are no UTF-8 and halves of surrogate pairs spoil their own text only.

    Raises:
        ValueError: it is no JSON, or is nested too deeply.
    """
    try:
        return json.loads(body.decode("utf-8-sig", errors="replace"), parse_int=_number)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error


def _number(text: str) -> int | float:
    return int(text) if len(text) <= _DIGITS else float(text)

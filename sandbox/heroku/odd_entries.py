"""Odd entries of lists: what others may have written, or what Heroku may begin to send."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from sandbox.heroku.http_types import Answer, Json

NAMES: Final = ("arn", "cidr", "source", "name")
"""Fields that say what an entry allows, or what it is called."""


def _without(*fields: str) -> Callable[[Json], object]:
    return lambda entry: {field: value for field, value in entry.items() if field not in fields}


def _with(**fields: object) -> Callable[[Json], object]:
    return lambda entry: {**entry, **fields}


FORMS: Final[Mapping[str, Callable[[Json], object]]] = {
    "no id": _without("id"),
    "id of another type": _with(id=7),
    "nameless": _without(*NAMES),
    "status null": _with(status=None),
    "status of another type": _with(status=["Authorized"]),
    "unknown status": _with(status="Levitating"),
    "half a surrogate pair": _with(description="\ud800"),
    "text": lambda _: "*",
    "number": lambda _: 7,
    "null": lambda _: None,
}
"""Forms of an odd entry, by name; each takes the entry as it should be."""


def odd_answer(answer: Answer, form: str) -> Answer:
    """Return an answer whose lists begin with an odd entry; other answers stay as they are.

    Args:
        answer: A list, or an object that holds lists.
        form: One of `FORMS`.
    """
    if not 200 <= answer.status < 300 or not answer.body:
        return answer
    found = json.loads(answer.body)
    if isinstance(found, dict):
        found = {field: _odd(value, form) for field, value in found.items()}
    return replace(answer, body=json.dumps(_odd(found, form)).encode())


def _odd(found: Any, form: str) -> Any:
    """Return a list of objects with its first one odd; anything else as it is."""
    if not isinstance(found, list) or not found or not isinstance(found[0], dict):
        return found
    return [FORMS[form](found[0]), *found[1:]]

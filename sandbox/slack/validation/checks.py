"""Composable checks of Block Kit objects, with Slack's error messages.

Facts: Slack answers ``invalid_blocks`` with ``response_metadata.messages`` such as
``[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]`` (answers quoted in public
trackers, 2020 to 2026); ``&``, ``<``, ``>`` are escaped as entities (Slack developer documentation, 2026-11).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
"""A JSON object as it travels."""

_CONTROL_OR_SPECIAL = re.compile(
    r"<(?:[@#!][^<>]+|(?:https?|mailto|tel|slack):[^<>]+)>|&(?:amp|lt|gt);|[&<>]", re.IGNORECASE
)
_ENTITY_OR_SPECIAL = re.compile(r"&(?:amp|lt|gt);|[&<>]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


@dataclass(frozen=True, slots=True)
class Problem:
    """A validation error: its JSON pointer, message and Slack's error code."""

    pointer: str
    message: str
    code: str = "invalid_blocks"

    def __str__(self) -> str:
        return f"[ERROR] {self.message} [json-pointer:{self.pointer}]"


Check = Callable[[Any, str], Iterator[Problem]]
"""Takes a value and its JSON pointer; yields its problems."""


def escaped(text: str, *, mrkdwn: bool) -> str:
    """Return `text` the way Slack stores and counts it: bare ``&``, ``<`` and ``>`` become entities.

    Entities that are there already stay; in `mrkdwn` so do control sequences such as ``<@U0LEAD>`` and links.
    """
    pattern = _CONTROL_OR_SPECIAL if mrkdwn else _ENTITY_OR_SPECIAL
    return pattern.sub(lambda found: _ENTITIES.get(found[0], found[0]), text)


def string(most: int, *, least: int = 1) -> Check:
    """Check for a string of `least` to `most` characters, counted as it is."""

    def check(value: Any, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(pointer, "must be a valid string")
        else:
            yield from _length(value, pointer, most=most, least=least)

    return check


def matching(pattern: str, described: str) -> Check:
    """Check for a string that fully matches `pattern`; `described` completes "must be …"."""
    compiled = re.compile(pattern)

    def check(value: Any, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            yield Problem(pointer, f"must be {described}")

    return check


def integer(least: int, most: int) -> Check:
    """Check for an integer between `least` and `most`, both allowed."""

    def check(value: Any, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield Problem(pointer, "must be a valid integer")
        elif not least <= value <= most:
            yield Problem(pointer, f"must be between {least} and {most}")

    return check


def boolean(value: Any, pointer: str) -> Iterator[Problem]:
    """Check for true or false."""
    if not isinstance(value, bool):
        yield Problem(pointer, "must be a valid boolean")


def one_of(*allowed: str) -> Check:
    """Check for one of the `allowed` strings."""

    def check(value: Any, pointer: str) -> Iterator[Problem]:
        if value not in allowed:
            yield Problem(pointer, f"must be one of: {', '.join(allowed)}")

    return check


def text(*kinds: str, most: int) -> Check:
    """Check for a text object of one of `kinds`, with 1 to `most` characters when escaped."""

    def check(value: Any, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, dict) or value.get("type") not in kinds:
            yield Problem(pointer, f"must be a text object of type {' or '.join(kinds)}")
            return
        mrkdwn = value["type"] == "mrkdwn"
        flag = "verbatim" if mrkdwn else "emoji"
        yield from record({"text": string(10**9, least=0)}, {flag: boolean})(value, pointer)
        if isinstance(value.get("text"), str):
            yield from _length(escaped(value["text"], mrkdwn=mrkdwn), f"{pointer}/text", most=most, least=1)

    return check


def array(of: Check, *, most: int, least: int = 1) -> Check:
    """Check for a list of `least` to `most` items, each of which passes `of`."""

    def check(value: Any, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(pointer, "must be an array")
            return
        if len(value) > most:
            yield Problem(pointer, f"no more than {most} items allowed")
        if len(value) < least:
            yield Problem(pointer, f"no less than {least} items allowed")
        for position, item in enumerate(value):
            yield from of(item, f"{pointer}/{position}")

    return check


def record(
    required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, *rules: Check
) -> Check:
    """Check for an object with just these keys (``type`` is always allowed), then by `rules` as a whole."""
    known = {**required, **(optional or {})}

    def check(value: Any, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(pointer, "must be an object")
            return
        yield from (
            Problem(pointer, f"missing required field: {key}") for key in required if key not in value
        )
        for key, item in value.items():
            if key in known:
                yield from known[key](item, f"{pointer}/{key}")
            elif key != "type":
                yield Problem(pointer, f"invalid additional property: {key}")
        for rule in rules:
            yield from rule(value, pointer)

    return check


def variant(table: Mapping[str, Check], *, not_emulated: frozenset[str] = frozenset()) -> Check:
    """Check for an object whose ``type`` picks its check from `table`.

    `not_emulated` names types that exist in Slack but not here; their error says so.
    """

    def check(value: Any, pointer: str) -> Iterator[Problem]:
        given = value.get("type") if isinstance(value, dict) else None
        kind = given if isinstance(given, str) else str(given)
        if kind in table:
            yield from table[kind](value, pointer)
        elif kind in not_emulated:
            yield Problem(f"{pointer}/type", f"{kind} exists in Slack but is not emulated")
        else:
            yield Problem(f"{pointer}/type", f"unsupported type: {kind}")

    return check


def exactly_one(*keys: str) -> Check:
    """Rule for an object: one of `keys` must be there, and only one."""

    def check(value: Any, pointer: str) -> Iterator[Problem]:
        if sum(key in value for key in keys) != 1:
            yield Problem(pointer, f"must define exactly one of: {', '.join(keys)}")

    return check


def at_least_one(*keys: str) -> Check:
    """Rule for an object: one of `keys` at least must be there."""

    def check(value: Any, pointer: str) -> Iterator[Problem]:
        if not any(key in value for key in keys):
            yield Problem(pointer, f"must define either {' or '.join(keys)}")

    return check


def _length(value: str, pointer: str, *, most: int, least: int) -> Iterator[Problem]:
    if len(value) > most:
        yield Problem(pointer, f"must be less than {most + 1} characters")
    if len(value) < least:
        yield Problem(pointer, f"must be more than {least - 1} characters")

"""Events for a SIEM: one JSON object a line on standard output, with names and fields that stay."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TextIO
from uuid import UUID

from bot.domain.outside.redaction import Redactor
from bot.ports.telemetry import EventName

VERSION: Final = 1
"""Version of the fields: it rises when one of them changes its meaning or goes; new ones may be added."""


class EventLog:
    """Writes events.

    Args:
        stream: where to; None writes nothing.
        redactor: removes secrets from the whole line.
        process: ``web``, ``worker`` or ``run``.
    """

    def __init__(self, stream: TextIO | None, *, redactor: Redactor, process: str) -> None:
        self._stream = stream
        self._redactor = redactor
        self._process = process

    def write(self, name: EventName, fields: Mapping[str, object], *, now: datetime) -> None:
        """Writes one event as one line, flushed: what a process has told is out when it is killed.

        Args:
            name: which one.
            fields: besides those that all events have.
            now: the machine's time.
        """
        if self._stream is None:
            return
        line = event_line(name, fields, process=self._process, now=now, redactor=self._redactor)
        # One call: lines of several threads do not mix.
        self._stream.write(line + "\n")
        self._stream.flush()


def event_line(
    name: EventName, fields: Mapping[str, object], *, process: str, now: datetime, redactor: Redactor
) -> str:
    """Builds the line of an event; arguments as for ``EventLog``."""
    common = {"event": name.value, "version": VERSION, "emitted_at": now, "process": process}
    # In ASCII: what others wrote may have halves of surrogate pairs, which no encoding takes.
    return redactor.text(json.dumps({**common, **fields}, default=_text))


def _text(value: object) -> Any:
    """A value that JSON does not have, as it is written."""
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return value.hex()
        case UUID():
            return str(value)
    raise TypeError(f"{type(value).__name__} is no part of an event")

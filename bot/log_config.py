"""Structured logs: one JSON object a line on standard error, without bodies, headers or secrets.

Standard output has events alone (``bot.telemetry.events``), so that who collects them parses nothing else.
"""

import logging
import sys
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any, Final

import structlog

from bot.domain.outside.redaction import Redactor

_NOTHING: Final = Redactor()
"""Removes nothing: for commands that run without the secrets."""


class RedactingFormatter(logging.Formatter):
    """Formats a library's record, and removes secrets from the whole of it, its traceback included.

    Args:
        redactor: knows the secrets.
    """

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(name)s: %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Returns the record as text."""
        return self._redactor.text(super().format(record))


def redacting_renderer(redactor: Redactor) -> Callable[[Any, str, MutableMapping[str, Any]], str]:
    """Returns structlog's last processor: an event as a line of JSON without secrets, tracebacks included."""
    render = structlog.processors.JSONRenderer()

    def rendered(logger: Any, name: str, event: MutableMapping[str, Any]) -> str:
        return redactor.text(str(render(logger, name, event)))

    return rendered


def configure(redactor: Redactor = _NOTHING, *, reporting: Sequence[Any] = ()) -> None:
    """Sets up structlog, and lets only warnings of libraries through: their lines may hold what they sent.

    Args:
        redactor: removes secrets from every line, whoever writes it.
        reporting: processors that report errors elsewhere, before they become text.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(redactor))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for chatty in ("httpx", "httpcore", "slack_sdk", "slack_bolt", "apscheduler"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *reporting,
            structlog.processors.format_exc_info,
            redacting_renderer(redactor),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )

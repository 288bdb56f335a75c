"""Structured logs: one JSON object a line on standard output, without bodies, headers or secrets."""

import logging
import sys

import structlog


def configure() -> None:
    """Sets up structlog, and lets only warnings of libraries through: their lines may hold what they sent."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", stream=sys.stderr)
    for chatty in ("httpx", "httpcore", "slack_sdk", "slack_bolt", "apscheduler"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )

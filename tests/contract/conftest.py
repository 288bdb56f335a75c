"""The emulated Slack behind a real server, and the vendor's client pointed at it, as in its own tests."""

from tests.unit.sandbox.slack.conftest import behavior, bot, call, people, slack, url, web

__all__ = ["behavior", "bot", "call", "people", "slack", "url", "web"]

"""The played Slack behind a real server, and the vendor's client pointed at it, as in its own tests."""

from tests.unit.sandbox.slack.conftest import bot, call, people, slack, switches, url, web

__all__ = ["bot", "call", "people", "slack", "switches", "url", "web"]

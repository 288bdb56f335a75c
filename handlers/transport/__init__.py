"""Receives Slack's requests: verification, payload schemas, Socket Mode."""

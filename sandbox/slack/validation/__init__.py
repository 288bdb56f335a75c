"""Validates messages and views as Slack does."""

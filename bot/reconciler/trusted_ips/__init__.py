"""Keeps a space's trusted IP ranges in step."""

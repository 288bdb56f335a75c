"""Parses slash commands into intents."""

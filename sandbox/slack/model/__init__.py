"""State of the emulated Slack workspace."""

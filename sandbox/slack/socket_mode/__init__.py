"""Socket Mode of the emulated Slack."""

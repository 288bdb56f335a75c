"""People and user groups of the Slack workspace."""

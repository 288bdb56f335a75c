"""The played Slack against the facts it is built from."""

"""The emulated Slack against the facts it is built from."""

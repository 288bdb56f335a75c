"""The whole flow against the emulated Heroku and Slack, in one process."""

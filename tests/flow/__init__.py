"""The whole flow against the played Heroku and Slack, in one process."""

"""The outside world played on this machine: a Slack workspace with a page, and a Heroku."""

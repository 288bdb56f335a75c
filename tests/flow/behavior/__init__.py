"""The whole bot under every undocumented behavior of Heroku and Slack."""

"""The Heroku APIs, Platform and Data."""

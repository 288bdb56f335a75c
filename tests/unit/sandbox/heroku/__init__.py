"""The played Heroku: what it answers, what it refuses, and what the weather does to it."""

"""The emulated Heroku: what it answers, what it refuses, and what the outages does to it."""

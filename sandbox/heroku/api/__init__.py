"""Endpoints of the emulated Heroku APIs."""

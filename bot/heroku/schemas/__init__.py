"""Schemas of Heroku's responses."""

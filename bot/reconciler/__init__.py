"""Reconciles Heroku with the store: one controller, and an adapter for each access method."""

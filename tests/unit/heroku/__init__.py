"""Tests of unit/heroku."""

"""Tests, from pure functions to real processes."""

"""Trusted IP ranges of a space: the ruleset, its plan and its merge, as pure decisions."""

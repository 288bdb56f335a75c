"""Measurements at a scale that no test waits for."""

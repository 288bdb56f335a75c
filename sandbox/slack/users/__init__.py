"""Simulated people in the emulated Slack."""

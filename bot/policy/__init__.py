"""Reads the policy file and simulates it."""

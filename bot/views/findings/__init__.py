"""Findings: their cards, the forms about them, and their rows on a status."""
